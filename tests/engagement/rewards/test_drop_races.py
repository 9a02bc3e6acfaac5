"""Many join a drop at once; one takes what it is offered many times. Each race proves with its lock off that it can see the bug."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import IntegrityError

from engagement.rewards import drops
from engagement.rewards.drops import join_drop, tend_drop
from engagement.rewards.models import DropPlace, Reward
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tests.limits.racing import meet, row_locks_off

from .racing import ROUNDS, asks, crowd, had, people
from .spending import make_reward

pytestmark = [pytest.mark.race, pytest.mark.usefixtures("committed_db", "books_balance")]


def race_into_the_queue(context: TenantContext, members: list[int]) -> list[int | None]:
    """All join a drop that has begun; answers the places."""
    with enter_tenant(context):
        drop = make_reward(is_drop=True, starts_at=clock.now(), stock=2)
        tend_drop(context=context, reward_id=drop.pk)

    def join(member_id: int) -> Callable[[], object]:
        def work() -> object:
            with enter_tenant(context):
                return join_drop(context=context, member_id=member_id, reward_id=drop.pk)

        return work

    crowd(join(one) for one in members)
    with enter_tenant(context):
        offered = DropPlace.objects.filter(reward=drop, offered_until__isnull=False).count()
        assert offered == 2
        return sorted(DropPlace.objects.filter(reward=drop).values_list("place", flat=True))


@pytest.mark.parametrize(("rounds", "racers"), [ROUNDS[0], ROUNDS[2]])
def test_everybody_has_a_place_of_their_own(acme: TenantContext, rounds: int, racers: int) -> None:
    members = people(acme, racers, points=0)

    for _ in range(rounds):
        assert race_into_the_queue(acme, members) == list(range(1, racers + 1))


def test_without_the_lock_two_would_have_the_same_place(
    acme: TenantContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    together, last = meet(threading.Barrier(2)), drops._last_place

    def late(reward: Reward) -> int:
        found = last(reward)
        together()
        return found

    monkeypatch.setattr(drops, "_last_place", late)
    members = people(acme, 2, points=0)

    def five_times() -> None:
        for _ in range(5):
            race_into_the_queue(acme, members)

    with row_locks_off(monkeypatch), pytest.raises(IntegrityError, match="drop_place_once"):
        five_times()


def race_for_an_offer(context: TenantContext, member_id: int, racers: int) -> int:
    """One member, offered one, takes it many times at once, while the job tends the queue."""
    with enter_tenant(context):
        drop = make_reward(is_drop=True, starts_at=clock.now(), stock=racers)
        join_drop(context=context, member_id=member_id, reward_id=drop.pk)

    def tend() -> object:
        with enter_tenant(context):
            tend_drop(context=context, reward_id=drop.pk)
        return None

    acts = [asks(context, member_id, drop, f"o-{drop.pk}-{number}") for number in range(racers)]
    crowd([*acts, tend, tend])
    return had(context, drop)


@pytest.mark.parametrize("rounds", [3, pytest.param(100, marks=pytest.mark.faults)])
def test_an_offer_is_taken_once(acme: TenantContext, rounds: int) -> None:
    (member_id,) = people(acme, 1, points=100 * 9 * rounds)

    assert [race_for_an_offer(acme, member_id, 8) for _ in range(rounds)] == [1] * rounds
