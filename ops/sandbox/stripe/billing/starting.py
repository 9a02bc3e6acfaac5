"""How a subscription begins: its first period or its trial, its first invoice, and what it is when that is not paid."""

from __future__ import annotations

from typing import Any

from ..engine.dunning import TRIAL_WARNING_SECONDS
from ..engine.periods import DAY, Period, boundary, period_at
from ..errors import invalid
from ..ids import new_id
from ..store import Json, Store
from . import discounts
from .invoices import bill_subscription, create_draft
from .items import build_item, currency_of, refuse_twice, resolve_price, terms_of
from .lines import Line, cycle_lines
from .paying import charge_first
from .proration_lines import pending_lines, remember_debits, stub_lines
from .saving import Given, check_billing_mode, list_object, refuse_unmodelled
from .settling import finalize
from .shares import read_shares

_LONGEST_TRIAL = 730 * DAY
_PARTS = ("backdate_start_date", "billing_cycle_anchor_config", "billing_schedules",
          "billing_thresholds", "default_source", "default_tax_rates", "pending_invoice_item_interval",
          "customer_account", "trial_from_plan", "add_invoice_items", "invoice_settings")  # fmt: skip


def start_subscription(
    store: Store, given: Given, *, session: str | None = None, authenticated: bool = False
) -> Json:
    """A new subscription from the API's parameters. Emits what Stripe emits. Raises its refusals and declined cards.

    `session`: the Checkout session that makes it; `authenticated`: the customer has passed 3-D Secure for it.
    """
    refuse_unmodelled(given, *_PARTS)
    check_billing_mode(given)
    if given.get("payment_behavior") == "pending_if_incomplete":
        raise invalid(
            "`pending_if_incomplete` is only for updates, and can't be passed when a subscription is created.",
            "payment_behavior",
        )
    if not given.get("customer"):
        raise invalid("Missing required param: customer.", "customer", "parameter_missing")
    customer = store.get("customer", given["customer"], param="customer")
    now = store.now(customer["test_clock"])
    subscription = build_subscription(store, given, customer, now, session)
    trialing = subscription["status"] == "trialing"
    lines = first_lines(store, subscription, given, trialing=trialing)
    return _bill_first(store, subscription, lines, given, now, authenticated)


def build_subscription(
    store: Store, given: Given, customer: Json, now: int, session: str | None, *, writes: bool = True
) -> Json:
    """The subscription with its items, period, trial and discounts, not yet billed and not yet stored.

    Without `writes` nothing at all is stored, and discounts are left out.
    """
    wanted = given.get("items") or []
    if not wanted:
        raise invalid("Missing required param: items.", "items", "parameter_missing")
    prices = [resolve_price(store, one, f"items[{number}]") for number, one in enumerate(wanted)]
    currency = currency_of(prices, given.get("currency") or customer.get("currency"))
    if customer["currency"] not in (None, currency):
        raise invalid(
            "You cannot combine currencies on a single customer. This customer has had a subscription, coupon, or invoice item "
            f"with currency {customer['currency']}",
            "currency",
        )
    _check_collection(given)
    if len(wanted) > 20:
        raise invalid("You can have at most 20 subscription items.", "items")
    check_method(store, given, customer["id"])
    id = new_id("sub", 24)
    interval, count = terms_of([{"price": price} for price in prices])
    trial_end = trial_end_of(given, now)
    anchor = _anchor(given, interval, count, now, trial_end)
    period = Period(now, trial_end) if trial_end else _first_period(anchor, interval, count, now)
    items = [build_item(id, price, one, now, period) for price, one in zip(prices, wanted, strict=True)]
    refuse_twice(items)
    subscription = _blank(id, given, customer, currency, now) | {
        "billing_cycle_anchor": anchor,
        "items": list_object(f"/v1/subscription_items?subscription={id}", items, counted=True),
        "status": "trialing" if trial_end else "active",
        "trial_end": trial_end,
        "trial_start": now if trial_end else None,
        **read_shares(store, given),
    }
    set_cancel(subscription, given, now)
    if not writes:
        return subscription
    subscription["discounts"] = discounts.give_all(
        store, given.get("discounts"), holder=subscription, now=now, session=session
    )
    if customer["currency"] is None:
        store.put(customer | {"currency": currency})
    return subscription


def check_method(store: Store, given: Given, customer: str) -> None:
    """Only what is attached to the customer can be charged. Raises Stripe's refusal of anything else."""
    named = given.get("default_payment_method")
    if not named:
        return
    method = store.get("payment_method", named, param="default_payment_method")
    if method.get("customer") != customer:
        raise invalid(
            f"The customer does not have a payment method with the ID {method['id']}. The payment method must be attached "
            "to the customer.",
            "default_payment_method",
            "resource_missing",
        )


