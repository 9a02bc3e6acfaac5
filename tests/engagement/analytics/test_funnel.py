"""From seeing a reward to having it, by item and by sponsor, against figures counted by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from engagement.analytics.funnel import (
    Steps,
    Sums,
    get_items,
    item_value,
    list_sponsors,
    period_of,
)
from engagement.rewards.models import Sponsor
from tenants.context import TenantContext, enter_tenant
from tests.engagement.analytics.shop import redeemed, reward, shown

pytestmark = pytest.mark.usefixtures("db")
NOW = datetime(2026, 11, 19, 12, tzinfo=UTC)
TODAY = date(2026, 11, 19)
DAY = timedelta(days=1)


def test_each_step_of_an_item_is_counted_in_its_period(acme: TenantContext) -> None:
    with enter_tenant(acme):
        mug = reward("Mug", 250)
        shown(mug, TODAY, 30, 7)
        shown(mug, TODAY - 6 * DAY, 10, 3)
        shown(mug, TODAY - 7 * DAY, 99, 99)
        redeemed(mug, 1, NOW, "requested")
        redeemed(mug, 1, NOW - DAY, "fulfilled")
        redeemed(mug, 2, NOW - 2 * DAY, "delivered", price=200)
        redeemed(mug, 3, NOW - 2 * DAY, "cancelled")
        redeemed(mug, 4, NOW - 3 * DAY, "rejected")
        redeemed(mug, 5, NOW - 8 * DAY, "delivered")
        week = period_of(7, context=acme, now=NOW)
        assert (week.first, week.last) == (TODAY - 6 * DAY, TODAY)
        (line,) = get_items(week).items
        assert line.steps == Steps(
            seen=40, opened=10, redeemed=5, refused=2, fulfilled=2, delivered=1, members=4, points=700
        )
        assert [percent for _, _, percent in line.steps.ladder] == [-1, 25, 50, 40, 50]
        assert get_items(period_of(28, context=acme, now=NOW)).items[0].steps.redeemed == 6


def test_items_are_ordered_searched_and_read_page_by_page(
    acme: TenantContext, django_assert_num_queries: Any
) -> None:
    with enter_tenant(acme):
        sponsor = Sponsor.objects.create(name="Roastery")
        for number in range(7):
            item = reward(f"Reward {number}", sponsor=sponsor if number == 3 else None)
            for member_id in range(number // 2):
                redeemed(item, member_id, NOW)
        reward("Old and quiet", state="archived", archived_at=NOW)
        period = period_of(28, context=acme, now=NOW)
        found: list[str] = []
        after = None
        while True:
            with django_assert_num_queries(1):
                page = get_items(period, limit=3, after=after)
            assert page.total == 7
            assert page.together.redeemed == 9
            if not page.items:
                break
            found += [item.name for item in page.items]
            after = (item_value(page.items[-1], "redeemed"), page.items[-1].reward_id)
        assert found == [f"Reward {number}" for number in reversed(range(7))]
        assert get_items(period, text="roast%").items == []
        searched = get_items(period, text="roast")
        assert ([item.name for item in searched.items], searched.total) == (["Reward 3"], 1)
        assert searched.together.redeemed == 9
        names = [item.name for item in get_items(period, sort="name", descending=False, limit=2).items]
        assert names == ["Reward 0", "Reward 1"]


def test_all_rewards_together(acme: TenantContext) -> None:
    with enter_tenant(acme):
        mug, hat = reward("Mug", 10), reward("Hat", 20)
        for item in (mug, hat):
            shown(item, TODAY, 5, 2)
            redeemed(item, 1, NOW)
        page = get_items(period_of(28, context=acme, now=NOW), limit=1)
    assert page.together == Sums(
        seen=10, opened=4, redeemed=2, refused=0, fulfilled=2, delivered=2, points=30
    )
    assert page.items[0].steps.members == 1


def test_a_sponsor_is_told_what_it_gets_and_what_is_left(acme: TenantContext) -> None:
    with enter_tenant(acme):
        roastery = Sponsor.objects.create(name="Roastery", budget=5)
        baker = Sponsor.objects.create(name="Baker")
        Sponsor.objects.create(name="Former", archived_at=NOW)
        beans = reward("Beans", 100, sponsor=roastery)
        cup = reward("Cup", 50, sponsor=roastery, state="paused")
        shown(beans, TODAY, 20, 5)
        shown(cup, TODAY, 10, 1)
        redeemed(beans, 1, NOW)
        redeemed(cup, 1, NOW, "requested")
        redeemed(cup, 2, NOW, "rejected")
        redeemed(beans, 3, NOW - 60 * DAY)
        redeemed(beans, 4, NOW, sponsor_id=baker.pk)  # it was Baker's when it was redeemed
        told = {line.name: line for line in list_sponsors(period_of(28, context=acme, now=NOW))}
    assert list(told) == ["Baker", "Roastery"]
    mine = told["Roastery"]
    assert mine.steps == Steps(
        seen=30, opened=6, redeemed=3, refused=1, fulfilled=1, delivered=1, members=2, points=150
    )
    assert (mine.rewards, mine.used, mine.left) == (1, 3, 2)
    assert (told["Baker"].steps.redeemed, told["Baker"].steps.seen, told["Baker"].left) == (1, 0, None)


def test_other_communities_are_not_in_it(acme: TenantContext, globex: TenantContext) -> None:
    with enter_tenant(acme):
        redeemed(reward("Mug"), 1, NOW)
    with enter_tenant(globex):
        assert get_items(period_of(28, context=globex, now=NOW)).total == 0
        assert list_sponsors(period_of(28, context=globex, now=NOW)) == []
