"""Boost hours that were planned under a larger plan are not charged by a smaller one; what nobody had paid for still is."""

from __future__ import annotations

from datetime import date, timedelta

from django.test.utils import CaptureQueriesContext

from billing.entitling import write_entitlements
from billing.freezing import list_freezes
from billing.models import Subscription, UsageMonth
from saas.core import clock
from tenants.context import TenantContext
from tests.billing.metering.conftest import Travel
from tests.billing.metering.world import World, noon

JANUARY = date(2031, 1, 1)


def change_to(world: World, plan: str) -> None:
    Subscription.objects.update(plan=plan)
    write_entitlements(tenant_id=world.tenant_id)


def test_what_was_planned_costs_nothing_more(world: World, travel: Travel) -> None:
    world.allow(10_000)
    world.boost(50, start=noon(day=5, month=1, year=2031))
    told = [one.sentence for one in list_freezes(TenantContext.of(world.shop.tenant), "starter")]
    assert any(one.startswith("Boost hours: 50 are planned in January 2031") for one in told)

    change_to(world, "starter")
    assert world.month(month=JANUARY).included == 50

    travel(noon(day=10, month=1, year=2031))
    world.count()
    row = world.month(month=JANUARY)
    assert (row.included, row.used, row.charged, row.spared) == (50, 50, 0, 0)
    world.boost(4)  # planned since: the owner's cap pays for it
    world.count()
    assert world.month(month=JANUARY).charged == 4


def test_no_more_is_kept_than_the_larger_plan_included(world: World) -> None:
    world.boost(90, start=noon(day=5, month=1, year=2031))  # 30 of them within the owner's cap
    change_to(world, "starter")
    assert world.month(month=JANUARY).included == 60


def test_what_is_within_the_smaller_plan_leaves_no_row(world: World) -> None:
    world.boost(9, start=noon(day=5, month=1, year=2031))
    change_to(world, "starter")
    assert not UsageMonth.objects.filter(month=JANUARY).exists()


def test_a_larger_plan_and_a_renewal_ask_nothing_of_the_hours(world: World) -> None:
    from django.db import connection

    world.boost(50, start=noon(day=5, month=1, year=2031))
    for change in ({"plan": "pro"}, {"period_end": clock.now() + timedelta(days=60)}):
        Subscription.objects.update(**change)
        with CaptureQueriesContext(connection) as asked:
            write_entitlements(tenant_id=world.tenant_id)
        assert not [one for one in asked.captured_queries if '"boost"' in one["sql"]]