def trial_end_of(given: Given, now: int) -> int | None:
    """When the trial ends that the parameters ask for; None without one. Raises on one in the past or past two years."""
    end, days = given.get("trial_end"), given.get("trial_period_days")
    if end is not None and days is not None:
        raise invalid(
            "You may only specify one of these parameters: trial_end, trial_period_days.", "trial_end"
        )
    if end == "now" or (end is None and days is None):
        return None
    if days is not None and days < 1:
        raise invalid(
            "The minimum number of trial period days is 1. To skip the trial, leave it out.",
            "trial_period_days",
        )
    moment = int(end) if end is not None else now + DAY * int(days or 0)
    name = "trial_end" if end is not None else "trial_period_days"
    if moment <= now:
        raise invalid("Invalid timestamp: must be an integer Unix timestamp in the future.", name)
    if moment > now + _LONGEST_TRIAL:
        raise invalid("Invalid timestamp: can be no more than two years in the future.", name)
    return moment


def set_cancel(subscription: Json, given: Given, now: int) -> None:
    """`cancel_at_period_end` and `cancel_at`, which show each other."""
    if given.get("cancel_at_period_end") is not None and given.get("cancel_at") is not None:
        raise invalid("You cannot set both `cancel_at_period_end` and `cancel_at`.", "cancel_at")
    end = subscription["items"]["data"][0]["current_period_end"]
    if given.get("cancel_at_period_end") is not None:
        wanted = bool(given["cancel_at_period_end"])
        if wanted == subscription["cancel_at_period_end"] and not (not wanted and subscription["cancel_at"]):
            return
        subscription["cancel_at_period_end"] = wanted
        subscription["cancel_at"] = end if wanted else None
        _note_cancellation(subscription, now if wanted else None)
    elif "cancel_at" in given:
        at = given["cancel_at"]
        at = end if at in ("min_period_end", "max_period_end") else at
        if at is not None and int(at) <= now:
            raise invalid("Invalid timestamp: must be an integer Unix timestamp in the future.", "cancel_at")
        subscription["cancel_at"], subscription["cancel_at_period_end"] = at, False
        _note_cancellation(subscription, now if at is not None else None)


def _note_cancellation(subscription: Json, asked: int | None) -> None:
    subscription["canceled_at"] = asked
    subscription["cancellation_details"]["reason"] = "cancellation_requested" if asked else None
    if not asked:
        subscription["cancellation_details"] |= {"comment": None, "feedback": None}


def _check_collection(given: Given) -> None:
    by_invoice = given.get("collection_method") == "send_invoice"
    if by_invoice and given.get("days_until_due") is None:
        raise invalid(
            "If collection_method is `send_invoice`, you must specify `days_until_due`.", "days_until_due"
        )
    if not by_invoice and given.get("days_until_due") is not None:
        raise invalid(
            "If collection_method is `charge_automatically`, you can't specify `days_until_due`.",
            "days_until_due",
        )


def _anchor(given: Given, interval: str, count: int, now: int, trial_end: int | None) -> int:
    wanted = given.get("billing_cycle_anchor")
    if wanted is None:
        return trial_end or now
    if wanted <= now:
        raise invalid("billing_cycle_anchor must be a Unix timestamp in the future.", "billing_cycle_anchor")
    if wanted > boundary(now, interval, count, 1):
        raise invalid(
            f"billing_cycle_anchor cannot be later than next natural billing date ({boundary(now, interval, count, 1)}) for plan",
            "billing_cycle_anchor",
        )
    return int(wanted)


def _first_period(anchor: int, interval: str, count: int, now: int) -> Period:
    return Period(now, period_at(anchor, interval, count, now).end)


def first_lines(store: Store, subscription: Json, given: Given, *, trialing: bool) -> list[Line]:
    """A trial's lines cost nothing; a stub before a later anchor costs its share, or nothing where nothing is prorated."""
    now = subscription["created"]
    first = subscription["items"]["data"][0]
    period = Period(first["current_period_start"], first["current_period_end"])
    if trialing:
        return cycle_lines(store, subscription, period, trial=True)
    if subscription["billing_cycle_anchor"] != now:
        if given.get("proration_behavior") == "none":
            return []
        return stub_lines(store, subscription, now)
    return cycle_lines(store, subscription, period)


