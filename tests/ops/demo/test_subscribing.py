"""The demo's plans are bought on the local Stripe, once, and by nobody on a real one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ops.demo.communities import get_demo
from ops.demo.subscribing import PLANS, buy_demo_plan
from tests.billing.conftest import shop

if TYPE_CHECKING:
    from tests.billing.shop import Shop

__all__ = ["shop"]


@pytest.fixture
def communities(committed_db: None, shop: Shop) -> dict[str, Any]:
    """The demo's tenants with their owners, and what is sold."""
    from ops.demo.founding import found_community, make_logins

    make_logins()
    return {slug: found_community(get_demo(slug)) for slug in (*PLANS, "fern-and-field")}


def test_each_has_the_plan_it_is_to_have_and_buys_it_once(communities: dict[str, Any]) -> None:
    from billing.models import Subscription

    bought = {slug: buy_demo_plan(get_demo(slug), one.tenant_id) for slug, one in communities.items()}
    again = {slug: buy_demo_plan(get_demo(slug), one.tenant_id) for slug, one in communities.items()}

    assert bought == {**dict.fromkeys(PLANS, True), "fern-and-field": False}
    assert not any(again.values())
    found = Subscription.objects.values_list("tenant__slug", "plan", "status", "currency", "quantity")
    assert sorted(found) == [
        ("harbour-school", "course", "active", "gbp", 2),
        ("ledgerline", "scale", "active", "usd", 1),
        ("night-owls", "growth", "trialing", "eur", 1),
        ("pixel-pals", "growth", "active", "usd", 1),
    ]


def test_a_real_account_is_never_charged(communities: dict[str, Any], settings: Any) -> None:
    settings.STRIPE_API_URL = "https://api.stripe.com"
    context = communities["pixel-pals"]

    assert not buy_demo_plan(get_demo("pixel-pals"), context.tenant_id)
