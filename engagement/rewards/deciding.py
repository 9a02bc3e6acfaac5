"""What becomes of a redemption: approved, rejected, cancelled, fulfilled, delivered, expired.

Every one locks the redemption's row and changes it from a state that allows it, so that of two who decide at once one does and the
other is told. What ends gives its points and its stock back in that same transaction, once.
"""

from __future__ import annotations

from typing import Any, Final

from django.db import connection, transaction

from engagement.audit.actor import SYSTEM, Actor
from engagement.ledger.models import POINTS, Cause, Counter
from engagement.ledger.moving import give_to_balance
from engagement.progression.merged import find_owner
from saas.core import clock
from saas.core.text import clean_line
from tenants.context import TenantContext

from .drops import ask_to_tend
from .kinds import is_pool
from .models import Redemption
from .owning import is_own
from .redemption_errors import InvalidRedemptionError, OwnRedemptionError, RedemptionStateError
from .states import (
    APPROVED,
    CANCELLED,
    DELIVERED,
    EXPIRED,
    FULFILLED,
    GIVEN,
    HELD,
    REJECTED,
    REQUESTED,
    check_reason,
    lock_redemption,
    move_redemption,
    record_decision,
    require_move,
)

MAX_TRACKING: Final = 200
_RELEASE: Final = "UPDATE reward SET reserved = reserved - 1 WHERE id = %s"
_RESTOCK: Final = "UPDATE reward SET stock = stock + 1 WHERE id = %s"
_HAND_OUT: Final = "UPDATE reward SET reserved = reserved - 1, stock = stock - 1 WHERE id = %s"


@transaction.atomic
def approve_redemption(
    *, context: TenantContext, redemption_id: int, actor: Actor, reason: str = ""
) -> Redemption:
    """The member gets it; fulfilment follows. Locks the redemption. Publishes RedemptionChanged; recorded in the audit log.

    Approving what was approved, fulfilled or delivered changes nothing. Raises RedemptionNotFoundError, OwnRedemptionError,
    RedemptionStateError, InvalidRedemptionError.
    """
    reason = check_reason(reason)
    redemption = lock_redemption(redemption_id)
    _refuse_own(actor, redemption)
    if redemption.state in (APPROVED, *GIVEN):
        return redemption
    _decide(redemption, APPROVED, actor, reason)
    record_decision(redemption, "approved", REQUESTED, actor=actor, reason=reason)
    return redemption


@transaction.atomic
def reject_redemption(*, context: TenantContext, redemption_id: int, actor: Actor, reason: str) -> Redemption:
    """Not this time: points and stock go back. `reason` is told to the member. Locks redemption, balance, reward.

    Rejecting twice changes nothing. Publishes RedemptionChanged; recorded in the audit log. Raises as approve_redemption.
    """
    reason = check_reason(reason, needed=True)
    redemption = lock_redemption(redemption_id)
    _refuse_own(actor, redemption)
    if redemption.state == REJECTED:
        return redemption
    was = redemption.state
    _end(redemption, REJECTED, actor, reason, decided=True)
    record_decision(redemption, "rejected", was, actor=actor, reason=reason)
    return redemption


@transaction.atomic
def cancel_redemption(
    *, context: TenantContext, redemption_id: int, actor: Actor, reason: str = ""
) -> Redemption:
    """Take it back, with points and stock: whoever redeemed it while it is not fulfilled, the team at any time. The door has asked
    whether the actor is either. Locks redemption, balance, reward.

    Cancelling twice changes nothing. Publishes RedemptionChanged; recorded in the audit log unless it is the member's own. Raises
    RedemptionNotFoundError, RedemptionStateError, InvalidRedemptionError.
    """
    reason = check_reason(reason)
    redemption = lock_redemption(redemption_id)
    if redemption.state == CANCELLED:
        return redemption
    own = is_own(actor, redemption.member_id)
    if own and redemption.state in GIVEN:
        raise RedemptionStateError(
            f"“{redemption.reward_name}” was handed out already, so only somebody else of the team can take it back. Ask one of them."
        )
    was = redemption.state
    _end(redemption, CANCELLED, actor, reason)
    if not own:
        record_decision(redemption, "cancelled", was, actor=actor, reason=reason)
    return redemption


@transaction.atomic
def mark_fulfilled(
    *, redemption_id: int, outcome: dict[str, Any], actor: Actor, key: str, **noted: Any
) -> Redemption:
    """It was handed out, shipped or given: one of the stock is gone for good. `outcome` is what its kind notes; `noted` are columns
    that go with it, such as tracking and ends_at. Locks redemption, reward.

    Idempotent: what was fulfilled stays as it was then, under whichever `key`. Publishes RedemptionChanged; recorded in the audit
    log where a person did it. Raises RedemptionNotFoundError, RedemptionStateError.
    """
    redemption = lock_redemption(redemption_id)
    if redemption.state in GIVEN:
        return redemption
    require_move(redemption, FULFILLED)
    merged = {**redemption.outcome, **outcome, "key": key[:120]}
    move_redemption(
        redemption, FULFILLED, actor=actor, outcome=merged, fulfilled_at=clock.now(), due_at=None, **noted
    )
    if redemption.counted:
        _run(_HAND_OUT, redemption.reward_id)
    if actor.kind != SYSTEM.kind:
        record_decision(redemption, "fulfilled", APPROVED, actor=actor)
    return redemption


