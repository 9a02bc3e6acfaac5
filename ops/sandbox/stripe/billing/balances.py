"""A customer's balance: what invoices take from it or leave on it, and what is credited by hand; each movement is a transaction.

Invariant: a balance is the sum of its transactions.
"""

from __future__ import annotations

from ..ids import new_id
from ..store import Json, Store

KIND = "customer_balance_transaction"


def move_balance(
    store: Store,
    customer: Json,
    amount: int,
    kind: str,
    *,
    now: int,
    currency: str,
    invoice: str | None = None,
    description: str | None = None,
    metadata: Json | None = None,
) -> Json:
    """Move the balance by `amount` (below zero is the customer's) and put the transaction; the customer is the caller's to put."""
    customer["balance"] += amount
    return store.put(
        {
            "id": new_id("cbtxn"),
            "object": KIND,
            "amount": amount,
            "checkout_session": None,
            "created": now,
            "credit_note": None,
            "currency": currency,
            "customer": customer["id"],
            "customer_account": None,
            "description": description,
            "ending_balance": customer["balance"],
            "invoice": invoice,
            "livemode": False,
            "metadata": metadata or {},
            "type": kind,
        }
    )
