"""An invoice's way: finalized with a number, paid, voided or given up; and what its subscription becomes by that.

Invariant: draft → open → paid, uncollectible or void; uncollectible → paid or void; nothing leaves paid and void. A number is
given once, when the draft becomes open, and is the next of the customer's own.
"""

from __future__ import annotations

from ..engine.dunning import EndOfRetries, next_attempt
from ..engine.periods import DAY
from ..engine.totals import add_up
from ..errors import invalid
from ..ids import new_id
from ..store import Json, Store
from .balances import move_balance
from .late_usage import count_again
from .saving import save
from .settings import settings_of


def finalize(store: Store, invoice: Json, now: int) -> Json:
    """Draft → open: a number, the customer's balance used, links. Nothing due is paid at once; charging is the caller's."""
    if invoice["status"] != "draft":
        raise invalid("This invoice is already finalized, you can't re-finalize a non-draft invoice.")
    customer = store.get("customer", invoice["customer"])
    invoice["number"] = f"{customer['invoice_prefix']}-{customer['next_invoice_sequence']:04d}"
    count_again(store, invoice, customer)
    _use_balance(store, invoice, customer, now)
    invoice["status"], invoice["effective_at"] = "open", now
    invoice["automatically_finalizes_at"] = None
    invoice["status_transitions"]["finalized_at"] = now
    invoice["_token"] = new_id("invst", 40)
    invoice["hosted_invoice_url"] = f"{store.base_url}/invoices/{invoice['_token']}"
    invoice["invoice_pdf"] = f"{store.base_url}/invoices/{invoice['_token']}/pdf"
    if invoice["collection_method"] == "send_invoice":
        invoice["next_payment_attempt"] = None
        if invoice["due_date"] is None:
            days = invoice.get("_days_until_due")
            invoice["due_date"] = now + DAY * (30 if days is None else days)
    store.put(invoice)
    store.emit("invoice.finalized", invoice)
    if invoice["amount_due"] == 0:
        return mark_paid(store, invoice, now)
    return invoice


def _use_balance(store: Store, invoice: Json, customer: Json, now: int) -> None:
    """The customer's balance as it is now, which may differ from when the draft was made."""
    totals = add_up([invoice["total"]], [], [], customer["balance"], invoice["currency"])
    invoice["starting_balance"], invoice["ending_balance"] = totals.starting_balance, totals.ending_balance
    invoice["amount_due"] = invoice["amount_remaining"] = totals.amount_due
    before = store.get("customer", customer["id"])
    customer["next_invoice_sequence"] += 1
    if customer["balance"] == totals.ending_balance:
        store.put(customer)
        return
    change = totals.ending_balance - customer["balance"]
    move_balance(
        store,
        customer,
        change,
        "applied_to_invoice",
        now=now,
        currency=invoice["currency"],
        invoice=invoice["id"],
    )
    save(store, before, customer, "customer.updated")


def mark_paid(store: Store, invoice: Json, now: int, *, outside: bool = False) -> Json:
    """Open or uncollectible → paid. `outside`: the money came another way. The subscription follows."""
    invoice["status"], invoice["attempted"] = "paid", True
    invoice["amount_paid"] = invoice["amount_due"]
    if outside:
        invoice["amount_paid_off_stripe"] = invoice["amount_due"]
    invoice["amount_remaining"], invoice["next_payment_attempt"] = 0, None
    invoice["auto_advance"] = False
    invoice["status_transitions"]["paid_at"] = now
    store.put(invoice)
    store.emit("invoice.paid", invoice)
    store.emit("invoice.payment_succeeded", invoice)
    _follow_payment(store, invoice, now)
    return invoice


def subscription_of(store: Store, invoice: Json) -> Json | None:
    details = (invoice["parent"] or {}).get("subscription_details") or {}
    return store.find("subscription", details.get("subscription"))


def _follow_payment(store: Store, invoice: Json, now: int) -> None:
    before = subscription_of(store, invoice)
    if before is None or before["status"] in ("canceled", "incomplete_expired"):
        return
    subscription = store.get("subscription", before["id"])
    waiting = subscription.get("_pending")
    if waiting and waiting["invoice"] == invoice["id"]:
        apply_pending(store, subscription)
        return
    if subscription["latest_invoice"] != invoice["id"]:
        return
    if subscription["status"] in ("incomplete", "past_due", "unpaid"):
        subscription["status"] = "trialing" if (subscription["trial_end"] or 0) > now else "active"
    elif subscription["status"] == "paused" and subscription.get("_resuming"):
        subscription["status"], subscription["_resuming"] = "active", False
        save(store, before, subscription, "customer.subscription.updated")
        store.emit("customer.subscription.resumed", subscription)
        return
    save(store, before, subscription, "customer.subscription.updated")


def apply_pending(store: Store, subscription: Json) -> None:
    """The change that waited for its payment takes place."""
    before = store.get("subscription", subscription["id"])
    after = subscription["_pending"]["subscription"] | {"latest_invoice": subscription["latest_invoice"]}
    after |= {"pending_update": None, "_pending": None}
    save(store, before, after, "customer.subscription.updated")
    store.emit("customer.subscription.pending_update_applied", after)


