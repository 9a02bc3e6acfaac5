"""Subscription schedules: phases that follow each other, each with its items. So a downgrade waits for the period's end.

Invariant: phases touch without a gap; the current phase is what the subscription bills; a schedule that is released leaves the
subscription as it is.
"""

from __future__ import annotations

from typing import Any

from ..errors import invalid
from ..ids import new_id
from ..store import Json, Store
from . import discounts
from .changed_items import change_items
from .ending import end_subscription
from .items import period_of
from .phases import build_phases, collection_of, discounts_of, items_for, new_phase, phase_item
from .saving import Given, check_billing_mode, refuse_unmodelled, save

_OPEN = ("not_started", "active")


def create(store: Store, given: Given) -> Json:
    """A schedule over a subscription that runs, or of one that begins later or now."""
    refuse_unmodelled(given, "pause_schedules", "customer_account")
    check_billing_mode(given)
    if given.get("from_subscription"):
        for name in ("phases", "customer", "start_date", "end_behavior", "default_settings"):
            if given.get(name) is not None:
                raise invalid(f"You cannot set `{name}` if `from_subscription` is set.", name)
        return _from_subscription(store, given)
    customer = store.get("customer", given.get("customer") or "", param="customer")
    now = store.now(customer["test_clock"])
    start = given.get("start_date")
    moment = now if start in (None, "now") else int(start)
    schedule = _blank(customer["id"], customer["test_clock"], given, now)
    schedule["phases"] = build_phases(store, given.get("phases") or [], moment, customer.get("currency"))
    if not schedule["phases"]:
        raise invalid("Missing required param: phases.", "phases", "parameter_missing")
    store.put(schedule)
    store.emit("subscription_schedule.created", schedule)
    if moment <= now:
        begin(store, schedule["id"], now)
    return store.get("subscription_schedule", schedule["id"])


def _from_subscription(store: Store, given: Given) -> Json:
    subscription = store.get("subscription", given["from_subscription"], param="from_subscription")
    if subscription["schedule"]:
        raise invalid(
            f"You cannot migrate a subscription that is already attached to a schedule: {subscription['schedule']}",
            "from_subscription",
        )
    if subscription["status"] in ("canceled", "incomplete", "incomplete_expired"):
        raise invalid(
            f"You cannot create a schedule from a subscription that is {subscription['status']}.",
            "from_subscription",
        )
    usual = {
        "collection_method": subscription["collection_method"],
        "default_payment_method": subscription["default_payment_method"],
        "invoice_settings": {"days_until_due": subscription["days_until_due"]},
    }
    schedule = _blank(
        subscription["customer"],
        subscription["test_clock"],
        given | {"default_settings": usual},
        store.now(subscription["test_clock"]),
    )
    start, end = period_of(subscription)
    phase = new_phase(subscription["currency"], start, end) | {
        "items": [
            phase_item(one["price"]["id"], one.get("quantity"), one["metadata"])
            for one in subscription["items"]["data"]
        ],
        "discounts": [
            {"coupon": None, "discount": one, "promotion_code": None} for one in subscription["discounts"]
        ],
        "trial_end": subscription["trial_end"],
        "metadata": dict(subscription["metadata"]),
    }
    schedule |= {
        "status": "active",
        "subscription": subscription["id"],
        "phases": [phase],
        "current_phase": {"start_date": start, "end_date": end},
    }
    store.put(schedule)
    before = dict(subscription)
    subscription["schedule"] = schedule["id"]
    save(store, before, subscription, "customer.subscription.updated")
    store.emit("subscription_schedule.created", schedule)
    return schedule


def update(store: Store, schedule: Json, given: Given) -> Json:
    """Replace the phases from the current one on, and the settings."""
    refuse_unmodelled(given, "pause_schedules")
    before = store.get("subscription_schedule", schedule["id"])
    _check_open(schedule, "update")
    if given.get("end_behavior"):
        schedule["end_behavior"] = _end_behavior(given)
    if "metadata" in given:
        schedule["metadata"] = {**schedule["metadata"], **(given["metadata"] or {})}
    if given.get("phases"):
        first = schedule["current_phase"] or schedule["phases"][0]
        phases = build_phases(store, given["phases"], first["start_date"], schedule["phases"][0]["currency"])
        now = store.now(schedule["test_clock"])
        if schedule["status"] == "active" and phases[0]["end_date"] <= now:
            raise invalid("The current phase cannot end in the past.", "phases[0][end_date]")
        schedule["phases"] = phases
        if schedule["current_phase"]:
            schedule["current_phase"] = {
                "start_date": phases[0]["start_date"],
                "end_date": phases[0]["end_date"],
            }
            _match_current(store, schedule, given.get("proration_behavior") or "create_prorations")
    return save(store, before, schedule, "subscription_schedule.updated")


