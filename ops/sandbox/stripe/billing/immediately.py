"""A subscription ended at once, and a paused one resumed."""

from __future__ import annotations

from copy import deepcopy

from ..engine.periods import Period, boundary
from ..errors import invalid
from ..store import Json, Store
from . import discounts
from .anchors import with_plain_anchor
from .ending import end_subscription
from .invoices import bill_subscription, create_draft
from .items import period_of, set_period, terms_of
from .lines import cycle_lines
from .paying import collect
from .proration_lines import change_lines, hold_lines, pending_lines, remember_debits, usage_lines
from .saving import Given, save
from .settling import finalize


def cancel_now(store: Store, subscription: Json, given: Given) -> Json:
    """End it; with `prorate` what was not used is credited, with `invoice_now` what waits is billed at once."""
    now = store.now(subscription["test_clock"])
    subscription["cancellation_details"] |= given.get("cancellation_details") or {}
    running = subscription["status"] in ("active", "trialing", "past_due")
    if given.get("prorate") and running:
        gone = deepcopy(subscription) | {"status": "canceled"}
        hold_lines(store, subscription, change_lines(store, subscription, gone, now), now)
    lines = []
    if given.get("invoice_now") and running:
        lines = pending_lines(store, subscription) + [
            line for line in usage_lines(store, subscription, period_of(subscription)) if line.amount
        ]
    subscription["cancel_at_period_end"] = False
    end_subscription(store, subscription, now, reason="cancellation_requested")
    if lines:
        bill = bill_subscription(store, subscription, lines, "subscription_update", now, [])
        invoice = create_draft(store, bill, waits=False)
        subscription["latest_invoice"] = invoice["id"]
        store.put(subscription)
        invoice = finalize(store, invoice, now)
        if invoice["status"] == "open" and invoice["collection_method"] == "charge_automatically":
            collect(store, invoice, now)
    return store.get("subscription", subscription["id"])


def resume(store: Store, subscription: Json, given: Given) -> Json:
    """A paused subscription begins a new period; it is active when that is paid."""
    if subscription["status"] != "paused":
        raise invalid(
            f"Only paused subscriptions can be resumed. This subscription is {subscription['status']}."
        )
    before = store.get("subscription", subscription["id"])
    now = store.now(subscription["test_clock"])
    interval, count = terms_of(subscription["items"]["data"])
    if with_plain_anchor(given).get("billing_cycle_anchor") != "unchanged":
        subscription["billing_cycle_anchor"] = now
    anchor = subscription["billing_cycle_anchor"]
    number = 0
    while boundary(anchor, interval, count, number + 1) <= now:
        number += 1
    period = Period(now, boundary(anchor, interval, count, number + 1))
    set_period(subscription["items"]["data"], period)
    lines = pending_lines(store, subscription) + cycle_lines(store, subscription, period)
    coupons = discounts.holder_discounts(store, subscription, now)
    bill = bill_subscription(store, subscription, lines, "subscription_update", now, coupons)
    subscription["_resuming"] = True
    store.put(subscription)
    invoice = create_draft(store, bill, waits=False)
    subscription["latest_invoice"] = invoice["id"]
    remember_debits(subscription, invoice)
    save(store, before, subscription, "customer.subscription.updated")
    invoice = finalize(store, invoice, now)
    if invoice["status"] == "open" and invoice["collection_method"] == "charge_automatically":
        collect(store, invoice, now)
    return store.get("subscription", subscription["id"])
