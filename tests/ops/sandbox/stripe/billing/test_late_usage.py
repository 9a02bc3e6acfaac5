"""Use that is reported while the renewal's draft stands is billed with the period that it belongs to; later it is not billed at all."""

from __future__ import annotations

from typing import Any

from .shop import DAY, Shop, at

END = at("2027-05-01T00:00:00")


def metered(shop: Shop) -> tuple[Any, str]:
    """A subscription to Starter and to hours at 7 cents, and its clock, at its period's end."""
    shop.stripe.v1.billing.meters.create(
        {"display_name": "Hours", "event_name": "hours", "default_aggregation": {"formula": "sum"}}
    )
    meter = shop.stripe.v1.billing.meters.list().data[0].id
    hours = shop.price(
        "Hours", 7, 7, recurring={"interval": "month", "usage_type": "metered", "meter": meter}
    )
    clock = shop.clock("2027-04-01T00:00:00")
    items: Any = [{"price": shop.starter}, {"price": hours}]
    tax: Any = {"enabled": True}
    made = shop.subscribe(shop.customer(clock=clock), items=items, automatic_tax=tax)
    report(shop, made.customer, 10, at("2027-04-20T00:00:00"), clock)
    shop.advance(clock, END)
    return made, clock


def report(shop: Shop, customer: str, value: int, moment: int, clock: str) -> None:
    if shop.stripe.v1.test_helpers.test_clocks.retrieve(clock).frozen_time < moment:
        shop.advance(clock, moment)
    shop.stripe.v1.billing.meter_events.create(
        {
            "event_name": "hours",
            "payload": {"stripe_customer_id": customer, "value": str(value)},
            "timestamp": moment,
        }
    )


def test_what_comes_before_the_draft_is_finalized_is_on_it(shop: Shop) -> None:
    subscription, clock = metered(shop)
    draft = shop.invoice(subscription)
    assert (draft.status, draft.subtotal) == ("draft", 1070)
    report(shop, subscription.customer, 5, END - 60, clock)
    shop.advance(clock, END + 3700)
    paid = shop.invoice(subscription)
    assert [(one.quantity, one.amount) for one in paid.lines] == [(15, 105), (1, 1000)]
    assert (paid.subtotal, paid.total, paid.amount_paid, paid.status) == (1105, 1326, 1326, "paid")
    assert [one.id for one in paid.lines] == [one.id for one in draft.lines]
    assert shop.server.last_event("invoice.finalized")["data"]["object"]["total"] == 1326


def test_what_comes_after_it_is_never_billed(shop: Shop) -> None:
    subscription, clock = metered(shop)
    shop.advance(clock, END + 3700)
    report(shop, subscription.customer, 5, END - 60, clock)
    report(shop, subscription.customer, 2, END + 3600, clock)
    shop.advance(clock, at("2027-06-01T02:00:00"))
    assert shop.invoice(subscription).subtotal == 1014


def test_a_change_that_cuts_the_period_short_bills_what_was_used_in_it(shop: Shop) -> None:
    subscription, clock = metered(shop)
    shop.advance(clock, END + DAY)
    report(shop, subscription.customer, 3, END + DAY, clock)
    now: Any = {"type": "now"}
    how: Any = {"billing_cycle_anchor": now, "proration_behavior": "none"}
    shop.advance(clock, END + 2 * DAY)
    said = shop.stripe.v1.invoices.create_preview(
        {"subscription": subscription.id, "subscription_details": how}
    )
    after = shop.stripe.v1.subscriptions.update(subscription.id, how)
    assert (
        [one.amount for one in shop.invoice(after).lines] == [one.amount for one in said.lines] == [21, 1000]
    )
