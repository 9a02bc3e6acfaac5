"""Every change of points, levels and ranks that a person asks for.

Each service is one transaction on Django's connection that holds the tenant's ledger lock (engagement.ledger.locks), as
ingest does; so the two never see each other half done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from engagement.audit.actor import Actor
from engagement.audit.services import record_audit
from engagement.ledger.models import Cause, Counter
from engagement.ledger.statements import Run, in_schema, ledger_unit
from engagement.members.errors import InvalidAliasError, MemberDeletedError, MemberNotFoundError
from engagement.members.events import VisibilityChanged
from engagement.members.models import Member, Visibility
from engagement.members.selectors import find_member, get_member
from engagement.points.models import Adjustment
from saas.core import clock
from saas.events import publish
from tenants.context import TenantContext, current_tenant

from .book import Entry
from .errors import (
    AdjustmentNotFoundError,
    AlreadyUndoneError,
    IdempotencyKeyReusedError,
    InvalidAdjustmentError,
)
from .events import LevelLost, LevelReached, PointsAdjusted
from .merged import find_owner
from .newcomers import NAMELESS, Newcomer, create_members
from .room import count_room, hold_back, refuse_waiting
from .units import open_book, read_rows, rerank, write_rows

MAX_ADJUSTMENT: Final = 1_000_000_000
MAX_REASON: Final = 300
_ALIAS_LENGTH: Final = range(2, 41)


@dataclass(frozen=True, slots=True)
class AdjustmentResult:
    """The member after the adjustment; `repeated` when the key had been booked before and nothing was changed now."""

    entry_id: int
    adjustment_id: int
    member_id: int
    amount: int
    current: int
    lifetime: int
    debt: int
    level: int
    repeated: bool


def ensure_member(*, provider: str, external_id: str, display_name: str, avatar_url: str = "") -> Member:
    """The member whom a provider knows by that id, made if there is none yet. Idempotent on (provider, external_id).

    Somebody of whom only the id was known until now gets the name. Somebody new for whom the plan has no room waits, as whoever is
    met by ingest does. Raises MemberDeletedError.
    """
    known = find_member(provider=provider, external_id=external_id, with_deleted=True)
    if known is not None:
        if known.deleted_at is not None:
            raise MemberDeletedError(
                "This member was deleted from the community. An admin can restore them in the dashboard."
            )
        if known.display_name == NAMELESS and display_name:
            known.display_name, known.avatar_url = display_name[:100], avatar_url[:500]
            known.save(update_fields=["display_name", "avatar_url"])
        return known
    with ledger_unit() as (run, schema):
        newcomer = Newcomer(
            provider, external_id, display_name[:100] or NAMELESS, avatar_url[:500], None, False, []
        )
        room = count_room(run, schema, current_tenant())
        created = create_members(run, schema, [newcomer])
        if created and not room.for_newcomers:
            hold_back(run, schema, created)
            rerank(run, schema, current_tenant(), created)
        made = find_member(provider=provider, external_id=external_id)
    assert made is not None
    return made


def adjust_points(
    *, member_id: int, amount: int, reason: str, actor: Actor, idempotency_key: str, context: TenantContext
) -> AdjustmentResult:
    """Give (amount > 0) or take (< 0) points, in whole points; current, lifetime, level and standings follow.

    What the balance cannot cover becomes debt. Idempotent on `idempotency_key`: a repeat answers as before. Publishes
    PointsAdjusted, StandingsChanged and LevelReached or LevelLost. Raises InvalidAdjustmentError, MemberNotFoundError,
    MemberDeletedError, MemberWaitsError, IdempotencyKeyReusedError.
    """
    reason = check_adjustment(amount, reason)
    with ledger_unit() as (run, schema):
        before = Adjustment.objects.filter(idempotency_key=idempotency_key).first()
        if before is not None:
            if (before.member_id, before.amount) != (member_id, amount):
                raise IdempotencyKeyReusedError(
                    "This key was used for another adjustment. Send each adjustment under a key of its own."
                )
            return _result(run, schema, before, repeated=True)
        adjustment = Adjustment(
            idempotency_key=idempotency_key,
            member_id=member_id,
            amount=amount,
            reason=reason,
            actor_kind=actor.kind,
            actor_id=actor.id,
            actor_name=actor.name[:100],
        )
        result = _book(run, schema, context, adjustment, cause=Cause.ADJUSTMENT)
        _record(actor, "points.adjusted", result, reason)
    return result


def undo_adjustment(
    *, adjustment_id: int, actor: Actor, idempotency_key: str, context: TenantContext
) -> AdjustmentResult:
    """Book the opposite of an adjustment. Once per adjustment; idempotent on `idempotency_key`. Of a member who was merged into
    another one the other's points change.

    Raises AdjustmentNotFoundError, AlreadyUndoneError, MemberDeletedError.
    """
    with ledger_unit() as (run, schema):
        before = Adjustment.objects.filter(idempotency_key=idempotency_key).first()
        if before is not None:
            return _result(run, schema, before, repeated=True)
        original = Adjustment.objects.filter(pk=adjustment_id).select_related("undoes").first()
        if original is None:
            raise AdjustmentNotFoundError("There is no such adjustment in this community.")
        if original.undoes_id is not None:
            raise AlreadyUndoneError("This entry undoes an adjustment itself. Book a new adjustment instead.")
        if Adjustment.objects.filter(undoes=original).exists():
            raise AlreadyUndoneError("This adjustment was undone before; nothing is left to undo.")
        undoing = Adjustment(
            idempotency_key=idempotency_key,
            member_id=find_owner(original.member_id),
            amount=-original.amount,
            reason=f"Undone: {original.reason}"[:MAX_REASON],
            actor_kind=actor.kind,
            actor_id=actor.id,
            actor_name=actor.name[:100],
            undoes=original,
        )
        result = _book(run, schema, context, undoing, cause=Cause.UNDO)
        _record(actor, "points.undone", result, undoing.reason)
    return result


def set_visibility(*, member_id: int, visibility: str, alias: str = "", context: TenantContext) -> Member:
    """Show the member by name, under an alias, or not at all; hidden members hold no rank.

    Idempotent. Publishes VisibilityChanged. Raises InvalidAliasError, MemberNotFoundError.
    """
    alias = " ".join(alias.split())
    if visibility not in Visibility.values:
        raise InvalidAliasError(
            f"{visibility!r:.40} is no way to be shown. Choose from: {', '.join(Visibility.values)}.",
            field="visibility",
        )
    if visibility == Visibility.ALIAS and (len(alias) not in _ALIAS_LENGTH or not alias.isprintable()):
        raise InvalidAliasError("An alias has 2 to 40 printable characters.", field="alias")
    with ledger_unit() as (run, schema):
        member = get_member(member_id=member_id)
        if visibility == Visibility.ALIAS and _is_taken(alias, member_id):
            raise InvalidAliasError(
                "Somebody here goes by that name already. Choose another alias.", field="alias"
            )
        member.visibility = visibility
        member.alias = alias if visibility == Visibility.ALIAS else ""
        member.save(update_fields=["visibility", "alias"])
        rerank(run, schema, context, [member_id])
        publish(VisibilityChanged(member_id, visibility))
    return member


def refresh_ranked(*, member_ids: Sequence[int], context: TenantContext) -> None:
    """Bring each member's right to a rank, and with it the histogram, in line with what is known of them. Idempotent."""
    with ledger_unit() as (run, schema):
        rerank(run, schema, context, member_ids)


