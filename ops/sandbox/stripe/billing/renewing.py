"""What becomes of a subscription when its period, its trial or its time is over.

Order at one moment: a cancellation first, then the end of a trial, then the schedule's next phase, then the new period with its
invoice. The invoice is a draft for an hour, as at Stripe's.
"""

from __future__ import annotations

from ..engine.periods import Period, period_at
from ..store import Json, Store
from . import discounts, schedules
from .ending import end_subscription
from .invoices import bill_subscription, create_draft
from .items import period_of, set_period, terms_of
from .lines import cycle_lines
from .paying import method_of
from .proration_lines import pending_lines, remember_debits, usage_lines
from .saving import save
from .settings import settings_of
from .settling import finalize, mark_uncollectible, void


def renew(store: Store, id: str, now: int) -> None:
    """The period ended at `now`."""
    subscription = store.get("subscription", id)
    if subscription["cancel_at"] is not None and subscription["cancel_at"] <= now:
        cancel_on_time(store, id, now)
        return
    if subscription["status"] == "trialing" and _lacks_payment(store, subscription, now):
        return
    _begin_period(store, id, now)


def cancel_on_time(store: Store, id: str, now: int) -> None:
    """The moment of `cancel_at`: what was used and what waits is billed, then it ends."""
    subscription = store.get("subscription", id)
    lines = pending_lines(store, subscription) + [
        line for line in usage_lines(store, subscription, period_of(subscription)) if line.amount
    ]
    subscription["_ended_period"] = dict(zip(("start", "end"), period_of(subscription), strict=True))
    end_subscription(store, subscription, now, reason="cancellation_requested")
    if not lines:
        return
    # The last invoice is made after the end, so that the end does not stop its collection.
    bill = bill_subscription(store, subscription, lines, "subscription_cycle", now, [])
    store.put(subscription | {"latest_invoice": create_draft(store, bill)["id"]})


def _lacks_payment(store: Store, subscription: Json, now: int) -> bool:
    """A trial that ends without a way to pay is cancelled or paused, where that is wanted; else it is billed all the same."""
    behavior = subscription["trial_settings"]["end_behavior"]["missing_payment_method"]
    automatic = subscription["collection_method"] == "charge_automatically"
    if behavior == "create_invoice" or not automatic or method_of(store, subscription):
        return False
    if behavior == "cancel":
        end_subscription(store, subscription, now, reason=None)
        return True
    before = store.get("subscription", subscription["id"])
    subscription["status"] = "paused"
    subscription["status_details"] = {
        "paused": {
            "subscription": {"type": "trial_end_without_payment_method"},
            "transitioned_at": now,
            "type": "subscription",
        }
    }
    save(store, before, subscription, "customer.subscription.updated")
    store.emit("customer.subscription.paused", subscription)
    return True


def _begin_period(store: Store, id: str, now: int) -> None:
    before = store.get("subscription", id)
    subscription = store.get("subscription", id)
    ended = period_of(subscription)
    used = [] if subscription["status"] == "trialing" else usage_lines(store, subscription, ended)
    if subscription["status"] == "trialing":
        subscription["status"] = "active"
    schedules.next_phase(store, subscription, now)
    interval, count = terms_of(subscription["items"]["data"])
    if terms_of(before["items"]["data"]) != (interval, count):
        subscription["billing_cycle_anchor"] = now
    period = period_at(subscription["billing_cycle_anchor"], interval, count, now)
    set_period(subscription["items"]["data"], Period(now, period.end))
    if subscription["cancel_at_period_end"]:
        subscription["cancel_at"] = period.end
    coupons = discounts.holder_discounts(store, subscription, now)
    lines = (
        pending_lines(store, subscription) + used + cycle_lines(store, subscription, Period(now, period.end))
    )
    subscription["_ended_period"] = {"start": ended.start, "end": ended.end}
    bill = bill_subscription(store, subscription, lines, "subscription_cycle", now, coupons)
    store.put(subscription)
    collects = subscription["status"] != "unpaid" and subscription["pause_collection"] is None
    invoice = create_draft(store, bill, advance=collects)
    subscription["latest_invoice"] = invoice["id"]
    subscription["_debits"] = {}
    remember_debits(subscription, invoice)
    discounts.use_up(
        store,
        subscription,
        {one["discount"] for one in invoice["total_discount_amounts"] if one["amount"]},
        now,
    )
    save(store, before, subscription, "customer.subscription.updated")
    _put_aside(store, subscription, invoice, now)


def _put_aside(store: Store, subscription: Json, invoice: Json, now: int) -> None:
    """While collection is paused an invoice is kept, voided or given up."""
    pause = subscription["pause_collection"]
    if pause is None or pause["behavior"] == "keep_as_draft":
        return
    invoice = finalize(store, invoice, now)
    if invoice["status"] == "open":
        (void if pause["behavior"] == "void" else mark_uncollectible)(store, invoice, now)


def expire_incomplete(store: Store, id: str, now: int) -> None:
    """The first invoice was not paid within 23 hours: it is voided, and with it the subscription ends."""
    subscription = store.get("subscription", id)
    invoice = store.find("invoice", subscription["latest_invoice"])
    if invoice and invoice["status"] == "open":
        void(store, invoice, now)
        return
    before = dict(subscription)
    subscription["status"], subscription["ended_at"] = "incomplete_expired", now
    save(store, before, subscription, "customer.subscription.updated")


def tell_of_renewal(store: Store, id: str, now: int) -> None:
    """`invoice.upcoming`, seven days before."""
    from .previewing import upcoming

    subscription = store.get("subscription", id)
    subscription["_told_of"] = period_of(subscription).end
    store.put(subscription)
    preview = upcoming(store, subscription, now)
    del preview["id"]
    store.emit("invoice.upcoming", preview)


def fall_behind(store: Store, invoice: Json, now: int) -> None:
    """An invoice that was sent is due and not paid."""
    from .settling import subscription_of

    invoice["_overdue"] = True
    store.put(invoice)
    store.emit("invoice.overdue", invoice)
    subscription = subscription_of(store, invoice)
    if subscription and subscription["status"] == "active":
        before = dict(subscription)
        subscription["status"] = "past_due"
        save(store, before, subscription, "customer.subscription.updated")


def overdue_ends_at(store: Store, invoice: Json) -> int:
    """When a sent invoice that nobody pays ends its subscription: after as long as a card would have been tried."""
    return int(invoice["due_date"]) + sum(settings_of(store)["retry_days"]) * 86_400
