"""Many want the last one; two decide at once. Each race proves with its lock off that it can see the bug."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from engagement.audit.actor import Actor
from engagement.ledger.models import LedgerBalance
from engagement.progression import merging
from engagement.progression.merging import merge_members
from engagement.rewards import deciding, fulfilling, redeeming, states
from engagement.rewards.deciding import approve_redemption, cancel_redemption
from engagement.rewards.eligibility import MemberFacts
from engagement.rewards.fulfilling import fulfil_redemption
from engagement.rewards.models import Approval, Redemption, Reward, RewardCode, Sponsor
from engagement.rewards.redeem_statements import Written
from engagement.rewards.states import APPROVED, CANCELLED, MOVES, REQUESTED
from saas.core import clock
from saas.events.models import TenantEvent
from saas.events.retries import RetryLaterError
from tenants.context import TenantContext, enter_tenant
from tests.limits.racing import holds_up_another, meet, row_locks_off, wait_until

from .racing import ROUNDS, asks, crowd, had, people, top_up, went_through
from .spending import MODERATOR, make_reward

pytestmark = [pytest.mark.race, pytest.mark.usefixtures("committed_db", "books_balance")]
DISCORD = Actor("discord", 42, "Mod in Discord", role="moderator", via="bot")


def race_for_the_last(context: TenantContext, members: list[int]) -> int:
    with enter_tenant(context):
        reward = make_reward(stock=1)
    answers = crowd(asks(context, one, reward, f"{reward.pk}-{one}") for one in members)
    given = had(context, reward)
    assert len(went_through(answers)) == given
    return given


@pytest.mark.parametrize(("rounds", "racers"), ROUNDS)
def test_the_last_one_goes_to_one(acme: TenantContext, rounds: int, racers: int) -> None:
    members = people(acme, racers, points=100 * rounds)

    assert [race_for_the_last(acme, members) for _ in range(rounds)] == [1] * rounds


def test_without_its_lock_the_last_one_goes_to_two(
    acme: TenantContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = meet(threading.Barrier(2))

    write = redeeming.write_redemption

    def count_and_write(schema: str, row: Redemption, *, reserve: bool) -> Written:
        written = write(schema, row, reserve=False)
        read = Reward.objects.values_list("reserved", flat=True).get(pk=row.reward_id)
        together()
        Reward.objects.filter(pk=row.reward_id).update(reserved=read + 1)
        return written

    monkeypatch.setattr(redeeming, "write_redemption", count_and_write)
    members = people(acme, 2, points=500)

    assert max(race_for_the_last(acme, members) for _ in range(5)) == 2


def race_for_ones_own_limit(context: TenantContext, member_id: int, racers: int, price: int = 1) -> int:
    with enter_tenant(context):
        reward = make_reward(price=price, limit_count=2, limit_period="day", stock=1000)
    crowd(asks(context, member_id, reward, f"{reward.pk}-{number}") for number in range(racers))
    return had(context, reward)


@pytest.mark.parametrize(("rounds", "racers"), ROUNDS)
def test_nobody_gets_more_than_the_limit(acme: TenantContext, rounds: int, racers: int) -> None:
    (member_id,) = people(acme, 1, points=racers * rounds)

    assert [race_for_ones_own_limit(acme, member_id, racers) for _ in range(rounds)] == [2] * rounds


def test_without_the_lock_of_the_balance_they_would(
    acme: TenantContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    together, write, refuse = (
        meet(threading.Barrier(3)),
        redeeming.write_redemption,
        redeeming.refuse_over_limit,
    )

    def count_before(schema: str, row: Redemption, *, reserve: bool) -> Written:
        refuse(row.reward, row.reward_id, MemberFacts(row.member_id), clock.now())
        together()
        return write(schema, row, reserve=reserve)

    monkeypatch.setattr(redeeming, "write_redemption", count_before)
    monkeypatch.setattr(redeeming, "refuse_over_limit", lambda *_given, **_named: None)
    (member_id,) = people(acme, 1, points=100)

    assert max(race_for_ones_own_limit(acme, member_id, 3) for _ in range(5)) == 3


def race_for_the_points(context: TenantContext, racers: int) -> int:
    """One member, points for one of many rewards."""
    (member_id,) = people(context, 1, points=150)
    with enter_tenant(context):
        rewards = [make_reward(price=100) for _ in range(racers)]
    return len(went_through(crowd(asks(context, member_id, one, f"p-{one.pk}") for one in rewards)))


def test_points_are_spent_once(acme: TenantContext) -> None:
    assert [race_for_the_points(acme, 8) for _ in range(3)] == [1, 1, 1]


def race_for_the_budget(context: TenantContext, members: list[int]) -> int:
    """Answers for how many the sponsor pays."""
    with enter_tenant(context):
        sponsor = Sponsor.objects.create(name=f"Initech {Sponsor.objects.count()}", budget=1)
        rewards = [make_reward(sponsor=sponsor) for _ in members]
    crowd(asks(context, one, reward, f"b-{reward.pk}") for one, reward in zip(members, rewards, strict=True))
    with enter_tenant(context):
        return Redemption.objects.filter(sponsor_id=sponsor.pk).count()


def test_a_sponsor_pays_for_as_many_as_it_said(acme: TenantContext) -> None:
    members = people(acme, 8, points=300)

    assert [race_for_the_budget(acme, members) for _ in range(3)] == [1, 1, 1]


def test_without_the_lock_of_the_sponsor_it_pays_for_more(
    acme: TenantContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    together, credit = meet(threading.Barrier(2)), redeeming._credit_sponsor

    def late(*given: Any) -> int | None:
        found = credit(*given)
        together()  # between counting and committing
        return found

    monkeypatch.setattr(redeeming, "_credit_sponsor", late)
    members = people(acme, 2, points=500)
    with row_locks_off(monkeypatch):
        assert max(race_for_the_budget(acme, members) for _ in range(5)) == 2


@pytest.mark.parametrize("rounds", [3, pytest.param(100, marks=pytest.mark.faults)])
def test_a_request_that_comes_many_times_at_once_is_one(acme: TenantContext, rounds: int) -> None:
    (member_id,) = people(acme, 1, points=10_000)
    for number in range(rounds):
        with enter_tenant(acme):
            reward = make_reward(stock=5)
        with enter_tenant(acme):
            top_up(member_id, 100)
        answers = crowd([asks(acme, member_id, reward, f"same-{number}")] * 8)
        assert len({answer.pk for answer in went_through(answers)}) == 1  # type: ignore[attr-defined]
        assert len(went_through(answers)) == 8
        assert had(acme, reward) == 1
    # With a key of its own each is another redemption: the key is what holds them together.
    crowd(asks(acme, member_id, reward, f"other-{number}") for number in range(2))
    assert had(acme, reward) == 3


def steps_of(redemption_id: int) -> list[tuple[str, str]]:
    rows = TenantEvent.objects.filter(type="RedemptionChanged", data__redemption_id=redemption_id)
    return [(row.data["was"], row.data["state"]) for row in rows.order_by("id")]


def race_to_decide(context: TenantContext, member_id: int, *acts: Any) -> list[tuple[str, str]]:
    """A request, and two who decide at once, one on the web and one in Discord. Answers what was published of it."""
    with enter_tenant(context):
        reward = make_reward(stock=3, approval=Approval.MODERATOR)
    redemption: Any = asks(context, member_id, reward, f"d-{reward.pk}")()

    def decide(act: Any, actor: Actor) -> Callable[[], object]:
        def work() -> object:
            with enter_tenant(context):
                return act(context=context, redemption_id=redemption.pk, actor=actor)

        return work

    crowd([decide(acts[0], MODERATOR), decide(acts[1], DISCORD)])
    with enter_tenant(context):
        return steps_of(redemption.pk)


def is_chain(steps: list[tuple[str, str]]) -> bool:
    """Each step begins where the one before it ended, and is allowed."""
    state = ""
    for was, to in steps:
        if was != state or (was and to not in MOVES[was]):
            return False
        state = to
    return True


@pytest.mark.parametrize("rounds", [3, pytest.param(100, marks=pytest.mark.faults)])
def test_one_request_is_approved_once(acme: TenantContext, rounds: int) -> None:
    (member_id,) = people(acme, 1, points=100 * rounds)

    for _ in range(rounds):
        steps = race_to_decide(acme, member_id, approve_redemption, approve_redemption)
        assert steps == [("", REQUESTED), (REQUESTED, APPROVED)]


@pytest.mark.parametrize("rounds", [3, pytest.param(100, marks=pytest.mark.faults)])
def test_cancelling_and_approving_take_turns(acme: TenantContext, rounds: int) -> None:
    (member_id,) = people(acme, 1, points=100 * rounds)

    for _ in range(rounds):
        steps = race_to_decide(acme, member_id, cancel_redemption, approve_redemption)
        assert is_chain(steps)
        assert steps[-1][1] == CANCELLED


@pytest.mark.parametrize("first", [approve_redemption, cancel_redemption])
def test_without_the_lock_both_would_decide(
    acme: TenantContext, monkeypatch: pytest.MonkeyPatch, first: Any
) -> None:
    together = meet(threading.Barrier(2))

    def look(redemption_id: int) -> Redemption:
        found = Redemption.objects.get(pk=redemption_id)
        together()
        return found

    def write(redemption: Redemption, was: str, changes: Any) -> bool:
        return Redemption.objects.filter(pk=redemption.pk).update(**changes) == 1

    monkeypatch.setattr(deciding, "lock_redemption", look)
    monkeypatch.setattr(states, "_write", write)
    (member_id,) = people(acme, 1, points=1000)

    seen = [race_to_decide(acme, member_id, first, approve_redemption) for _ in range(5)]

    assert not all(is_chain(steps) for steps in seen)


def merge_while_redeeming(context: TenantContext) -> tuple[int, int, int]:
    """Somebody redeems while they are merged into another member. Answers what the other has to spend, and what the one has and owes."""
    gone, kept = people(context, 2, points=150)
    with enter_tenant(context):
        reward = make_reward(price=100)
    spending, merged = threading.Event(), threading.Event()

    def redeem_slowly() -> None:
        with enter_tenant(context), transaction.atomic():
            asks(context, gone, reward, f"m-{gone}")()
            spending.set()
            wait_until(lambda: merged.is_set() or holds_up_another())

    def merge() -> None:
        spending.wait(30)
        with enter_tenant(context):
            merge_members(kept_id=kept, gone_id=gone, actor=MODERATOR, context=context)
        merged.set()

    crowd([redeem_slowly, merge])
    with enter_tenant(context):
        rows = {row.member_id: row for row in LedgerBalance.objects.filter(member_id__in=(gone, kept))}
    return rows[kept].current, rows[gone].current, rows[gone].debt


def test_nobody_spends_what_is_being_merged_away(acme: TenantContext) -> None:
    assert [merge_while_redeeming(acme) for _ in range(2)] == [(200, 0, 0)] * 2


def test_without_the_lock_of_the_balances_they_would(
    acme: TenantContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merging, "_HOLD", "SELECT %s::bigint, %s::bigint")

    assert merge_while_redeeming(acme) == (300, 0, 100)


def race_for_codes(context: TenantContext, members: list[int]) -> list[int]:
    """As many codes as members, every redemption given twice at once. Answers how many codes each of them has."""
    with enter_tenant(context):
        pool = make_reward(kind="code", price=1, stock=len(members), settings={})
        codes = [
            RewardCode(reward=pool, sealed="s", digest=bytes([number] * 32)) for number in range(len(members))
        ]
        RewardCode.objects.bulk_create(codes)
    made: list[Any] = crowd(asks(context, one, pool, f"c-{pool.pk}-{one}") for one in members)

    def give(redemption_id: int) -> Callable[[], object]:
        def work() -> object:
            with enter_tenant(context):
                for _ in range(50):
                    try:
                        return fulfil_redemption(redemption_id=redemption_id)
                    except RetryLaterError:  # the job would come again
                        threading.Event().wait(0.02)
            return None

        return work

    crowd([give(one.pk) for one in made] * 2)
    with enter_tenant(context):
        pool.refresh_from_db()
        assert (pool.stock, pool.reserved) == (0, 0)
        return [RewardCode.objects.filter(redemption=one.pk).count() for one in made]


@pytest.mark.parametrize(
    "rounds", [3, pytest.param(100, marks=[pytest.mark.faults, pytest.mark.timeout(900)])]
)
def test_everybody_has_a_code_of_their_own(acme: TenantContext, rounds: int) -> None:
    members = people(acme, 12, points=rounds)

    for _ in range(rounds):
        assert race_for_codes(acme, members) == [1] * 12


def test_without_the_lock_of_the_code_somebody_has_none(
    acme: TenantContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    together, give = meet(threading.Barrier(2)), fulfilling._give
    unlocked = fulfilling._NEXT_CODE.replace("FOR UPDATE SKIP LOCKED", "")

    def late(*given: Any, **named: Any) -> Any:
        together()
        return give(*given, **named)

    monkeypatch.setattr(fulfilling, "_give", late)
    monkeypatch.setattr(fulfilling, "_NEXT_CODE", unlocked)
    members = people(acme, 2, points=5)

    assert any(race_for_codes(acme, members) != [1, 1] for _ in range(5))
