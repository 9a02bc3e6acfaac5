"""One act on many members: a result for each, and the whole act undone again.

Invariants: each member's act and its result are one transaction, so that a worker killed halfway has done each member exactly once
or not yet, and whoever runs the rest goes on where it stopped; an act is one per key, however often its form is sent. One
member who is refused stops nobody else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Count

from engagement.audit.actor import Actor
from engagement.audit.services import record_audit
from engagement.members.models import Member, Visibility
from engagement.members.selectors import get_member
from engagement.points.models import Adjustment
from saas.core import clock
from saas.core.errors import EngageHubError
from saas.events.jobs import defer
from tenants.context import TenantContext

from .errors import BulkActNotFoundError, BulkActRunningError, InvalidBulkActError
from .models import BulkAct, BulkItem
from .people import delete_member, restore_member
from .services import adjust_points, check_adjustment, set_visibility, undo_adjustment

INLINE: Final = 200  # members up to which the person waits
MOST: Final = 100_000
_AT_ONCE: Final = 500
State = BulkItem.State


@dataclass(frozen=True, slots=True)
class BulkCounts:
    """How many members are in which state."""

    waiting: int = 0
    done: int = 0
    unchanged: int = 0
    failed: int = 0
    undone: int = 0
    stuck: int = 0


@dataclass(frozen=True, slots=True)
class BulkResult:
    """One member's result, with the name as it is now."""

    member_id: int
    name: str
    state: str
    state_name: str
    message: str


def begin_bulk_act(
    *,
    key: UUID,
    act: str,
    member_ids: Sequence[int],
    actor: Actor,
    context: TenantContext,
    amount: int | None = None,
    reason: str = "",
) -> BulkAct:
    """Do `act` (points, hide, show, delete or restore) to these members: at once up to 200 of them, else as a job. Idempotent on
    `key`. `amount` and `reason` are of points.

    Raises InvalidBulkActError, InvalidAdjustmentError. What a single member is refused for stands in their result.
    """
    if act not in _ACTS:
        raise InvalidBulkActError(
            f"{act!r:.30} is nothing that can be done to many members at once.", field="act"
        )
    wanted = list(dict.fromkeys(member_ids))
    if not 1 <= len(wanted) <= MOST:
        raise InvalidBulkActError(
            f"Choose 1 to {MOST:,} members; {len(wanted):,} were chosen. Nothing was done."
        )
    if act == "points":
        reason = check_adjustment(amount or 0, reason)
    with transaction.atomic():
        bulk, made = BulkAct.objects.get_or_create(
            key=key,
            defaults={
                "act": act,
                "amount": amount if act == "points" else None,
                "reason": reason[:300],
                "actor": asdict(actor),
                "total": len(wanted),
            },
        )
        if made:
            items = (BulkItem(bulk=bulk, member_id=member_id) for member_id in wanted)
            BulkItem.objects.bulk_create(items, batch_size=2_000)
            if bulk.total > INLINE:
                _defer(bulk, context)
    if bulk.total <= INLINE:
        run_bulk_act(bulk_id=bulk.pk, context=context)
    bulk.refresh_from_db()
    return bulk


def undo_bulk_act(*, bulk_id: int, actor: Actor, context: TenantContext) -> BulkAct:
    """Take back what the act did to each member: at once up to 200, else as a job. Idempotent. What others changed since stays
    where undoing would overwrite it; that is said in the member's result.

    Raises BulkActNotFoundError, BulkActRunningError.
    """
    with transaction.atomic():
        bulk = BulkAct.objects.select_for_update().filter(pk=bulk_id).first()
        if bulk is None:
            raise BulkActNotFoundError("There is no such act in this community.")
        if bulk.state == BulkAct.State.RUNNING:
            raise BulkActRunningError("This act still goes on. Undo it when it has finished.")
        if bulk.state == BulkAct.State.FINISHED:
            bulk.state, bulk.undone_by = BulkAct.State.UNDOING, asdict(actor)
            bulk.save(update_fields=["state", "undone_by"])
            if bulk.total > INLINE:
                _defer(bulk, context)
    if bulk.total <= INLINE:
        run_bulk_act(bulk_id=bulk.pk, context=context)
    bulk.refresh_from_db()
    return bulk


def run_bulk_act(*, bulk_id: int, context: TenantContext) -> None:
    """Do, or undo, what is left of an act. Idempotent; two at once share the work."""
    bulk = get_bulk_act(bulk_id=bulk_id)
    undoing = bulk.state == BulkAct.State.UNDOING
    if bulk.state not in (BulkAct.State.RUNNING, BulkAct.State.UNDOING):
        return
    waiting = BulkItem.objects.filter(bulk=bulk, state=State.DONE if undoing else State.WAITING).order_by(
        "pk"
    )
    actor = Actor(**((bulk.undone_by if undoing else bulk.actor) or {}))
    last = 0
    while some := list(waiting.filter(pk__gt=last).values_list("pk", flat=True)[:_AT_ONCE]):
        for item_id in some:
            _run_item(bulk, item_id, actor, context, undoing=undoing)
        last = some[-1]
    BulkAct.objects.filter(pk=bulk.pk, state=bulk.state).update(
        state=BulkAct.State.UNDONE if undoing else BulkAct.State.FINISHED, finished_at=clock.now()
    )


def get_bulk_act(*, bulk_id: int) -> BulkAct:
    """Raises BulkActNotFoundError."""
    bulk = BulkAct.objects.filter(pk=bulk_id).first()
    if bulk is None:
        raise BulkActNotFoundError("There is no such act in this community.")
    return bulk


