"""Rewards on offer: counted under the catalogue's lock, frozen over the limit by the plan in force; codes that come twice at once.

Each race proves with its lock off that it can see the bug.
"""

from __future__ import annotations

import threading

import pytest

from billing.freezing import list_freezes
from engagement.rewards import catalogue, freezing
from engagement.rewards.catalogue import offer_reward, pause_reward
from engagement.rewards.codes import begin_code_import, work_on_codes
from engagement.rewards.errors import RewardFrozenError
from engagement.rewards.freezing import refuse_frozen
from engagement.rewards.models import Reward, RewardCode
from tenants.context import TenantContext, enter_tenant
from tenants.gates import LimitReachedError
from tests.engagement.rewards.catalogues import ADA, make
from tests.plans import put_on_plan

from .racing import ROUNDS, at_once, meet, row_locks_off


def test_the_newest_are_refused_and_told_before_a_downgrade(db: None, acme: TenantContext) -> None:
    with enter_tenant(acme):
        rewards = [make(acme, name=f"Reward {number}") for number in range(7)]
    free = put_on_plan(acme, rewards=5)

    (told,) = [one for one in list_freezes(free, "free") if one.name == "rewards"]
    assert (told.count, told.names) == (2, ("Reward 5", "Reward 6"))
    with enter_tenant(free):
        refuse_frozen(rewards[4], free)
        with pytest.raises(RewardFrozenError, match="Reward 5"):
            refuse_frozen(rewards[5], free)
        pause_reward(reward_id=rewards[0].pk, actor=ADA)
        refuse_frozen(rewards[5], free)
    with enter_tenant(better := put_on_plan(acme, rewards=9)):
        refuse_frozen(rewards[6], better)


def offer_two(context: TenantContext) -> tuple[int, int]:
    """Two organisers put one reward each on offer, where there is room for one. Answers how many were refused and are on offer."""
    with enter_tenant(context):
        Reward.objects.all().delete()
        drafts = [make(context, offered=False).pk for _ in range(2)]

    def offer(reward_id: int) -> None:
        with enter_tenant(context):
            offer_reward(context=context, reward_id=reward_id, actor=ADA)

    refused = at_once(lambda: offer(drafts[0]), lambda: offer(drafts[1]))
    assert all(isinstance(one, LimitReachedError) for one in refused), refused
    with enter_tenant(context):
        return len(refused), Reward.objects.filter(state="active").count()


@pytest.mark.race
@pytest.mark.parametrize("rounds", ROUNDS)
def test_of_two_who_take_the_last_place_one_is_refused(
    committed_db: None, acme: TenantContext, monkeypatch: pytest.MonkeyPatch, rounds: int
) -> None:
    context = put_on_plan(acme, rewards=1)
    wait, real = meet(threading.Barrier(2)), freezing.require_room_for_reward

    def slowly(*given: object) -> None:
        real(*given)  # type: ignore[arg-type]
        wait()

    monkeypatch.setattr(catalogue, "require_room_for_reward", slowly)
    with monkeypatch.context() as off:
        off.setattr(catalogue, "lock_catalogue", lambda: None)
        assert offer_two(context) == (0, 2), "without the lock both are let in"
    for _ in range(rounds):
        wait = meet(threading.Barrier(2))
        assert offer_two(context) == (1, 1)


def bring_twice(context: TenantContext) -> tuple[int, int]:
    """The same job runs twice at once. Answers how many codes it says came in, and the stock."""
    with enter_tenant(context):
        RewardCode.objects.all().delete()
        Reward.objects.all().delete()
        reward = make(context, "code")
        codes = "\n".join(f"CODE-{number:03}" for number in range(50))
        run = begin_code_import(
            reward_id=reward.pk, name="x", data=codes.encode(), actor=ADA, key=f"race:{reward.pk}"
        )

    def work() -> None:
        with enter_tenant(context):
            work_on_codes(run_id=run.pk)

    at_once(work, work)
    with enter_tenant(context):
        run.refresh_from_db()
        return run.added, Reward.objects.get(pk=reward.pk).stock or 0


@pytest.mark.race
@pytest.mark.parametrize("rounds", ROUNDS)
def test_a_job_that_runs_twice_at_once_counts_every_code_once(
    committed_db: None, acme: TenantContext, monkeypatch: pytest.MonkeyPatch, rounds: int
) -> None:
    from engagement.rewards import codes

    wait, real = meet(threading.Barrier(2)), codes._insert

    def slowly(*given: object) -> int:
        added = real(*given)  # type: ignore[arg-type]
        wait()
        return added

    monkeypatch.setattr(codes, "_insert", slowly)
    with row_locks_off(monkeypatch):
        assert bring_twice(acme) != (50, 50), (
            "without the locks the second writes over what the first counted"
        )
    for _ in range(rounds):
        wait = meet(threading.Barrier(2))
        assert bring_twice(acme) == (50, 50)
