"""Meters: each unit once, within its time, for a customer that there is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ops.sandbox.stripe.refusals import refusal
from tests.stripe import StripeServer


@pytest.fixture
def meter(stripe_server: StripeServer) -> Any:
    return stripe_server.client.v1.billing.meters.create(
        {
            "display_name": "Boost hours",
            "event_name": "boost_hours",
            "default_aggregation": {"formula": "sum"},
        }
    )


@pytest.fixture
def customer(stripe_server: StripeServer) -> str:
    return stripe_server.client.v1.customers.create({}).id


def report(stripe_server: StripeServer, customer: str, value: object = 3, **params: Any) -> Any:
    payload = {"stripe_customer_id": customer, "value": str(value)}
    sent = {"event_name": "boost_hours", "payload": payload, **params}
    return stripe_server.client.v1.billing.meter_events.create(sent)


def test_what_is_reported_is_summed(stripe_server: StripeServer, meter: Any, customer: str):
    other = stripe_server.client.v1.customers.create({}).id
    now = report(stripe_server, customer, 3).timestamp
    report(stripe_server, customer, 4, timestamp=now - 3600)
    report(stripe_server, other, 100)
    start = now - now % 3600 - 7200

    window = {"customer": customer, "start_time": start, "end_time": start + 4 * 3600}
    whole = stripe_server.client.v1.billing.meters.event_summaries.list(meter.id, window)
    hours = stripe_server.client.v1.billing.meters.event_summaries.list(
        meter.id, {**window, "value_grouping_window": "hour"}
    )

    assert [one.aggregated_value for one in whole.data] == [7]
    assert [one.aggregated_value for one in hours.data] == [3, 4]
    crooked = {**window, "start_time": start + 1}
    assert (
        refusal(lambda: stripe_server.client.v1.billing.meters.event_summaries.list(meter.id, crooked)).param
        == "start_time"
    )


def test_an_identifier_counts_once_a_day(stripe_server: StripeServer, meter: Any, customer: str):
    report(stripe_server, customer, identifier="unit-1")

    error = refusal(lambda: report(stripe_server, customer, identifier="unit-1"))
    stripe_server.control.advance(25 * 3600)
    report(stripe_server, customer, identifier="unit-1")

    assert (error.http_status, error.param) == (400, "identifier")


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"event_name": "unknown"}, "no_meter"),
        ({"payload": {"value": "1"}}, "meter_event_no_customer_defined"),
        ({"payload": {"value": "1", "stripe_customer_id": "cus_none"}}, "meter_event_customer_not_found"),
        ({"value": "1.5"}, "meter_event_invalid_value"),
        ({"value": "many"}, "meter_event_invalid_value"),
    ],
)
def test_what_cannot_be_counted_is_refused(
    stripe_server: StripeServer, meter: Any, customer: str, params: Any, code: str
):
    assert refusal(lambda: report(stripe_server, customer, **params)).code == code


@pytest.mark.parametrize(("days", "code"), [(-36, "timestamp_too_far_in_past"), (1, "timestamp_in_future")])
def test_a_time_out_of_bounds_is_refused(
    stripe_server: StripeServer, meter: Any, customer: str, days: int, code: str
):
    timestamp = meter.created + days * 86_400

    assert refusal(lambda: report(stripe_server, customer, timestamp=timestamp)).code == code


def test_a_report_can_be_taken_back_within_a_day(stripe_server: StripeServer, meter: Any, customer: str):
    now = report(stripe_server, customer, identifier="unit-1").timestamp
    adjustments = stripe_server.client.v1.billing.meter_event_adjustments
    adjustments.create({"event_name": "boost_hours", "type": "cancel", "cancel": {"identifier": "unit-1"}})

    start = now - now % 60 - 60
    window = {"customer": customer, "start_time": start, "end_time": start + 180}
    assert stripe_server.client.v1.billing.meters.event_summaries.list(meter.id, window).data == []


def test_a_meter_that_sleeps_takes_nothing_and_its_name_is_free(
    stripe_server: StripeServer, meter: Any, customer: str
):
    meters = stripe_server.client.v1.billing.meters
    again = {"display_name": "Hours", "event_name": "boost_hours", "default_aggregation": {"formula": "sum"}}
    taken = refusal(lambda: meters.create(again))
    asleep = meters.deactivate(meter.id)

    assert taken.param == "event_name"
    assert asleep.status_transitions.deactivated_at
    assert refusal(lambda: report(stripe_server, customer)).code == "archived_meter"
    assert meters.reactivate(meter.id).status == "active"


def test_a_metered_price_needs_an_active_meter(stripe_server: StripeServer, meter: Any):
    sent = {
        "currency": "usd",
        "unit_amount": 5,
        "product_data": {"name": "Boosts"},
        "recurring": {"interval": "month", "usage_type": "metered", "meter": meter.id},
    }

    assert stripe_server.client.v1.prices.create(sent).recurring.meter == meter.id
    stripe_server.client.v1.billing.meters.deactivate(meter.id)
    assert refusal(lambda: stripe_server.client.v1.prices.create(sent)).param == "recurring[meter]"
