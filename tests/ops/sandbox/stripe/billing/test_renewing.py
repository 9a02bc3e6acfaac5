"""Time goes by: renewals, retries, what ends by itself; a year of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import stripe

from .shop import DAY, Shop, at

START = at("2027-04-01T00:00:00")
END = at("2027-05-01T00:00:00")


def running(shop: Shop, price: str | None = None, **more: Any) -> tuple[Any, str]:
    clock = shop.clock("2027-04-01T00:00:00")
    return shop.subscribe(shop.customer(clock=clock), price, **more), clock


def test_a_renewal_is_a_draft_for_an_hour_and_then_paid(shop: Shop) -> None:
    subscription, clock = running(shop)
    before = len(shop.server.events)
    shop.advance(clock, END)
    draft = shop.invoice(subscription)
    assert (draft.status, draft.billing_reason, draft.automatically_finalizes_at) == (
        "draft",
        "subscription_cycle",
        END + 3600,
    )
    assert (draft.period_start, draft.period_end) == (START, END)
    assert (draft.lines.data[0].period.start, draft.lines.data[0].period.end) == (
        END,
        at("2027-06-01T00:00:00"),
    )
    shop.advance(clock, END + 3600)
    assert shop.invoice(subscription).status == "paid"
    assert [t for t in shop.types(before) if not t.startswith("test_helpers")] == [
        "invoice.upcoming", "invoice.created", "customer.subscription.updated", "invoice.finalized",
        "payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "invoice_payment.paid", "invoice.paid",
        "invoice.payment_succeeded",
    ]  # fmt: skip


def test_a_failed_renewal_is_tried_again_and_ends_the_subscription(shop: Shop) -> None:
    subscription, clock = running(shop)
    shop.give_card(subscription.customer, "pm_card_chargeCustomerFail")
    failed = END + 3600
    shop.advance(clock, failed)
    assert (shop.get(subscription).status, shop.invoice(subscription).next_payment_attempt) == (
        "past_due",
        failed + 3 * DAY,
    )
    shop.advance(clock, failed + 3 * DAY)
    assert shop.invoice(subscription).next_payment_attempt == failed + 8 * DAY
    shop.advance(clock, failed + 15 * DAY)
    after = shop.get(subscription)
    assert (after.status, after.cancellation_details.reason) == ("canceled", "payment_failed")
    assert (shop.invoice(subscription).attempt_count, shop.invoice(subscription).status) == (4, "open")
    assert shop.types().count("invoice.payment_failed") == 4


def test_it_may_be_left_unpaid_instead(shop: Shop) -> None:
    shop.server.control.billing(end_of_retries="unpaid", retry_days=[1])
    subscription, clock = running(shop)
    shop.give_card(subscription.customer, "pm_card_chargeCustomerFail")
    shop.advance(clock, END + 3600 + DAY)
    assert shop.get(subscription).status == "unpaid"
    shop.advance(clock, at("2027-06-02T00:00:00"))
    assert (shop.invoice(subscription).status, shop.invoice(subscription).auto_advance) == ("draft", False)


def test_a_new_card_brings_it_back(shop: Shop) -> None:
    subscription, clock = running(shop)
    shop.give_card(subscription.customer, "pm_card_chargeCustomerFail")
    shop.advance(clock, END + 3600)
    shop.give_card(subscription.customer, "pm_card_visa")
    shop.advance(clock, END + 3600 + 3 * DAY)
    assert (shop.get(subscription).status, shop.invoice(subscription).status) == ("active", "paid")


def test_a_renewal_with_3d_secure_asks_its_owner(shop: Shop) -> None:
    subscription, clock = running(shop)
    shop.give_card(subscription.customer, "pm_card_authenticationRequired")
    shop.advance(clock, END + 3600)
    assert shop.get(subscription).status == "past_due"
    assert "invoice.payment_action_required" in shop.types()


@pytest.mark.parametrize(
    ("duration", "paid"),
    [
        ({"duration": "once"}, [2500, 5000, 5000, 5000]),
        ({"duration": "repeating", "duration_in_months": 2}, [2500, 2500, 5000, 5000]),
        ({"duration": "forever"}, [2500, 2500, 2500, 2500]),
    ],
)
def test_coupons_run_as_long_as_they_say(shop: Shop, duration: dict[str, Any], paid: list[int]) -> None:
    coupon = shop.stripe.v1.coupons.create({"percent_off": 50, **duration})  # type: ignore[typeddict-item]
    subscription, clock = running(shop, discounts=[{"coupon": coupon.id}])
    for month in ("05", "06", "07"):
        shop.advance(clock, f"2027-{month}-02T00:00:00")
    invoices = shop.stripe.v1.invoices.list({"subscription": subscription.id}).data
    assert [one.amount_paid for one in reversed(invoices)] == paid
    assert shop.stripe.v1.coupons.retrieve(coupon.id).times_redeemed == 1


def test_metered_usage_is_billed_after_the_period(shop: Shop) -> None:
    meter = shop.stripe.v1.billing.meters.create(
        {"display_name": "Hours", "event_name": "boost_hour", "default_aggregation": {"formula": "sum"}}
    )
    metered = shop.price(
        "Boost hours", 0, 0, unit_amount=None, currency_options=None, billing_scheme="tiered", tiers_mode="graduated",
        tiers=[{"up_to": 10, "unit_amount": 0}, {"up_to": "inf", "unit_amount": 50}],
        recurring={"interval": "month", "usage_type": "metered", "meter": meter.id},
    )  # fmt: skip
    subscription, clock = running(shop, items=[{"price": shop.starter}, {"price": metered}])
    assert shop.invoice(subscription).amount_paid == 1000
    for moment in (START + DAY, START + 5 * DAY):
        shop.advance(clock, moment)
        shop.stripe.v1.billing.meter_events.create(
            {
                "event_name": "boost_hour",
                "payload": {"stripe_customer_id": subscription.customer, "value": "7"},
            }
        )
    said = shop.stripe.v1.invoices.create_preview({"subscription": subscription.id})
    assert [line.amount for line in said.lines] == [200, 1000]
    shop.advance(clock, END + 3600)
    assert shop.invoice(subscription).amount_paid == 1200
    assert [line.quantity for line in shop.invoice(subscription).lines] == [14, 1]


def test_collection_may_be_paused(shop: Shop) -> None:
    subscription, clock = running(shop)
    shop.stripe.v1.subscriptions.update(
        subscription.id, {"pause_collection": {"behavior": "void", "resumes_at": at("2027-05-15T00:00:00")}}
    )
    shop.advance(clock, END + 3600)
    assert (shop.invoice(subscription).status, shop.get(subscription).status) == ("void", "active")
    shop.advance(clock, at("2027-06-01T01:00:00"))
    assert (shop.invoice(subscription).status, shop.get(subscription).pause_collection) == ("paid", None)


def test_a_year_keeps_the_last_day_of_each_month(shop: Shop) -> None:
    clock = shop.clock("2027-01-31T12:00:00")
    subscription = shop.subscribe(shop.customer(clock=clock))
    for month in range(2, 14):
        shop.advance(
            clock,
            int(datetime(2027 + month // 13, (month - 1) % 12 + 1, 28, tzinfo=UTC).timestamp()) + 4 * DAY,
        )
    invoices = list(
        reversed(shop.stripe.v1.invoices.list({"subscription": subscription.id, "limit": 100}).data)
    )
    days = [datetime.fromtimestamp(one.lines.data[0].period.start, UTC).strftime("%m-%d") for one in invoices]
    assert days == [
        "01-31", "02-28", "03-31", "04-30", "05-31", "06-30", "07-31", "08-31", "09-30", "10-31", "11-30", "12-31", "01-31",
    ]  # fmt: skip
    assert {(one.status, one.amount_paid) for one in invoices} == {("paid", 5000)}
    assert len({one.number for one in invoices}) == 13


def test_without_a_test_clock_the_worlds_time_counts(shop: Shop) -> None:
    subscription = shop.subscribe(shop.customer())
    shop.server.control.advance(70 * DAY)
    invoices = shop.stripe.v1.invoices.list({"subscription": subscription.id}).data
    assert [one.status for one in invoices] == ["paid", "paid", "paid"]
    ended = subscription["items"].data[0].current_period_end
    assert abs(invoices[1].created - ended) <= 1


# --- test clocks ---


def test_a_clock_goes_forward_only_and_not_too_far(shop: Shop) -> None:
    _, clock = running(shop)
    for moment, words in (
        (START - 1, "forward"),
        (START, "forward"),
        (at("2027-06-02T00:00:00"), "intervals"),
    ):
        with pytest.raises(stripe.InvalidRequestError, match=words):
            shop.stripe.v1.test_helpers.test_clocks.advance(clock, {"frozen_time": moment})


def test_a_clock_says_that_it_advances(shop: Shop) -> None:
    _, clock = running(shop)
    answer = shop.stripe.v1.test_helpers.test_clocks.advance(clock, {"frozen_time": END})
    assert (answer.status, answer.status_details.advancing.target_frozen_time) == ("advancing", END)
    assert shop.arrive(clock).frozen_time == END


def test_a_deleted_clock_takes_its_customers_along(shop: Shop) -> None:
    subscription, clock = running(shop)
    assert shop.stripe.v1.test_helpers.test_clocks.delete(clock).deleted
    with pytest.raises(stripe.InvalidRequestError):
        shop.get(subscription)
    assert shop.stripe.v1.customers.retrieve(subscription.customer).deleted
