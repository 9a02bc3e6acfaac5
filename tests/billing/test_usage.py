"""What a community used, what it costs, and what it will: shown before it costs."""

from __future__ import annotations

from datetime import date

from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.metering.recording import record_usage
from billing.models import MeterReport, Subscription
from billing.usage import get_usage, list_spared
from saas.core import clock
from tests.billing.metering.conftest import Travel, travel, world  # noqa: F401 - fixtures
from tests.billing.metering.world import World, noon
from tests.billing.shop import Shop


def test_without_a_plan_there_is_nothing_to_show(db: None, shop: Shop) -> None:
    assert get_usage(shop.tenant.pk) is None


def test_what_is_included_used_and_above(world: World) -> None:  # noqa: F811
    usage = get_usage(world.tenant_id)
    assert usage is not None
    assert (usage.currency, usage.cap, usage.cost, usage.projected_cost) == ("usd", 0, 0, 0)
    assert (usage.starts_at.day, usage.ends_at.month) == (1, 1)
    (line,) = usage.lines
    assert (line.meter.name, line.included, line.used, line.allowed, line.is_held) == (
        "boost_hours",
        60,
        0,
        60,
        False,
    )
    world.allow(500)
    world.boost(63)
    world.count()
    usage = get_usage(world.tenant_id)
    assert usage is not None
    (line,) = usage.lines
    assert (line.used, line.above, line.charged, line.spared) == (63, 3, 3, 0)
    assert (line.unit_price, line.cost, line.allowed, line.percent) == (10, 30, 110, 57)
    assert usage.cap == 500
    assert usage.in_force


def test_what_is_planned_is_in_the_forecast_and_never_above_the_cap(world: World) -> None:  # noqa: F811
    world.allow(200)
    world.boost(58)
    world.boost(10, start=noon(20))
    world.count()
    usage = get_usage(world.tenant_id)
    assert usage is not None
    (line,) = usage.lines
    assert (line.used, line.projected_used, line.cost, line.projected_cost) == (58, 68, 0, 80)
    world.boost(100, start=noon(22))
    usage = get_usage(world.tenant_id)
    assert usage is not None
    assert usage.projected_cost == 200
    world.allow(0)
    usage = get_usage(world.tenant_id)
    assert usage is not None
    assert usage.projected_cost == 0


def test_members_are_forecast_at_the_months_pace(world: World) -> None:  # noqa: F811
    Subscription.objects.update(plan="scale", period_end=noon(20, 1, 2031))
    from billing.entitling import write_entitlements

    write_entitlements(tenant_id=world.tenant_id)
    world.score(2_900, date(2030, 12, 1))
    world.count()
    usage = get_usage(world.tenant_id)
    assert usage is not None
    line = next(one for one in usage.lines if one.meter.name == "active_members")
    assert (line.used, line.projected_used) == (2_900, 6_200)  # 14.5 of 31 days
    assert line.projected_cost == 0
    world.allow(10_000)
    usage = get_usage(world.tenant_id)
    assert usage is not None
    line = next(one for one in usage.lines if one.meter.name == "active_members")
    assert line.projected_cost == 1_200


def test_what_was_not_charged_after_all_is_shown_with_its_reason(world: World) -> None:  # noqa: F811
    record_usage(tenant_id=world.tenant_id, meter="boost_hours", units=4, identifier="late", at=clock.now())
    MeterReport.objects.update(state="spared", error="The invoice of that month was closed.")
    (spared,) = list_spared(world.tenant_id)
    assert (spared.meter.name, spared.units, "closed" in spared.why) == ("boost_hours", 4, True)


def test_it_takes_as_many_queries_whatever_was_used(world: World) -> None:  # noqa: F811
    world.boost(1)
    world.count()
    with CaptureQueriesContext(connection) as few:
        get_usage(world.tenant_id)
    for day in range(2, 14):
        world.boost(5, start=noon(day))
    world.count()
    with CaptureQueriesContext(connection) as many:
        get_usage(world.tenant_id)
    assert len(many) == len(few)
