"""The shop as a member sees it, with as many queries for a thousand rewards as for ten."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from engagement.ledger.models import POINTS, LedgerBalance
from engagement.members.models import Member, MemberFigure
from engagement.rewards.catalogue import change_reward, pause_reward
from engagement.rewards.errors import RewardNotFoundError
from engagement.rewards.models import Redemption, Reward, Sponsor
from engagement.rewards.selectors import (
    ShopItem,
    count_shop,
    get_shop_item,
    list_categories,
    list_shop,
    sponsor_of,
)
from engagement.rewards.sponsors import archive_sponsor, create_sponsor
from engagement.rewards.tiers import seed_tiers
from saas.core import clock
from tenants.context import TenantContext, enter_tenant

from ...plans import put_on_plan
from .catalogues import ADA, make


@pytest.fixture(autouse=True)
def _in_acme(db: None, acme: TenantContext) -> Iterator[None]:
    with enter_tenant(acme):
        seed_tiers()
        yield


@pytest.fixture
def grace() -> int:
    member = Member.objects.create(display_name="Grace", joined_at=clock.now() - timedelta(days=5))
    LedgerBalance.objects.create(member_id=member.pk, currency=POINTS, current=90, lifetime=90)
    return member.pk


def names(items: list[ShopItem]) -> list[str]:
    return [item.reward.name for item in items]


def redeemed(reward: Reward, member_id: int, number: int, **facts: Any) -> Redemption:
    given = {"state": "fulfilled", "requested_at": clock.now(), "counted": False, **facts}
    return Redemption.objects.create(
        key=f"k{reward.pk}-{number}",
        member_id=member_id,
        reward=reward,
        reward_name=reward.name,
        kind=reward.kind,
        price=reward.price,
        via="web",
        **given,
    )


def test_it_shows_what_is_on_offer_or_about_to_be(acme: TenantContext) -> None:
    now = clock.now()
    make(acme, name="Now")
    make(acme, name="Soon", starts_at=now + timedelta(hours=1))
    make(acme, name="Draft", offered=False)
    make(acme, name="Over", starts_at=now - timedelta(hours=2), ends_at=now - timedelta(hours=1))
    pause_reward(reward_id=make(acme, name="Paused").pk, actor=ADA)

    items = list_shop(member_id=None, context=acme)

    assert names(items) == ["Now", "Soon"]
    assert [item.why_not for item in items] == ["", "not_yet"]
    assert not any(item.can_redeem for item in items), "a stranger redeems nothing"
    assert count_shop(context=acme) == 2


def test_a_member_reads_what_they_can_have_and_what_is_missing(acme: TenantContext, grace: int) -> None:
    make(acme, name="Cheap", price=90)
    make(acme, name="Dear", price=130, stock=3)
    make(acme, name="Gone", price=5, stock=0)
    once = make(acme, name="Once", price=5, limit_count=1)
    weekly = make(acme, name="Weekly", price=5, limit_count=1, limit_period="week")
    make(acme, name="Badges", price=5, eligibility={"figures": [{"name": "badges", "least": 2}]})
    MemberFigure.objects.create(member_id=grace, name="badges", value=2, changed_at=clock.now())
    redeemed(once, grace, 1)
    redeemed(weekly, grace, 1, requested_at=clock.now() - timedelta(days=8))
    redeemed(weekly, grace, 2, state="cancelled")
    redeemed(weekly, grace + 1, 3)

    items = {item.reward.name: item for item in list_shop(member_id=grace, context=acme)}

    assert {name: item.why_not for name, item in items.items()} == {
        "Cheap": "",
        "Dear": "not_enough_points",
        "Gone": "sold_out",
        "Once": "limit_used_up",
        "Weekly": "",
        "Badges": "",
    }
    assert (items["Dear"].missing, items["Dear"].free, items["Cheap"].free) == (40, 3, None)
    assert items["Cheap"].can_redeem
    assert items["Dear"].tier is not None
    assert (items["Dear"].tier.name, items["Once"].tier and items["Once"].tier.name) == ("Silver", "Bronze")


def test_it_is_searched_narrowed_and_paged(acme: TenantContext) -> None:
    for name, category, price in (("Mug", "Merch", 50), ("Shirt", "Merch", 150), ("Talk", "Time", 350)):
        make(acme, name=name, category=category, price=price, description=f"About a {name.lower()} 100%.")

    def find(**asked: Any) -> list[str]:
        return names(list_shop(member_id=None, context=acme, **asked))

    assert find(search="SHIR") == ["Shirt"]
    assert find(search="merch") == ["Mug", "Shirt"]
    assert find(search="100%") == ["Mug", "Shirt", "Talk"]
    assert find(search="_") == []
    assert find(category="Time") == ["Talk"]
    assert find(tier="Silver") == ["Shirt"]
    assert find(tier="Wood") == []
    assert list_categories(context=acme) == ["Merch", "Time"]
    first = list_shop(member_id=None, context=acme, limit=2)
    assert names(first) + find(after=first[-1].place, limit=2) == ["Mug", "Shirt", "Talk"]


def test_over_the_plans_limit_the_newest_leave_and_a_better_plan_brings_them_back(
    acme: TenantContext,
) -> None:
    for name in ("One", "Two", "Three"):
        make(acme, name=name)
    three = Reward.objects.get(name="Three")
    small, large = put_on_plan(acme, rewards=2), put_on_plan(acme, rewards=3)

    assert names(list_shop(member_id=None, context=small)) == ["One", "Two"]
    with pytest.raises(RewardNotFoundError):
        get_shop_item(reward_id=three.pk, member_id=None, context=small)
    assert names(list_shop(member_id=None, context=large)) == ["One", "Two", "Three"]
    assert Reward.objects.get(name="Three").state == "active"


def test_a_sponsor_is_named_while_it_pays_and_the_plan_names_sponsors(acme: TenantContext) -> None:
    paying = put_on_plan(acme, features=("sponsors",))
    now = clock.now()
    sponsor = create_sponsor(
        context=paying,
        facts={"name": "Initech", "url": "https://initech.example.com", "budget": 2},
        actor=ADA,
    )
    reward = make(paying, sponsor_id=sponsor.pk)

    def named(context: TenantContext) -> bool:
        item = get_shop_item(reward_id=reward.pk, member_id=None, context=context)
        fresh = Reward.objects.get(pk=reward.pk)
        assert (item.sponsor is not None) == (sponsor_of(fresh, context, now) is not None)
        return item.sponsor is not None

    assert named(paying)
    redeemed(reward, 1, 1, sponsor_id=sponsor.pk)
    redeemed(reward, 1, 2, sponsor_id=sponsor.pk, state="rejected")
    assert named(paying)
    without = put_on_plan(acme, features=())
    assert named(without), "an end was agreed"
    Sponsor.objects.update(budget=None)
    assert not named(without)
    Sponsor.objects.update(budget=2)
    redeemed(reward, 1, 3, sponsor_id=sponsor.pk)
    assert not named(paying), "the budget is spent"
    Redemption.objects.all().delete()
    archive_sponsor(sponsor_id=sponsor.pk, actor=ADA)
    assert not named(paying)


def test_the_number_of_queries_is_the_same_for_ten_and_a_thousand(acme: TenantContext, grace: int) -> None:
    paying = put_on_plan(acme, features=("sponsors",), rewards=2_000)
    sponsor = create_sponsor(context=paying, facts={"name": "Initech"}, actor=ADA)
    for number in range(10):
        make(paying, sponsor_id=sponsor.pk if number % 2 else None, limit_count=1, price=5 + number)

    def count(limit: int) -> tuple[int, int]:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            items = list_shop(member_id=grace, context=paying, limit=limit)
        return len(seen), len(items)

    few, ten = count(1_000)
    rows = list(Reward.objects.all())
    Reward.objects.bulk_create(
        Reward(
            kind="custom",
            key=f"many-{number}",
            name=f"Many {number}",
            price=5,
            state="active",
            position=number,
            sponsor_id=sponsor.pk,
            limit_count=2,
            limit_period=("ever", "day", "week", "month")[number % 4],
            eligibility={"level": 1},
        )
        for number in range(1_000 - len(rows))
    )
    many, thousand = count(1_000)

    assert (ten, thousand) == (10, 1_000)
    assert many == few <= 8


def test_a_change_is_seen_at_once(acme: TenantContext, grace: int) -> None:
    reward = make(acme, price=100)
    change_reward(context=acme, reward_id=reward.pk, facts={"price": 90}, actor=ADA)

    assert get_shop_item(reward_id=reward.pk, member_id=grace, context=acme).can_redeem