def _match_current(store: Store, schedule: Json, behavior: str) -> None:
    """Where the current phase was changed, the subscription changes at once."""
    from .changing import change_subscription

    subscription = store.get("subscription", schedule["subscription"])
    wanted = _changes(subscription, schedule["phases"][0])
    if wanted:
        store.put(schedule)
        change_subscription(store, subscription["id"], wanted | {"proration_behavior": behavior})


def _changes(subscription: Json, phase: Json) -> Given:
    """What an update would be given to match the phase: its items, and its discounts, which are no others than it names."""
    items = items_for(subscription, phase)
    wanted: Given = {"items": items} if items else {}
    named = discounts_of(phase)
    if [one.get("discount") for one in named] != subscription["discounts"]:
        wanted["discounts"] = named
    return wanted


def next_phase(store: Store, subscription: Json, now: int) -> None:
    """With a new period: the phase that begins at the same moment, put on the subscription in place."""
    schedule = store.find("subscription_schedule", subscription["schedule"])
    phase = _phase_at(schedule, now) if schedule else None
    if schedule is None or phase is None or phase["start_date"] != now:
        return
    wanted = items_for(subscription, phase)
    if wanted:
        change_items(store, subscription, wanted, now)
    _wear(store, subscription, phase, now)
    _enter(store, schedule, phase)


def _wear(store: Store, subscription: Json, phase: Json, now: int) -> None:
    subscription["metadata"] |= phase["metadata"] or {}
    if phase["collection_method"] or phase["invoice_settings"]:
        subscription |= {"days_until_due": None} | collection_of(subscription, phase)
    subscription["discounts"] = discounts.give_all(
        store, discounts_of(phase, subscription["discounts"]), holder=subscription, now=now
    )


def enter_phase(store: Store, id: str, now: int) -> None:
    """A phase that begins within a period: a change with its proration."""
    from .changing import change_subscription

    schedule = store.get("subscription_schedule", id)
    phase = _phase_at(schedule, now)
    if phase is None:
        return
    _enter(store, schedule, phase)
    subscription = store.get("subscription", schedule["subscription"])
    wanted = _changes(subscription, phase | {"discounts": discounts_of(phase, subscription["discounts"])})
    if phase["metadata"]:
        wanted["metadata"] = phase["metadata"]
    if wanted:
        change_subscription(
            store, subscription["id"], wanted | {"proration_behavior": phase["proration_behavior"]}
        )


def begin(store: Store, id: str, now: int) -> None:
    """The first phase begins: the subscription is made."""
    from .starting import start_subscription

    before = store.get("subscription_schedule", id)
    schedule = store.get("subscription_schedule", id)
    phase = schedule["phases"][0]
    given: dict[str, Any] = {
        "customer": schedule["customer"],
        "items": [{k: one[k] for k in ("price", "quantity") if one[k] is not None} for one in phase["items"]],
        "metadata": phase["metadata"] or {},
        "trial_end": phase["trial_end"],
        "discounts": [{k: v for k, v in one.items() if v} for one in phase["discounts"]],
        "default_payment_method": schedule["default_settings"]["default_payment_method"],
        **collection_of(schedule["default_settings"], phase),
    }
    subscription = start_subscription(store, given)
    store.put(subscription | {"schedule": id})
    schedule |= {"status": "active", "subscription": subscription["id"]}
    schedule["current_phase"] = {"start_date": phase["start_date"], "end_date": phase["end_date"]}
    save(store, before, schedule, "subscription_schedule.updated")


