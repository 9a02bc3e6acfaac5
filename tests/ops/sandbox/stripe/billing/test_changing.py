"""A running subscription changes: prorated as its preview said, paid or not, ended and resumed."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .shop import DAY, Shop, at

START, HALF, END = at("2027-04-01T00:00:00"), at("2027-04-16T00:00:00"), at("2027-05-01T00:00:00")


def running(shop: Shop, price: str | None = None, card: str = "pm_card_visa", **more: Any) -> tuple[Any, str]:
    """A subscription that began with April, and its test clock, half through the month."""
    clock = shop.clock("2027-04-01T00:00:00")
    subscription = shop.subscribe(shop.customer(card, clock), price or shop.starter, **more)
    shop.advance(clock, HALF)
    return subscription, clock


def change(shop: Shop, subscription: Any, price: str, **more: Any) -> Any:
    item = subscription["items"].data[0].id
    return shop.stripe.v1.subscriptions.update(
        subscription.id, {"items": [{"id": item, "price": price}], **more}
    )


def preview(shop: Shop, subscription: Any, price: str, **more: Any) -> Any:
    item = subscription["items"].data[0].id
    details = {"items": [{"id": item, "price": price}], **more}
    return shop.stripe.v1.invoices.create_preview(
        {"subscription": subscription.id, "subscription_details": details}  # type: ignore[typeddict-item]
    )


def test_an_upgrade_billed_at_once_is_what_its_preview_said(shop: Shop) -> None:
    subscription, _ = running(shop)
    said = preview(shop, subscription, shop.pro, proration_behavior="always_invoice", proration_date=HALF)
    assert [line.amount for line in said.lines] == [-500, 2500]
    assert (said.amount_due, said.subtotal, said.total) == (2000, 2000, 2000)
    after = change(shop, subscription, shop.pro, proration_behavior="always_invoice", proration_date=HALF)
    invoice = shop.invoice(after)
    assert (invoice.amount_paid, invoice.billing_reason, invoice.status) == (
        2000,
        "subscription_update",
        "paid",
    )
    assert [line.description for line in invoice.lines] == [
        "Unused time on Starter after 16 Apr 2027",
        "Remaining time on Pro after 16 Apr 2027",
    ]
    assert all(line.parent.subscription_item_details.proration for line in invoice.lines)
    item = after["items"].data[0]
    assert (item.price.id, item.current_period_end) == (shop.pro, END)


def test_prorations_wait_for_the_next_invoice(shop: Shop) -> None:
    subscription, clock = running(shop)
    said = preview(shop, subscription, shop.pro)
    assert [line.amount for line in said.lines] == [-500, 2500, 5000]
    change(shop, subscription, shop.pro)
    waiting = shop.stripe.v1.invoice_items.list({"pending": True}).data
    assert sorted(one.amount for one in waiting) == [-500, 2500]
    shop.advance(clock, END + 3600)
    assert shop.invoice(subscription).amount_paid == 7000


def test_no_proration_changes_the_price_from_the_next_period_on(shop: Shop) -> None:
    subscription, clock = running(shop)
    change(shop, subscription, shop.pro, proration_behavior="none")
    assert shop.stripe.v1.invoice_items.list({"pending": True}).data == []
    shop.advance(clock, END + 3600)
    assert shop.invoice(subscription).amount_paid == 5000


def test_a_downgrade_billed_at_once_leaves_a_credit_for_the_next_invoice(shop: Shop) -> None:
    subscription, clock = running(shop, shop.pro)
    change(shop, subscription, shop.starter, proration_behavior="always_invoice")
    invoice = shop.invoice(subscription)
    assert (invoice.total, invoice.amount_due, invoice.status) == (-2000, 0, "paid")
    assert shop.stripe.v1.customers.retrieve(subscription.customer).balance == -2000
    shop.advance(clock, END + 3600)
    renewal = shop.invoice(subscription)
    assert (renewal.total, renewal.amount_paid, renewal.ending_balance) == (1000, 0, -1000)


def test_a_yearly_price_begins_a_new_period_at_once(shop: Shop) -> None:
    subscription, _ = running(shop)
    said = preview(shop, subscription, shop.yearly)
    assert [line.amount for line in said.lines] == [-500, 50_000]
    after = change(shop, subscription, shop.yearly)
    item = after["items"].data[0]
    assert (after.billing_cycle_anchor, item.current_period_start) == (HALF, HALF)
    assert item.current_period_end == at("2028-04-16T00:00:00")
    assert shop.invoice(after).amount_paid == 49_500


def test_anchored_now_a_whole_period_is_billed_as_its_preview_said(shop: Shop) -> None:
    subscription, _ = running(shop)
    now: Any = {"type": "now"}
    said = preview(shop, subscription, shop.pro, proration_behavior="none", billing_cycle_anchor=now)
    assert [line.amount for line in said.lines] == [5000]
    unchanged: Any = {"type": "unchanged"}
    said = preview(shop, subscription, shop.pro, billing_cycle_anchor=unchanged)
    assert [line.amount for line in said.lines] == [-500, 2500, 5000]
    with pytest.raises(stripe.InvalidRequestError, match="`timestamp` is for"):
        preview(shop, subscription, shop.pro, billing_cycle_anchor={"type": "timestamp"})
    after = change(shop, subscription, shop.pro, proration_behavior="none", billing_cycle_anchor=now)
    assert (after.billing_cycle_anchor, shop.invoice(after).amount_paid) == (HALF, 5000)


def test_a_preview_writes_nothing(shop: Shop) -> None:
    subscription, _ = running(shop)
    before = (len(shop.server.events), shop.server.control.describe()["objects"])
    preview(shop, subscription, shop.pro, proration_behavior="always_invoice")
    shop.stripe.v1.invoices.create_preview({"subscription": subscription.id})
    assert (len(shop.server.events), shop.server.control.describe()["objects"]) == before


def test_a_preview_of_what_does_not_exist_yet(shop: Shop) -> None:
    said = shop.stripe.v1.invoices.create_preview(
        {"currency": "eur", "subscription_details": {"items": [{"price": shop.pro, "quantity": 2}]}}
    )
    assert (said.amount_due, said.currency) == (9000, "eur")


def test_a_cancelled_subscription_has_no_upcoming_invoice(shop: Shop) -> None:
    subscription, _ = running(shop)
    shop.stripe.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        shop.stripe.v1.invoices.create_preview({"subscription": subscription.id})
    assert caught.value.code == "invoice_upcoming_none"


def test_the_events_of_an_upgrade(shop: Shop) -> None:
    subscription, _ = running(shop)
    before = len(shop.server.events)
    change(shop, subscription, shop.pro, proration_behavior="always_invoice")
    types = shop.types(before)
    assert types[:4] == [
        "invoiceitem.created",
        "invoiceitem.created",
        "invoice.created",
        "customer.subscription.updated",
    ]
    assert types[4:] == [
        "invoice.finalized", "payment_intent.created", "charge.succeeded", "payment_intent.succeeded",
        "invoice_payment.paid", "invoice.paid", "invoice.payment_succeeded",
    ]  # fmt: skip
    told = shop.server.last_event("customer.subscription.updated")["data"]
    assert told["previous_attributes"]["items"]["data"][0]["price"]["id"] == shop.starter
    assert told["object"]["items"]["data"][0]["price"]["id"] == shop.pro
    assert told["previous_attributes"]["latest_invoice"] == subscription.latest_invoice


# --- payments of changes that fail ---


def failing(shop: Shop, subscription: Any) -> None:
    shop.give_card(subscription.customer, "pm_card_chargeCustomerFail")


def test_by_default_the_change_stands_and_it_falls_behind(shop: Shop) -> None:
    subscription, _ = running(shop)
    failing(shop, subscription)
    after = change(shop, subscription, shop.pro, proration_behavior="always_invoice")
    assert (after.status, after["items"].data[0].price.id) == ("past_due", shop.pro)


def test_error_if_incomplete_changes_nothing(shop: Shop) -> None:
    subscription, _ = running(shop)
    failing(shop, subscription)
    before = len(shop.server.events)
    with pytest.raises(stripe.CardError):
        change(
            shop,
            subscription,
            shop.pro,
            proration_behavior="always_invoice",
            payment_behavior="error_if_incomplete",
        )
    assert shop.get(subscription)["items"].data[0].price.id == shop.starter
    assert len(shop.server.events) == before


def pending(shop: Shop) -> tuple[Any, str]:
    subscription, clock = running(shop)
    failing(shop, subscription)
    after = change(
        shop,
        subscription,
        shop.pro,
        proration_behavior="always_invoice",
        payment_behavior="pending_if_incomplete",
    )
    assert (after.status, after["items"].data[0].price.id) == ("active", shop.starter)
    assert after.pending_update.subscription_items[0].price.id == shop.pro
    return after, clock


def test_a_pending_change_takes_place_when_it_is_paid(shop: Shop) -> None:
    subscription, _ = pending(shop)
    method = shop.give_card(subscription.customer, "pm_card_visa")
    shop.stripe.v1.invoices.pay(subscription.latest_invoice, {"payment_method": method})
    after = shop.get(subscription)
    assert (after.pending_update, after["items"].data[0].price.id) == (None, shop.pro)
    assert "customer.subscription.pending_update_applied" in shop.types()


def test_a_pending_change_is_forgotten_after_23_hours(shop: Shop) -> None:
    subscription, clock = pending(shop)
    shop.advance(clock, HALF + 23 * 3600)
    after = shop.get(subscription)
    assert (after.pending_update, after["items"].data[0].price.id) == (None, shop.starter)
    assert shop.invoice(subscription).status == "void"
    assert "customer.subscription.pending_update_expired" in shop.types()


# --- ends ---


def test_cancel_at_period_end_and_taken_back(shop: Shop) -> None:
    subscription, clock = running(shop)
    after = shop.stripe.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    assert (after.status, after.cancel_at, after.canceled_at) == ("active", END, HALF)
    after = shop.stripe.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": False})
    assert (after.cancel_at, after.canceled_at, after.cancellation_details.reason) == (None, None, None)
    shop.stripe.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    shop.advance(clock, END)
    after = shop.get(subscription)
    assert (after.status, after.ended_at) == ("canceled", END)
    assert shop.types()[-2:] == ["customer.subscription.deleted", "test_helpers.test_clock.ready"]
    assert len(shop.stripe.v1.invoices.list({"subscription": subscription.id}).data) == 1


def test_cancel_at_a_moment_within_the_period(shop: Shop) -> None:
    subscription, clock = running(shop)
    shop.stripe.v1.subscriptions.update(subscription.id, {"cancel_at": HALF + DAY})
    shop.advance(clock, HALF + 2 * DAY)
    assert (shop.get(subscription).status, shop.get(subscription).ended_at) == ("canceled", HALF + DAY)


def test_ending_at_once_gives_back_what_was_not_used(shop: Shop) -> None:
    subscription, _ = running(shop, shop.pro)
    gone = shop.stripe.v1.subscriptions.cancel(subscription.id, {"prorate": True, "invoice_now": True})
    assert (gone.status, gone.cancellation_details.reason) == ("canceled", "cancellation_requested")
    assert shop.stripe.v1.customers.retrieve(subscription.customer).balance == -2500
    with pytest.raises(stripe.InvalidRequestError) as caught:
        shop.stripe.v1.subscriptions.cancel(subscription.id)
    assert (caught.value.code, caught.value.http_status) == ("resource_missing", 404)
    with pytest.raises(stripe.InvalidRequestError, match="canceled subscription"):
        change(shop, subscription, shop.starter)


@pytest.mark.parametrize(
    ("wrong", "param"),
    [
        ({"items": [{"id": "si_none", "price": "x"}]}, "items[0][id]"),
        ({"proration_date": 1, "items": []}, "proration_date"),
        ({"default_payment_method": "pm_none"}, "default_payment_method"),
        ({"cancel_at": 1}, "cancel_at"),
    ],
)
def test_wrong_changes_are_refused_by_name(shop: Shop, wrong: dict[str, Any], param: str) -> None:
    subscription, _ = running(shop)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        shop.stripe.v1.subscriptions.update(subscription.id, wrong)  # type: ignore[arg-type]
    assert caught.value.param == param


def test_the_last_item_cannot_be_taken_away(shop: Shop) -> None:
    subscription, _ = running(shop)
    with pytest.raises(stripe.InvalidRequestError, match="at least one"):
        shop.stripe.v1.subscription_items.delete(subscription["items"].data[0].id)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_changed_a_month_costs_what_was_used(shop: Shop, data: st.DataObject) -> None:
    """Quantities changed at any moments, some billed at once: what was paid is each quantity's share of its time."""
    clock = shop.clock("2027-04-01T00:00:00")
    subscription = shop.subscribe(shop.customer(clock=clock), shop.starter)
    item = subscription["items"].data[0].id
    moments = sorted(data.draw(st.sets(st.integers(START + 60, END - 60), min_size=1, max_size=4)))
    quantities = [1]
    for moment in moments:
        shop.advance(clock, moment)
        quantities.append(data.draw(st.integers(1, 9)))
        behavior = data.draw(st.sampled_from(["create_prorations", "always_invoice"]))
        shop.stripe.v1.subscriptions.update(
            subscription.id,
            {"items": [{"id": item, "quantity": quantities[-1]}], "proration_behavior": behavior},
        )
    shop.advance(clock, END + 7200)
    billed = sum(
        one.total for one in shop.stripe.v1.invoices.list({"subscription": subscription.id, "limit": 100})
    )
    edges = [START, *moments, END]
    used = sum(1000 * q * (edges[n + 1] - edges[n]) / (END - START) for n, q in enumerate(quantities))
    assert abs(billed - used - 1000 * quantities[-1]) <= 2 * len(moments)
