"""Checkout sessions: made by the server, completed once by a person on the page, or expired.

Invariant: open → complete or expired, and only once; a session that is complete has its subscription, payment or setup; one
whose card was declined is open as before and nothing of the try stands.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from ..emails import check_email
from ..engine.periods import DAY
from ..errors import StripeError, card_declined, invalid
from ..payments.cards import DECLINES, Card, make_method
from ..payments.intents import attach, authenticate, confirm, confirm_setup, declined, new_intent
from ..resources.customers import new_customer
from ..resources.setup_intents import new_setup
from ..resources.tax_ids import make_tax_id
from ..store import Json, Store
from . import discounts
from .checkout_totals import add_up_session, needs_card
from .saving import save
from .starting import start_subscription

KIND: Final = "checkout.session"
EXPIRES_AFTER: Final = DAY


class AuthenticationNeededError(StripeError):
    """The bank wants to see the customer first: 3-D Secure."""

    def __init__(self) -> None:
        super().__init__(
            "The bank wants to confirm this payment (3-D Secure).", code="authentication_required"
        )


@dataclass(slots=True)
class Filled:
    """What the person filled in. `authenticated`: they have passed 3-D Secure."""

    card: Card | None = None
    saved: str | None = None
    email: str | None = None
    name: str | None = None
    address: Json = field(default_factory=dict)
    tax_id: tuple[str, str] | None = None
    authenticated: bool = False


def expire(store: Store, id: str) -> Json:
    """Open → expired, by time or because the server asks for it."""
    session = store.get(KIND, id)
    if session["status"] != "open":
        raise invalid(
            f'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of '
            f"{session['status']}."
        )
    session |= {"status": "expired", "url": None}
    store.put(session)
    store.emit("checkout.session.expired", session)
    return session


def apply_code(store: Store, session: Json, words: str) -> Json:
    """A promotion code typed by the person; an empty one takes it away. Raises what is wrong with it."""
    given = session["_given"]
    if not given.get("allow_promotion_codes"):
        raise invalid("This checkout takes no promotion codes.")
    if not words.strip():
        session["_discounts"] = []
    else:
        code = discounts.find_code(store, words, customer=session["customer"], now=now_of(store, session))
        coupon = store.get("coupon", code["promotion"]["coupon"])
        discounts.check_currency(coupon, session["currency"], "promotion_code")
        discounts.check_minimum(code, session["amount_subtotal"], session["currency"])
        session["_discounts"] = [{"promotion_code": code["id"]}]
    add_up_session(store, session)
    return store.put(session)


def now_of(store: Store, session: Json) -> int:
    """The time of the session's customer."""
    customer = store.find("customer", session["customer"]) or {}
    return store.now(customer.get("test_clock"))


def complete(store: Store, session: Json, filled: Filled) -> Json:
    """Complete an open session. One that is complete already is answered as it is, so a second click changes nothing.

    Raises AuthenticationNeededError, a declined card, or what is wrong with what was filled in; then nothing stands.
    """
    if session["status"] == "complete":
        return session
    if session["status"] != "open" or store.now() >= session["expires_at"]:
        raise invalid(
            "This checkout has expired. Go back to the shop and start it again.",
            code="checkout_session_expired",
        )
    with store.savepoint():
        customer = _customer(store, session, filled)
        session["customer"] = customer["id"]
        method = _method(store, session, customer, filled)
        _MODES[session["mode"]](store, session, method, filled)
        session["customer_details"] = _details(store, customer["id"], filled)
        session |= {"status": "complete", "url": None}
        store.put(session)
        store.emit("checkout.session.completed", session)
    return session


def _customer(store: Store, session: Json, filled: Filled) -> Json:
    """The session's customer, or a new one of what was filled in; with the tax id that was given."""
    if session["customer"]:
        customer = store.get("customer", session["customer"])
        update = session["_given"].get("customer_update") or {}
        before = store.get("customer", customer["id"])
        if update.get("name") == "auto" and filled.name:
            customer["name"] = filled.name
        if update.get("address") == "auto" and filled.address:
            customer["address"] = _address(filled)
        save(store, before, customer, "customer.updated")
    else:
        email = session["customer_email"] or filled.email
        if not email:
            raise invalid("Enter your email address.", "email")
        check_email(email)
        customer = new_customer(store, email=email, name=filled.name, address=_address(filled))
    if filled.tax_id:
        _add_tax_id(store, customer, *filled.tax_id)
    return customer


def _address(filled: Filled) -> Json | None:
    if not filled.address:
        return None
    return dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state")) | filled.address


def _add_tax_id(store: Store, customer: Json, kind: str, value: str) -> None:
    if not store.list("tax_id", customer=customer["id"], type=kind, value=value.strip()):
        make_tax_id(store, customer, kind, value)


