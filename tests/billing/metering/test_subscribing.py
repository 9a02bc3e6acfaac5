"""A payer's subscription for use: one for all communities, mirrored, ended with the last plan."""

from __future__ import annotations

from datetime import timedelta

from billing.inbox.processing import work_off
from billing.metering.recording import record_usage
from billing.metering.reporting import report_units
from billing.metering.subscribing import end_idle_usage
from billing.models import MeterReport, Payer, Subscription, UsageSubscription
from billing.reconciling import reconcile_billing
from saas.core import clock
from tests.billing.inbox.material import make_event
from tests.billing.inbox.scene import come_in
from tests.billing.making import tenant_of
from tests.billing.metering.conftest import Travel
from tests.billing.metering.world import World, noon
from tests.cast import GLOBEX


def use(world: World, identifier: str, units: int = 2, tenant_id: int | None = None) -> None:
    record_usage(
        tenant_id=tenant_id or world.tenant_id,
        meter="boost_hours",
        units=units,
        identifier=identifier,
        at=clock.now(),
    )
    report_units(report_id=MeterReport.objects.get(identifier=identifier).pk)


def test_two_communities_of_one_payer_are_billed_each_unit_once(world: World, travel: Travel) -> None:
    """Stripe counts by customer: prices on each plan's subscription would bill the whole twice."""
    plan = world.shop.row()
    Subscription.objects.create(
        tenant=tenant_of(GLOBEX),
        payer=plan.payer,
        stripe_id="sub_globex",
        plan="growth",
        currency="usd",
        status="active",
    )
    use(world, "acme", 2)
    use(world, "globex", 5, tenant_of(GLOBEX).pk)
    assert UsageSubscription.objects.count() == 1
    Subscription.objects.filter(stripe_id="sub_globex").delete()
    customer = Payer.objects.get(pk=plan.payer_id).stripe_id or ""
    travel(noon(2, 1, 2031))
    invoices = world.shop.stripe.v1.invoices.list({"customer": customer, "limit": 100}).data
    units = [
        line.quantity
        for one in invoices
        for line in one.lines.data
        if line.amount and "Boost" in (line.description or "").title()
    ]
    assert units == [7]


def test_its_news_are_mirrored_and_no_plan_is_looked_for(world: World) -> None:
    use(world, "first")
    row = world.usage()
    world.shop.stripe.v1.subscriptions.cancel(row.stripe_id)
    thing = {"id": row.stripe_id, "object": "subscription", "customer": "cus_x"}
    event = come_in(make_event(type="customer.subscription.deleted", data={"object": thing}))
    work_off(event_id=event.pk)
    row.refresh_from_db()
    event.refresh_from_db()
    assert (event.state, event.tenant_id) == ("processed", None)  # something was done, for no one community
    assert (row.status, row.ended_at is not None) == ("canceled", True)
    assert world.shop.row().ended_at is None


def test_whoever_ended_it_gets_another_with_the_next_unit(world: World) -> None:
    use(world, "first")
    world.shop.stripe.v1.subscriptions.cancel(world.usage().stripe_id)
    use(world, "second")
    assert UsageSubscription.objects.count() == 2
    assert UsageSubscription.objects.filter(ended_at=None).count() == 1


def test_with_the_last_plan_it_ends_and_bills_what_was_used(world: World) -> None:
    use(world, "first", 4)
    assert end_idle_usage() == 0
    row = world.usage()
    Subscription.objects.update(ended_at=clock.now(), status="canceled")
    with clock.frozen_at(clock.now() + timedelta(minutes=1)):
        assert end_idle_usage() == 1
    row.refresh_from_db()
    assert (row.status, row.ended_at is not None) == ("canceled", True)
    invoices = world.shop.stripe.v1.invoices.list({"subscription": row.stripe_id}).data
    assert [line.quantity for one in invoices for line in one.lines.data if line.amount] == [4]
    assert end_idle_usage() == 0


def test_it_does_not_end_before_everything_was_reported(world: World) -> None:
    use(world, "first")
    record_usage(tenant_id=world.tenant_id, meter="boost_hours", units=1, identifier="second", at=clock.now())
    Subscription.objects.update(ended_at=clock.now(), status="canceled")
    assert end_idle_usage() == 0
    assert world.usage()


def test_the_hourly_comparison_knows_it(world: World) -> None:
    reconcile_billing()
    use(world, "first")
    assert [one for one in reconcile_billing().findings if one.kind != "event"] == []
    UsageSubscription.objects.update(status="past_due")
    assert [one.kind for one in reconcile_billing().findings if one.kind != "event"] == ["differs"]
    assert world.usage().status == "active"
    world.shop.stripe.v1.subscriptions.cancel(world.usage().stripe_id)
    assert [one.kind for one in reconcile_billing().findings if one.kind != "event"] == ["ended"]
    assert not UsageSubscription.objects.filter(ended_at=None).exists()


def test_one_that_a_dead_process_made_is_found_again(world: World, travel: Travel) -> None:
    """Its row was lost with the process, and Stripe has long forgotten the idempotency key."""
    use(world, "first")
    made = world.usage().stripe_id
    UsageSubscription.objects.all().delete()
    travel(noon(18))
    use(world, "second")
    assert world.usage().stripe_id == made
    customer = world.shop.row().payer.stripe_id or ""
    assert (
        len(world.shop.stripe.v1.subscriptions.list({"customer": customer}).data) == 2
    )  # the plan and the use
