"""Events as Stripe sends them, and the endpoint's secrets."""

from __future__ import annotations

from typing import Any

import orjson

from billing.inbox.signatures import sign_body
from saas.core import clock

SECRET = "whsec_the_one_in_use"
OLD_SECRET = "whsec_the_one_before"
TEST_KEY = "sk_test_0123456789abcdef"
LIVE_KEY = "sk_live_0123456789abcdef"


def make_event(number: int = 1, **changes: Any) -> dict[str, Any]:
    """`customer.subscription.updated` about a subscription of nobody's, unless `changes` say otherwise."""
    event = {
        "id": f"evt_{number}",
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": int(clock.now().timestamp()),
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": "customer.subscription.updated",
        "data": {"object": {"id": "sub_of_nobody", "object": "subscription", "customer": "cus_of_nobody"}},
    }
    return event | changes


def write(event: Any) -> bytes:
    return orjson.dumps(event)


def sign(body: bytes, *, secret: str = SECRET, moment: int | None = None) -> str:
    moment = int(clock.now().timestamp()) if moment is None else moment
    return f"t={moment},v1={sign_body(body, moment=moment, secret=secret)}"
