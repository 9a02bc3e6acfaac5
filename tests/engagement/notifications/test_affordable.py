"""“You can now afford it”: after a gain, once for each reward and member, of what they can really have."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from engagement.members.models import Member, MemberFigure
from engagement.notifications import affordable
from engagement.notifications.affordable import has_gains, tell_affordable
from engagement.notifications.models import Notice, NotificationSettings
from engagement.notifications.notices import choose_quiet
from engagement.rewards.models import Reward
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tests.engagement.rewards.spending import give, make_member, make_reward, redeem


@pytest.fixture(autouse=True)
def _in_acme(db: None, acme: TenantContext, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Entries of this moment are looked at now, not in five seconds; and somebody looked before."""
    monkeypatch.setattr(affordable, "_NEWEST", "SELECT coalesce(max(id), 0) FROM ledger_entry")
    with enter_tenant(acme):
        give(acme, make_member(acme), 1)
        tell_affordable(context=acme)
        yield


def told(member: Member) -> list[str]:
    return [one.facts["reward"] for one in Notice.objects.filter(member_id=member.pk).order_by("pk")]


def test_what_came_within_reach_is_told_once(acme: TenantContext) -> None:
    for name, price in (("Sticker", 50), ("Mug", 100), ("Hoodie", 400)):
        make_reward(name=name, price=price)
    member = make_member(acme, 120)
    assert has_gains()
    assert tell_affordable(context=acme) is False
    notice = Notice.objects.get(member_id=member.pk)
    assert notice.facts == {
        "id": Reward.objects.get(name="Mug").pk,
        "reward": "Mug",
        "points": 100,
        "count": 1,
    }
    assert not has_gains()
    give(acme, member, 10)  # nothing new is within reach
    tell_affordable(context=acme)
    give(acme, member, 300)
    tell_affordable(context=acme)
    assert told(member) == ["Mug", "Hoodie"]


def test_what_was_there_before_the_first_look_is_no_news(acme: TenantContext) -> None:
    NotificationSettings.objects.update(affordable_upto=0)
    make_reward(price=10)
    member = make_member(acme, 100)
    tell_affordable(context=acme)
    assert told(member) == []


def test_spending_and_earning_it_again_is_told_once(acme: TenantContext) -> None:
    mug, cap = make_reward(name="Mug", price=100), make_reward(name="Cap", price=90)
    member = make_member(acme, 100)
    tell_affordable(context=acme)
    redeem(acme, member, cap)
    give(acme, member, 95)
    tell_affordable(context=acme)
    assert told(member) == ["Mug"]
    assert mug.price == 100


@pytest.mark.parametrize(
    "facts",
    [
        {"state": "paused"},
        {"stock": 0},
        {"starts_at": timedelta(days=1)},
        {"ends_at": timedelta(days=-1)},
        {"eligibility": {"level": 90}},
        {"eligibility": {"roles": ["600000000000000001"]}},
        {"eligibility": {"days": 30}},
        {"eligibility": {"types": [77]}},
        {"eligibility": {"figures": [{"name": "badges", "least": 3}]}},
        {"price": 0},
    ],
)
def test_nothing_is_told_of_what_they_cannot_have(acme: TenantContext, facts: dict[str, Any]) -> None:
    given = {
        name: clock.now() + value if isinstance(value, timedelta) else value for name, value in facts.items()
    }
    make_reward(**{"price": 50, **given})
    member = make_member(acme, 100)
    tell_affordable(context=acme)
    assert told(member) == []


def test_who_meets_the_conditions_is_told(acme: TenantContext) -> None:
    roles = ["600000000000000001", "600000000000000002"]
    make_reward(
        name="Mug",
        price=50,
        eligibility={"level": 0, "roles": roles, "days": 3, "figures": [{"name": "badges", "least": 3}]},
    )
    member = make_member(acme)
    Member.objects.filter(pk=member.pk).update(role_ids=roles[1:], joined_at=clock.now() - timedelta(days=4))
    MemberFigure.objects.create(member=member, name="badges", value=3, changed_at=clock.now())
    give(acme, member, 60)
    tell_affordable(context=acme)
    assert told(member) == ["Mug"]


def test_who_does_not_want_to_hear_of_it_does_not(acme: TenantContext) -> None:
    make_reward(price=50)
    member = make_member(acme)
    choose_quiet(member_id=member.pk, quiet=["affordable"])
    give(acme, member, 60)
    tell_affordable(context=acme)
    assert told(member) == []


def test_a_slice_takes_the_same_statements_for_one_member_and_for_many(
    acme: TenantContext, django_assert_max_num_queries: Any
) -> None:
    for price in range(10, 60):
        make_reward(price=price)
    people = [make_member(acme, 60) for _ in range(12)]
    with django_assert_max_num_queries(16):
        tell_affordable(context=acme)
    assert Notice.objects.count() == len(people)


def test_a_long_ledger_is_looked_through_slice_by_slice(
    acme: TenantContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(affordable, "SLICE", 2)
    make_reward(name="Mug", price=50)
    people = [make_member(acme, 60) for _ in range(5)]
    rounds = 1
    while tell_affordable(context=acme):
        rounds += 1
    assert rounds == 3
    assert [told(one) for one in people] == [["Mug"]] * 5
