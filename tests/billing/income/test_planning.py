"""A cheaper tier from the next period on: chosen, shown, taken back, and come, whoever hears of it and in whatever order."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from billing.income import mirror
from billing.income.changing import (
    TURN,
    cancel_support,
    change_support,
    preview_support_change,
    resume_support,
)
from billing.income.errors import ChangePlannedError, PeriodTurnsError
from billing.income.fees import lower_fees
from billing.income.mirror import refresh_support
from billing.income.models import SupportSubscription
from engagement.members.models import Member
from engagement.supporters.models import Supporter, SupporterTier
from saas.core import clock
from tenants.context import enter_tenant
from tests.billing.income.world import OWNER, Months, World
from tests.billing.story import FAILING


def change(world: World, member: Member, tier: SupporterTier, **more: Any) -> Supporter:
    return change_support(context=world.context, member_id=member.pk, tier_key=tier.key, actor=OWNER, **more)


def standing(world: World, member: Member) -> tuple[str, int, str, int]:
    """Tier and price of this period, and of the next one."""
    row = world.supporter(member)
    with enter_tenant(world.context):
        return row.tier.name, row.amount, row.next_tier.name if row.next_tier else "", row.next_amount


@pytest.fixture
def tiers(world: World) -> tuple[SupporterTier, SupporterTier, SupporterTier]:
    """Dear, cheaper, cheapest."""
    return (
        world.tier(name="Patrons", amount=1500, points=200),
        world.tier(name="Friends", points=50),
        world.tier(name="Fans", amount=200),
    )


def test_it_is_chosen_once_changed_and_taken_back(world: World, tiers: Any) -> None:
    dear, cheaper, cheapest = tiers
    member = world.member()
    world.support(member, dear)
    before = world.picture()
    shown = preview_support_change(context=world.context, member_id=member.pk, tier_key=cheaper.key)
    assert (shown.later, shown.due_now, shown.next_amount) == (True, 0, 500)
    assert shown.next_at == world.supporter(member).period_end
    for tier, amount in ((cheaper, 500), (cheaper, 500), (cheapest, 200)):
        change(world, member, tier)
        assert standing(world, member) == ("Patrons", 1500, tier.name, amount)
    with pytest.raises(ChangePlannedError):
        change(world, member, world.tier(name="Dearest", amount=9_000))
    for _ in range(2):
        change(world, member, dear)
        assert standing(world, member) == ("Patrons", 1500, "", 0)
    assert world.picture() == before
    assert len(world.payments()) == 1
    assert world.news() == ["Joined", "Planned", "Planned", "Planned"]
    assert world.recorded() == ["joined", "planned", "planned", "kept"]
    assert world.told(member)["items"].data[0].price.unit_amount == 1500


def test_cancelling_takes_it_back_and_resuming_goes_on_as_before(world: World, tiers: Any) -> None:
    dear, cheaper, _ = tiers
    member = world.member()
    world.support(member, dear)
    change(world, member, cheaper)
    row = cancel_support(context=world.context, member_id=member.pk, actor=OWNER)
    assert (row.cancel_at is not None, standing(world, member)) == (True, ("Patrons", 1500, "", 0))
    resume_support(context=world.context, member_id=member.pk, actor=OWNER)
    assert world.told(member)["items"].data[0].price.unit_amount == 1500
    assert world.recorded() == ["joined", "planned", "cancelled", "resumed"]


def test_a_dearer_one_after_it_was_taken_back_costs_what_it_would_have(world: World, tiers: Any) -> None:
    dear, cheaper, _ = tiers
    member, dearest = world.member(), world.tier(name="Dearest", amount=9_000)
    world.support(member, dear)
    for tier in (cheaper, dear):
        change(world, member, tier)
    shown = preview_support_change(context=world.context, member_id=member.pk, tier_key=dearest.key)
    assert 7_400 < shown.due_now <= 7_500
    change(world, member, dearest, proration_date=shown.proration_date)
    assert world.payments()[-1].amount == shown.due_now


def test_nothing_is_changed_while_the_period_turns(world: World, tiers: Any) -> None:
    dear, cheaper, _ = tiers
    member = world.member()
    world.support(member, dear)
    end = world.supporter(member).period_end
    assert end is not None
    with clock.frozen_at(end - TURN + timedelta(seconds=1)), pytest.raises(PeriodTurnsError):
        change(world, member, cheaper)
    assert world.told(member)["items"].data[0].price.unit_amount == 1500


def test_a_lower_fee_and_a_lost_answer_leave_it_planned(world: World, tiers: Any) -> None:
    dear, cheaper, _ = tiers
    member = world.member()
    world.support(member, dear)
    change(world, member, cheaper)
    world.on_plan("pro")
    assert lower_fees(tenant_id=world.tenant_id) == 1
    assert standing(world, member) == ("Patrons", 1500, "Friends", 500)
    assert world.row(member).fee == 5
    # What a crash between Stripe's answer and ours leaves behind is found by the hourly comparison.
    SupportSubscription.objects.update(next_tier="")
    from billing.reconciling import reconcile_billing

    found = [one for one in reconcile_billing().findings if one.what == "next_tier"]
    assert [one.kind for one in found] == ["differs"]
    assert world.row(member).next_tier == cheaper.key


@pytest.mark.slow
@pytest.mark.parametrize("card", ["", FAILING])
def test_it_comes_with_the_next_period_with_all_news_lost(world: World, tiers: Any, card: str) -> None:
    from billing.reconciling import reconcile_billing

    dear, cheaper, _ = tiers
    months = Months(world.server, world.context, world.community)
    member = months.member()
    months.open(member)
    with months.today():
        months.support(member, dear)
        change(months, member, cheaper)
    if card:
        months.use_card(member, card)
    months.pass_days(20, look=False)
    with months.today():
        reconcile_billing()
        assert standing(months, member) == ("Patrons", 1500, "Friends", 500)
    months.pass_days(13, look=False)
    with months.today():
        reconcile_billing()
        assert [one for one in reconcile_billing().findings if one.kind == "differs"] == []
    assert standing(months, member) == ("Friends", 500, "", 0)
    assert months.supporter(member).state == ("late" if card else "active")
    if not card:
        first, second = months.payments()
        assert [(one.amount, one.tier.name, one.points) for one in (first, second)] == [
            (1500, "Patrons", 200),
            (500, "Friends", 50),
        ]
        assert months.points(member) == 250
    assert months.news()[:3] == ["Joined", "Planned", "Moved"]


@pytest.mark.slow
@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (0, 2), (1, 2), (2,)])
def test_any_order_of_news_ends_the_same(
    world: World, tiers: Any, monkeypatch: pytest.MonkeyPatch, order: tuple[int, ...]
) -> None:
    """Chosen, taken back and chosen anew, come: whichever of these moments was seen before the last."""
    dear, cheaper, cheapest = tiers
    months = Months(world.server, world.context, world.community)
    member = months.member()
    months.open(member)
    with months.today():
        reference = months.support(member, dear).reference
    taken = []
    real = mirror.fetch_subscription
    with months.today():
        for tier in (cheapest, cheaper):
            change(months, member, tier)
            taken.append((real(reference), mirror._fetch_money(mirror.read_support(real(reference) or {}))))
    months.pass_days(33, look=False)
    taken.append((real(reference), mirror._fetch_money(mirror.read_support(real(reference) or {}))))
    at = [0]
    monkeypatch.setattr(mirror, "fetch_subscription", lambda _: taken[at[0]][0])
    monkeypatch.setattr(mirror, "_fetch_money", lambda _: taken[at[0]][1])
    for index in order:
        at[0] = index
        with months.today():
            for _ in range(2):
                refresh_support(stripe_id=reference)
    assert standing(months, member) == ("Friends", 500, "", 0)
    assert [one.amount for one in months.payments()] == [1500, 500]
    assert months.points(member) == 250
