"""A change of a subscription: planned without writing anything, so that a preview shows what the change will do; then made.

Invariant: `plan_change` reads the store and writes nothing; `change_subscription` writes what was planned and nothing else.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field

from ..engine.dunning import PENDING_UPDATE_SECONDS
from ..engine.periods import Period, boundary
from ..errors import invalid
from ..routes import merge_metadata
from ..store import Json, Store
from . import discounts
from .anchors import with_plain_anchor
from .changed_items import change_items
from .invoices import bill_subscription, create_draft
from .items import period_of, set_period, terms_of
from .lines import Line, cycle_lines
from .paying import charge_change
from .proration_lines import change_lines, hold_lines, pending_lines, remember_debits, usage_lines
from .saving import Given, refuse_unmodelled, save
from .settling import finalize
from .shares import read_shares
from .starting import check_method, set_cancel, trial_end_of, warn_of_trial_end

_PARTS = ("billing_schedules", "billing_thresholds", "default_source", "default_tax_rates",
          "pending_invoice_item_interval", "trial_from_plan", "add_invoice_items", "invoice_settings")  # fmt: skip
# What a change that waits for its payment may change.
_PENDING_PARTS = frozenset({"items", "trial_end", "billing_cycle_anchor", "proration_behavior", "proration_date",
                            "payment_behavior", "expand", "off_session", "discounts", "cancel_at_period_end"})  # fmt: skip


@dataclass(slots=True)
class Change:
    after: Json
    moment: int
    prorations: list[Line] = field(default_factory=list)
    advance: list[Line] | None = None  # a new period begins at once: what is paid in advance for it
    behavior: str = "create_prorations"

    @property
    def bills_now(self) -> bool:
        return self.advance is not None or (self.behavior == "always_invoice" and bool(self.prorations))


def plan_change(store: Store, subscription: Json, given: Given, now: int) -> Change:
    """What a change would make of the subscription, and what it would bill. Raises Stripe's refusals; writes nothing."""
    after = deepcopy(subscription)
    moment = _moment(subscription, given, now)
    change = Change(after, moment, behavior=given.get("proration_behavior") or "create_prorations")
    if given.get("items"):
        change_items(store, after, given["items"], now)
    anew = _restart(subscription, after, given, now)
    if anew is None:
        if given.get("items") and after["status"] != "trialing" and change.behavior != "none":
            change.prorations = change_lines(store, subscription, after, moment)
        return change
    gone = deepcopy(after) | {"status": "canceled"}
    if change.behavior != "none":
        change.prorations = change_lines(store, subscription, gone, moment)
    set_period(after["items"]["data"], anew)
    if after["cancel_at_period_end"]:
        after["cancel_at"] = anew.end
    after["_debits"] = {}
    used = [] if subscription["status"] == "trialing" else _used_until(store, subscription, now)
    change.advance = used + cycle_lines(store, after, anew, trial=after["status"] == "trialing")
    return change


def _used_until(store: Store, subscription: Json, now: int) -> list[Line]:
    """What was used in a period that a change cuts short: no later invoice would ask for it."""
    period = Period(period_of(subscription).start, now)
    return [line for line in usage_lines(store, subscription, period) if line.amount]


def _moment(subscription: Json, given: Given, now: int) -> int:
    asked = given.get("proration_date")
    if asked is None:
        return now
    start, end = period_of(subscription)
    if not start <= asked <= end:
        raise invalid(
            "Cannot specify `proration_date` outside of the subscription's current period.", "proration_date"
        )
    return int(asked)


def _restart(before: Json, after: Json, given: Given, now: int) -> Period | None:
    """The new period where the change begins one at once: another interval, an anchor of now, a trial begun or ended."""
    interval, count = terms_of(after["items"]["data"])
    if "trial_end" in given and given["trial_end"] is not None:
        end = trial_end_of({"trial_end": given["trial_end"]}, now)
        if end is not None:
            after |= {"trial_end": end, "status": "trialing", "billing_cycle_anchor": end}
            after["trial_start"] = before["trial_start"] if before["status"] == "trialing" else now
            return Period(now, end)
        if before["status"] == "trialing":
            after |= {"trial_end": now, "status": "active", "billing_cycle_anchor": now}
            return Period(now, boundary(now, interval, count, 1))
    if before["status"] == "trialing":
        return None
    if terms_of(before["items"]["data"]) != (interval, count) or given.get("billing_cycle_anchor") == "now":
        after["billing_cycle_anchor"] = now
        return Period(now, boundary(now, interval, count, 1))
    return None


def change_subscription(store: Store, id: str, given: Given, *, authenticated: bool = False) -> Json:
    """Make a change by the API's parameters. Emits what Stripe emits; raises its refusals, and declined cards where asked to."""
    refuse_unmodelled(given, *_PARTS)
    given = with_plain_anchor(given)
    before = store.get("subscription", id)
    _check_open(before, given)
    now = store.now(before["test_clock"])
    waits = given.get("payment_behavior") == "pending_if_incomplete"
    if waits and given.keys() - _PENDING_PARTS:
        wrong = sorted(given.keys() - _PENDING_PARTS)[0]
        raise invalid(
            f"When `payment_behavior` is set to `pending_if_incomplete`, you can't pass `{wrong}`.", wrong
        )
    described = deepcopy(before)
    _describe(store, described, given, now)
    change = plan_change(store, described, given, now)
    if "cancel_at" in given or "cancel_at_period_end" in given:
        set_cancel(change.after, given, now)
    if not change.bills_now:
        hold_lines(store, change.after, change.prorations, now)
        after = save(store, before, change.after, "customer.subscription.updated")
        warn_of_trial_end(store, after, now)
        return store.get("subscription", id)
    return _bill_change(store, before, change, given, now, waits, authenticated)


