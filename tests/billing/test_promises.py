"""A downgrade while members redeem, queue, hand in and ask: what each gate and limit stops, and which promises it keeps.

One scene for each that is declared, or the name of the test that acts it out elsewhere; a new gate without either fails here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing.freezing import list_freezes
from engagement.boosts.selectors import list_live_boosts
from engagement.credits.deciding import approve_request
from engagement.credits.errors import CreditTypeFrozenError
from engagement.members.models import Member
from engagement.rewards.deciding import approve_redemption, mark_fulfilled
from engagement.rewards.drawing import draw_of
from engagement.rewards.drops import join_drop, tend_drop
from engagement.rewards.errors import RewardFrozenError, RewardNotFoundError
from engagement.rewards.models import Approval, DropPlace, Redemption, Reward
from engagement.rewards.raffles import GRACE, draw_raffle
from engagement.rewards.selectors import get_shop_item
from engagement.rewards.sponsors import create_sponsor
from engagement.rewards.states import DELIVERED, FULFILLED
from engagement.submissions.errors import TypeClosedError
from engagement.submissions.handing_in import resubmit
from engagement.submissions.reviewing import approve_submission, ask_for_info
from engagement.supporters.offering import require_offer
from engagement.supporters.selectors import get_support
from engagement.supporters.tiers import switch_tier
from ops.devstack.places import PROJECT
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tenants.gates import GATES, LIMITS, GateClosedError
from tests.engagement.boosts.plans import plan as plan_boost
from tests.engagement.credits import holding
from tests.engagement.rewards.spending import (
    MODERATOR,
    assert_books_balance,
    balance_of,
    make_member,
    make_reward,
    redeem,
)
from tests.engagement.submissions import forms
from tests.engagement.supporters.supporting import begin, make_tier, pay
from tests.plans import put_on_plan

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
FEATURES = frozenset(GATES)
Scene = Callable[[TenantContext], None]
SCENES: dict[str, Scene] = {}
ELSEWHERE = {
    "level_roles": "tests/integrations/discord/test_jobs.py::test_a_plan_without_them_gives_no_roles",
    "announcements": "tests/gates/askers/features.py::announce_in_a_job",
    "advanced_analytics": "tests/gates/askers/features.py::try_a_rule",
    "team_grants": "tests/frontend_api/test_plan_locks.py::test_of_single_permissions_only_the_taking_back_is_left",
    "audit_export": "tests/frontend_api/test_plan_locks.py::test_a_page_without_its_gate_offers_no_file",
    "members": "tests/limits/test_member_races.py::test_a_downgrade_while_members_earn_loses_nothing",
    "rules": "tests/limits/test_rules.py::test_ingest_judges_by_the_plan_in_force",
    "seats": "tests/limits/test_seats.py::test_the_newest_only_look_and_nobody_is_removed",
    "api_keys": "tests/limits/test_api_keys.py::test_the_newest_are_frozen_until_there_is_room",
    "api_rate": "tests/limits/test_api_rate.py::test_a_better_plan_counts_from_the_next_request_on",
    "commands": "tests/bot_shard/commands/test_quota.py::test_members_wait_and_buttons_go_on",
    "history_days": "tests/limits/test_history.py::test_what_is_hidden_still_counts_and_can_be_undone",
    "boost_hours": "tests/billing/metering/test_promising.py::test_what_was_planned_costs_nothing_more",
}


def scene(name: str) -> Callable[[Scene], Scene]:
    def keep(act: Scene) -> Scene:
        SCENES[name] = act
        return act

    return keep


@pytest.fixture
def rich(db: None, acme: TenantContext, settings: Any) -> Iterator[TenantContext]:
    """Everything is open; the scene takes it away."""
    settings.BILLING_ON = True
    context = put_on_plan(acme, features=FEATURES)
    with enter_tenant(context):
        yield context


def lose(context: TenantContext, name: str, left: int = 1) -> TenantContext:
    """The same community on a plan without the gate, or with room for `left`."""
    limits = {name: left} if name in LIMITS else {}
    return put_on_plan(context, features=FEATURES - {name}, **limits)


def told(context: TenantContext, name: str) -> str:
    """What the list says of it before a downgrade to Free."""
    (line,) = [one.sentence for one in list_freezes(context, "free") if one.name == name]
    return line


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    with clock.frozen_at(moment):
        yield


def test_every_gate_and_limit_says_what_it_stops_and_is_acted_out() -> None:
    built = {name: one for name, one in (GATES | LIMITS).items() if one.built}
    assert set(built) == set(SCENES) | set(ELSEWHERE)
    assert not set(SCENES) & set(ELSEWHERE)
    assert {name for name, one in built.items() if not one.freezes} == set()
    for name, place in ELSEWHERE.items():
        path, _, test = place.partition("::")
        assert f"def {test}(" in (PROJECT / path).read_text(), f"{name}: {place} is gone"


@pytest.mark.parametrize("name", SCENES)
def test_promises_are_kept(rich: TenantContext, name: str) -> None:
    SCENES[name](rich)


@scene("boosts")
def boosts_run_to_their_end(rich: TenantContext) -> None:
    running = plan_boost(rich, now=NOON, hours=5, name="Weekend")
    planned = plan_boost(rich, now=NOON, starts_at=NOON + 24 * HOUR, name="Monday")
    with at(NOON):
        assert "Weekend, Monday. They run to their end" in told(rich, "boosts")
    without = lose(rich, "boosts")

    with pytest.raises(GateClosedError):
        plan_boost(without, now=NOON + HOUR)
    with at(NOON + HOUR):
        assert [line.boost.pk for line in list_live_boosts()] == [running.pk, planned.pk]


@scene("drops")
def a_drop_is_given_out_as_announced(rich: TenantContext) -> None:
    drop = make_reward(is_drop=True, starts_at=NOON, stock=1, name="Sneakers")
    first, second, late = (make_member(rich, 100) for _ in range(3))
    with at(NOON - HOUR):
        join_drop(context=rich, member_id=first.pk, reward_id=drop.pk)
    assert "Sneakers" in told(rich, "drops")
    without = lose(rich, "drops")

    with at(NOON - HOUR):
        join_drop(context=without, member_id=second.pk, reward_id=drop.pk)
    with at(NOON):
        tend_drop(context=without, reward_id=drop.pk)
        with pytest.raises(GateClosedError):
            join_drop(context=without, member_id=late.pk, reward_id=drop.pk)
        winner = _winner_of(drop)
        assert winner.pk in {first.pk, second.pk}
        redeem(without, winner, drop)
    assert balance_of(winner) == (0, 0)
    assert_books_balance(without)


@scene("sponsors")
def an_agreed_end_is_kept(rich: TenantContext) -> None:
    def named(context: TenantContext, reward: Reward) -> bool:
        return get_shop_item(reward_id=reward.pk, member_id=None, context=context).sponsor is not None

    agreed, open_ended = (
        create_sponsor(context=rich, facts={"name": name, "budget": budget}, actor=MODERATOR)
        for name, budget in (("Initech", 1), ("Hooli", None))
    )
    first, other = make_reward(sponsor_id=agreed.pk), make_reward(sponsor_id=open_ended.pk)
    line = told(rich, "sponsors")
    assert "Initech, Hooli" in line
    assert "With 1 an end was agreed" in line
    without = lose(rich, "sponsors")

    assert (named(without, first), named(without, other)) == (True, False)
    assert redeem(without, make_member(without, 100), first).sponsor_id == agreed.pk
    assert redeem(without, make_member(without, 100), other).sponsor_id is None
    assert not named(without, first), "its budget is used up"


@scene("supporters")
def who_supports_goes_on(rich: TenantContext) -> None:
    tier, draft = make_tier(rich, on_sale=True, name="Friends", points=50), make_tier(rich)
    grace, newcomer = make_member(rich), make_member(rich)
    support = begin(rich, grace, tier)
    assert "Friends. 1 who support go on" in told(rich, "supporters")
    without = lose(rich, "supporters")

    with pytest.raises(GateClosedError):
        require_offer(context=without, member_id=newcomer.pk, tier_key=tier.key)
    with pytest.raises(GateClosedError):
        switch_tier(context=without, key=draft.key, state="on_sale", actor=MODERATOR)
    pay(without, support)
    assert balance_of(grace) == (50, 0)
    begin(without, grace, tier, reference=support.reference, cancel_at=NOON)
    view = get_support(member_id=grace.pk)
    assert view is not None
    assert view.can_resume
    assert_books_balance(without)


@scene("rewards")
def what_was_redeemed_goes_its_way(rich: TenantContext) -> None:
    make_reward()
    hot = make_reward(approval=Approval.MODERATOR, stock=3, name="Mug")
    raffle = make_reward(
        kind="raffle", settings={"draws_at": NOON.isoformat(), "winners": 1, "prize": "A bicycle"}
    )
    drop = make_reward(is_drop=True, starts_at=NOON, stock=1)
    grace = make_member(rich, 1_000)
    with at(NOON - HOUR):
        waiting, ticket = redeem(rich, grace, hot), redeem(rich, grace, raffle)
        join_drop(context=rich, member_id=grace.pk, reward_id=drop.pk)
    without = lose(rich, "rewards")

    for frozen in (hot, raffle):
        with pytest.raises(RewardFrozenError), at(NOON - HOUR):
            redeem(without, grace, frozen)
    with pytest.raises(RewardNotFoundError):
        get_shop_item(reward_id=drop.pk, member_id=make_member(without).pk, context=without)
    approve_redemption(context=without, redemption_id=waiting.pk, actor=MODERATOR)
    mark_fulfilled(redemption_id=waiting.pk, actor=MODERATOR, outcome={}, key="by hand")
    with at(NOON + GRACE):
        draw_raffle(reward_id=raffle.pk)
        tend_drop(context=without, reward_id=drop.pk)
        assert get_shop_item(reward_id=drop.pk, member_id=grace.pk, context=without).id == drop.pk
        redeem(without, grace, drop)
    states = dict(Redemption.objects.values_list("pk", "state"))
    assert (states[waiting.pk], states[ticket.pk]) == (FULFILLED, DELIVERED)
    raffle.refresh_from_db()
    assert list(draw_of(raffle).winners) == [ticket.pk]
    assert balance_of(grace) == (1_000 - 300, 0)
    assert_books_balance(without)


@scene("submission_types")
def what_waits_is_decided_and_what_was_sent_back_corrected(rich: TenantContext) -> None:
    forms.make_type(rich)
    newest, grace = forms.make_type(rich), forms.make_member(rich)
    waits, sent_back = (forms.give(rich, newest, grace, {"what": name}) for name in ("One", "Two"))
    ask_for_info(context=rich, submission_id=sent_back.pk, actor=forms.BEA, question="Where was it?")
    without = lose(rich, "submission_types")

    with pytest.raises(TypeClosedError, match="plan includes 1"):
        forms.give(without, newest, grace, {"what": "Three"})
    answers = {"what": "Two, in the park"}
    resubmit(context=without, submission_id=sent_back.pk, answers=answers, actor=forms.as_member(grace))
    for one in (waits, sent_back):
        approve_submission(context=without, submission_id=one.pk, actor=forms.BEA)
    assert forms.lifetime(grace) == 100


@scene("credit_types")
def requests_are_decided_and_balances_spent(rich: TenantContext) -> None:
    holding.make_type(rich, "first")
    ai, grace = holding.make_type(rich, "ai"), holding.make_member()
    request = holding.ask(rich, grace, 50)
    without = lose(rich, "credit_types")

    with pytest.raises(CreditTypeFrozenError):
        holding.ask(without, grace, 50)
    approve_request(context=without, request_id=request.pk, actor=holding.ADA)
    holding.grant(without, grace, 10)
    holding.spend(without, grace, 45)
    assert holding.held(grace, ai) == (15, 0)


def _winner_of(drop: Reward) -> Member:
    place = DropPlace.objects.get(reward=drop, offered_until__isnull=False)
    return Member.objects.get(pk=place.member_id)
