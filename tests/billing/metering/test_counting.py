"""What is above the plan: counted once, within the owner's cap, never afterwards."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from billing.mirror import refresh_subscription
from billing.models import MeterReport, Subscription, UsageMonth
from saas.core import clock
from tests.billing.metering.conftest import Travel
from tests.billing.metering.world import World, noon
from tests.billing.shop import Shop

DECEMBER = date(2030, 12, 1)


def test_within_the_plan_nothing_is_reported(world: World) -> None:
    world.boost(60)
    world.count()
    row = world.month()
    assert (row.included, row.used, row.charged, row.spared) == (60, 60, 0, 0)
    assert world.reports() == []


def test_without_a_cap_nothing_is_ever_charged(world: World) -> None:
    world.boost(75)
    world.count()
    row = world.month()
    assert (row.used, row.charged, row.spared) == (75, 0, 15)
    assert world.reports() == []


def test_within_the_cap_each_unit_is_recorded_once(world: World) -> None:
    world.allow(500)
    world.boost(61)
    for _ in range(3):
        world.count()
    assert world.reports() == [(1, "waiting", "")]
    world.boost(4, start=clock.now() - timedelta(hours=100))
    for _ in range(3):
        world.count()
    assert [units for units, _, _ in world.reports()] == [1, 4]
    identifiers = list(MeterReport.objects.order_by("pk").values_list("identifier", flat=True))
    assert [one.rpartition(":")[2] for one in identifiers] == ["1-1", "2-5"]
    assert world.month().charged == 5


def test_above_the_cap_nothing_is_charged_not_even_when_it_is_raised(world: World) -> None:
    world.allow(40)  # four hours
    world.boost(70)
    world.count()
    row = world.month()
    assert (row.charged, row.spared) == (4, 6)
    world.allow(10_000)
    world.count()
    row = world.month()
    assert (row.charged, row.spared) == (4, 6)
    world.boost(2, start=clock.now() - timedelta(hours=100))
    world.count()
    assert world.month().charged == 6


def test_what_was_used_before_the_cap_was_set_stays_free(world: World) -> None:
    world.boost(70)  # never counted yet
    world.allow(10_000)
    world.count()
    row = world.month()
    assert (row.charged, row.spared) == (0, 10)


def test_a_larger_plan_includes_more_from_then_on(world: World) -> None:
    world.allow(100)
    world.boost(65)
    world.count()
    Subscription.objects.update(plan="pro")
    _rewrite(world)
    world.count()
    row = world.month()
    assert (row.included, row.charged, row.spared) == (240, 5, 0)


def test_a_smaller_plan_charges_nothing_that_was_free_before(world: World) -> None:
    world.allow(10_000)
    world.boost(50)
    world.count()
    Subscription.objects.update(plan="starter")
    _rewrite(world)
    world.count()
    row = world.month()
    assert (row.included, row.used, row.charged, row.spared) == (60, 50, 0, 0)


def test_the_next_month_begins_with_nothing(world: World, travel: Travel) -> None:
    world.allow(1_000)
    world.boost(62)
    world.count()
    travel(noon(day=2, month=1, year=2031))
    refresh_subscription(stripe_id=world.shop.row().stripe_id)
    world.count()
    rows = {row.month: (row.used, row.charged) for row in UsageMonth.objects.filter(meter="boost_hours")}
    assert rows == {DECEMBER: (62, 2), date(2031, 1, 1): (0, 0)}


def test_the_last_hours_of_a_month_count_to_it(world: World, travel: Travel) -> None:
    world.allow(1_000)
    world.count()
    world.boost(64, start=noon(day=29))  # its last hour begins on 1 January at 3
    travel(noon(day=1, month=1, year=2031))
    refresh_subscription(stripe_id=world.shop.row().stripe_id)
    world.count()
    world.count()
    december = world.month(month=DECEMBER)
    assert (december.used, december.charged) == (60, 0)
    assert world.month(month=date(2031, 1, 1)).used == 4


def test_in_a_trial_and_while_a_bill_is_open_nothing_is_charged(world: World) -> None:
    world.allow(10_000)
    for status in ("trialing", "past_due"):
        Subscription.objects.update(
            status=status, unpaid_since=clock.now(), trial_end=clock.now() + timedelta(days=9)
        )
        _rewrite(world)
        world.boost(
            62 if status == "trialing" else 65, start=noon(day=2) if status == "trialing" else noon(day=8)
        )
        world.count()
        assert world.month().charged == 0, status
    assert world.reports() == []


def test_who_pays_for_nothing_is_not_counted(db: None, shop: Shop) -> None:
    World(shop, clock.now()).count()
    assert not UsageMonth.objects.exists()


def test_both_meters_spend_one_cap(world: World, travel: Travel) -> None:
    travel(noon(day=31))
    Subscription.objects.update(plan="scale", period_end=noon(day=20, month=1, year=2031))
    _rewrite(world)
    world.allow(100)
    world.score(5_004, DECEMBER)
    world.boost(512, start=noon(day=2))
    world.count()
    hours, members = world.month("boost_hours"), world.month("active_members")
    assert (hours.used, hours.charged, hours.spared) == (512, 10, 2)  # a dollar pays for ten
    assert (members.used, members.charged, members.spared) == (5_004, 0, 4)


def test_members_are_counted_daily_far_from_the_number_and_hourly_near_it(world: World) -> None:
    from billing.metering.counting import count_usage

    Subscription.objects.update(plan="scale")
    _rewrite(world)
    world.score(10, DECEMBER)
    world.count()
    world.score(5, DECEMBER)
    count_usage(tenant_id=world.tenant_id, only_due=True)
    assert world.month("active_members").used == 10
    with clock.frozen_at(clock.now() + timedelta(hours=21)):
        count_usage(tenant_id=world.tenant_id, only_due=True)
    assert world.month("active_members").used == 15
    UsageMonth.objects.filter(meter="active_members").update(used=4_000)
    world.score(4_100, DECEMBER)
    count_usage(tenant_id=world.tenant_id, only_due=True)
    assert world.month("active_members").used == 4_115


@pytest.mark.parametrize("status", ["suspended", "deleted"])
def test_a_closed_community_is_not_counted(world: World, status: str) -> None:
    tenant = world.shop.tenant
    tenant.state = status
    tenant.save(update_fields=["state"])
    world.boost(70)
    world.count()
    assert not UsageMonth.objects.exists()


def _rewrite(world: World) -> None:
    from billing.entitling import write_entitlements

    write_entitlements(tenant_id=world.tenant_id)
