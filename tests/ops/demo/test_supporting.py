"""The demo's supporters have paid for months at the local Stripe, once, and nobody is charged at a real one."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from engagement.supporters.models import Supporter, SupporterPayment, SupporterTier, SupportState
from ops.demo.communities import get_demo
from saas.core import clock
from tenants.context import enter_tenant
from tests.billing.conftest import shop
from tests.frontend_api.givers import give

if TYPE_CHECKING:
    from tenants.context import TenantContext
    from tests.billing.shop import Shop

__all__ = ["shop"]


@pytest.fixture
def owls(committed_db: None, shop: Shop, settings: Any) -> TenantContext:
    """The podcast's community with its plan and a few listeners."""
    from ops.demo.founding import found_community, make_logins
    from ops.demo.subscribing import buy_demo_plan

    make_logins()
    community = get_demo("night-owls")
    buy_demo_plan(community, found_community(community).tenant_id)
    context = found_community(community)
    for number in range(16):
        give(context, 880_000_000_000_000_000 + number, f"Listener {number}", 0)
    return context


def test_listeners_support_for_months_and_it_is_made_once(
    owls: TenantContext, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ops.demo import supporting

    few = [
        replace(one, days=days) for one, days in ((supporting.SUPPORTS[0], 70), (supporting.SUPPORTS[12], 33))
    ]
    monkeypatch.setattr(supporting, "SUPPORTS", (*few, supporting.SUPPORTS[13]))
    community = get_demo("night-owls")

    assert supporting.support_demo(community, owls, now=clock.now()) == 3
    assert supporting.support_demo(community, owls, now=clock.now()) == 0

    with enter_tenant(owls):
        states = sorted(Supporter.objects.values_list("state", flat=True))
        paid = list(SupporterPayment.objects.order_by("paid_at").values_list("paid_at", flat=True))
        tiers = list(SupporterTier.objects.order_by("position").values_list("state", flat=True))
    assert states == [SupportState.ACTIVE, SupportState.ACTIVE, SupportState.LATE]
    assert len(paid) == 5  # three months, one that paid once and is late, one by the year
    assert (clock.now() - paid[0]).days >= 69
    assert tiers == ["on_sale"] * 3 + ["draft"]
    assert abs(shop.server.control.describe()["now"] - time.time()) < 60
    other = get_demo("pixel-pals")
    assert supporting.support_demo(other, owls, now=clock.now()) == 0


def test_a_real_account_is_never_charged(owls: TenantContext, settings: Any) -> None:
    from ops.demo.supporting import support_demo

    settings.STRIPE_API_URL = "https://api.stripe.com"
    assert support_demo(get_demo("night-owls"), owls, now=clock.now()) == 0
