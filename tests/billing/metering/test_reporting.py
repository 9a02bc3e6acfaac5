"""Each recorded unit reaches Stripe's meter once, whatever is lost on the way."""

from __future__ import annotations

from datetime import timedelta

import pytest

from billing.errors import StripeAwayError, StripeRefusedError
from billing.metering import reporting
from billing.metering.recording import record_usage
from billing.metering.reporting import CLAIM, KNOWN_FOR, report_units, sweep_reports
from billing.models import MeterReport, UsageSubscription
from saas.core import clock
from saas.events.retries import RetryLaterError
from tests.billing.metering.conftest import Travel
from tests.billing.metering.world import World, noon

METER_EVENTS = "/v1/billing/meter_events"


def record(world: World, units: int = 3, identifier: str = "hours 1-3", **at: object) -> MeterReport:
    record_usage(
        tenant_id=world.tenant_id, meter="boost_hours", units=units, identifier=identifier, at=clock.now()
    )
    return MeterReport.objects.get(identifier=identifier)


def state_of(report: MeterReport) -> tuple[str, str]:
    report.refresh_from_db()
    return report.state, report.error


def test_the_first_unit_begins_a_subscription_for_use_in_calendar_months(world: World) -> None:
    report = record(world)
    report_units(report_id=report.pk)
    assert state_of(report) == ("sent", "")
    (event,) = world.at_stripe()
    assert (event["value"], event["identifier"]) == (3, "hours 1-3")
    row = world.usage()
    told = world.shop.stripe.v1.subscriptions.retrieve(row.stripe_id)
    assert {item.price.lookup_key for item in told["items"].data} == {
        "boost_hours_month",
        "active_members_month",
    }
    assert row.period_end == noon(1, 1, 2031).replace(hour=0)
    assert (told.status, told.customer) == ("active", event["customer"])
    assert told.default_payment_method is not None


def test_later_ones_find_it(world: World) -> None:
    for number in range(3):
        report_units(report_id=record(world, identifier=f"hours {number}").pk)
    assert UsageSubscription.objects.count() == 1
    assert world.units_at_stripe() == 9


def test_at_the_months_end_each_unit_is_on_the_bill_once(world: World, travel: Travel) -> None:
    world.allow(5_000)
    world.boost(67)
    world.count()
    world.report_all()
    row = world.usage()
    travel(noon(2, 1, 2031))
    invoices = world.shop.stripe.v1.invoices.list({"subscription": row.stripe_id}).data
    billed = [(line.quantity, line.amount) for one in invoices for line in one.lines.data if line.amount]
    assert billed == [(7, 70)]
    assert {one.status for one in invoices if one.total} == {"paid"}
    plan_invoices = world.shop.stripe.v1.invoices.list({"subscription": world.shop.row().stripe_id}).data
    assert all(line.amount in {2500, 0} for one in plan_invoices for line in one.lines.data)


def test_a_settled_one_is_left_alone(world: World) -> None:
    report = record(world)
    for _ in range(3):
        report_units(report_id=report.pk)
    report_units(report_id=10**15)
    assert world.units_at_stripe() == 3


def test_a_lost_answer_is_asked_for_again_and_counts_once(world: World) -> None:
    """Stripe did the work, and the connection broke before it said so."""
    report = record(world)
    world.shop.server.control.faults(cut=True, after=True, path=METER_EVENTS)
    with pytest.raises(StripeAwayError):
        report_units(report_id=report.pk)
    assert state_of(report)[0] == "waiting"
    assert world.units_at_stripe() == 3
    world.shop.server.control.clear_faults()
    report_units(report_id=report.pk)
    assert state_of(report) == ("sent", "")
    assert world.units_at_stripe() == 3


