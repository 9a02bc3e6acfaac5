"""`stripe_server`: a local Stripe on a loopback port, empty, with billing switched on and pointed at it.

One server serves the whole run of a process and is emptied before each test, so that a test costs a few milliseconds. A test
fails when it sent what Stripe refuses, asked for a route that is not there, or was answered what Stripe's library does not
know; one that is about such calls takes them with `take_violations()`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from stripe import StripeClient

    from ops.sandbox.stripe.remote import Control
    from ops.sandbox.stripe.thread import LocalStripeThread

WEBHOOK_SECRET: Final = "whsec_localtests0123456789abcdefghijk"


@dataclass
class StripeServer:
    thread: LocalStripeThread
    key: str

    @property
    def url(self) -> str:
        return self.thread.url

    @cached_property
    def control(self) -> Control:
        """Faults, deliveries, the time: ops/sandbox/stripe/remote.py."""
        from ops.sandbox.stripe.remote import Control

        return Control(self.url)

    @property
    def client(self) -> StripeClient:
        """The unmodified library, without retries, so that a test sees each answer."""
        return _client(self.key, self.url)

    @property
    def events(self) -> list[dict[str, Any]]:
        """What has happened, the oldest first."""
        return self.thread.call(lambda: self.thread.server.store.list("event"))[::-1]

    def last_event(self, type: str) -> dict[str, Any]:
        """The newest of that type."""
        return next(one for one in reversed(self.events) if one["type"] == type)

    def signed(
        self, event: dict[str, Any] | str, *, secret: str = WEBHOOK_SECRET, age: float = 0, **change: Any
    ) -> tuple[bytes, str]:
        """The body of a delivery and its `Stripe-Signature`, for a test client. Another `secret` forges it, `age` makes it old,
        `change` replaces keys of the event."""
        from ops.sandbox.stripe.signing import body_of, sign

        found = next(one for one in self.events if one["id"] == event) if isinstance(event, str) else event
        body = body_of(found | change)
        return body, sign(body, [secret], at=time.time() - age)

    def write(self, function: Callable[..., Any]) -> Any:
        """`stripe_server.write(lambda store: store.put(…))`: change the store behind everybody's back, in one transaction."""
        return self.thread.write(function)

    def take_violations(self) -> list[dict[str, Any]]:
        """What was amiss so far; it does not fail the test."""
        taken = self.thread.call(lambda: list(self.thread.server.violations))
        self.thread.call(self.thread.server.violations.clear)
        return taken


@cache
def _client(key: str, url: str) -> StripeClient:
    """One for the whole run: its connection is kept."""
    import stripe

    return stripe.StripeClient(key, base_addresses={"api": url}, max_network_retries=0)


@pytest.fixture(scope="session")
def _stripe_thread() -> Iterator[LocalStripeThread]:
    from billing import stripe_api
    from ops.sandbox.stripe.config import Config
    from ops.sandbox.stripe.thread import LocalStripeThread

    with (
        pytest.MonkeyPatch.context() as patch,
        LocalStripeThread(Config(retry_seconds=(0.05, 0.1, 0.2), delivery_timeout=60)) as thread,
    ):
        # A machine that stands still is not a Stripe that is away; tests of that say how long they wait.
        patch.setattr(stripe_api, "TIMEOUT_SECONDS", 60)
        stripe_api._client.cache_clear()
        yield thread


@pytest.fixture
def stripe_server(_stripe_thread: LocalStripeThread, settings: Any) -> Iterator[StripeServer]:
    """A fresh local Stripe, which the settings name."""
    from ops.sandbox.stripe.config import LOCAL_KEY

    _stripe_thread.call(_stripe_thread.server.reset)
    settings.STRIPE_SECRET_KEY = LOCAL_KEY
    settings.STRIPE_WEBHOOK_SECRETS = [WEBHOOK_SECRET]
    settings.STRIPE_API_URL = _stripe_thread.url
    settings.BILLING_ON = True
    server = StripeServer(_stripe_thread, LOCAL_KEY)
    yield server
    left = server.take_violations()
    if left:
        pytest.fail(
            f"The local Stripe saw what the real one would not take or say:\n{json.dumps(left, indent=2)}"
        )
