"""How a subscription ends, and what it still bills then."""

from __future__ import annotations

from ..store import Json, Store
from .saving import save


def end_subscription(store: Store, subscription: Json, now: int, *, reason: str | None) -> Json:
    """→ canceled. Its open invoices are no longer collected, its schedule ends with it."""
    if subscription["canceled_at"] is None:
        subscription["canceled_at"] = now
    subscription["status"], subscription["ended_at"] = "canceled", now
    subscription["cancellation_details"]["reason"] = subscription["cancellation_details"]["reason"] or reason
    subscription["pending_update"], subscription["_pending"] = None, None
    schedule = store.find("subscription_schedule", subscription["schedule"])
    subscription["schedule"] = None
    store.put(subscription)
    store.emit("customer.subscription.deleted", subscription)
    for invoice in open_invoices(store, subscription):
        before = dict(invoice)
        invoice["auto_advance"], invoice["next_payment_attempt"] = False, None
        invoice["automatically_finalizes_at"] = None
        save(store, before, invoice, "invoice.updated")
    if schedule and schedule["status"] in ("active", "not_started"):
        schedule |= {"status": "canceled", "canceled_at": now, "current_phase": None}
        store.put(schedule)
        store.emit("subscription_schedule.canceled", schedule)
    return subscription


def open_invoices(store: Store, subscription: Json) -> list[Json]:
    """Drafts and open invoices of the subscription, the newest first."""
    return [
        one
        for one in store.list("invoice", customer=subscription["customer"])
        if one["status"] in ("draft", "open")
        and ((one["parent"] or {}).get("subscription_details") or {}).get("subscription")
        == subscription["id"]
    ]


def end_all(store: Store, customer: Json) -> None:
    """The customer goes: with it every subscription, and what its invoices would still have done by themselves."""
    now = store.now(customer["test_clock"])
    for subscription in store.list("subscription", customer=customer["id"]):
        if subscription["status"] not in ("canceled", "incomplete_expired"):
            end_subscription(store, subscription, now, reason="cancellation_requested")
    for invoice in store.list("invoice", customer=customer["id"]):
        if invoice["status"] in ("draft", "open") and invoice["auto_advance"]:
            stopped = {
                "auto_advance": False,
                "next_payment_attempt": None,
                "automatically_finalizes_at": None,
            }
            save(store, dict(invoice), invoice | stopped, "invoice.updated")
    for schedule in store.list("subscription_schedule", customer=customer["id"], status="not_started"):
        store.put(schedule | {"status": "canceled", "canceled_at": now})
