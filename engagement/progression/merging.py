"""Two members who are one person become one: points of every period, identities, login and figures.

The ledger is append-only, so nothing moves in it. For each of the other member's days one pair of entries is booked under
(Cause.MERGE, id of that day's last entry): the sum out of one member and into the other, at that day's last moment. So both
keep balances, lifetime, level and the standing of every period equal to their own entries, and the day stays told. What was
brought over from another bot and what was spent go over in one pair each, against their own accounts; so do credits, type by type.
Redemptions, submissions and requests follow by a handler of MembersMerged (engagement.departures).

Invariants: a merged member is deleted, has nothing, and names the member who has it, in one step; takebacks and undone
adjustments of what was earned under the old name go to that member.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from engagement.audit.actor import Actor
from engagement.audit.services import record_audit
from engagement.credits.merging import move_credits
from engagement.ledger.models import HERE_COUNTERS, POINTS, Cause, Counter, LedgerBalance, LedgerEntry
from engagement.ledger.statements import Run, in_schema, ledger_unit
from engagement.members.errors import CannotMergeError
from engagement.members.events import MembersMerged
from engagement.members.models import Identity, Member, MemberFigure
from engagement.members.selectors import get_member
from engagement.standings.models import Standing
from saas.core import clock
from saas.events import publish
from tenants.context import TenantContext

from .book import Entry
from .figures import follow_ties
from .room import take_over_held
from .units import open_book, read_rows, rerank, write_rows

_HERE: Final = "(" + ", ".join(str(int(counter)) for counter in HERE_COUNTERS) + ")"
# Of each day in the community's zone, of what came from elsewhere (day null) and of the rest: account, sum, last moment, last id.
# An import that was undone is as if it had never been.
_SUMS: Final = f"""
SELECT CASE WHEN e.counter IN {_HERE} THEN {int(Counter.ADJUSTMENT)} WHEN e.counter = {int(Counter.ELSEWHERE)}
    THEN {int(Counter.ELSEWHERE)} ELSE {int(Counter.TRANSFER)} END AS account,
  CASE WHEN e.counter IN {_HERE} THEN (e.occurred_at AT TIME ZONE %s)::date END AS day,
  sum(e.amount)::bigint, round(date_part('epoch', max(e.occurred_at)) * 1000)::bigint, max(e.id)
FROM {{s}}.ledger_entry e
LEFT JOIN {{s}}.ledger_entry u ON e.cause_kind IN ({int(Cause.IMPORT)}, {int(Cause.IMPORT_UNDO)})
  AND u.cause_kind = {int(Cause.IMPORT_UNDO)} AND u.cause_id = e.cause_id AND u.member_id = e.member_id AND u.rule_id = 0