def _bill_first(
    store: Store, subscription: Json, lines: list[Line], given: Given, now: int, authenticated: bool
) -> Json:
    coupons = discounts.holder_discounts(store, subscription, now)
    lines += pending_lines(store, subscription)
    bill = bill_subscription(store, subscription, lines, "subscription_create", now, coupons)
    by_invoice = subscription["collection_method"] == "send_invoice"
    if not by_invoice:
        subscription["status"] = (
            "incomplete" if subscription["status"] == "active" else subscription["status"]
        )
    store.put(subscription)
    invoice = create_draft(store, bill, waits=by_invoice)
    subscription["latest_invoice"] = invoice["id"]
    used = {one["discount"] for one in invoice["total_discount_amounts"] if one["amount"]}
    if any(line.proration and line.subscription == subscription["id"] for line in lines):
        used |= {name for name, _ in coupons}  # what remains until the anchor is charged after discounts
    remember_debits(subscription, invoice)
    discounts.use_up(store, subscription, used, now)
    store.put(subscription)
    if by_invoice:
        announce(store, subscription, now)
        return store.get("subscription", subscription["id"])
    invoice = finalize(store, invoice, now)
    if invoice["status"] == "open":
        behavior = given.get("payment_behavior") or "allow_incomplete"
        charge_first(store, invoice, subscription, behavior, authenticated=authenticated)
    announce(store, store.get("subscription", subscription["id"]), now)
    return store.get("subscription", subscription["id"])


def announce(store: Store, subscription: Json, now: int) -> None:
    """The events of a new subscription; a trial that ends within three days is told of at once."""
    subscription["_new"] = False
    store.put(subscription)
    store.emit("customer.subscription.created", subscription)
    warn_of_trial_end(store, subscription, now)


def warn_of_trial_end(store: Store, subscription: Json, now: int) -> None:
    end = subscription["trial_end"]
    due = subscription["status"] == "trialing" and end is not None and end - now <= TRIAL_WARNING_SECONDS
    if due and subscription.get("_warned_of") != end:
        subscription["_warned_of"] = end
        store.put(subscription)
        store.emit("customer.subscription.trial_will_end", subscription)


def _blank(id: str, given: Given, customer: Json, currency: str, now: int) -> Json:
    trial = (given.get("trial_settings") or {}).get("end_behavior") or {}
    tax = given.get("automatic_tax") or {}
    settings: dict[str, Any] = given.get("payment_settings") or {}
    return {
        "id": id,
        "object": "subscription",
        "application": None,
        "application_fee_percent": None,
        "automatic_tax": {
            "disabled_reason": None,
            "enabled": bool(tax.get("enabled")),
            "liability": {"type": "self"} if tax.get("enabled") else None,
        },
        "billing_cycle_anchor": now,
        "billing_cycle_anchor_config": None,
        "billing_mode": {
            "type": "flexible",
            "flexible": {"proration_discounts": "included"},
            "updated_at": now,
        },
        "billing_schedules": [],
        "billing_thresholds": None,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "cancellation_details": {"comment": None, "feedback": None, "feedback_option": None, "reason": None},
        "collection_method": given.get("collection_method") or "charge_automatically",
        "created": now,
        "currency": currency,
        "customer": customer["id"],
        "customer_account": None,
        "days_until_due": given.get("days_until_due"),
        "default_payment_method": given.get("default_payment_method"),
        "default_source": None,
        "default_tax_rates": [],
        "description": given.get("description"),
        "discounts": [],
        "ended_at": None,
        "invoice_settings": {
            "account_tax_ids": None,
            "custom_fields": None,
            "description": None,
            "footer": None,
            "issuer": {"type": "self"},
        },
        "latest_invoice": None,
        "livemode": False,
        "metadata": dict(given.get("metadata") or {}),
        "next_pending_invoice_item_invoice": None,
        "on_behalf_of": None,
        "pause_collection": None,
        "payment_settings": {
            "payment_method_options": settings.get("payment_method_options"),
            "payment_method_types": settings.get("payment_method_types"),
            "save_default_payment_method": settings.get("save_default_payment_method") or "off",
        },
        "pending_invoice_item_interval": None,
        "pending_setup_intent": None,
        "pending_update": None,
        "schedule": None,
        "start_date": now,
        "test_clock": customer["test_clock"],
        "transfer_data": None,
        "trial_settings": {
            "end_behavior": {
                "billing_cycle_anchor": None,
                "missing_payment_method": trial.get("missing_payment_method") or "create_invoice",
            }
        },
        "_debits": {},
        "_new": True,
        "_pending": None,
    }
