"""The balance: one line for each movement of money, with Stripe's fee."""

from __future__ import annotations

from typing import Final

from ..engine.totals import ZERO_DECIMAL
from ..ids import new_id
from ..store import Json, Store

_PENDING_SECONDS: Final = 2 * 24 * 3600


def stripe_fee(amount: int, currency: str) -> int:
    """2.9 % and 30 of the smallest unit of a currency with cents."""
    return round(amount * 29 / 1000) + (0 if currency in ZERO_DECIMAL else 30)


def add_line(
    store: Store, source: Json, amount: int, kind: str, *, fees: dict[str, int] | None = None
) -> str:
    """A balance transaction for `source`, put. Returns its id. `fees` by type: stripe_fee, application_fee."""
    fees = {name: fee for name, fee in (fees or {}).items() if fee}
    fee = sum(fees.values())
    currency = source["currency"]
    line: Json = {
        "id": new_id("txn"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": store.now() + _PENDING_SECONDS,
        "balance_type": "payments",
        "created": store.now(),
        "currency": currency,
        "description": source.get("description"),
        "exchange_rate": None,
        "fee": fee,
        "fee_details": [
            {
                "amount": one,
                "application": None,
                "currency": currency,
                "description": "Stripe processing fees" if name == "stripe_fee" else "Application fee",
                "type": name,
            }
            for name, one in fees.items()
        ],
        "net": amount - fee,
        "reporting_category": {"payment": "charge", "transfer_refund": "transfer_reversal"}.get(kind, kind),
        "source": source["id"],
        "status": "pending",
        "type": kind,
    }
    return str(store.put(line)["id"])