def _method(store: Store, session: Json, customer: Json, filled: Filled) -> Json | None:
    """The payment method, new of a card or one that the customer has. None where none is needed."""
    if filled.saved:
        held = store.get("payment_method", filled.saved, param="payment_method")
        if held["customer"] != customer["id"]:
            raise invalid("This payment method belongs to somebody else.", "payment_method")
        asks = held["_behaviour"]["authenticate"]
        known = held["_behaviour"]["authenticated"]
        if not filled.authenticated and (asks == "always" or (asks == "setup" and not known)):
            raise AuthenticationNeededError
        return held
    if filled.card is None:
        if needs_card(session):
            raise invalid("Enter a card.", "card")
        return None
    billing = {"email": customer.get("email"), "name": filled.name, "address": _address(filled) or {}}
    method = make_method(store, filled.card, billing=billing)
    if filled.card.authenticate and not filled.authenticated:
        raise AuthenticationNeededError
    if filled.card.declines and filled.card.when == "always":
        refused = DECLINES[filled.card.declines]
        raise card_declined(refused.message, code=refused.code, decline_code=refused.decline_code)
    return method


def _subscribe(store: Store, session: Json, method: Json | None, filled: Filled) -> None:
    given = session["_given"]
    data: dict[str, Any] = dict(given.get("subscription_data") or {})
    if method is not None:
        if filled.authenticated:
            method["_behaviour"]["authenticated"] = True
        method = attach(store, method, session["customer"])
    wanted = data | {
        "customer": session["customer"],
        "currency": session["currency"],
        "items": [{"price": one["price"], "quantity": one.get("quantity", 1)} for one in given["line_items"]],
        "discounts": session["_discounts"],
        "default_payment_method": method["id"] if method else None,
        "payment_behavior": "error_if_incomplete",
        "automatic_tax": given.get("automatic_tax"),
    }
    wanted = {name: value for name, value in wanted.items() if value is not None}
    for item, price in zip(wanted["items"], session["_lines"], strict=True):
        if price["_metered"]:
            del item["quantity"]
    subscription = start_subscription(
        store, wanted, session=session["id"], authenticated=filled.authenticated
    )
    session |= {"subscription": subscription["id"], "invoice": subscription["latest_invoice"]}
    # As at Stripe's: a trial asks for no payment; a full discount counts as paid.
    trial = subscription["status"] == "trialing"
    session["payment_status"] = "no_payment_required" if trial or method is None else "paid"


def _pay(store: Store, session: Json, method: Json | None, filled: Filled) -> None:
    if method is None:
        session["payment_status"] = "no_payment_required"
        return
    data = session["_given"].get("payment_intent_data") or {}
    customer = store.get("customer", session["customer"])
    intent = new_intent(
        store,
        amount=session["amount_total"],
        currency=session["currency"],
        customer=session["customer"],
        method=method["id"],
        clock=customer["test_clock"],
        description=data.get("description"),
        metadata=dict(data.get("metadata") or {}),
        setup_future_usage=data.get("setup_future_usage"),
    )
    intent = confirm(store, intent, authenticated=filled.authenticated)
    if intent["status"] != "succeeded":
        raise declined(intent["last_payment_error"], intent)
    session |= {"payment_intent": intent["id"], "payment_status": "paid"}


def _set_up(store: Store, session: Json, method: Json | None, filled: Filled) -> None:
    assert method is not None  # the setup mode always asks for one
    intent = new_setup(store, customer=session["customer"], method=method["id"])
    data = session["_given"].get("setup_intent_data") or {}
    intent |= {"metadata": dict(data.get("metadata") or {}), "description": data.get("description")}
    intent = confirm_setup(store, intent)
    if intent["status"] == "requires_action" and filled.authenticated:
        intent = authenticate(store, intent, succeeded=True)
    if intent["status"] != "succeeded":
        raise declined(intent["last_setup_error"], intent)
    session |= {"setup_intent": intent["id"], "payment_status": "no_payment_required"}


_MODES: Final = {"subscription": _subscribe, "payment": _pay, "setup": _set_up}


def _details(store: Store, customer_id: str, filled: Filled) -> Json:
    customer = store.get("customer", customer_id)
    ids = reversed(store.list("tax_id", customer=customer_id))
    return {
        "address": _address(filled) or customer["address"],
        "business_name": None,
        "email": customer["email"],
        "individual_name": None,
        "name": filled.name or customer["name"],
        "phone": customer["phone"],
        "tax_exempt": customer["tax_exempt"],
        "tax_ids": [{"type": one["type"], "value": one["value"]} for one in ids],
    }


def decline_words(error: StripeError) -> str:
    """What the page says of a card that did not go through."""
    return f"{error.message} Nothing was charged. Try another card, or ask your bank."