def _is_taken(alias: str, member_id: int) -> bool:
    others = Member.objects.exclude(pk=member_id)
    return (
        others.filter(display_name__iexact=alias).exists()
        or others.filter(visibility=Visibility.ALIAS, alias__iexact=alias).exists()
    )


def check_adjustment(amount: int, reason: str) -> str:
    """The reason as it is kept. Raises InvalidAdjustmentError."""
    reason = " ".join(reason.split())
    if type(amount) is not int or amount == 0 or abs(amount) > MAX_ADJUSTMENT:
        raise InvalidAdjustmentError(
            f"Give or take 1 to {MAX_ADJUSTMENT:,} points; {amount!r:.30} is outside of that.", field="amount"
        )
    if not reason or "\x00" in reason:
        raise InvalidAdjustmentError("Say why: the member and the audit see the reason.", field="reason")
    if len(reason) > MAX_REASON:
        raise InvalidAdjustmentError(
            f"The reason has {len(reason)} characters; at most {MAX_REASON} are kept. Shorten it.",
            field="reason",
        )
    return reason


def _book(
    run: Run, schema: str, context: TenantContext, adjustment: Adjustment, *, cause: Cause
) -> AdjustmentResult:
    row = read_rows(run, schema, context, [adjustment.member_id]).get(adjustment.member_id)
    if row is None:
        raise MemberNotFoundError("There is no such member in this community.")
    if row.deleted:
        raise MemberDeletedError(
            f"{row.display_name} was deleted, so that nothing can be given or taken. Restore them first."
        )
    refuse_waiting(waiting=row.waiting, name=row.display_name)
    adjustment.save(force_insert=True)
    undone = adjustment.undoes_id if cause == Cause.UNDO else None
    entry = Entry(
        row.member_id,
        adjustment.amount,
        Counter.ADJUSTMENT.value,
        cause.value,
        undone or adjustment.pk,
        0,
        0,
        adjustment.amount,
        100,
        False,
        int(clock.now().timestamp() * 1000),
    )
    book = open_book(context)
    book.post(row, entry)
    write_rows(run, schema, book)
    publish(
        PointsAdjusted(
            row.member_id, adjustment.amount, adjustment.reason, adjustment.actor_name, adjustment.pk
        )
    )
    if row.level > row.level_before:
        publish(LevelReached(row.member_id, row.level, row.level_before, row.lifetime))
    elif row.level < row.level_before:
        publish(LevelLost(row.member_id, row.level, row.level_before, row.lifetime))
    return _result(run, schema, adjustment, repeated=False)


