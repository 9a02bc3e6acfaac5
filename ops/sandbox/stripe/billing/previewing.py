"""Invoices that are not made: what the next one will be, what a change would bill, what a new subscription would cost.

Invariant: a preview is put together by the same functions as the invoice itself, over copies, and writes nothing.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from ..engine.periods import Period, period_at
from ..errors import StripeError, invalid
from ..store import Json, Store
from . import discounts
from .anchors import with_plain_anchor
from .changed_items import change_items
from .changing import plan_change
from .invoices import bill_subscription, compose
from .items import period_of, set_period, terms_of
from .lines import Line, cycle_lines
from .phases import discounts_of, items_for
from .proration_lines import change_lines, pending_lines, usage_lines
from .saving import Given, check_billing_mode, refuse_unmodelled
from .starting import build_subscription, first_lines, set_cancel

_PARTS = ("schedule_details", "invoice_items", "issuer", "on_behalf_of", "customer_account")
_DETAIL_PARTS = ("billing_cycle_anchor_config", "billing_schedules", "default_tax_rates", "start_date")
_CHANGES = ("items", "trial_end", "billing_cycle_anchor", "proration_behavior", "proration_date")


def preview(store: Store, given: Given) -> Json:
    """The answer of `POST /v1/invoices/create_preview`. Raises what Stripe raises where nothing would be billed."""
    refuse_unmodelled(given, *_PARTS)
    details = with_plain_anchor(
        given.get("subscription_details") or {}, "subscription_details[billing_cycle_anchor]"
    )
    refuse_unmodelled(details, *_DETAIL_PARTS)
    check_billing_mode(details)
    name = given.get("subscription")
    schedule = (
        store.get("subscription_schedule", given["schedule"], param="schedule")
        if given.get("schedule")
        else None
    )
    name = name or (schedule["subscription"] if schedule else None)
    if name:
        return _of_change(store, store.get("subscription", name, param="subscription"), given, details)
    if given.get("customer") and not details.get("items"):
        return _of_customer(store, given)
    return _of_new(store, given, details)


def upcoming(
    store: Store, subscription: Json, now: int, coupons: list[tuple[str, Json]] | None = None
) -> Json:
    """The next renewal as it stands now. Raises `invoice_upcoming_none` where there is none."""
    return _next_cycle(store, subscription, [], now, coupons)


def _none_upcoming(customer: str) -> StripeError:
    return StripeError(
        f"No upcoming invoices for customer: {customer}", status=404, code="invoice_upcoming_none"
    )


def _of_customer(store: Store, given: Given) -> Json:
    running = [
        one
        for one in store.list("subscription", customer=given["customer"])
        if one["status"] in ("trialing", "active", "past_due")
    ]
    store.get("customer", given["customer"], param="customer")
    if not running:
        raise _none_upcoming(given["customer"])
    return _of_change(store, running[0], given, {})


def _of_change(store: Store, subscription: Json, given: Given, details: Given) -> Json:
    now = store.now(subscription["test_clock"])
    tax = (given.get("automatic_tax") or {}).get("enabled")
    if tax is not None and tax != subscription["automatic_tax"]["enabled"]:
        refuse_unmodelled(given, "automatic_tax")  # other than the subscription's own
    if subscription["status"] in ("canceled", "incomplete_expired"):
        raise _none_upcoming(subscription["customer"])
    coupons = None
    if "discounts" in given:
        coupons = discounts.preview_coupons(
            store, given["discounts"] or [], subscription, subscription["customer"], now
        )
    if details.get("cancel_now"):
        return _of_cancel(store, subscription, details, now)
    if isinstance(details.get("billing_cycle_anchor"), int):
        refuse_unmodelled(details, "billing_cycle_anchor")  # An update has no such thing either.
    asked = {name: details[name] for name in _CHANGES if name in details}
    with_coupons = _with_coupons(subscription, coupons)
    change = plan_change(store, with_coupons, asked, now)
    if {"cancel_at", "cancel_at_period_end"} & details.keys():
        set_cancel(change.after, details, now)
    if change.bills_now and given.get("preview_mode") != "recurring":
        lines = pending_lines(store, subscription) + change.prorations + (change.advance or [])
        bill = bill_subscription(
            store,
            change.after,
            lines,
            "subscription_update",
            now,
            _running(store, change.after, now, coupons),
        )
        bill.proration_date = change.moment if change.prorations else None
        return _shown(compose(bill))
    waiting = change.prorations if given.get("preview_mode") != "recurring" else []
    return _next_cycle(
        store, change.after, waiting, now, coupons, recurring=given.get("preview_mode") == "recurring"
    )


def _with_coupons(subscription: Json, coupons: list[tuple[str, Json]] | None) -> Json:
    copy = deepcopy(subscription)
    if coupons is not None:
        copy["_coupons"] = coupons
    return copy


def _running(
    store: Store, subscription: Json, now: int, coupons: list[tuple[str, Json]] | None
) -> list[tuple[str, Json]]:
    return discounts.holder_discounts(store, subscription, now) if coupons is None else coupons


def _next_cycle(
    store: Store,
    subscription: Json,
    waiting: list[Line],
    now: int,
    coupons: list[tuple[str, Json]] | None,
    *,
    recurring: bool = False,
) -> Json:
    """The renewal at the end of the current period, with what waits for it."""
    ended = period_of(subscription)
    stop = subscription["cancel_at"]
    ends = stop is not None and stop <= ended.end
    after = deepcopy(subscription)
    coupons = _follow_schedule(store, after, ended.end) if coupons is None else coupons
    interval, count = terms_of(after["items"]["data"])
    following = Period(ended.end, period_at(after["billing_cycle_anchor"], interval, count, ended.end).end)
    if terms_of(subscription["items"]["data"]) != (interval, count):
        following = period_at(ended.end, interval, count, ended.end)
    lines = [] if recurring else pending_lines(store, subscription) + waiting
    if subscription["status"] != "trialing" and not recurring:
        lines += usage_lines(store, subscription, ended)
    if ends and not any(line.amount for line in lines):
        raise _none_upcoming(subscription["customer"])
    if not ends:
        set_period(after["items"]["data"], following)
        lines += cycle_lines(store, after, following)
    after["_ended_period"] = {"start": ended.start, "end": ended.end}
    bill = bill_subscription(
        store, after, lines, "upcoming", ended.end, _running(store, after, ended.end, coupons)
    )
    return _shown(compose(bill), attempt=ended.end)


def _follow_schedule(store: Store, subscription: Json, at: int) -> list[tuple[str, Json]] | None:
    """The items become those of the phase that begins then, whose coupons are answered; None where none begins."""
    schedule = store.find("subscription_schedule", subscription["schedule"])
    phase = next((one for one in schedule["phases"] if one["start_date"] == at), None) if schedule else None
    if phase is None:
        return None
    wanted = items_for(subscription, phase)
    if wanted:
        change_items(store, subscription, wanted, at)
    named = discounts_of(phase, subscription["discounts"])
    return discounts.preview_coupons(store, named, subscription, subscription["customer"], at)


def _of_cancel(store: Store, subscription: Json, details: Given, now: int) -> Json:
    lines = usage_lines(store, subscription, period_of(subscription))
    if details.get("proration_behavior") != "none":
        gone = deepcopy(subscription) | {"status": "canceled"}
        lines += change_lines(store, subscription, gone, details.get("proration_date") or now)
    if not lines:
        raise _none_upcoming(subscription["customer"])
    bill = bill_subscription(
        store, subscription, pending_lines(store, subscription) + lines, "subscription_update", now, []
    )
    return _shown(compose(bill))


def _of_new(store: Store, given: Given, details: Given) -> Json:
    """What a subscription that does not exist would bill first."""
    if not details.get("items"):
        raise invalid(
            "You must provide at least one of `customer`, `subscription`, `schedule`, or `subscription_details[items]`.",
            "customer",
        )
    customer = _customer_of(store, given)
    now = store.now(customer["test_clock"])
    asked: dict[str, Any] = {
        k: v for k, v in details.items() if k in ("items", "trial_end", "billing_cycle_anchor", "cancel_at")
    }
    if given.get("currency"):
        asked["currency"] = given["currency"]
    if not isinstance(asked.get("billing_cycle_anchor"), int):
        asked.pop("billing_cycle_anchor", None)
    subscription = build_subscription(store, asked, customer, now, None, writes=False)
    subscription["automatic_tax"]["enabled"] = bool((given.get("automatic_tax") or {}).get("enabled"))
    coupons = discounts.preview_coupons(store, given.get("discounts") or [], None, given.get("customer"), now)
    subscription["_coupons"] = coupons
    lines = first_lines(store, subscription, details, trialing=subscription["status"] == "trialing")
    if customer["id"] is not None:
        lines += pending_lines(store, subscription)
    bill = bill_subscription(store, subscription, lines, "upcoming", now, coupons, customer=customer)
    return _shown(compose(bill))


def _customer_of(store: Store, given: Given) -> Json:
    if given.get("customer"):
        return store.get("customer", given["customer"], param="customer")
    known = given.get("customer_details") or {}
    return {
        "id": None,
        "object": "customer",
        "address": known.get("address"),
        "balance": 0,
        "currency": None,
        "discount": None,
        "tax_exempt": known.get("tax_exempt") or "none",
        "test_clock": None,
    }


def _shown(invoice: Json, attempt: int | None = None) -> Json:
    """A preview has an id of its own sort and no links."""
    invoice["id"] = f"upcoming_{invoice['id']}"
    for line in invoice["lines"]["data"]:
        line["invoice"] = None
    if attempt is not None and invoice["collection_method"] == "charge_automatically":
        invoice["next_payment_attempt"] = attempt + 3600
    invoice["ending_balance"] = invoice["_ending_balance"]
    subscription = (invoice["parent"] or {}).get("subscription_details")
    if subscription and invoice["customer"] is None:
        invoice["parent"] = None
    return invoice
