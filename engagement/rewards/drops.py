"""A reward that comes at an hour, and the queue for it.

Members join before it begins; at its hour lots decide the order (drawing), and whoever joins later follows. As many as there are free are
offered it, each for OFFER; who does not take it loses the place, and the next is offered it. Nobody is quicker by being quicker.

Invariants: a member has one place, a place one member; open offers are never more than what is free; only who is offered it can redeem
it. Whoever changes a queue holds the reward's row; redeeming takes that row before the place's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection, transaction
from django.db.models import Max, Q

from engagement.members.selectors import get_member
from saas.core import clock
from saas.events import publish
from saas.events.jobs import JobRow, defer_rows
from tenants.context import TenantContext
from tenants.gatekeeping import require_gate
from tenants.gates import is_open

from .drawing import commit_seed, open_seed, order_by_lot, published
from .eligibility import check_eligible
from .errors import RewardNotFoundError, RewardRefusedError
from .freezing import refuse_frozen
from .models import DropPlace, Reward, RewardState
from .redemption_errors import DropPlaceError, check_can_redeem
from .redemption_events import DropBegan, DropOffered
from .selectors import read_member_facts

GATE: Final = "drops"
TEND: Final = "engagement.rewards.tend_drop"
OFFER: Final = timedelta(minutes=10)
_OPEN: Final = Q(redemption__isnull=True, left_at__isnull=True)


@dataclass(frozen=True, slots=True)
class QueuePlace:
    """A member in a queue. `place` None: before the draw. `ahead`: so many are to be offered it first. `offered_until`: it is theirs
    to take until then. `has_taken`: they redeemed it."""

    place: int | None
    ahead: int
    waiting: int
    offered_until: datetime | None
    has_taken: bool


def join_drop(*, context: TenantContext, member_id: int, reward_id: int) -> DropPlace:
    """Queue up; after the beginning at the end, and at once with an offer where nobody waits. Idempotent: who is in it stays there.

    What was announced under a plan with drops is open until it begins, whatever became of the plan; from then on only where the plan
    has them. Locks the reward. Publishes DropOffered. Raises GateClosedError, RewardFrozenError, RewardNotFoundError, DropPlaceError,
    RewardRefusedError, MemberNotFoundError, MemberCannotRedeemError, MemberWaitsError.
    """
    with transaction.atomic():
        now = clock.now()
        member = get_member(member_id=member_id)
        check_can_redeem(
            member.display_name,
            is_bot=member.is_bot,
            left=bool(member.departed_at),
            waits=bool(member.waiting_since),
        )
        reward = _lock(reward_id)
        place = DropPlace.objects.filter(reward=reward, member_id=member_id).first()
        if place is not None and place.left_at is None:
            return place
        if place is not None and place.redemption_id is not None:
            raise DropPlaceError(f"You have “{reward.name}” from this drop already. One each.")
        if not _was_announced(reward, now):
            require_gate(GATE, context)
        refuse_frozen(reward, context)
        _check_joining(reward, member_id, context, now)
        place = place or DropPlace(reward=reward, member_id=member_id)
        place.joined_at, place.left_at, place.offered_until = now, None, None
        place.place = _last_place(reward) + 1 if "seed" in reward.draw else None
        place.save()
        _go_on(reward, now, context)
    place.refresh_from_db()
    return place


def can_join(reward: Reward, *, context: TenantContext) -> bool:
    """Whether the plan lets anybody join this queue now. No query."""
    now = clock.now()
    return _was_announced(reward, now) or is_open(GATE, context.entitlements, now)


def _was_announced(reward: Reward, now: datetime) -> bool:
    """It is still to begin: members were told of it, and it is kept whatever became of the plan."""
    return reward.starts_at is not None and now < reward.starts_at


def leave_drop(*, context: TenantContext, member_id: int, reward_id: int) -> None:
    """Give the place up; an offer goes to the next. Idempotent. Locks the reward. Raises RewardNotFoundError."""
    with transaction.atomic():
        reward, now = _lock(reward_id), clock.now()
        DropPlace.objects.filter(_OPEN, reward=reward, member_id=member_id).update(
            left_at=now, offered_until=None, place=None
        )
        _go_on(reward, now, context)


def tend_drop(*, context: TenantContext, reward_id: int) -> None:
    """What is due of it: the draw, offers that lapsed, offers to the next. Asks for the next time itself. Idempotent.

    Locks the reward. Publishes DropBegan, DropOffered. Raises RewardNotFoundError.
    """
    with transaction.atomic():
        reward = _lock(reward_id)
        _go_on(reward, clock.now(), context)


def ask_to_tend(context_schema: str, reward_id: int, run_at: datetime | None = None) -> None:
    """One job waits for a drop at a time, in the caller's transaction."""
    lock = f"tend drop {reward_id}" if run_at is None else f"tend drop {reward_id} at {run_at:%H%M%S}"
    with connection.cursor() as cursor:
        defer_rows(
            cursor,
            [JobRow(TEND, context_schema, {"reward_id": reward_id}, run_at=run_at, queueing_lock=lock)],
        )


