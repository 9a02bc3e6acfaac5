"""A plan that is sold per cohort: what it includes grows with the cohorts, and what is above it is counted, shown and billed once."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from billing.changing import change_plan
from billing.metering.caps import allowed_units
from billing.previews import preview_change
from billing.usage import get_usage
from saas.core import clock
from tenants.entitlements import Entitlements
from tests.billing.metering.conftest import Travel
from tests.billing.metering.world import World, noon
from tests.billing.shop import ACTOR, Shop
from tests.cast import ACME

DECEMBER = date(2030, 12, 1)


@pytest.fixture
def course(db: None, shop: Shop, travel: Travel) -> World:
    """Acme is a course that pays for three cohorts, at noon of 15 December 2030."""
    travel(noon())
    shop.tenant.__class__.objects.filter(slug=ACME.slug).update(kind="course")
    shop.skip_trial()
    shop.buy("course", quantity=3)
    return World(shop, noon())


def shown(world: World) -> tuple[int, int, int, int]:
    """(included, used, charged, cost) of boost hours."""
    usage = get_usage(world.tenant_id)
    assert usage is not None
    (line,) = usage.lines
    assert line.meter.name == "boost_hours"
    return line.included, line.used, line.charged, line.cost


def in_force(world: World) -> Entitlements:
    row = world.shop.tenant
    return Entitlements.parse(row.entitlements, row.entitlements_version)


def change(world: World, quantity: int) -> None:
    facts = {"tenant_id": world.tenant_id, "plan": "course", "interval": "month", "quantity": quantity}
    seen = preview_change(**facts)  # type: ignore[arg-type]
    change_plan(**facts, proration_date=seen.proration_date, version=seen.version, actor=ACTOR)  # type: ignore[arg-type]


def test_each_cohort_brings_its_hours_and_members(course: World) -> None:
    assert shown(course) == (72, 0, 0, 0)
    assert allowed_units(tenant_id=course.tenant_id, meter="boost_hours") == 72
    # Active members are not sold above this plan: its limit of members grows instead, and nobody is charged for one.
    assert allowed_units(tenant_id=course.tenant_id, meter="active_members") is None
    now = clock.now()
    assert in_force(course).limit_of("members", now) == 3_000
    assert in_force(course).limit_of("boost_hours", now) == 72


def test_what_is_above_all_cohorts_is_billed_once_and_at_the_same_price(course: World) -> None:
    course.allow(500)
    course.boost(75)
    course.score(4_000, DECEMBER)
    for _ in range(2):
        course.count()
    assert shown(course) == (72, 75, 3, 30)
    course.report_all()
    assert course.units_at_stripe() == 3
    course.shop.server.control.set_time(noon(2, 1, 2031).timestamp())
    with clock.frozen_at(noon(2, 1, 2031)):
        listed = course.shop.stripe.v1.invoices.list({"subscription": course.usage().stripe_id}).data
        lines = [(line.quantity, line.amount) for one in listed for line in one.lines.data if line.amount]
        assert lines == [(3, 30)]


def test_more_cohorts_at_once_bring_more_hours_and_charge_nothing_afterwards(course: World) -> None:
    course.allow(500)
    course.boost(75)
    course.count()
    change(course, 4)
    course.boost(20, start=clock.now() - timedelta(hours=200))
    course.count()
    # What was charged stays charged; the rest of the month has what four cohorts include.
    assert shown(course)[:3] == (96, 95, 3)


def test_fewer_cohorts_are_fewer_hours_from_their_period_on_also_without_news(
    course: World, travel: Travel
) -> None:
    change(course, 1)
    assert shown(course)[0] == 72
    end = course.shop.row().period_end
    assert end is not None
    with clock.frozen_at(end + timedelta(days=1)):
        # Stripe has told nothing yet: the dated phases say so alone, and the meters follow them.
        assert in_force(course).limit_of("boost_hours", clock.now()) == 24
        assert allowed_units(tenant_id=course.tenant_id, meter="boost_hours") == 24
        assert shown(course)[0] == 24
    travel(end + timedelta(days=1))
    from billing.mirror import refresh_subscription

    refresh_subscription(stripe_id=course.shop.row().stripe_id)
    assert course.shop.row().quantity == 1
    assert shown(course)[0] == 24


def test_a_year_for_several_cohorts_is_counted_by_the_month_all_the_same(
    db: None, shop: Shop, travel: Travel
) -> None:
    travel(noon())
    shop.tenant.__class__.objects.filter(slug=ACME.slug).update(kind="course")
    shop.skip_trial()
    shop.buy("course", "year", quantity=2)
    world = World(shop, noon())
    assert shown(world)[0] == 48