def test_without_its_identifier_a_lost_answer_would_count_twice(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the test above: another identifier for each try."""
    report = record(world)
    world.shop.server.control.faults(cut=True, after=True, path=METER_EVENTS)
    with pytest.raises(StripeAwayError):
        report_units(report_id=report.pk)
    world.shop.server.control.clear_faults()
    MeterReport.objects.update(identifier="another")
    report_units(report_id=report.pk)
    assert world.units_at_stripe() == 6


def test_a_crash_between_stripes_answer_and_our_note_counts_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = record(world)
    monkeypatch.setattr(reporting, "_settle", _die)
    with pytest.raises(KeyboardInterrupt):
        report_units(report_id=report.pk)
    monkeypatch.undo()
    assert (state_of(report)[0], world.units_at_stripe()) == ("waiting", 3)
    with pytest.raises(RetryLaterError):
        report_units(report_id=report.pk)  # the dead worker's claim
    with clock.frozen_at(clock.now() + CLAIM + timedelta(seconds=1)):
        report_units(report_id=report.pk)
    assert (state_of(report), world.units_at_stripe()) == (("sent", ""), 3)


def test_stripe_says_that_it_has_it_already(world: World) -> None:
    """Its idempotency key was forgotten, the identifier was not."""
    report = record(world)
    report_units(report_id=report.pk)
    MeterReport.objects.update(state="waiting", claimed_until=None)
    world.shop.server.write(
        lambda store: [store.delete("_idempotency", one["id"]) for one in store.list("_idempotency")]
    )
    report_units(report_id=report.pk)
    assert (state_of(report), world.units_at_stripe()) == (("sent", ""), 3)


def test_when_stripe_may_have_forgotten_the_identifier_it_is_not_sent_again(
    world: World, travel: Travel
) -> None:
    report = record(world)
    world.shop.server.control.faults(cut=True, after=True, path=METER_EVENTS)
    with pytest.raises(StripeAwayError):
        report_units(report_id=report.pk)
    world.shop.server.control.clear_faults()
    travel(clock.now() + KNOWN_FOR + timedelta(minutes=1))
    report_units(report_id=report.pk)
    state, why = state_of(report)
    assert (state, "answer was lost" in why) == ("spared", True)
    assert world.units_at_stripe() == 3


def test_a_refusal_is_an_answer_and_is_tried_as_long_as_it_takes(world: World, travel: Travel) -> None:
    report = record(world)
    meter = world.shop.stripe.v1.billing.meters.list({"limit": 10}).data
    hours = next(one for one in meter if one.event_name == "boost_hours")
    world.shop.stripe.v1.billing.meters.deactivate(hours.id)
    with pytest.raises(StripeRefusedError):
        report_units(report_id=report.pk)
    world.shop.server.take_violations()
    travel(clock.now() + KNOWN_FOR * 2)
    world.shop.stripe.v1.billing.meters.reactivate(hours.id)
    report_units(report_id=report.pk)
    assert (state_of(report), world.units_at_stripe()) == (("sent", ""), 3)


def test_while_the_months_bill_is_a_draft_it_still_takes_them(world: World, travel: Travel) -> None:
    report_units(report_id=record(world, 1, "first").pk)
    travel(noon(31).replace(hour=23, minute=50))
    report = record(world, 2, "last hours")
    travel(noon(1, 1, 2031).replace(hour=0, minute=20))
    report_units(report_id=report.pk)
    assert state_of(report) == ("sent", "")
    last = world.at_stripe()[-1]
    assert (last["value"], last["timestamp"]) == (2, int(report.at.timestamp()))


def test_after_the_bill_is_closed_they_are_shown_as_not_charged(world: World, travel: Travel) -> None:
    report_units(report_id=record(world, 1, "first").pk)
    travel(noon(31))
    report = record(world, 2, "late")
    travel(noon(3, 1, 2031))
    report_units(report_id=report.pk)
    state, why = state_of(report)
    assert (state, "closed" in why) == ("spared", True)
    assert world.units_at_stripe() == 1


def test_what_is_older_than_stripe_takes_is_shown_as_not_charged(world: World) -> None:
    report = record(world)
    MeterReport.objects.update(at=clock.now() - timedelta(days=36))
    report_units(report_id=report.pk)
    assert state_of(report)[0] == "spared"
    assert world.at_stripe() == []


def test_when_the_plan_ended_first_they_are_shown_as_not_charged(world: World) -> None:
    report = record(world)
    row = world.shop.row()
    row.ended_at = clock.now()
    row.save()
    report_units(report_id=report.pk)
    state, why = state_of(report)
    assert (state, "plan had ended" in why) == ("spared", True)
    assert world.at_stripe() == []


def test_a_report_that_lost_its_job_is_found(world: World) -> None:
    from django.db import connection

    report = record(world)
    assert sweep_reports() == 0
    with connection.cursor() as cursor:
        cursor.execute("delete from procrastinate_jobs")
    with clock.frozen_at(clock.now() + timedelta(minutes=20)):
        assert sweep_reports() == 1
        assert sweep_reports() == 0
    world.report_all()
    assert state_of(report) == ("sent", "")


def _die(*_: object) -> None:
    raise KeyboardInterrupt
