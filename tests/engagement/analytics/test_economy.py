"""How the economy is: each figure against a ledger that was written and summed by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from redis import Redis

from engagement.analytics.economy import get_economy
from engagement.analytics.flows import IMPORT, RULE, SUBMISSION, TEAM, read_flows
from engagement.ledger.models import Cause, Counter, LedgerBalance
from engagement.members.models import Member
from engagement.rewards.models import Redemption, Reward
from engagement.rules.models import Rule
from engagement.rules.services import seed_rules
from tenants.context import TenantContext, enter_tenant
from tests.engagement.analytics.ledgers import entry, person, scored

pytestmark = pytest.mark.usefixtures("db", "redis_cache")
NOW = datetime(2026, 11, 19, 12, tzinfo=UTC)  # a Thursday; the running week began on Monday, the 16th
WEEK = timedelta(days=7)
THIS = datetime(2026, 11, 17, 9, tzinfo=UTC)


def ago(weeks: int) -> datetime:
    """Tuesday morning, so many weeks before this one."""
    return THIS - weeks * WEEK


def monday(weeks: int) -> datetime:
    return datetime(2026, 11, 16, tzinfo=UTC) - weeks * WEEK


def reward(name: str, price: int, **more: Any) -> Reward:
    return Reward.objects.create(
        kind="custom", key=name.lower(), name=name, price=price, state=more.pop("state", "active"), **more
    )


def test_an_empty_community_owes_nothing_and_has_no_inflation(acme: TenantContext) -> None:
    with enter_tenant(acme):
        economy = get_economy(context=acme, now=NOW)
    assert economy.liability.spendable == 0
    assert economy.liability.cheapest is None
    assert economy.inflation is None
    assert len(economy.weeks) == 13
    assert economy.weeks[-1].is_running
    assert economy.causes == []


def test_each_week_says_what_came_and_what_went(acme: TenantContext) -> None:
    with enter_tenant(acme):
        ada, ben = person(), person()
        entry(ada, 100, ago(2))
        entry(ada, 40, ago(2), cause=Cause.ADJUSTMENT, counter=Counter.ADJUSTMENT)
        entry(ada, -15, ago(2), cause=Cause.REVERSAL, counter=Counter.REVERSAL)
        entry(ben, 200, ago(1))
        entry(ada, -60, ago(1), cause=Cause.REDEMPTION, counter=Counter.SHOP)
        entry(ada, 60, ago(0), cause=Cause.REDEMPTION_REFUND, counter=Counter.SHOP)
        entry(ben, -5, ago(0), cause=Cause.ADJUSTMENT, counter=Counter.ADJUSTMENT)
        entry(ben, 5, ago(0), cause=Cause.UNDO, counter=Counter.ADJUSTMENT)
        economy = get_economy(context=acme, now=NOW)
    before, last, running = economy.weeks[-3:]
    assert (before.start, before.issued, before.taken_back, before.burnt) == (date(2026, 11, 2), 140, 15, 0)
    assert before.circulation == 125
    assert (last.issued, last.burnt, last.spent, last.circulation) == (200, 60, 60, 265)
    assert (running.issued, running.taken_back, running.refunded, running.circulation) == (0, 0, 60, 325)
    assert economy.circulation == 325


def test_weeks_begin_on_the_communitys_own_clock(acme: TenantContext) -> None:
    """Sunday 23:30 in London is Monday in Berlin already; and weeks may begin on Sundays."""
    with enter_tenant(acme):
        entry(person(), 7, datetime(2026, 11, 15, 23, 30, tzinfo=UTC))
        here = read_flows(context=acme, now=NOW, weeks=2)
        berlin = read_flows(context=replace(acme, timezone="Europe/Berlin"), now=NOW, weeks=2)
        sundays = read_flows(context=replace(acme, first_weekday=6), now=NOW, weeks=2)
    assert [flow.issued for flow in here] == [0, 7, 0]
    assert [flow.issued for flow in berlin] == [0, 0, 7]
    assert sundays[-1].day == date(2026, 11, 15)
    assert sundays[-1].issued == 7


def test_merging_moves_points_and_issues_none(acme: TenantContext) -> None:
    with enter_tenant(acme):
        ada, ben = person(), person()
        entry(ada, 50, ago(1))
        entry(ada, -50, ago(0), cause=Cause.MERGE, counter=Counter.ADJUSTMENT, cause_id=4)
        entry(ben, 50, ago(0), cause=Cause.MERGE, counter=Counter.ADJUSTMENT, cause_id=4)
        economy = get_economy(context=acme, now=NOW)
    assert (economy.weeks[-1].issued, economy.weeks[-1].taken_back) == (0, 0)
    assert economy.circulation == 50


def test_the_liability_is_what_living_members_could_still_spend(acme: TenantContext) -> None:
    with enter_tenant(acme):
        ada, ben, gone, dead, robot, owes = (person() for _ in range(6))
        for member_id, amount in ((ada, 250), (ben, 99), (gone, 110), (dead, 500), (robot, 900)):
            entry(member_id, amount, ago(1))
        LedgerBalance.objects.filter(member_id=owes).update(debt=30)
        Member.objects.filter(pk=gone).update(departed_at=NOW)
        Member.objects.filter(pk=dead).update(deleted_at=NOW)
        Member.objects.filter(pk=robot).update(is_bot=True)
        reward("Sticker", 50)
        reward("Mug", 100)
        shirt = reward("Shirt", 120)
        reward("Sold out", 1, stock=3, reserved=3)
        reward("Later", 2, starts_at=NOW + WEEK)
        reward("Over", 3, ends_at=NOW)
        reward("Paused", 4, state="paused")
        reward("Gift", 0)
        for number, (state, price) in enumerate(
            [("requested", 120), ("approved", 80), ("delivered", 70), ("cancelled", 60)]
        ):
            Redemption.objects.create(
                key=str(number),
                member_id=ada,
                reward=shirt,
                reward_name="Shirt",
                kind="custom",
                price=price,
                counted=False,
                state=state,
                via="web",
                requested_at=NOW,
            )
        told = get_economy(context=acme, now=NOW).liability
    assert (told.spendable, told.departed, told.holders, told.debt) == (459, 110, 3, 30)
    assert told.held == 200
    assert (told.on_offer, told.cheapest_name) == (3, "Sticker")
    assert told.cheapest is not None
    assert told.median is not None
    assert (told.cheapest.price, told.cheapest.rewards, told.cheapest.members) == (50, 5 + 1 + 2, 3)
    assert (told.median.price, told.median.rewards, told.median.members) == (100, 2 + 0 + 1, 2)


def test_inflation_is_the_growth_of_points_per_active_member(acme: TenantContext) -> None:
    """1,000 four weeks ago, 1,500 at the end of last week; 2 were active each week before, 3 since: 1.5 / 1.5 = no inflation.
    Then one of the three stays away: 1.5 / (2 / 2) = 50 %."""
    with enter_tenant(acme):
        people = [person() for _ in range(3)]
        Member.objects.filter(pk__in=people).update(created_at=ago(20))
        entry(people[0], 1_000, ago(6))
        entry(people[1], 600, ago(3))
        entry(people[1], -100, ago(1), cause=Cause.REDEMPTION, counter=Counter.SHOP)
        entry(people[2], 999, ago(0))  # of the running week, which counts for neither
        for week in range(1, 9):
            for member_id in people[: 2 if week > 4 else 3]:
                scored(member_id, monday(week))
        told = get_economy(context=acme, now=NOW).inflation
        assert told is not None
        assert (told.weeks, told.percent, told.circulation, told.active) == (4, 0.0, 50.0, 50.0)
        assert told.per_member == 50.0
        assert (told.issued, told.spent) == (600, 100)


def test_inflation_shows_when_nobody_new_is_active(acme: TenantContext, redis_cache: Redis) -> None:
    with enter_tenant(acme):
        ada = person()
        entry(ada, 1_000, ago(6))
        entry(ada, 500, ago(2))
        for week in range(1, 9):
            scored(ada, monday(week))
        told = get_economy(context=acme, now=NOW).inflation
    assert told is not None
    assert (told.percent, told.active) == (50.0, 0.0)


def test_the_causes_are_named_with_their_share_and_what_they_were(acme: TenantContext) -> None:
    with enter_tenant(acme):
        seed_rules()
        rule = Rule.objects.order_by("pk")[0]
        ada = person()
        entry(ada, 100, ago(6), rule=rule.pk)
        for number in range(3):
            entry(ada, 100, ago(1 + number), rule=rule.pk)
        entry(ada, 60, ago(1), cause=Cause.SUBMISSION)
        entry(ada, 25, ago(2), cause=Cause.ADJUSTMENT, counter=Counter.ADJUSTMENT)
        entry(ada, 15, ago(2), cause=Cause.IMPORT, counter=Counter.ELSEWHERE)
        entry(ada, -90, ago(1), cause=Cause.REVERSAL, counter=Counter.REVERSAL, rule=rule.pk)
        causes = get_economy(context=acme, now=NOW).causes
    told = [(one.kind, one.name, one.points, one.awards, one.share, one.before) for one in causes]
    assert told == [
        (RULE, rule.name, 300, 3, 75.0, 100),
        (SUBMISSION, "", 60, 1, 15.0, 0),
        (TEAM, "", 25, 1, 6.2, 0),
        (IMPORT, "", 15, 1, 3.8, 0),
    ]


def test_weeks_that_are_over_are_read_once(
    acme: TenantContext, globex: TenantContext, django_assert_num_queries: Any
) -> None:
    with enter_tenant(acme):
        ada = person()
        entry(ada, 100, ago(3))
        first = read_flows(context=acme, now=NOW, weeks=4)
        entry(ada, 1, ago(3))
        entry(ada, 10, ago(0))
        with django_assert_num_queries(2):
            again = read_flows(context=acme, now=NOW, weeks=4)
        longer = read_flows(context=acme, now=NOW, weeks=6)
    assert [flow.issued for flow in first] == [0, 100, 0, 0, 0]
    assert [flow.issued for flow in again] == [0, 100, 0, 0, 10]
    assert longer[-1].issued == 10
    with enter_tenant(globex):
        assert not any(flow.issued for flow in read_flows(context=globex, now=NOW, weeks=4))


def test_the_number_of_queries_does_not_grow(acme: TenantContext, django_assert_num_queries: Any) -> None:
    with enter_tenant(acme):
        for number in range(12):
            entry(person(), 10, ago(number), rule=number)
            reward(f"Reward {number}", 10 + number)
        with django_assert_num_queries(5):
            get_economy(context=acme, now=NOW)