def take_place(
    *, reward_id: int, reward_name: str, member_id: int, redemption_id: int, now: datetime
) -> None:
    """The offer becomes a redemption, in the caller's transaction, which holds the reward. Raises DropPlaceError, which says where they
    stand."""
    mine = DropPlace.objects.filter(reward_id=reward_id, member_id=member_id)
    if mine.filter(_OPEN, offered_until__gt=now).update(redemption_id=redemption_id):
        return
    place = mine.first()
    if place is None or (place.left_at is not None and place.redemption_id is None):
        raise DropPlaceError(f"“{reward_name}” is given out in a queue. Join it first.")
    if place.redemption_id is not None:
        raise DropPlaceError(f"You have “{reward_name}” from this drop already. One each.")
    if place.offered_until is not None:
        raise DropPlaceError(
            f"The time to take “{reward_name}” is over, so the next in the queue is offered it."
        )
    raise DropPlaceError(f"It is not your turn yet for “{reward_name}”. You are told when it is.")


def has_place(*, reward_id: int, member_id: int) -> bool:
    """Whether they are in the queue, offered or not. One query."""
    return DropPlace.objects.filter(_OPEN, reward_id=reward_id, member_id=member_id).exists()


def get_place(*, reward_id: int, member_id: int) -> QueuePlace | None:
    """Where a member stands; None for who is not in the queue. Two queries."""
    mine = DropPlace.objects.filter(reward_id=reward_id, member_id=member_id).first()
    if mine is None or (mine.left_at is not None and mine.redemption_id is None):
        return None
    waiting = DropPlace.objects.filter(_OPEN, reward_id=reward_id, offered_until=None)
    ahead = waiting.filter(place__lt=mine.place).count() if mine.place is not None else 0
    return QueuePlace(
        mine.place, ahead, waiting.count(), mine.offered_until, has_taken=mine.redemption_id is not None
    )


def _check_joining(reward: Reward, member_id: int, context: TenantContext, now: datetime) -> None:
    starts_at = reward.starts_at or now
    facts = read_member_facts(member_id=member_id, rewards=[reward], context=context, now=now)[reward.pk]
    refusal = check_eligible(reward, facts, max(now, starts_at))
    if refusal is not None:
        raise RewardRefusedError(refusal)


def _go_on(reward: Reward, now: datetime, context: TenantContext) -> None:
    """The reward's row is held."""
    if not reward.draw:
        commit_seed(reward.pk)
        reward.refresh_from_db(fields=["draw"])
    if reward.starts_at is not None and now < reward.starts_at:
        ask_to_tend(context.schema, reward.pk, reward.starts_at + timedelta(seconds=1))
        return
    if "seed" not in reward.draw:
        _draw(reward, now)
    if reward.state != RewardState.ACTIVE or (reward.ends_at is not None and now >= reward.ends_at):
        return
    waiting = DropPlace.objects.filter(_OPEN, reward=reward)
    waiting.filter(offered_until__lte=now).update(left_at=now, place=None)
    _offer(reward, now)
    following = (
        waiting.filter(offered_until__gt=now)
        .order_by("offered_until")
        .values_list("offered_until", flat=True)
    )
    soonest = following.first()
    if soonest is not None:
        ask_to_tend(context.schema, reward.pk, soonest + timedelta(seconds=1))


def _draw(reward: Reward, now: datetime) -> None:
    seed = open_seed(reward.draw)
    places = {place.member_id: place for place in DropPlace.objects.filter(_OPEN, reward=reward, place=None)}
    for number, member_id in enumerate(order_by_lot(seed, places), start=1):
        places[member_id].place = number
    DropPlace.objects.bulk_update(places.values(), ["place"], batch_size=1_000)
    reward.draw = published(reward.draw, seed=seed, at=now, entries=len(places))
    Reward.objects.filter(pk=reward.pk).update(draw=reward.draw)
    publish(DropBegan(reward.pk, reward.name, len(places)))


def _offer(reward: Reward, now: datetime) -> None:
    waiting = DropPlace.objects.filter(_OPEN, reward=reward, place__isnull=False)
    next_ones = waiting.filter(offered_until=None).order_by("place")
    if reward.stock is not None:
        offered = waiting.filter(offered_until__gt=now).count()
        next_ones = next_ones[: max(reward.stock - reward.reserved - offered, 0)]
    until = now + OFFER
    for place in list(next_ones):
        place.offered_until = until
        place.save(update_fields=["offered_until"])
        publish(DropOffered(reward.pk, place.member_id, reward.name, until.isoformat()))


def _last_place(reward: Reward) -> int:
    return DropPlace.objects.filter(reward=reward).aggregate(last=Max("place"))["last"] or 0


def _lock(reward_id: int) -> Reward:
    reward = None
    if 0 < reward_id < 2**63:
        reward = Reward.objects.select_for_update(no_key=True).filter(pk=reward_id, is_drop=True).first()
    if reward is None or reward.state == RewardState.DRAFT:
        raise RewardNotFoundError
    return reward
