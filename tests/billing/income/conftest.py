"""`world`: Acme on Growth with a payout account that works, at an empty local Stripe."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tenants.context import TenantContext
    from tests.billing.income.world import World
    from tests.stripe import StripeServer


@pytest.fixture
def fresh(request: pytest.FixtureRequest, stripe_server: StripeServer, acme: TenantContext) -> World:
    """Without a payout account."""
    if "committed_db" not in request.fixturenames:
        request.getfixturevalue("db")
    from tests.billing.income.world import World

    return World(stripe_server, acme).on_plan()


@pytest.fixture
def world(fresh: World) -> World:
    fresh.onboard()
    return fresh


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A client that does not sleep between its tries."""
    import stripe

    from billing import stripe_api

    monkeypatch.setattr(stripe.HTTPClient, "_sleep_time_seconds", lambda *_: 0, raising=True)
    stripe_api._client.cache_clear()
    yield
    stripe_api._client.cache_clear()
