"""A subscription begins: paid at once, with a trial, by invoice, or incomplete."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from .shop import DAY, Shop, at


def test_a_paid_subscription_is_active_with_a_paid_invoice(shop: Shop) -> None:
    subscription = shop.subscribe(shop.customer(), metadata={"tenant": "acme"})
    invoice = shop.invoice(subscription)
    assert subscription.status == "active"
    assert (invoice.status, invoice.amount_paid, invoice.billing_reason) == (
        "paid",
        5000,
        "subscription_create",
    )
    assert invoice.number.endswith("-0001")
    assert invoice.parent.subscription_details.subscription == subscription.id
    assert invoice.parent.subscription_details.metadata["tenant"] == "acme"
    assert [line.description for line in invoice.lines] == ["1 × Pro (at $50.00 / month)"]


def test_its_events_tell_the_story_in_order(shop: Shop) -> None:
    customer = shop.customer()
    before = len(shop.server.events)
    shop.subscribe(customer)
    assert shop.types(before) == [
        "invoice.created",
        "invoice.finalized",
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "invoice_payment.paid",
        "invoice.paid",
        "invoice.payment_succeeded",
        "customer.subscription.created",
    ]


def test_periods_stand_on_the_items_and_keep_the_last_day_of_the_month(shop: Shop) -> None:
    clock = shop.clock("2028-01-31T12:00:00")
    item = shop.subscribe(shop.customer(clock=clock))["items"].data[0]
    assert (item.current_period_start, item.current_period_end) == (
        at("2028-01-31T12:00:00"),
        at("2028-02-29T12:00:00"),
    )


def test_a_declined_card_leaves_it_incomplete(shop: Shop) -> None:
    subscription = shop.subscribe(shop.customer("pm_card_chargeCustomerFail"))
    invoice = shop.invoice(subscription)
    assert subscription.status == "incomplete"
    assert (invoice.status, invoice.attempt_count, invoice.next_payment_attempt) == ("open", 1, None)
    assert "invoice.payment_failed" in shop.types()


def test_error_if_incomplete_raises_and_leaves_nothing(shop: Shop) -> None:
    customer = shop.customer("pm_card_chargeCustomerFail")
    before = len(shop.server.events)
    with pytest.raises(stripe.CardError) as caught:
        shop.subscribe(customer, payment_behavior="error_if_incomplete")
    assert (caught.value.code, caught.value.http_status) == ("card_declined", 402)
    assert shop.stripe.v1.subscriptions.list({"customer": customer, "status": "all"}).data == []
    assert len(shop.server.events) == before


def test_without_a_card_there_is_nothing_to_charge(shop: Shop) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        shop.subscribe(shop.customer(None))
    assert caught.value.code == "resource_missing"


def test_default_incomplete_waits_for_the_payment_intent(shop: Shop) -> None:
    customer = shop.customer()
    subscription = shop.subscribe(
        customer, payment_behavior="default_incomplete", expand=["latest_invoice.payments"]
    )
    assert subscription.status == "incomplete"
    intent = subscription.latest_invoice.payments.data[0].payment.payment_intent
    shop.stripe.v1.payment_intents.confirm(intent, {"payment_method": "pm_card_visa"})
    assert shop.get(subscription).status == "active"


def test_a_card_with_3d_secure_waits_for_its_owner(shop: Shop) -> None:
    subscription = shop.subscribe(shop.customer("pm_card_authenticationRequired"))
    assert subscription.status == "incomplete"
    assert "invoice.payment_action_required" in shop.types()
    intent = shop.server.last_event("payment_intent.requires_action")["data"]["object"]
    shop.server.write(lambda store: _approve(store, intent["id"]))
    assert shop.get(subscription).status == "active"


def _approve(store: object, intent: str) -> None:
    from ops.sandbox.stripe.payments.intents import authenticate

    authenticate(store, store.get("payment_intent", intent), succeeded=True)  # type: ignore[arg-type,attr-defined]


def test_an_incomplete_subscription_expires_after_23_hours(shop: Shop) -> None:
    clock = shop.clock()
    subscription = shop.subscribe(shop.customer("pm_card_chargeCustomerFail", clock))
    shop.advance(clock, at("2027-01-31T12:00:00") + 23 * 3600)
    assert shop.get(subscription).status == "incomplete_expired"
    assert shop.invoice(subscription).status == "void"


def test_a_trial_costs_nothing_and_warns_three_days_before_its_end(shop: Shop) -> None:
    clock = shop.clock()
    subscription = shop.subscribe(shop.customer(clock=clock), trial_period_days=14)
    assert (subscription.status, subscription.trial_end) == ("trialing", at("2027-02-14T12:00:00"))
    assert shop.invoice(subscription).amount_due == 0
    assert [line.description for line in shop.invoice(subscription).lines] == ["Trial period for Pro"]
    shop.advance(clock, "2027-02-11T11:59:59")
    assert "customer.subscription.trial_will_end" not in shop.types()
    shop.advance(clock, "2027-02-11T12:00:00")
    assert shop.types().count("customer.subscription.trial_will_end") == 1
    shop.advance(clock, "2027-02-14T13:00:00")
    assert shop.get(subscription).status == "active"
    assert shop.invoice(subscription).amount_paid == 5000
    assert shop.get(subscription)["items"].data[0].current_period_end == at("2027-03-14T12:00:00")


@pytest.mark.parametrize(
    ("behavior", "status", "event"),
    [
        ("cancel", "canceled", "customer.subscription.deleted"),
        ("pause", "paused", "customer.subscription.paused"),
        ("create_invoice", "past_due", "invoice.payment_failed"),
    ],
)
def test_a_trial_that_ends_without_a_card(shop: Shop, behavior: str, status: str, event: str) -> None:
    clock = shop.clock()
    subscription = shop.subscribe(
        shop.customer(None, clock),
        trial_period_days=7,
        trial_settings={"end_behavior": {"missing_payment_method": behavior}},
    )
    shop.advance(clock, at("2027-01-31T12:00:00") + 7 * DAY + 3600)
    assert shop.get(subscription).status == status
    assert event in shop.types()


@pytest.mark.parametrize("anchor", [{}, {"billing_cycle_anchor": {"type": "unchanged"}}])
def test_a_paused_subscription_resumes_with_a_card(shop: Shop, anchor: Any) -> None:
    clock = shop.clock()
    customer = shop.customer(None, clock)
    pause = {"end_behavior": {"missing_payment_method": "pause"}}
    subscription = shop.subscribe(customer, trial_period_days=7, trial_settings=pause)
    shop.advance(clock, at("2027-02-08T00:00:00"))
    shop.give_card(customer, "pm_card_visa")
    resumed = shop.stripe.v1.subscriptions.resume(subscription.id, anchor)
    assert (resumed.billing_cycle_anchor == subscription.billing_cycle_anchor) is bool(anchor)
    assert (resumed.status, shop.invoice(subscription).amount_paid) == ("active", 5000)
    assert "customer.subscription.resumed" in shop.types()


def test_by_invoice_it_is_active_and_the_invoice_is_sent_later(shop: Shop) -> None:
    clock = shop.clock()
    subscription = shop.subscribe(
        shop.customer(None, clock), collection_method="send_invoice", days_until_due=14
    )
    assert (subscription.status, shop.invoice(subscription).status) == ("active", "draft")
    shop.advance(clock, "2027-01-31T13:00:00")
    invoice = shop.invoice(subscription)
    assert (invoice.status, invoice.due_date) == ("open", at("2027-02-14T13:00:00"))
    shop.advance(clock, "2027-02-14T13:00:00")
    assert shop.get(subscription).status == "past_due"
    shop.stripe.v1.invoices.pay(invoice.id, {"paid_out_of_band": True})
    assert shop.get(subscription).status == "active"


def test_a_later_anchor_is_reached_by_a_share(shop: Shop) -> None:
    clock = shop.clock("2027-01-16T00:00:00")
    subscription = shop.subscribe(shop.customer(clock=clock), billing_cycle_anchor=at("2027-02-01T00:00:00"))
    assert shop.invoice(subscription).amount_paid == round(5000 * 16 / 31)
    shop.advance(clock, "2027-02-01T01:00:00")
    assert shop.invoice(subscription).amount_paid == 5000


@pytest.mark.parametrize(
    ("wrong", "param"),
    [
        ({"items": []}, "items"),
        ({"items": [{"price": "price_none"}]}, "items[0][price]"),
        ({"customer": "cus_none"}, "customer"),
        ({"trial_end": 1}, "trial_end"),
        ({"collection_method": "send_invoice"}, "days_until_due"),
        ({"discounts": [{"coupon": "none"}]}, "discounts[0][coupon]"),
    ],
)
def test_wrong_parameters_are_refused_by_name(shop: Shop, wrong: dict[str, object], param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        shop.stripe.v1.subscriptions.create(
            {"customer": shop.customer(), "items": [{"price": shop.pro}], **wrong}
        )  # type: ignore[typeddict-item]
    assert caught.value.param == param


def test_another_currency_than_the_customers_is_refused(shop: Shop) -> None:
    customer = shop.customer()
    first = shop.subscribe(customer, currency="eur")
    assert (first.currency, shop.invoice(first).amount_paid) == ("eur", 4500)
    with pytest.raises(stripe.InvalidRequestError, match="cannot combine currencies"):
        shop.subscribe(customer, currency="usd")