def drop_pending(store: Store, subscription: Json) -> None:
    """The change that waited too long is forgotten, and its invoice voided."""
    before = store.get("subscription", subscription["id"])
    invoice = store.find("invoice", subscription["_pending"]["invoice"])
    subscription["pending_update"], subscription["_pending"] = None, None
    save(store, before, subscription, "customer.subscription.updated")
    store.emit("customer.subscription.pending_update_expired", subscription)
    if invoice and invoice["status"] == "open":
        void(store, invoice, store.now(subscription["test_clock"]))


def mark_failed(store: Store, invoice: Json, now: int, *, needs_action: bool, retry: bool = True) -> Json:
    """A charge did not go through: the next try is set, and the subscription falls behind."""
    before = store.get("invoice", invoice["id"])
    invoice["attempted"] = True
    invoice["attempt_count"] = before["attempt_count"] + 1
    holder = subscription_of(store, invoice)
    begins = holder is not None and (holder["status"] in ("incomplete", "canceled") or holder.get("_pending"))
    scheduled = (
        retry
        and not begins
        and invoice["auto_advance"]
        and invoice["collection_method"] == "charge_automatically"
    )
    days = settings_of(store)["retry_days"]
    following = next_attempt(invoice["attempt_count"], now, days) if scheduled else None
    invoice["next_payment_attempt"] = following
    save(store, before, invoice, "invoice.updated")
    store.emit("invoice.payment_failed", invoice)
    if needs_action:
        store.emit("invoice.payment_action_required", invoice)
    subscription = subscription_of(store, invoice)
    if subscription is None:
        return invoice
    if subscription["status"] in ("active", "trialing", "past_due") and not subscription.get("_pending"):
        was = dict(subscription)
        subscription["status"] = "past_due"
        save(store, was, subscription, "customer.subscription.updated")
    if subscription["status"] == "past_due" and following is None and scheduled:
        give_up(store, subscription, now)
    return invoice


def give_up(store: Store, subscription: Json, now: int) -> None:
    """The last try failed: what the settings say."""
    final: EndOfRetries = settings_of(store)["end_of_retries"]
    if final == "canceled":
        from .ending import end_subscription

        end_subscription(store, subscription, now, reason="payment_failed")
    elif final == "unpaid":
        before = dict(subscription)
        subscription["status"] = "unpaid"
        save(store, before, subscription, "customer.subscription.updated")


def void(store: Store, invoice: Json, now: int) -> Json:
    """Open or uncollectible → void. What it took from the balance is given back; an unpaid beginning ends with it."""
    if invoice["status"] not in ("open", "uncollectible"):
        raise invalid(
            f"You can only pass in open invoices. This invoice isn't open: it is {invoice['status']}."
        )
    customer = store.get("customer", invoice["customer"])
    given_back = (invoice["ending_balance"] or 0) - invoice["starting_balance"]
    if given_back:
        before_it = dict(customer)
        move_balance(
            store,
            customer,
            -given_back,
            "unapplied_from_invoice",
            now=now,
            currency=invoice["currency"],
            invoice=invoice["id"],
        )
        save(store, before_it, customer, "customer.updated")
    invoice["status"], invoice["auto_advance"], invoice["next_payment_attempt"] = "void", False, None
    invoice["status_transitions"]["voided_at"] = now
    cancel_payment(store, invoice, now)
    store.put(invoice)
    store.emit("invoice.voided", invoice)
    subscription = subscription_of(store, invoice)
    if subscription and subscription["latest_invoice"] == invoice["id"]:
        before = dict(subscription)
        if subscription["status"] == "incomplete":
            subscription["status"], subscription["ended_at"] = "incomplete_expired", now
        elif subscription["status"] == "past_due":
            subscription["status"] = "active"
        save(store, before, subscription, "customer.subscription.updated")
    return invoice


def cancel_payment(store: Store, invoice: Json, now: int) -> None:
    """A payment that waits for the invoice is called off."""
    for one in store.list("invoice_payment", invoice=invoice["id"], status="open"):
        one["status"], one["status_transitions"] = (
            "canceled",
            one["status_transitions"] | {"canceled_at": now},
        )
        store.put(one)
        intent = store.find("payment_intent", one["payment"]["payment_intent"])
        if intent and intent["status"] not in ("succeeded", "canceled"):
            intent |= {
                "status": "canceled",
                "canceled_at": now,
                "cancellation_reason": "void_invoice",
                "next_action": None,
            }
            store.put(intent)
            store.emit("payment_intent.canceled", intent)


def mark_uncollectible(store: Store, invoice: Json, now: int) -> Json:
    """Open → uncollectible."""
    if invoice["status"] != "open":
        raise invalid(
            f"You can only mark open invoices as uncollectible. This invoice is {invoice['status']}."
        )
    invoice["status"], invoice["auto_advance"], invoice["next_payment_attempt"] = "uncollectible", False, None
    invoice["status_transitions"]["marked_uncollectible_at"] = now
    invoice["status_details"] = {"uncollectible": {"reason": "user_forgiven"}}
    store.put(invoice)
    store.emit("invoice.marked_uncollectible", invoice)
    return invoice