def _record(actor: Actor, action: str, result: AdjustmentResult, reason: str) -> None:
    """The points that a person changed, as they are now and were before."""
    name = Member.objects.values_list("display_name", flat=True).get(pk=result.member_id)
    record_audit(
        actor=actor,
        action=action,
        target_kind="member",
        target_id=result.member_id,
        target_name=name,
        before={"lifetime": result.lifetime - result.amount},
        after={"lifetime": result.lifetime, "amount": result.amount, "adjustment": result.adjustment_id},
        note=reason,
    )


def _result(run: Run, schema: str, adjustment: Adjustment, *, repeated: bool) -> AdjustmentResult:
    found: Any = run(
        in_schema(
            "SELECT e.id, b.current, b.lifetime, b.debt, p.level FROM {s}.ledger_balance b "
            "JOIN {s}.member_progress p ON p.member_id = b.member_id "
            "JOIN {s}.ledger_entry e ON e.member_id = b.member_id AND e.rule_id = 0 "
            "AND e.cause_kind = %s AND e.cause_id = %s "
            "WHERE b.member_id = %s AND b.currency = 0",
            schema,
        ),
        (
            Cause.ADJUSTMENT.value if adjustment.undoes_id is None else Cause.UNDO.value,
            adjustment.pk if adjustment.undoes_id is None else adjustment.undoes_id,
            adjustment.member_id,
        ),
    ).fetchall()[0]
    entry_id, current, lifetime, debt, level = found
    return AdjustmentResult(
        entry_id,
        adjustment.pk,
        adjustment.member_id,
        adjustment.amount,
        current,
        lifetime,
        debt,
        level,
        repeated,
    )


__all__ = [
    "Actor",
    "AdjustmentResult",
    "adjust_points",
    "check_adjustment",
    "ensure_member",
    "refresh_ranked",
    "set_visibility",
    "undo_adjustment",
]
