"""Proration to the second: what was paid for and not used is given back, what is now used is charged.

Invariant: the credit for the rest of a period and the charge for the same rest at the same amount add up to nothing. A credit
is taken from what was really charged (a trial gives nothing back), as Stripe's flexible billing mode does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from .periods import Period
from .pricing import to_minor

Behavior = Literal["create_prorations", "always_invoice", "none"]


@dataclass(frozen=True, slots=True)
class Debit:
    """What an item was last charged, after its discounts, and for which time."""

    amount: int
    period: Period


@dataclass(frozen=True, slots=True)
class Part:
    """One item of a subscription at one moment: what it costs for a whole period, after discounts."""

    item: str
    price: str
    quantity: int
    whole: int
    period: Period


@dataclass(frozen=True, slots=True)
class Proration:
    """One line: a credit below zero for time not used, or a charge for time that remains."""

    item: str
    price: str
    quantity: int
    amount: int
    period: Period
    credit: bool


def share(amount: int, period: Period, moment: int) -> int:
    """The part of an amount for a period that falls after the moment."""
    if period.seconds <= 0:
        return 0
    rest = period.end - min(max(moment, period.start), period.end)
    return to_minor(Decimal(amount) * rest / period.seconds)


def credit_for(debit: Debit | None, moment: int) -> int:
    """What is given back of a charge when its item ends at the moment; never above zero."""
    if debit is None:
        return 0
    return -share(debit.amount, debit.period, moment)


def prorate(
    before: Sequence[Part], after: Sequence[Part], debits: Mapping[str, Debit], moment: int
) -> list[Proration]:
    """The lines for a change at a moment. Items that stay as they are give none; credits come first, as Stripe's do."""
    old, new = {part.item: part for part in before}, {part.item: part for part in after}
    credits = [
        _credit(part, debits[part.item], moment)
        for part in before
        if part.item in debits and not _same(part, new.get(part.item))
    ]
    charges = [_charge(part, moment) for part in after if not _same(part, old.get(part.item))]
    return credits + charges


def _same(part: Part, other: Part | None) -> bool:
    return other is not None and (part.price, part.quantity, part.period) == (
        other.price,
        other.quantity,
        other.period,
    )


def _credit(part: Part, debit: Debit, moment: int) -> Proration:
    rest = Period(min(max(moment, debit.period.start), debit.period.end), debit.period.end)
    return Proration(part.item, part.price, part.quantity, credit_for(debit, moment), rest, credit=True)


def _charge(part: Part, moment: int) -> Proration:
    amount = share(part.whole, part.period, moment)
    rest = Period(max(moment, part.period.start), part.period.end)
    return Proration(part.item, part.price, part.quantity, amount, rest, credit=False)


def debit_after(lines: Sequence[Mapping[str, Any]]) -> Debit | None:
    """What stands charged by invoice lines of one item for its current period: the last charge among them."""
    charges = [line for line in lines if line["amount"] >= 0]
    if not charges:
        return None
    last = max(charges, key=lambda line: line["period"]["start"])
    taken = sum(one["amount"] for one in last.get("discount_amounts") or [])
    return Debit(last["amount"] - taken, Period(last["period"]["start"], last["period"]["end"]))