@transaction.atomic
def mark_delivered(*, redemption_id: int, actor: Actor, outcome: dict[str, Any] | None = None) -> Redemption:
    """It is with the member. Locks the redemption. Twice changes nothing. Publishes RedemptionChanged; recorded in the audit log
    where a person did it. Raises RedemptionNotFoundError, RedemptionStateError."""
    redemption = lock_redemption(redemption_id)
    if redemption.state == DELIVERED:
        return redemption
    merged = {**redemption.outcome, **(outcome or {})}
    move_redemption(redemption, DELIVERED, actor=actor, delivered_at=clock.now(), due_at=None, outcome=merged)
    if actor.kind != SYSTEM.kind:
        record_decision(redemption, "delivered", FULFILLED, actor=actor)
    return redemption


@transaction.atomic
def expire_redemption(*, redemption_id: int, reason: str, actor: Actor = SYSTEM) -> Redemption:
    """Its time is over: points and stock go back. Locks redemption, balance, reward. What has moved on meanwhile stays as it is.

    Publishes RedemptionChanged. Raises RedemptionNotFoundError.
    """
    reason = check_reason(reason)
    redemption = lock_redemption(redemption_id)
    if redemption.state in HELD:
        _end(redemption, EXPIRED, actor, reason)
    return redemption


def return_of_member(*, member_id: int, actor: Actor) -> list[int]:
    """Cancel what a member who goes has waiting or not yet handed out, each in a transaction of its own; answers which. What was
    handed out stays. Idempotent. Publishes RedemptionChanged for each."""
    waiting = Redemption.objects.filter(member_id=member_id, state__in=HELD).order_by("pk")
    ended = []
    for redemption_id in waiting.values_list("pk", flat=True):
        with transaction.atomic():
            redemption = lock_redemption(redemption_id)
            if redemption.state in HELD and redemption.member_id == member_id:
                _end(redemption, CANCELLED, actor, "The member was deleted.")
                ended.append(redemption_id)
    return ended


def check_tracking(tracking: str) -> str:
    """A number or address of a shipment in one line. Raises InvalidRedemptionError."""
    cleaned = clean_line(tracking, limit=MAX_TRACKING + 1)
    if len(tracking) > MAX_TRACKING * 8 or len(cleaned) > MAX_TRACKING:
        raise InvalidRedemptionError(
            f"A tracking number has at most {MAX_TRACKING} characters, and this has more. Shorten it.",
            field="tracking",
        )
    return cleaned


def _refuse_own(actor: Actor, redemption: Redemption) -> None:
    if is_own(actor, redemption.member_id):
        raise OwnRedemptionError


def _decide(redemption: Redemption, to: str, actor: Actor, reason: str) -> None:
    move_redemption(
        redemption,
        to,
        actor=actor,
        why=reason,
        decided_at=clock.now(),
        decided_by=actor.name[:120],
        due_at=None,
        **({"reason": reason} if reason else {}),
    )


def _end(redemption: Redemption, to: str, actor: Actor, reason: str, *, decided: bool = False) -> None:
    """`to` is one of ENDED. The conditional change of the state is what makes the giving back happen once."""
    was, counted = redemption.state, redemption.counted
    noted: dict[str, Any] = {"due_at": None, "counted": False}
    if decided or redemption.decided_at is None:
        noted |= {"decided_at": clock.now(), "decided_by": actor.name[:120]}
    if reason:
        noted["reason"] = reason
    move_redemption(redemption, to, actor=actor, why=reason, **noted)
    if redemption.price:
        give_to_balance(
            member_id=find_owner(redemption.member_id),
            currency=POINTS,
            amount=redemption.price,
            counter=Counter.SHOP,
            cause=Cause.REDEMPTION_REFUND,
            cause_id=redemption.pk,
        )
    if counted and was in HELD:
        _run(_RELEASE, redemption.reward_id)
    elif counted and not is_pool(redemption.kind, redemption.reward.settings):
        # A code of the pool was seen, so it is of no use to anybody else; everything else can be given again.
        _run(_RESTOCK, redemption.reward_id)
    if redemption.reward.is_drop:
        ask_to_tend(connection.schema_name, redemption.reward_id)  # type: ignore[attr-defined]


def _run(sql: str, reward_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, [reward_id])