WHERE e.member_id = %s AND e.currency = {POINTS} AND u.id IS NULL
GROUP BY 1, 2 HAVING sum(e.amount) <> 0 ORDER BY 5"""

_HOLD: Final = f"SELECT 1 FROM {{s}}.ledger_balance WHERE member_id IN (%s, %s) AND currency = {POINTS} ORDER BY member_id FOR UPDATE"


@dataclass(frozen=True, slots=True)
class MergeSide:
    member_id: int
    name: str
    current: int
    lifetime: int
    level: int
    entries: int
    identities: tuple[str, ...]
    has_login: bool


@dataclass(frozen=True, slots=True)
class MergePreview:
    """What merging would do. Whole points; `level` and the sums are those of the member who stays. `debt` is what remains of it."""

    kept: MergeSide
    gone: MergeSide
    current: int
    debt: int
    lifetime: int
    level: int


def preview_merge(*, kept_id: int, gone_id: int, context: TenantContext) -> MergePreview:
    """What merging `gone_id` into `kept_id` would do. Changes nothing. Raises MemberNotFoundError, CannotMergeError."""
    kept, gone = _check(kept_id, gone_id)
    balances = {
        row.member_id: row
        for row in LedgerBalance.objects.filter(member_id__in=(kept_id, gone_id), currency=POINTS)
    }
    level_for = open_book(context).level_for
    mine, theirs = (_side(member, balances[member.pk], level_for) for member in (kept, gone))
    net = sum(row.current - row.debt for row in balances.values())
    lifetime = sum(row.lifetime for row in balances.values())
    return MergePreview(mine, theirs, max(net, 0), max(-net, 0), lifetime, level_for(lifetime))


def merge_members(*, kept_id: int, gone_id: int, actor: Actor, context: TenantContext) -> Member:
    """Everything of `gone_id` goes over to `kept_id`, in one transaction under the ledger lock; the merged member is deleted at once
    and for good. Not reversible. The name, visibility and preferences of the member who stays stay; the earlier joining counts.

    Repeating it changes nothing. Publishes MembersMerged and StandingsChanged. Raises MemberNotFoundError, CannotMergeError.
    """
    with ledger_unit() as (run, schema):
        before = Member.objects.filter(pk=gone_id, merged_into_id=kept_id).exists()
        if before:
            return get_member(member_id=kept_id)
        kept, gone = _check(kept_id, gone_id)
        described = _describe(kept, gone)
        moved = _move_points(run, schema, kept_id, gone_id, context)
        credits_moved = move_credits(kept_id=kept_id, gone_id=gone_id)
        figures = _move_figures(kept_id, gone_id)
        take_over_held(run, schema, kept=kept, gone=gone)
        _move_person(kept, gone)
        rerank(run, schema, context, [kept_id, gone_id])
        follow_ties(run, schema, [kept_id, gone_id])
        publish(MembersMerged(kept_id, gone_id))
        record_audit(
            actor=actor,
            action="member.merged",
            target_kind="member",
            target_id=kept_id,
            target_name=kept.display_name,
            before=described,
            after={
                "points_taken_over": moved,
                "figures_taken_over": figures,
                "merged_member": gone_id,
                **({"credits_taken_over": credits_moved} if credits_moved else {}),
            },
            note=f"{gone.display_name} is {kept.display_name}",
        )
    return kept


def _check(kept_id: int, gone_id: int) -> tuple[Member, Member]:
    if kept_id == gone_id:
        raise CannotMergeError("Choose two different members: these are the same one.", field="member")
    kept, gone = get_member(member_id=kept_id), get_member(member_id=gone_id)
    if kept.user_id is not None and gone.user_id is not None and kept.user_id != gone.user_id:
        raise CannotMergeError(
            f"{kept.display_name} and {gone.display_name} sign in as two different people, so that merging would take "
            "one of them their page. If it is one person, have them unlink one login first.",
            field="member",
        )
    if kept.is_bot != gone.is_bot:
        raise CannotMergeError("A bot and a person cannot be one member.", field="member")
    return kept, gone


def _move_points(run: Run, schema: str, kept_id: int, gone_id: int, context: TenantContext) -> int:
    """One pair of entries for each day and account. Answers the points that went over."""
    # Spending does not wait for the ledger lock: what is being spent now is in the sums, or finds the balance moved.
    run(in_schema(_HOLD, schema), (gone_id, kept_id))
    sums = run(in_schema(_SUMS, schema), (context.timezone, gone_id)).fetchall()
    if not sums:
        return 0
    rows = read_rows(run, schema, context, [kept_id, gone_id])
    book = open_book(context)
    for account, _day, amount, occurred_ms, last_id in sums:
        book.post(rows[gone_id], _entry(gone_id, -amount, account, last_id, occurred_ms))
        book.post(rows[kept_id], _entry(kept_id, amount, account, last_id, occurred_ms))
    write_rows(run, schema, book)
    return int(sum(line[2] for line in sums))


def _entry(member_id: int, amount: int, account: int, last_id: int, occurred_ms: int) -> Entry:
    return Entry(
        member_id, amount, account, Cause.MERGE.value, last_id, 0, 0, amount, 100, False, occurred_ms
    )


def _move_figures(kept_id: int, gone_id: int) -> list[str]:
    """Own figures that only the merged member had go over; where both have one, the higher value counts."""
    mine = {row.name: row for row in MemberFigure.objects.filter(member_id=kept_id)}
    moved = []
    for row in MemberFigure.objects.filter(member_id=gone_id):
        own = mine.get(row.name)
        if own is not None and own.value >= row.value:
            continue
        MemberFigure.objects.update_or_create(
            member_id=kept_id, name=row.name, defaults={"value": row.value, "changed_at": row.changed_at}
        )
        moved.append(row.name)
    MemberFigure.objects.filter(member_id=gone_id).delete()
    return moved


def _move_person(kept: Member, gone: Member) -> None:
    Identity.objects.filter(member=gone).update(member=kept)
    Member.objects.filter(merged_into_id=gone.pk).update(merged_into_id=kept.pk)
    earlier = [moment for moment in (kept.joined_at, gone.joined_at) if moment is not None]
    kept.joined_at = min(earlier) if earlier else None
    kept.user_id = kept.user_id or gone.user_id
    kept.email, kept.note = kept.email or gone.email, kept.note or gone.note
    kept.type_id = kept.type_id or gone.type_id
    kept.save(update_fields=["joined_at", "user_id", "email", "note", "type"])
    if kept.joined_at is not None:
        Standing.objects.filter(pk=kept.pk).update(joined_at=kept.joined_at)  # the last tie-break
    now = clock.now()
    gone.user_id, gone.deleted_at, gone.purged_at, gone.merged_into_id = None, now, now, kept.pk
    gone.avatar_url, gone.email, gone.note, gone.role_ids = "", "", "", []
    gone.save(
        update_fields=[
            "user_id", "deleted_at", "purged_at", "merged_into_id", "avatar_url", "email", "note", "role_ids",
        ]
    )  # fmt: skip
    gone_code = getattr(gone, "claim_code", None)
    if gone_code is not None:
        gone_code.delete()


def _side(member: Member, balance: LedgerBalance, level_for: Any) -> MergeSide:
    return MergeSide(
        member.pk,
        member.display_name,
        balance.current,
        balance.lifetime,
        level_for(balance.lifetime),
        LedgerEntry.objects.filter(member_id=member.pk).count(),
        tuple(str(one) for one in member.identities.order_by("pk")),
        member.user_id is not None,
    )


def _describe(kept: Member, gone: Member) -> dict[str, Any]:
    balances = {
        row.member_id: row
        for row in LedgerBalance.objects.filter(member_id__in=(kept.pk, gone.pk), currency=POINTS)
    }
    return {
        "lifetime": balances[kept.pk].lifetime,
        "merged_lifetime": balances[gone.pk].lifetime,
        "merged_name": gone.display_name,
    }
