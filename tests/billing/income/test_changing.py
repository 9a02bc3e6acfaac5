"""A running support: cancelled, resumed, moved to a dearer tier with Stripe's figures; and Stripe's own pages for it."""

from __future__ import annotations

import urllib.request
from typing import Any

import pytest

from billing.errors import CardDeclinedError
from billing.income.changing import cancel_support, change_support, preview_support_change, resume_support
from billing.income.errors import SupportEndsError
from billing.income.portals import FEATURES, open_support_portal
from engagement.members.models import Member
from engagement.supporters.errors import SupportNotFoundError, TierNotAlikeError, TierNotOnSaleError
from engagement.supporters.models import Supporter
from engagement.supporters.tiers import switch_tier
from tenants.context import TenantContext, enter_tenant
from tenants.gates import GateClosedError
from tests.billing.income.world import OWNER, World
from tests.engagement.supporters.supporting import ADA
from tests.plans import put_on_plan


def change(world: World, member: Member, tier: Any, **more: Any) -> Supporter:
    return change_support(context=world.context, member_id=member.pk, tier_key=tier.key, actor=OWNER, **more)


def test_cancelling_and_resuming_twice_is_once(world: World) -> None:
    member = world.member()
    world.support(member, world.tier())
    for act, ends in ((cancel_support, True), (resume_support, False)):
        for _ in range(2):
            row = act(context=world.context, member_id=member.pk, actor=OWNER)
            assert (row.state, row.cancel_at is not None) == ("active", ends)
            assert world.told(member).cancel_at_period_end is ends
    assert world.recorded() == ["joined", "cancelled", "resumed"]


def test_what_is_cancelled_on_stripes_own_page_is_news_and_recorded_too(world: World) -> None:
    from billing.income.mirror import refresh_support

    member = world.member()
    world.support(member, world.tier())
    for ends in (True, False):
        reference = world.row(member).stripe_id
        world.stripe.v1.subscriptions.update(reference, {"cancel_at_period_end": ends})
        for _ in range(2):
            refresh_support(stripe_id=reference)
    assert world.news() == ["Joined", "Ending", "Resumed"]
    assert world.recorded() == ["joined", "cancelled", "resumed"]


def test_a_dearer_tier_costs_what_the_preview_said(world: World) -> None:
    tier, better, member = (
        world.tier(points=50),
        world.tier(amount=1500, points=200, name="Patrons"),
        world.member(),
    )
    world.support(member, tier)
    shown = preview_support_change(context=world.context, member_id=member.pk, tier_key=better.key)
    assert (shown.next_amount, shown.currency, shown.tier.name) == (1500, "usd", "Patrons")
    assert 0 < shown.due_now <= 1000
    assert 0 < shown.credit <= 500
    for _ in range(2):
        row = change(world, member, better, proration_date=shown.proration_date)
        assert (row.tier.name, row.amount) == ("Patrons", 1500)
    first, second = world.payments()
    assert (first.tier.name if first.tier else "", second.tier.name, second.amount) == (
        "Friends",
        "Patrons",
        shown.due_now,
    )
    assert second.fee == round(shown.due_now * 0.08)
    assert world.points(member) == 50, "the rest of a period is none of its own"
    assert (world.news(), world.recorded()) == (["Joined", "Moved"], ["joined", "moved"])


def test_a_declined_card_leaves_the_tier_as_it_is(world: World) -> None:
    tier, better, member = world.tier(), world.tier(amount=1500), world.member()
    world.support(member, tier)
    row = world.row(member)
    method = world.stripe.v1.payment_methods.attach(
        "pm_card_chargeCustomerFail", {"customer": row.customer.stripe_id or ""}
    )
    world.stripe.v1.subscriptions.update(row.stripe_id, {"default_payment_method": method.id})
    before = world.picture()
    with pytest.raises(CardDeclinedError):
        change(world, member, better)
    assert world.picture() == before
    assert world.told(member)["items"].data[0].price.unit_amount == 500


def test_only_one_of_the_same_kind(world: World) -> None:
    member = world.member()
    world.support(member, world.tier())
    for values in ({"amount": 900, "currency": "eur"}, {"amount": 9000, "interval": "year"}):
        with pytest.raises(TierNotAlikeError):
            change(world, member, world.tier(**values))
    retired = world.tier(amount=900)
    with enter_tenant(world.context):
        switch_tier(context=world.context, key=retired.key, state="retired", actor=ADA)
    with pytest.raises(TierNotOnSaleError):
        change(world, member, retired)
    better = world.tier(amount=900)
    cancel_support(context=world.context, member_id=member.pk, actor=OWNER)
    with pytest.raises(SupportEndsError):
        change(world, member, better)


def test_without_the_plan_it_is_cancelled_and_resumed_and_never_moved(world: World) -> None:
    better, member = world.tier(amount=900), world.member()
    world.support(member, world.tier())
    world.context = put_on_plan(world.context)
    with pytest.raises(GateClosedError):
        change(world, member, better)
    for act in (cancel_support, resume_support):
        assert act(context=world.context, member_id=member.pk, actor=OWNER).state == "active"
    assert open_support_portal(context=world.context, member_id=member.pk)


def test_who_does_not_support_has_nothing_to_change(world: World, globex: TenantContext) -> None:
    member, other = world.member(), world.member()
    world.support(member, world.tier())
    for context, member_id in ((world.context, other.pk), (globex, member.pk)):
        for act in (cancel_support, resume_support):
            with pytest.raises(SupportNotFoundError):
                act(context=context, member_id=member_id, actor=OWNER)
        with pytest.raises(SupportNotFoundError):
            open_support_portal(context=context, member_id=member_id)
    assert world.told(member).cancel_at_period_end is False


def test_the_portal_is_the_member_s_own_and_changes_no_tier(world: World) -> None:
    member, other = world.member(), world.member()
    tier = world.tier()
    for one in (member, other):
        world.support(one, tier)
    address = open_support_portal(context=world.context, member_id=member.pk)
    open_support_portal(context=world.context, member_id=other.pk)
    assert urllib.request.urlopen(address).status == 200
    (configuration,) = world.stripe.v1.billing_portal.configurations.list().data
    told = configuration.features.to_dict()
    for name, wanted in FEATURES.items():
        assert {key: told[name][key] for key in wanted} == wanted
    sessions = world.server.control.objects("billing_portal.session")
    assert {one["customer"] for one in sessions} == {
        world.row(one).customer.stripe_id for one in (member, other)
    }


def test_who_supported_once_still_sees_invoices(world: World) -> None:
    member = world.member()
    world.support(member, world.tier())
    world.stripe.v1.subscriptions.cancel(world.row(member).stripe_id)
    from billing.income.mirror import refresh_support

    refresh_support(stripe_id=world.row(member).stripe_id)
    assert world.supporter(member).state == "ended"
    assert open_support_portal(context=world.context, member_id=member.pk)
