"""Points for something that a person confirmed, such as a submission; and taking them back."""

from __future__ import annotations

from dataclasses import dataclass

from engagement.ledger.models import Cause, Counter, LedgerEntry
from engagement.ledger.statements import ledger_unit
from engagement.members.errors import MemberDeletedError, MemberNotFoundError
from saas.core import clock
from saas.events import publish
from tenants.context import TenantContext

from .book import Entry
from .events import LevelLost, LevelReached
from .merged import find_owner
from .room import refuse_waiting
from .units import open_book, read_rows, write_rows


@dataclass(frozen=True, slots=True)
class Award:
    """The member after it, in whole points; `repeated` when it had been booked before and nothing was changed now."""

    member_id: int
    amount: int
    current: int
    lifetime: int
    level: int
    repeated: bool


def award_points(
    *, member_id: int, amount: int, cause: Cause, cause_id: int, context: TenantContext, rounds: int = 0
) -> Award:
    """Give `amount` (> 0) points that count as earned: current, lifetime, level and standings follow.

    `rounds`: how often an award of this cause had been given and taken back before, so that it can be given again. Takes the ledger
    lock, so the caller locks its own row before and joins this transaction. Idempotent on (cause, cause_id, rounds). Publishes
    StandingsChanged and LevelReached. Raises MemberNotFoundError, MemberDeletedError, MemberWaitsError.
    """
    return _book(member_id, amount, Counter.ISSUER, cause, cause_id, rounds, context)


def take_award_back(
    *, member_id: int, cause: Cause, undo: Cause, cause_id: int, context: TenantContext, rounds: int = 0
) -> Award | None:
    """Book the opposite of an award, under the cause `undo`, in the periods where the award counted; None where there was none.

    What was spent meanwhile becomes debt. Lock and idempotency as award_points. Publishes StandingsChanged and LevelLost.
    """
    given = LedgerEntry.objects.filter(cause_kind=cause, cause_id=cause_id, rule_id=_slot(rounds)).first()
    if given is None:
        return None
    return _book(
        find_owner(given.member_id),
        -given.amount,
        Counter.REVERSAL,
        undo,
        cause_id,
        rounds,
        context,
        occurred_ms=int(given.occurred_at.timestamp() * 1000),
    )


def _slot(rounds: int) -> int:
    """The rule's place in the entry, which no rule takes here, tells the rounds apart: 0, -1, -2 …"""
    return -rounds


def _book(
    member_id: int,
    amount: int,
    counter: Counter,
    cause: Cause,
    cause_id: int,
    rounds: int,
    context: TenantContext,
    occurred_ms: int | None = None,
) -> Award:
    with ledger_unit() as (run, schema):
        row = read_rows(run, schema, context, [member_id]).get(member_id)
        if row is None:
            raise MemberNotFoundError("There is no such member in this community.")
        if LedgerEntry.objects.filter(cause_kind=cause, cause_id=cause_id, rule_id=_slot(rounds)).exists():
            return Award(member_id, amount, row.current, row.lifetime, row.level, repeated=True)
        if amount > 0:
            if row.deleted:
                raise MemberDeletedError(
                    f"{row.display_name} was deleted, so that nothing can be given. Restore them first."
                )
            refuse_waiting(waiting=row.waiting, name=row.display_name)
        when = int(clock.now().timestamp() * 1000) if occurred_ms is None else occurred_ms
        book = open_book(context)
        book.post(
            row,
            Entry(
                member_id,
                amount,
                counter.value,
                cause.value,
                cause_id,
                _slot(rounds),
                0,
                amount,
                100,
                False,
                when,
            ),
        )
        write_rows(run, schema, book)
        if row.level > row.level_before:
            publish(LevelReached(member_id, row.level, row.level_before, row.lifetime))
        elif row.level < row.level_before:
            publish(LevelLost(member_id, row.level, row.level_before, row.lifetime))
    return Award(member_id, amount, row.current, row.lifetime, row.level, repeated=False)
