"""Under a retainer nothing above the plan is sold: it is counted and shown, ends with the plan, and never costs anything."""

from __future__ import annotations

from datetime import timedelta

import pytest

from billing.boosts import quote_boost
from billing.metering.caps import set_cap
from billing.metering.errors import CapNotPossibleError
from billing.metering.jobs import count_everybody
from billing.models import MeterReport, UsageMonth
from billing.retainers.covering import cover_community, release_community
from billing.usage import get_usage
from engagement.boosts.services import BoostDraft
from saas.events.jobs import PUBLIC
from saas.events.queue import list_queued
from tenants.context import TenantContext, enter_tenant
from tests.billing.metering.conftest import Travel, travel  # noqa: F401 - fixtures
from tests.billing.metering.world import World, noon
from tests.billing.retainers.agreeing import agree
from tests.billing.shop import ACTOR, Shop


@pytest.fixture
def covered(db: None, shop: Shop, travel: Travel) -> World:  # noqa: F811
    """Acme has Growth under a retainer, at noon of 15 December 2030."""
    travel(noon())
    cover_community(key=agree(shop).key, tenant_id=shop.tenant.pk, actor=ACTOR)
    return World(shop, noon())


def test_what_is_included_and_used_is_shown_and_costs_nothing(covered: World) -> None:
    covered.boost(63)
    usage = get_usage(covered.tenant_id)
    assert usage is not None
    assert (usage.sold, usage.currency, usage.cap, usage.in_force, usage.cost) == (False, "usd", 0, False, 0)
    (line,) = usage.lines
    assert (line.meter.name, line.included, line.used, line.allowed) == ("boost_hours", 60, 63, 60)
    assert (line.charged, line.cost, line.projected_cost, line.is_held) == (0, 0, 0, True)


def test_nobody_is_counted_charged_or_asked_for_a_cap(covered: World) -> None:
    covered.boost(63)
    covered.count()
    count_everybody(tenant=PUBLIC)
    assert not UsageMonth.objects.exists()
    assert not MeterReport.objects.exists()
    assert not list_queued(state="todo", name="billing.metering.count_one")
    with pytest.raises(CapNotPossibleError):
        set_cap(tenant_id=covered.tenant_id, amount=500, actor=ACTOR)


def test_a_boost_above_the_plan_is_refused_and_no_price_is_named(covered: World) -> None:
    draft = BoostDraft("Week", 200, {}, lasts=timedelta(hours=70))
    context = TenantContext.of(covered.shop.tenant)
    with enter_tenant(context):
        quote = quote_boost(context=context, draft=draft)
    assert (quote.over, quote.cost, quote.sold, quote.is_allowed) == (10, 0, False, False)


def test_who_left_it_has_nothing_of_it_to_show(covered: World) -> None:
    place = cover_community(key=agree(covered.shop).key, tenant_id=covered.tenant_id, actor=ACTOR)
    release_community(key=place.retainer.key, tenant_id=covered.tenant_id, actor=ACTOR)
    assert get_usage(covered.tenant_id) is None