def finish(store: Store, id: str, now: int) -> None:
    """The last phase is over: the subscription goes on alone, or ends."""
    schedule = store.get("subscription_schedule", id)
    if schedule["end_behavior"] != "cancel":
        release(store, schedule, now)
        return
    subscription = store.get("subscription", schedule["subscription"])
    subscription["schedule"] = None
    schedule |= {"status": "completed", "completed_at": now, "current_phase": None}
    store.put(schedule)
    store.emit("subscription_schedule.completed", schedule)
    end_subscription(store, subscription, now, reason="cancellation_requested")


def release(store: Store, schedule: Json, now: int) -> Json:
    """The subscription goes on as it is, without the schedule."""
    _check_open(schedule, "release")
    subscription = store.find("subscription", schedule["subscription"])
    schedule |= {
        "status": "released",
        "released_at": now,
        "released_subscription": schedule["subscription"],
        "subscription": None,
        "current_phase": None,
    }
    store.put(schedule)
    store.emit("subscription_schedule.released", schedule)
    if subscription:
        before = dict(subscription)
        subscription["schedule"] = None
        save(store, before, subscription, "customer.subscription.updated")
    return schedule


def cancel(store: Store, schedule: Json, now: int) -> Json:
    """The schedule and its subscription end at once."""
    _check_open(schedule, "cancel")
    subscription = store.find("subscription", schedule["subscription"])
    schedule |= {"status": "canceled", "canceled_at": now, "current_phase": None}
    store.put(schedule)
    store.emit("subscription_schedule.canceled", schedule)
    if subscription:
        subscription["schedule"] = None
        end_subscription(store, subscription, now, reason="cancellation_requested")
    return schedule


def _end_behavior(given: Given) -> str:
    """Raises for what would go on otherwise than by being let go or cancelled."""
    asked = str(given.get("end_behavior") or "release")
    if asked not in ("release", "cancel"):
        refuse_unmodelled(given, "end_behavior")
    return asked


def _check_open(schedule: Json, verb: str) -> None:
    if schedule["status"] not in _OPEN:
        raise invalid(
            f"You cannot {verb} a subscription schedule that is currently in the `{schedule['status']}` status. It must be in "
            "`not_started` or `active`."
        )


def _phase_at(schedule: Json | None, now: int) -> Json | None:
    phases = schedule["phases"] if schedule else []
    return next((one for one in phases if one["start_date"] <= now < one["end_date"]), None)


def _enter(store: Store, schedule: Json, phase: Json) -> None:
    before = store.get("subscription_schedule", schedule["id"])
    schedule["current_phase"] = {"start_date": phase["start_date"], "end_date": phase["end_date"]}
    save(store, before, schedule, "subscription_schedule.updated")


def _blank(customer: str, clock: str | None, given: Given, now: int) -> Json:
    settings = given.get("default_settings") or {}
    refuse_unmodelled(
        settings, "application_fee_percent", "automatic_tax", "billing_cycle_anchor", "billing_thresholds",
        "on_behalf_of", "transfer_data",
    )  # fmt: skip
    return {
        "id": new_id("sub_sched", 24),
        "object": "subscription_schedule",
        "application": None,
        "billing_mode": {
            "type": "flexible",
            "flexible": {"proration_discounts": "included"},
            "updated_at": now,
        },
        "canceled_at": None,
        "completed_at": None,
        "created": now,
        "current_phase": None,
        "customer": customer,
        "customer_account": None,
        "default_settings": {
            "application_fee_percent": None,
            "automatic_tax": None,
            "billing_cycle_anchor": "automatic",
            "billing_thresholds": None,
            "collection_method": settings.get("collection_method") or "charge_automatically",
            "default_payment_method": settings.get("default_payment_method"),
            "description": settings.get("description"),
            "invoice_settings": {
                "account_tax_ids": None,
                "custom_fields": None,
                "days_until_due": (settings.get("invoice_settings") or {}).get("days_until_due"),
                "description": None,
                "footer": None,
                "issuer": {"type": "self"},
            },
            "on_behalf_of": None,
            "transfer_data": None,
        },
        "end_behavior": _end_behavior(given),
        "livemode": False,
        "metadata": dict(given.get("metadata") or {}),
        "pause_schedules": [],
        "phases": [],
        "released_at": None,
        "released_subscription": None,
        "status": "not_started",
        "subscription": None,
        "test_clock": clock,
    }