def count_bulk_items(*, bulk_id: int) -> BulkCounts:
    """One query."""
    rows = BulkItem.objects.filter(bulk_id=bulk_id).values_list("state").annotate(Count("pk"))
    return BulkCounts(**dict(rows))


def list_bulk_results(*, bulk_id: int, limit: int = 200) -> list[BulkResult]:
    """Results, what went wrong first. Three queries."""
    wrong = (State.FAILED, State.STUCK)
    items = list(BulkItem.objects.filter(bulk_id=bulk_id, state__in=wrong).order_by("pk")[:limit])
    rest = BulkItem.objects.filter(bulk_id=bulk_id).exclude(state__in=wrong).order_by("pk")
    items += list(rest[: limit - len(items)])
    names = dict(
        Member.objects.filter(pk__in=[item.member_id for item in items]).values_list("pk", "display_name")
    )
    return [
        BulkResult(
            item.member_id,
            names.get(item.member_id, f"Member {item.member_id}"),
            item.state,
            State(item.state).label,
            item.message,
        )
        for item in items
    ]


def _run_item(bulk: BulkAct, item_id: int, actor: Actor, context: TenantContext, *, undoing: bool) -> None:
    """One member, in one transaction with the result."""
    expected = State.DONE if undoing else State.WAITING
    with transaction.atomic():
        item = BulkItem.objects.select_for_update().get(pk=item_id)
        if item.state != expected:
            return  # another runner was here
        do, undo = _ACTS[bulk.act]
        try:
            with transaction.atomic():
                item.state = (undo if undoing else do)(bulk, item, actor, context)
                item.message = ""
        except EngageHubError as error:
            item.state, item.message = State.STUCK if undoing else State.FAILED, error.message[:300]
        item.save(update_fields=["state", "message", "before"])


def _defer(bulk: BulkAct, context: TenantContext) -> None:
    from .jobs import run_bulk

    defer(run_bulk, tenant=context.schema, bulk_id=bulk.pk)


# --- the acts: each does one member and answers the item's state ---

Act = Callable[[BulkAct, BulkItem, Actor, TenantContext], Any]


def _give(bulk: BulkAct, item: BulkItem, actor: Actor, context: TenantContext) -> Any:
    result = adjust_points(
        member_id=item.member_id,
        amount=bulk.amount or 0,
        reason=bulk.reason,
        actor=actor,
        idempotency_key=f"bulk:{bulk.pk}:{item.member_id}",
        context=context,
    )
    item.before = {"adjustment": result.adjustment_id}
    return State.DONE


def _take_back(bulk: BulkAct, item: BulkItem, actor: Actor, context: TenantContext) -> Any:
    adjustment_id = (item.before or {})["adjustment"]
    if not Adjustment.objects.filter(undoes_id=adjustment_id).exists():
        undo_adjustment(
            adjustment_id=adjustment_id,
            actor=actor,
            idempotency_key=f"bulk:{bulk.pk}:{item.member_id}:undo",
            context=context,
        )
    return State.UNDONE


def _hide(bulk: BulkAct, item: BulkItem, actor: Actor, context: TenantContext) -> Any:
    return _show_as(item, Visibility.HIDDEN, "", actor, context)


def _show(bulk: BulkAct, item: BulkItem, actor: Actor, context: TenantContext) -> Any:
    return _show_as(item, Visibility.VISIBLE, "", actor, context)


def _show_as_before(bulk: BulkAct, item: BulkItem, actor: Actor, context: TenantContext) -> Any:
    before = item.before or {}
    member = get_member(member_id=item.member_id)
    if member.visibility == before["after"]:  # else somebody chose anew since: that stays
        _show_as(item, before["visibility"], before["alias"], actor, context)
    return State.UNDONE


def _show_as(item: BulkItem, visibility: str, alias: str, actor: Actor, context: TenantContext) -> Any:
    member = get_member(member_id=item.member_id)
    if member.visibility == visibility:
        return State.UNCHANGED
    before = {"visibility": member.visibility, "alias": member.alias, "after": visibility}
    set_visibility(member_id=member.pk, visibility=visibility, alias=alias, context=context)
    record_audit(
        actor=actor,
        action="member.changed",
        target_kind="member",
        target_id=member.pk,
        target_name=member.display_name,
        before={"visibility": before["visibility"]},
        after={"visibility": visibility},
    )
    item.before = before
    return State.DONE


def _delete(bulk: BulkAct, item: BulkItem, actor: Actor, context: TenantContext) -> Any:
    if get_member(member_id=item.member_id, with_deleted=True).deleted_at is not None:
        return State.UNCHANGED
    delete_member(member_id=item.member_id, actor=actor, context=context)
    return State.DONE


def _restore(bulk: BulkAct, item: BulkItem, actor: Actor, context: TenantContext) -> Any:
    if get_member(member_id=item.member_id, with_deleted=True).deleted_at is None:
        return State.UNCHANGED
    restore_member(member_id=item.member_id, actor=actor, context=context)
    return State.DONE


def _undo_delete(bulk: BulkAct, item: BulkItem, actor: Actor, context: TenantContext) -> Any:
    _restore(bulk, item, actor, context)
    return State.UNDONE


def _undo_restore(bulk: BulkAct, item: BulkItem, actor: Actor, context: TenantContext) -> Any:
    _delete(bulk, item, actor, context)
    return State.UNDONE


_ACTS: Final[dict[str, tuple[Act, Act]]] = {
    "points": (_give, _take_back),
    "hide": (_hide, _show_as_before),
    "show": (_show, _show_as_before),
    "delete": (_delete, _undo_delete),
    "restore": (_restore, _undo_restore),
}
