"""Stripe's objects as it sends them, cut down to what is read, for tests that need no Stripe."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def price(plan: str = "growth", interval: str = "month", **changes: Any) -> dict[str, Any]:
    return {
        "id": f"price_{plan}_{interval}",
        "lookup_key": f"{plan}_{interval}",
        "metadata": {"plan": plan},
        "recurring": {"interval": interval, "usage_type": "licensed"},
        **changes,
    }


def subscription(plan: str = "growth", interval: str = "month", **changes: Any) -> dict[str, Any]:
    item = {
        "id": "si_1",
        "price": price(plan, interval),
        "quantity": 1,
        "current_period_start": seconds(NOON),
        "current_period_end": seconds(NOON.replace(month=4)),
    }
    return {
        "id": "sub_1",
        "customer": "cus_1",
        "status": "active",
        "currency": "usd",
        "collection_method": "charge_automatically",
        "created": seconds(NOON),
        "items": {"data": [item]},
        "metadata": {"tenant_id": "7", "payer": "01PAYER"},
        "schedule": None,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "ended_at": None,
        "trial_end": None,
        "default_payment_method": None,
        **changes,
    }
