"""An invoice added up: lines, discounts, tax on top, the customer's balance, what is left to pay.

Invariant: subtotal − discounts + tax = total, and total + starting balance − ending balance = amount due.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from .pricing import to_minor

# Below this Stripe charges nothing and carries the sum over (its table, in minor units).
SMALLEST_CHARGE: Final = {
    "usd": 50,
    "eur": 50,
    "gbp": 30,
    "aud": 50,
    "cad": 50,
    "jpy": 50,
    "chf": 50,
    "pln": 200,
}
# Currencies whose smallest unit is the whole one.
ZERO_DECIMAL: Final = frozenset(
    {"jpy", "krw", "vnd", "clp", "pyg", "ugx", "xaf", "xof", "xpf", "rwf", "kmf", "gnf", "djf", "bif"}
)


@dataclass(frozen=True, slots=True)
class Totals:
    subtotal: int
    discount: int
    tax: int
    total: int
    starting_balance: int
    ending_balance: int
    amount_due: int


def tax_on(amount: int, percent: Decimal) -> int:
    """Tax on top of an amount; a credit gives its tax back."""
    return to_minor(Decimal(amount) * percent / 100)


def add_up(
    amounts: Sequence[int], discounts: Sequence[int], taxes: Sequence[int], balance: int, currency: str
) -> Totals:
    """Add up lines. `balance` is the customer's: below zero we owe them, above zero they owe us."""
    subtotal, discount, tax = sum(amounts), sum(discounts), sum(taxes)
    total = subtotal - discount + tax
    due = total + balance
    if due < SMALLEST_CHARGE.get(currency, 50):
        # A credit, or too little to charge: it stays on the customer's balance for the next invoice.
        return Totals(subtotal, discount, tax, total, balance, due, 0)
    return Totals(subtotal, discount, tax, total, balance, 0, due)
