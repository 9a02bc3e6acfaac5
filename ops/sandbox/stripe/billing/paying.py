"""Charging an invoice: with which payment method, through a payment intent, and what follows when it does not go through.

Invariant: an invoice has one payment intent, which is tried again and not made anew; the invoice is paid when the intent
succeeds, by whatever way that came about.
"""

from __future__ import annotations

from typing import Final

from ..errors import StripeError, invalid
from ..ids import new_id
from ..payments.intents import confirm, declined, new_intent, when_succeeded
from ..store import Json, Store, shown
from .saving import Given, save
from .settling import cancel_payment, finalize, mark_failed, mark_paid, mark_uncollectible, subscription_of
from .shares import share_of

_NO_METHOD: Final = (
    "There is no default_payment_method set on this Customer or Invoice. Please set either an Invoice, Subscription or "
    "Customer default_payment_method before retrying."
)


def method_of(store: Store, subscription: Json, invoice: Json | None = None) -> str | None:
    """The payment method that is charged: the invoice's, else the subscription's, else the customer's default."""
    customer = store.find("customer", subscription["customer"]) or {}
    names = [
        invoice["default_payment_method"] if invoice else None,
        subscription.get("default_payment_method"),
        (customer.get("invoice_settings") or {}).get("default_payment_method"),
    ]
    for name in names:
        method = store.find("payment_method", name)
        if method and method["customer"] == subscription["customer"]:
            return str(method["id"])
    return None


def collect(store: Store, invoice: Json, now: int) -> Json:
    """Try to charge an open invoice, off session, as renewals and retries do. Says on the invoice what came of it."""
    return _attempt(store, invoice)[0]


def charge_first(
    store: Store, invoice: Json, subscription: Json, behavior: str, *, authenticated: bool
) -> None:
    """The first invoice of a subscription. Raises where the payment must succeed and does not."""
    if behavior == "default_incomplete":
        _open_payment(store, invoice)
        return
    if method_of(store, subscription, invoice) is None:
        raise StripeError(
            "This customer has no attached payment source or default payment method. Please consider adding a default payment "
            "method. For more information, visit https://stripe.com/docs/billing/subscriptions/payment-methods-setting.",
            code="resource_missing",
        )
    _, error = _attempt(store, invoice, authenticated=authenticated)
    if error and behavior in ("error_if_incomplete", "pending_if_incomplete"):
        raise _refused(error)


def charge_change(store: Store, invoice: Json, behavior: str, *, authenticated: bool) -> None:
    """The invoice of a change. Raises where the payment must succeed and does not."""
    if behavior == "default_incomplete":
        _open_payment(store, invoice)
        subscription = subscription_of(store, invoice)
        if subscription and subscription["status"] in ("active", "trialing"):
            save(store, subscription, subscription | {"status": "past_due"}, "customer.subscription.updated")
        return
    _, error = _attempt(store, invoice, authenticated=authenticated)
    if error and behavior == "error_if_incomplete":
        raise _refused(error)


def _refused(error: StripeError) -> StripeError:
    """The same refusal, after which nothing stands of what the request began."""
    return StripeError(
        error.message, status=402, kind="card_error", code=error.code, param=error.param, extra=error.extra
    )


def pay_by_request(store: Store, invoice: Json, given: Given) -> Json:
    """`POST /v1/invoices/{id}/pay`. A declined card is raised, and its traces stand."""
    now = store.now(invoice["test_clock"])
    if invoice["status"] == "draft":
        invoice = finalize(store, invoice, now)
        if invoice["status"] == "paid":
            return invoice
    if invoice["status"] not in ("open", "uncollectible"):
        raise invalid(
            f"Invoice is already {invoice['status']}",
            code="invoice_already_paid" if invoice["status"] == "paid" else None,
        )
    if given.get("paid_out_of_band"):
        cancel_payment(store, invoice, now)
        return mark_paid(store, invoice, now, outside=True)
    method = given.get("payment_method")
    if method:
        held = store.get("payment_method", method, param="payment_method")
        if held["customer"] != invoice["customer"]:
            raise invalid("The payment method does not belong to the invoice's customer.", "payment_method")
    paid, error = _attempt(store, invoice, method=method, retry=False)
    if error and given.get("forgive"):
        return mark_uncollectible(store, store.get("invoice", invoice["id"]), now)
    if error:
        raise error
    return paid


