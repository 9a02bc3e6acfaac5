"""The demo's catalogues: every one is accepted by the services, once, with something of every kind."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engagement.credits.models import CreditType
from engagement.rewards.kinds import KINDS
from engagement.rewards.models import Reward, RewardCode, Sponsor
from engagement.rewards.selectors import list_shop
from ops.demo.communities import COMMUNITIES, DemoCommunity
from ops.demo.shops import SHOPS, stock_demo_shop
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tests.plans import put_on_plan


@pytest.mark.parametrize("community", COMMUNITIES, ids=lambda one: one.slug)
def test_every_catalogue_fits_and_is_made_once(
    db: None, acme: TenantContext, community: DemoCommunity
) -> None:
    with enter_tenant(acme):
        CreditType.objects.create(pk=1, key="ai", name="AI")

    made = stock_demo_shop(community, acme, now=clock.now())

    assert made == len(SHOPS[community.slug]) >= 8
    assert stock_demo_shop(community, acme, now=clock.now()) == 0
    with enter_tenant(acme):
        items = list_shop(member_id=None, context=acme, limit=50)
        offered = [one for one in SHOPS[community.slug] if one.offered]
        assert [item.reward.key for item in items] == [one.key for one in offered]
        assert all(item.picture and item.tier for item in items)
        assert RewardCode.objects.count() == sum(one.codes for one in SHOPS[community.slug])


def test_together_they_show_every_kind() -> None:
    assert {one.kind for shop in SHOPS.values() for one in shop} == set(KINDS)
    assert set(SHOPS) == {community.slug for community in COMMUNITIES}


def test_what_the_plan_has_no_room_for_waits_as_a_draft(db: None, acme: TenantContext, settings: Any) -> None:
    settings.BILLING_ON = True
    free = put_on_plan(replace(acme), features=(), rewards=5)
    stock_demo_shop(COMMUNITIES[-1], free, now=clock.now())

    with enter_tenant(free):
        assert Reward.objects.filter(state="active").count() == 5
        assert Reward.objects.filter(state="draft").exists()
        assert not Sponsor.objects.exists()
