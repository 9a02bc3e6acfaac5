"""One balance moves by one entry: what spending points and every change of credits is made of.

Points that are *earned* do not come this way, because levels and standings follow them (engagement.progression). Nothing here takes
the ledger lock: the row of the balance is the lock, and ingest, which holds the ledger lock, changes balances by differences.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db import connection

from .errors import NotEnoughError
from .models import POINTS, Cause, Counter

_NOW: Final = "clock_timestamp()"
_ENTRY: Final = (
    "INSERT INTO ledger_entry (member_id, currency, amount, counter, cause_kind, cause_id, base_amount, occurred_at) "
    "SELECT %(member)s, %(currency)s, %(amount)s, %(counter)s, %(cause)s, %(cause_id)s, %(amount)s, "
    + _NOW
    + " FROM moved RETURNING id"
)
_TAKE: Final = (
    "WITH moved AS (UPDATE ledger_balance SET current = current + %(amount)s "
    "WHERE member_id = %(member)s AND currency = %(currency)s AND current + %(amount)s >= 0 RETURNING current, debt), "
    f"entry AS ({_ENTRY}) SELECT entry.id, moved.current, moved.debt FROM entry, moved"
)
_GIVE: Final = (
    "WITH moved AS (INSERT INTO ledger_balance AS b (member_id, currency, current, lifetime, debt) "
    "VALUES (%(member)s, %(currency)s, greatest(%(amount)s::bigint, 0), 0, greatest(-%(amount)s::bigint, 0)) "
    "ON CONFLICT (member_id, currency) DO UPDATE SET current = greatest(b.current - b.debt + %(amount)s, 0), "
    "debt = greatest(b.debt - b.current - %(amount)s, 0) RETURNING current, debt), "
    f"entry AS ({_ENTRY}) SELECT entry.id, moved.current, moved.debt FROM entry, moved"
)

# For one statement that writes what is paid for as well: after a clause `made` that gives its id. Takes `amount` points of `member`
# under Cause.REDEMPTION; `moved` gives what is left. Where the balance does not cover it, NOT_BELOW_ZERO refuses the whole statement.
SPEND_CLAUSES: Final = (
    f"moved AS (UPDATE {{s}}.ledger_balance SET current = current - %(amount)s FROM made WHERE member_id = %(member)s "
    f"AND currency = {POINTS} RETURNING current), "
    "entry AS (INSERT INTO {s}.ledger_entry (member_id, amount, counter, cause_kind, cause_id, base_amount, occurred_at) "
    f"SELECT %(member)s, -%(amount)s, {Counter.SHOP.value}, {Cause.REDEMPTION.value}, made.id, -%(amount)s, {_NOW} FROM made, moved "
    "RETURNING id)"
)
NOT_BELOW_ZERO: Final = "ledger_balance_not_below_zero"


@dataclass(frozen=True, slots=True)
class Moved:
    """The entry that was written, and the balance after it."""

    entry_id: int
    current: int
    debt: int


def take_from_balance(
    *, member_id: int, currency: int, amount: int, counter: Counter, cause: Cause, cause_id: int
) -> Moved:
    """Spend `amount` (> 0, whole units of the currency), in the caller's transaction. Lifetime, level and standings stay.

    Locks the balance's row. The caller makes it once per (cause, cause_id): a second entry breaks a unique index. Raises
    NotEnoughError, after which nothing was changed.
    """
    moved = _move(_TAKE, member_id, currency, -amount, counter, cause, cause_id)
    if moved is None:
        raise NotEnoughError(has=get_spendable(member_id=member_id, currency=currency), needs=amount)
    return moved


def give_to_balance(
    *, member_id: int, currency: int, amount: int, counter: Counter, cause: Cause, cause_id: int
) -> Moved:
    """Add `amount` (> 0), which pays debt first; lock and idempotency as take_from_balance."""
    moved = _move(_GIVE, member_id, currency, amount, counter, cause, cause_id)
    assert moved is not None
    return moved


def force_from_balance(
    *, member_id: int, currency: int, amount: int, counter: Counter, cause: Cause, cause_id: int
) -> Moved:
    """Take `amount` (> 0) back even where it was spent: what is not covered becomes debt, which later gains pay first."""
    moved = _move(_GIVE, member_id, currency, -amount, counter, cause, cause_id)
    assert moved is not None
    return moved


def get_spendable(*, member_id: int, currency: int) -> int:
    """What the member can spend of a currency; 0 where there was never any."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current FROM ledger_balance WHERE member_id = %s AND currency = %s", (member_id, currency)
        )
        row = cursor.fetchone()
    return 0 if row is None else int(row[0])


def _move(
    sql: str, member_id: int, currency: int, amount: int, counter: Counter, cause: Cause, cause_id: int
) -> Moved | None:
    if type(amount) is not int or amount == 0:
        raise ValueError(f"A balance moves by whole units; {amount!r} moves nothing.")
    with connection.cursor() as cursor:
        cursor.execute(
            sql,
            {
                "member": member_id,
                "currency": currency,
                "amount": amount,
                "counter": counter.value,
                "cause": cause.value,
                "cause_id": cause_id,
            },
        )
        row = cursor.fetchone()
    return None if row is None else Moved(*row)
