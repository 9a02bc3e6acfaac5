"""Changes that happen less often: trials moved, items added, discounts ended, customers deleted, a restart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import stripe

from ops.sandbox.stripe.config import LOCAL_KEY, Config
from ops.sandbox.stripe.thread import LocalStripeThread

from .shop import DAY, Shop, at

START, END = at("2027-04-01T00:00:00"), at("2027-05-01T00:00:00")


def running(shop: Shop, price: str | None = None, **more: Any) -> tuple[Any, str]:
    clock = shop.clock("2027-04-01T00:00:00")
    return shop.subscribe(shop.customer(clock=clock), price, **more), clock


def test_a_trial_ends_when_it_is_told_to(shop: Shop) -> None:
    subscription, clock = running(shop, trial_period_days=14)
    shop.advance(clock, START + 5 * DAY)
    after = shop.stripe.v1.subscriptions.update(subscription.id, {"trial_end": "now"})
    assert (after.status, after.trial_end, after.billing_cycle_anchor) == (
        "active",
        START + 5 * DAY,
        START + 5 * DAY,
    )
    assert shop.invoice(after).amount_paid == 5000
    assert after["items"].data[0].current_period_end == at("2027-05-06T00:00:00")


def test_a_trial_is_made_longer(shop: Shop) -> None:
    subscription, clock = running(shop, trial_period_days=7)
    shop.advance(clock, START + 5 * DAY)
    after = shop.stripe.v1.subscriptions.update(subscription.id, {"trial_end": START + 20 * DAY})
    assert (after.status, after["items"].data[0].current_period_end) == ("trialing", START + 20 * DAY)
    assert shop.invoice(after).total == 0
    shop.advance(clock, START + 20 * DAY + 3600)
    assert (shop.get(after).status, shop.invoice(after).amount_paid) == ("active", 5000)
    assert shop.types().count("customer.subscription.trial_will_end") == 2


def test_a_plan_changed_in_its_trial_costs_nothing_before_its_end(shop: Shop) -> None:
    subscription, clock = running(shop, trial_period_days=7)
    item = subscription["items"].data[0].id
    after = shop.stripe.v1.subscriptions.update(
        subscription.id,
        {"items": [{"id": item, "price": shop.starter}], "proration_behavior": "always_invoice"},
    )
    assert (after.status, len(shop.stripe.v1.invoices.list({"subscription": after.id}).data)) == (
        "trialing",
        1,
    )
    shop.advance(clock, START + 7 * DAY + 3600)
    assert shop.invoice(after).amount_paid == 1000


def test_items_come_and_go(shop: Shop) -> None:
    subscription, clock = running(shop)
    shop.advance(clock, at("2027-04-16T00:00:00"))
    added = shop.stripe.v1.subscription_items.create(
        {
            "subscription": subscription.id,
            "price": shop.starter,
            "quantity": 3,
            "proration_behavior": "always_invoice",
        }
    )
    assert shop.invoice(subscription).amount_paid == 1500
    assert shop.stripe.v1.subscription_items.update(added.id, {"quantity": 1}).quantity == 1
    assert shop.stripe.v1.subscription_items.delete(
        added.id, {"proration_behavior": "always_invoice"}
    ).deleted
    # Three halves were paid, and are given back: twice a half for fewer, once for the rest.
    assert shop.invoice(subscription).total == -1500
    with pytest.raises(stripe.InvalidRequestError) as caught:
        shop.stripe.v1.subscription_items.retrieve(added.id)
    assert caught.value.code == "resource_missing"
    with pytest.raises(stripe.InvalidRequestError, match="same plan"):
        shop.stripe.v1.subscription_items.create({"subscription": subscription.id, "price": shop.pro})


def test_intervals_are_not_mixed(shop: Shop) -> None:
    subscription, _ = running(shop)
    with pytest.raises(stripe.InvalidRequestError, match="must have the same"):
        shop.stripe.v1.subscription_items.create({"subscription": subscription.id, "price": shop.yearly})


def test_a_discount_is_given_and_taken_away(shop: Shop) -> None:
    subscription, clock = running(shop)
    coupon = shop.stripe.v1.coupons.create({"amount_off": 700, "currency": "usd", "duration": "forever"})
    after = shop.stripe.v1.subscriptions.update(
        subscription.id, {"discounts": [{"coupon": coupon.id}], "expand": ["discounts"]}
    )
    assert after.discounts[0].source.coupon == coupon.id
    shop.advance(clock, END + 3600)
    invoice = shop.invoice(after)
    assert (invoice.amount_paid, invoice.total_discount_amounts[0].amount) == (4300, 700)
    shop.stripe.v1.subscriptions.delete_discount(subscription.id)
    shop.advance(clock, at("2027-06-01T01:00:00"))
    assert shop.invoice(after).amount_paid == 5000
    assert "customer.discount.deleted" in shop.types()


@pytest.mark.parametrize("restriction", ["first_time", "customer", "expired"])
def test_promotion_codes_may_be_restricted(shop: Shop, restriction: str) -> None:
    coupon = shop.stripe.v1.coupons.create({"percent_off": 10, "duration": "once"})
    customer = shop.customer()
    shop.subscribe(customer)
    params: Any = {"promotion": {"type": "coupon", "coupon": coupon.id}}
    if restriction == "first_time":
        params["restrictions"] = {"first_time_transaction": True}
    elif restriction == "customer":
        params["customer"] = shop.customer()
    else:
        params["expires_at"] = shop.server.control.describe()["now"] + 60
    code = shop.stripe.v1.promotion_codes.create(params)
    if restriction == "expired":
        shop.server.control.advance(120)
    with pytest.raises(stripe.InvalidRequestError):
        shop.subscribe(customer, discounts=[{"promotion_code": code.id}])


def test_a_preview_can_leave_the_discounts_out(shop: Shop) -> None:
    coupon = shop.stripe.v1.coupons.create({"percent_off": 50, "duration": "forever"})
    subscription, _ = running(shop, discounts=[{"coupon": coupon.id}])
    params: Any = {"subscription": subscription.id}
    assert shop.stripe.v1.invoices.create_preview(params).total == 2500
    assert shop.stripe.v1.invoices.create_preview(params | {"discounts": ""}).total == 5000


def test_an_end_with_the_period_moves_with_it(shop: Shop) -> None:
    subscription, clock = running(shop, cancel_at_period_end=True)
    item = subscription["items"].data[0].id
    after = shop.stripe.v1.subscriptions.update(
        subscription.id, {"items": [{"id": item, "price": shop.yearly}]}
    )
    assert after.cancel_at == after["items"].data[0].current_period_end == at("2028-04-01T00:00:00")
    shop.advance(clock, END + DAY)
    assert shop.get(subscription).status == "active"


def test_a_plan_may_become_one_by_usage(shop: Shop) -> None:
    meter = shop.stripe.v1.billing.meters.create(
        {"display_name": "Hours", "event_name": "hour", "default_aggregation": {"formula": "sum"}}
    )
    metered = shop.price(
        "Hours", 50, 40, recurring={"interval": "month", "usage_type": "metered", "meter": meter.id}
    )
    subscription, _ = running(shop)
    item = subscription["items"].data[0].id
    after = shop.stripe.v1.subscriptions.update(subscription.id, {"items": [{"id": item, "price": metered}]})
    assert after["items"].data[0].price.id == metered
    with pytest.raises(stripe.InvalidRequestError, match="metered"):
        shop.stripe.v1.subscription_items.update(item, {"quantity": 2})


def test_a_deleted_customer_takes_its_subscriptions_along(shop: Shop) -> None:
    subscription, clock = running(shop)
    shop.stripe.v1.customers.delete(subscription.customer)
    assert shop.get(subscription).status == "canceled"
    assert "customer.subscription.deleted" in shop.types()
    shop.advance(clock, END + 3600)
    assert len(shop.stripe.v1.invoices.list({"subscription": subscription.id}).data) == 1


def test_a_refund_leaves_the_invoice_paid(shop: Shop) -> None:
    subscription, _ = running(shop)
    payments = shop.stripe.v1.invoice_payments.list({"invoice": subscription.latest_invoice}).data
    shop.stripe.v1.refunds.create({"payment_intent": str(payments[0].payment.payment_intent)})
    assert shop.invoice(subscription).status == "paid"
    assert "charge.refunded" in shop.types()


def test_subscriptions_are_listed_by_state(shop: Shop) -> None:
    kept, gone = shop.subscribe(shop.customer()), shop.subscribe(shop.customer())
    shop.stripe.v1.subscriptions.cancel(gone.id)
    ids = lambda **params: [one.id for one in shop.stripe.v1.subscriptions.list(params)]  # type: ignore[arg-type]  # noqa: E731
    assert (ids(), ids(status="canceled"), ids(status="all")) == ([kept.id], [gone.id], [gone.id, kept.id])
    assert (ids(customer=kept.customer), ids(price=shop.starter)) == ([kept.id], [])


@pytest.mark.parametrize("wrong", [{"retry_days": [0]}, {"end_of_retries": "never"}, {"other": 1}])
def test_wrong_billing_settings_are_refused(shop: Shop, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"must be|know"):
        shop.server.control.billing(**wrong)


def test_what_is_not_modelled_is_refused_rather_than_ignored(shop: Shop) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="does not model"):
        shop.subscribe(shop.customer(), billing_thresholds={"amount_gte": 100})


def test_a_restart_forgets_nothing(tmp_path: Path) -> None:
    config = Config(state_path=tmp_path / "stripe.sqlite3")
    with LocalStripeThread(config) as thread:
        client = stripe.StripeClient(LOCAL_KEY, base_addresses={"api": thread.url})
        product = client.v1.products.create({"name": "Pro"})
        price = client.v1.prices.create(
            {"product": product.id, "currency": "usd", "unit_amount": 100, "recurring": {"interval": "month"}}
        )
        clock = client.v1.test_helpers.test_clocks.create({"frozen_time": START})
        customer = client.v1.customers.create({"test_clock": clock.id, "payment_method": "pm_card_visa"})
        method = client.v1.customers.payment_methods.list(customer.id).data[0].id
        subscription = client.v1.subscriptions.create(
            {"customer": customer.id, "items": [{"price": price.id}], "default_payment_method": method}
        )
    with LocalStripeThread(config) as thread:
        client = stripe.StripeClient(LOCAL_KEY, base_addresses={"api": thread.url})
        client.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": END + 3600})
        while client.v1.test_helpers.test_clocks.retrieve(clock.id).status == "advancing":
            pass
        invoices = client.v1.invoices.list({"subscription": subscription.id}).data
        assert [one.status for one in invoices] == ["paid", "paid"]