def _attempt(
    store: Store,
    invoice: Json,
    *,
    method: str | None = None,
    authenticated: bool = False,
    retry: bool = True,
) -> tuple[Json, StripeError | None]:
    """One try. Returns the invoice as it is then, and what went wrong."""
    now = store.now(invoice["test_clock"])
    subscription = subscription_of(store, invoice)
    holder = subscription or {"customer": invoice["customer"]}
    method = method or method_of(store, holder, invoice)
    intent = _open_payment(store, invoice)
    error: StripeError | None = None
    if method is None:
        error = invalid(_NO_METHOD)
    else:
        intent = confirm(store, intent | {"payment_method": method}, authenticated=authenticated)
    if intent["status"] == "succeeded":
        return store.get("invoice", invoice["id"]), None
    needs_action = intent["status"] == "requires_action"
    if error is None:
        error = _action_needed(intent) if needs_action else declined(intent["last_payment_error"], intent)
    current = store.get("invoice", invoice["id"])
    again = retry or current["next_payment_attempt"] is not None
    return mark_failed(store, current, now, needs_action=needs_action, retry=again), error


def _action_needed(intent: Json) -> StripeError:
    return StripeError(
        "Payment for this invoice requires additional user action before it can be completed successfully.",
        status=402,
        kind="card_error",
        code="invoice_payment_intent_requires_action",
        keeps=True,
        extra={"payment_intent": shown(intent)},
    )


def _open_payment(store: Store, invoice: Json) -> Json:
    """The invoice's payment intent, made with the first try."""
    for one in store.list("invoice_payment", invoice=invoice["id"], status="open"):
        found = store.find("payment_intent", one["payment"]["payment_intent"])
        if found:
            return found
    words = {"subscription_create": "Subscription creation", "subscription_update": "Subscription update"}
    intent = new_intent(
        store,
        amount=invoice["amount_due"],
        currency=invoice["currency"],
        customer=invoice["customer"],
        clock=invoice["test_clock"],
        description=words.get(invoice["billing_reason"], f"Payment for Invoice {invoice['number']}"),
        receipt_email=invoice["customer_email"],
        setup_future_usage="off_session",
        **share_of(subscription_of(store, invoice), invoice["amount_due"]),
    )
    store.put(
        {
            "id": new_id("inpay"),
            "object": "invoice_payment",
            "amount_paid": None,
            "amount_requested": invoice["amount_due"],
            "created": store.now(invoice["test_clock"]),
            "currency": invoice["currency"],
            "invoice": invoice["id"],
            "is_default": True,
            "livemode": False,
            "payment": {"type": "payment_intent", "payment_intent": intent["id"]},
            "status": "open",
            "status_transitions": {"canceled_at": None, "paid_at": None},
        }
    )
    return intent


@when_succeeded
def settle_intent(store: Store, intent: Json) -> None:
    """A payment intent succeeded: the invoice that waits for it is paid. Safe to repeat."""
    for one in store.list("invoice_payment", payment__payment_intent=intent["id"], status="open"):
        invoice = store.get("invoice", one["invoice"])
        now = store.now(invoice["test_clock"])
        one |= {
            "status": "paid",
            "amount_paid": intent["amount"],
            "status_transitions": {"canceled_at": None, "paid_at": now},
        }
        store.put(one)
        store.emit("invoice_payment.paid", one)
        if invoice["status"] in ("open", "uncollectible"):
            invoice["attempt_count"] += 1
            mark_paid(store, invoice, now)