def _check_open(subscription: Json, given: Given) -> None:
    if subscription["status"] in ("canceled", "incomplete_expired") and given.keys() - {
        "metadata", "cancellation_details", "expand",
    }:  # fmt: skip
        raise invalid("A canceled subscription can only update its cancellation_details and metadata.")
    if subscription["status"] == "incomplete" and given.get("items"):
        raise invalid(
            "You cannot update a subscription in `incomplete` status in a way that changes what it bills.",
            "items",
        )
    if subscription["pending_update"] and given.get("items"):
        raise invalid(
            "This subscription has a pending update. Pay or void its invoice before changing it again.",
            "items",
        )


def _describe(store: Store, subscription: Json, given: Given, now: int) -> None:
    """Everything that bills nothing by itself."""
    merge_metadata(subscription, given)
    subscription.update(read_shares(store, given, subscription))
    for name in ("description", "days_until_due", "default_payment_method", "pause_collection"):
        if name in given:
            subscription[name] = given[name]
    if subscription["pause_collection"] is not None:
        subscription["pause_collection"] = {"resumes_at": None} | subscription["pause_collection"]
    check_method(store, given, subscription["customer"])
    if given.get("collection_method"):
        subscription["collection_method"] = given["collection_method"]
        if given["collection_method"] == "send_invoice" and subscription["days_until_due"] is None:
            raise invalid(
                "If collection_method is `send_invoice`, you must specify `days_until_due`.", "days_until_due"
            )
        if given["collection_method"] == "charge_automatically":
            subscription["days_until_due"] = None
    if given.get("trial_settings"):
        subscription["trial_settings"]["end_behavior"] |= given["trial_settings"]["end_behavior"]
    if given.get("automatic_tax"):
        on = bool(given["automatic_tax"]["enabled"])
        subscription["automatic_tax"] |= {"enabled": on, "liability": {"type": "self"} if on else None}
    if given.get("payment_settings"):
        subscription["payment_settings"] |= given["payment_settings"]
    if given.get("cancellation_details"):
        subscription["cancellation_details"] |= given["cancellation_details"]
    if "discounts" in given:
        subscription["discounts"] = discounts.give_all(
            store, given["discounts"], holder=subscription, now=now
        )


def _bill_change(
    store: Store, before: Json, change: Change, given: Given, now: int, waits: bool, authenticated: bool
) -> Json:
    after = change.after
    coupons = discounts.holder_discounts(store, after, now)
    hold_lines(store, after, change.prorations, now)
    lines = pending_lines(store, after) + (change.advance or [])
    bill = bill_subscription(store, after, lines, "subscription_update", now, coupons)
    bill.proration_date = change.moment if change.prorations else None
    by_invoice = after["collection_method"] == "send_invoice"
    if not waits:
        store.put(after)
    invoice = create_draft(store, bill, waits=False, advance=True)
    after["latest_invoice"] = invoice["id"]
    remember_debits(after, invoice)
    used = {one["discount"] for one in invoice["total_discount_amounts"] if one["amount"]}
    discounts.use_up(store, after, used | {name for name, _ in coupons if change.prorations}, now)
    if waits:
        return _wait(store, before, after, invoice, now, authenticated)
    save(store, before, after, "customer.subscription.updated")
    invoice = finalize(store, invoice, now)
    if invoice["status"] == "open" and not by_invoice:
        behavior = given.get("payment_behavior") or "allow_incomplete"
        charge_change(store, invoice, behavior, authenticated=authenticated)
    warn_of_trial_end(store, store.get("subscription", after["id"]), now)
    return store.get("subscription", after["id"])


def _wait(store: Store, before: Json, after: Json, invoice: Json, now: int, authenticated: bool) -> Json:
    """The change takes place with its payment; until then it stands in `pending_update`, for 23 hours."""
    held = deepcopy(before) | {"latest_invoice": invoice["id"]}
    held["_pending"] = {"subscription": after, "invoice": invoice["id"]}
    held["pending_update"] = {
        "billing_cycle_anchor": after["billing_cycle_anchor"]
        if after["billing_cycle_anchor"] != before["billing_cycle_anchor"]
        else None,
        "cancel_at_period_end": None,
        "discount": None,
        "discounts": None,
        "expires_at": now + PENDING_UPDATE_SECONDS,
        "metadata": None,
        "subscription_items": after["items"]["data"],
        "trial_end": after["trial_end"] if after["trial_end"] != before["trial_end"] else None,
        "trial_from_plan": None,
    }
    store.put(held)
    invoice = finalize(store, invoice, now)
    if invoice["status"] == "open":
        charge_change(store, invoice, "pending_if_incomplete", authenticated=authenticated)
    now_held = store.get("subscription", before["id"])
    if now_held["pending_update"]:
        save(store, before, now_held, "customer.subscription.updated")
    return now_held
