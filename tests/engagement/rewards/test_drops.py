"""A drop's queue: the order is drawn, offers go in that order, and what is not taken goes to the next."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from engagement.members.models import Member
from engagement.rewards.deciding import cancel_redemption
from engagement.rewards.drawing import draw_of, order_by_lot
from engagement.rewards.drops import OFFER, get_place, join_drop, leave_drop, tend_drop
from engagement.rewards.errors import RewardFrozenError, RewardNotFoundError, RewardRefusedError
from engagement.rewards.models import DropPlace, Reward
from engagement.rewards.redemption_errors import DropPlaceError, MemberCannotRedeemError
from saas.core import clock
from saas.core.crypto import is_digest_of
from saas.events.models import TenantEvent
from tenants.context import TenantContext, enter_tenant
from tenants.gates import GateClosedError
from tests.plans import put_on_plan

from .spending import MODERATOR, assert_books_balance, make_member, make_reward, redeem

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _in_acme(db: None, acme: TenantContext) -> Iterator[None]:
    with enter_tenant(acme):
        yield


def make_drop(**facts: object) -> Reward:
    return make_reward(**{"is_drop": True, "starts_at": NOON, "stock": 2} | facts)


def queue_up(acme: TenantContext, drop: Reward, number: int) -> list[Member]:
    members = [make_member(acme, 100) for _ in range(number)]
    with clock.frozen_at(NOON - timedelta(hours=1)):
        for member in members:
            join_drop(context=acme, member_id=member.pk, reward_id=drop.pk)
    return members


def tend(acme: TenantContext, drop: Reward, at: datetime) -> None:
    with clock.frozen_at(at):
        tend_drop(context=acme, reward_id=drop.pk)


def in_order(drop: Reward) -> list[int]:
    places = DropPlace.objects.filter(reward=drop, place__isnull=False).order_by("place")
    return list(places.values_list("member_id", flat=True))


def offered(drop: Reward, at: datetime) -> list[int]:
    live = DropPlace.objects.filter(reward=drop, offered_until__gt=at, redemption=None, left_at=None)
    return list(live.order_by("place").values_list("member_id", flat=True))


def redeem_at(acme: TenantContext, member_id: int, drop: Reward, at: datetime) -> None:
    with clock.frozen_at(at):
        redeem(acme, Member.objects.get(pk=member_id), drop)


def test_the_order_is_drawn_by_a_seed_whose_digest_was_published(acme: TenantContext) -> None:
    drop = make_drop()
    members = queue_up(acme, drop, 5)
    drop.refresh_from_db()
    before = draw_of(drop)
    assert (len(before.digest), before.seed, in_order(drop)) == (64, "", [])

    tend(acme, drop, NOON)

    drop.refresh_from_db()
    after = draw_of(drop)
    assert after.digest == before.digest
    assert is_digest_of(after.seed, after.digest)
    assert in_order(drop) == order_by_lot(after.seed, [member.pk for member in members])
    assert offered(drop, NOON) == in_order(drop)[:2]
    told = TenantEvent.objects.filter(type="DropOffered").order_by("id")
    assert [row.data["member_id"] for row in told] == in_order(drop)[:2]


def test_before_the_hour_nothing_is_drawn(acme: TenantContext) -> None:
    drop = make_drop()
    queue_up(acme, drop, 2)

    tend(acme, drop, NOON - SECOND)

    assert in_order(drop) == []


def test_who_is_offered_it_redeems_and_nobody_else(acme: TenantContext) -> None:
    drop = make_drop(stock=1)
    queue_up(acme, drop, 3)
    tend(acme, drop, NOON)
    first, second, _third = in_order(drop)

    with pytest.raises(DropPlaceError, match="not your turn"):
        redeem_at(acme, second, drop, NOON + SECOND)
    with pytest.raises(DropPlaceError, match="Join it first"):
        redeem_at(acme, make_member(acme, 100).pk, drop, NOON + SECOND)
    redeem_at(acme, first, drop, NOON + SECOND)

    with pytest.raises(RewardRefusedError):  # there was one
        redeem_at(acme, first, drop, NOON + SECOND)
    place = get_place(reward_id=drop.pk, member_id=first)
    assert place is not None
    assert place.has_taken
    assert_books_balance(acme)


def test_what_is_not_taken_in_time_goes_to_the_next(acme: TenantContext) -> None:
    drop = make_drop(stock=1)
    queue_up(acme, drop, 2)
    tend(acme, drop, NOON)
    first, second = in_order(drop)

    tend(acme, drop, NOON + OFFER)

    assert offered(drop, NOON + OFFER) == [second]
    with pytest.raises(DropPlaceError):
        redeem_at(acme, first, drop, NOON + OFFER)
    redeem_at(acme, second, drop, NOON + OFFER + SECOND)


def test_an_offer_that_lapsed_is_not_taken_before_the_job_comes(acme: TenantContext) -> None:
    drop = make_drop(stock=1)
    queue_up(acme, drop, 1)
    tend(acme, drop, NOON)

    with pytest.raises(DropPlaceError, match="time to take"):
        redeem_at(acme, in_order(drop)[0], drop, NOON + OFFER)


def test_later_comers_follow(acme: TenantContext) -> None:
    drop = make_drop(stock=1)
    queue_up(acme, drop, 2)
    tend(acme, drop, NOON)
    late = make_member(acme, 100)

    with clock.frozen_at(NOON + SECOND):
        join_drop(context=acme, member_id=late.pk, reward_id=drop.pk)
        join_drop(context=acme, member_id=late.pk, reward_id=drop.pk)

    assert in_order(drop)[-1] == late.pk
    place = get_place(reward_id=drop.pk, member_id=late.pk)
    assert place is not None
    assert (place.place, place.ahead, place.waiting) == (3, 1, 2)


def test_where_nobody_waits_the_offer_comes_at_once(acme: TenantContext) -> None:
    drop = make_drop()
    late = make_member(acme, 100)

    with clock.frozen_at(NOON + SECOND):
        place = join_drop(context=acme, member_id=late.pk, reward_id=drop.pk)

    assert place.offered_until == NOON + SECOND + OFFER


def test_what_comes_back_goes_to_the_next(acme: TenantContext) -> None:
    drop = make_drop(stock=1)
    queue_up(acme, drop, 2)
    tend(acme, drop, NOON)
    first, second = in_order(drop)
    with clock.frozen_at(NOON):
        redemption = redeem(acme, Member.objects.get(pk=first), drop)
        cancel_redemption(context=acme, redemption_id=redemption.pk, actor=MODERATOR)

    tend(acme, drop, NOON + SECOND)

    assert offered(drop, NOON + SECOND) == [second]


def test_who_leaves_lets_the_next_in_and_comes_back_last(acme: TenantContext) -> None:
    drop = make_drop(stock=1)
    queue_up(acme, drop, 2)
    tend(acme, drop, NOON)
    first, second = in_order(drop)

    with clock.frozen_at(NOON + SECOND):
        leave_drop(context=acme, member_id=first, reward_id=drop.pk)
        assert offered(drop, NOON + SECOND) == [second]
        assert get_place(reward_id=drop.pk, member_id=first) is None
        join_drop(context=acme, member_id=first, reward_id=drop.pk)

    assert in_order(drop) == [second, first]


def test_who_may_not_have_it_does_not_queue(acme: TenantContext) -> None:
    drop = make_drop(eligibility={"level": 90})
    gone = make_member(acme)
    Member.objects.filter(pk=gone.pk).update(departed_at=NOON)

    with pytest.raises(RewardRefusedError):
        join_drop(context=acme, member_id=make_member(acme).pk, reward_id=drop.pk)
    with pytest.raises(MemberCannotRedeemError):
        join_drop(context=acme, member_id=gone.pk, reward_id=drop.pk)
    with pytest.raises(RewardNotFoundError):
        join_drop(context=acme, member_id=make_member(acme).pk, reward_id=make_reward().pk)


def test_without_the_plan_nobody_joins_once_it_began(acme: TenantContext) -> None:
    drop, without = make_drop(), put_on_plan(acme)
    early, late = make_member(acme), make_member(acme)

    with clock.frozen_at(NOON - SECOND):
        assert join_drop(context=without, member_id=early.pk, reward_id=drop.pk).pk
    with clock.frozen_at(NOON):
        with pytest.raises(GateClosedError):
            join_drop(context=without, member_id=late.pk, reward_id=drop.pk)
        # Who is in it may ask again.
        assert join_drop(context=without, member_id=early.pk, reward_id=drop.pk).pk


def test_nobody_queues_for_one_that_is_frozen(acme: TenantContext) -> None:
    make_reward()
    drop = make_drop()

    with pytest.raises(RewardFrozenError), clock.frozen_at(NOON - SECOND):
        join_drop(context=put_on_plan(acme, rewards=1), member_id=make_member(acme).pk, reward_id=drop.pk)
