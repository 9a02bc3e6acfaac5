"""Payment and setup intents: their ways through confirmation, authentication, capture and cancellation.

For invoices and Checkout: `new_intent` → `confirm` → look at `status`, where `requires_action` goes on with `authenticate`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ..errors import StripeError, card_declined, invalid
from ..ids import new_id, random_text
from ..store import Json, Store, shown
from .cards import DECLINES
from .charges import capture_charge, make_charge

_OPEN: Final = ("requires_payment_method", "requires_confirmation", "requires_action")


Follower = Callable[[Store, Json], object]
_FOLLOWERS: Final[list[Follower]] = []


def when_succeeded(function: Follower) -> Follower:
    """`@when_succeeded` over a function (store, intent): called in the same transaction, whatever way it came to that."""
    _FOLLOWERS.append(function)
    return function


def new_intent(
    store: Store,
    *,
    amount: int,
    currency: str,
    customer: str | None = None,
    method: str | None = None,
    clock: str | None = None,
    **fields: Any,
) -> Json:
    """A payment intent that awaits confirmation, or a payment method; put, with its event. `fields` replace any field."""
    id = new_id("pi")
    intent: Json = {
        "id": id,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic",
        "client_secret": f"{id}_secret_{random_text(25)}",
        "confirmation_method": "automatic",
        "created": store.now(clock),
        "currency": currency,
        "customer": customer,
        "customer_account": None,
        "description": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": method,
        "payment_method_configuration_details": None,
        "payment_method_options": {"card": {"installments": None, "mandate_options": None, "network": None, "request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "requires_confirmation" if method else "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
        "_clock": clock,
        **fields,
    }  # fmt: skip
    store.put(intent)
    store.emit("payment_intent.created", intent)
    return intent


def confirm(
    store: Store,
    intent: Json,
    *,
    off_session: bool = False,
    authenticated: bool = False,
    return_url: str | None = None,
) -> Json:
    """Try to take the money. A decline stands in `last_payment_error`; a card that wants its owner in `next_action`, unless the
    owner has just `authenticated`."""
    method = store.get("payment_method", intent["payment_method"], param="payment_method")
    behaviour = method["_behaviour"]
    wanted = behaviour["authenticate"]
    if not authenticated and (wanted == "always" or (wanted == "setup" and not behaviour["authenticated"])):
        if off_session:
            return _decline(store, intent, method, "authentication")
        intent["status"] = "requires_action"
        intent["last_payment_error"] = None
        intent["next_action"] = _action(store, "payment_intents", intent, return_url)
        store.put(intent)
        store.emit("payment_intent.requires_action", intent)
        return intent
    return _charge(store, intent, method)


def authenticate(store: Store, intent: Json, *, succeeded: bool) -> Json:
    """The owner has answered the bank. Raises a 400 where nobody asked."""
    if intent["status"] != "requires_action":
        raise invalid(
            f"This {_name(intent)} does not wait for authentication; its status is {intent['status']}."
        )
    method = store.get("payment_method", intent["payment_method"])
    intent["next_action"] = None
    if intent["object"] == "setup_intent":
        return (
            _finish_setup(store, intent, method)
            if succeeded
            else _refuse_setup(store, intent, method, "unauthenticated")
        )
    if not succeeded:
        return _decline(store, intent, method, "unauthenticated", charged=False)
    _remember(store, method)
    return _charge(store, intent, method)


def capture(store: Store, intent: Json, amount: int | None = None) -> Json:
    """Take what was authorized. Raises the 400 of more, or of an intent that holds nothing."""
    if intent["status"] != "requires_capture":
        raise _unexpected(intent, "captured", "requires_capture")
    amount = intent["amount_capturable"] if amount is None else amount
    if not 0 < amount <= intent["amount_capturable"]:
        raise invalid(
            f"The amount to capture ({amount}) is more than what is capturable ({intent['amount_capturable']}).",
            "amount_to_capture",
            "amount_too_large",
        )
    capture_charge(store, store.get("charge", intent["latest_charge"]), amount)
    return _succeed(store, intent, amount)


def cancel(store: Store, intent: Json, reason: str | None = None) -> Json:
    """Raises the 400 of an intent that is done."""
    if intent["status"] not in (*_OPEN, "requires_capture", "processing"):
        raise _unexpected(
            intent,
            "canceled",
            "requires_payment_method, requires_capture, requires_confirmation, requires_action, processing",
        )
    if intent["object"] == "payment_intent":
        intent |= {"amount_capturable": 0, "canceled_at": store.now(intent.get("_clock"))}
    intent |= {"status": "canceled", "cancellation_reason": reason, "next_action": None}
    store.put(intent)
    store.emit(f"{intent['object']}.canceled", intent)
    return intent


def confirm_setup(store: Store, intent: Json, *, return_url: str | None = None) -> Json:
    """Save a card for later. A decline stands in `last_setup_error`."""
    method = store.get("payment_method", intent["payment_method"], param="payment_method")
    behaviour = method["_behaviour"]
    if behaviour["authenticate"]:
        intent["status"], intent["last_setup_error"] = "requires_action", None
        intent["next_action"] = _action(store, "setup_intents", intent, return_url)
        store.put(intent)
        store.emit("setup_intent.requires_action", intent)
        return intent
    if behaviour["declines"] and behaviour["when"] == "always":
        return _refuse_setup(store, intent, method, behaviour["declines"])
    return _finish_setup(store, intent, method)


def attach(store: Store, method: Json, customer: str) -> Json:
    """The method becomes the customer's; what already is stays. Raises a 400 for another's."""
    if method["customer"] == customer:
        return method
    if method["customer"] is not None:
        raise invalid(
            "The payment method you provided has already been attached to a customer.",
            "payment_method",
            "payment_method_unexpected_state",
        )
    method["customer"] = customer
    store.put(method)
    store.emit("payment_method.attached", method)
    return method


def declined(error: Json, object: Json) -> StripeError:
    """The 402 for an intent's last error; what was written stays."""
    name = object["object"]
    extra = {
        key: value for key, value in shown(error).items() if key not in ("code", "message", "type", "doc_url")
    }
    return card_declined(error["message"], code=error["code"], **extra, **{name: shown(object)})


def check_open(intent: Json, doing: str) -> None:
    """Raises the 400 of an intent whose time to be confirmed or changed is over."""
    if intent["status"] not in _OPEN:
        raise _unexpected(intent, doing, ", ".join(_OPEN))


def _charge(store: Store, intent: Json, method: Json) -> Json:
    now = store.now(intent.get("_clock"))
    if method["_behaviour"]["declines"]:
        return _decline(store, intent, method, method["_behaviour"]["declines"])
    manual = intent["capture_method"] == "manual"
    charge = make_charge(store, intent, method, capture=not manual, now=now)
    intent |= {"latest_charge": charge["id"], "last_payment_error": None, "next_action": None}
    if intent["setup_future_usage"] and intent["customer"]:
        attach(store, _remember(store, method), intent["customer"])
    if manual:
        intent |= {"status": "requires_capture", "amount_capturable": intent["amount"]}
        store.put(intent)
        store.emit("payment_intent.amount_capturable_updated", intent)
        return intent
    intent = _succeed(store, intent, intent["amount"])
    if method["_behaviour"]["disputed"]:
        from ..resources.disputes import open_dispute

        open_dispute(store, store.get("charge", charge["id"]))
    return intent


def _succeed(store: Store, intent: Json, amount: int) -> Json:
    intent |= {"status": "succeeded", "amount_capturable": 0, "amount_received": amount}
    store.put(intent)
    store.emit("payment_intent.succeeded", intent)
    for follow in _FOLLOWERS:
        follow(store, intent)
    return intent


def _decline(store: Store, intent: Json, method: Json, why: str, *, charged: bool = True) -> Json:
    error = _error(method, why)
    if charged:
        charge = make_charge(store, intent, method, decline=why, now=store.now(intent.get("_clock")))
        intent["latest_charge"] = error["charge"] = charge["id"]
    intent |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "next_action": None,
        "last_payment_error": error,
    }
    store.put(intent)
    store.emit("payment_intent.payment_failed", intent)
    return intent


def _refuse_setup(store: Store, intent: Json, method: Json, why: str) -> Json:
    code = "setup_intent_authentication_failure" if why == "unauthenticated" else DECLINES[why].code
    intent["last_setup_error"] = _error(method, why) | {"code": code}
    intent |= {"status": "requires_payment_method", "payment_method": None, "next_action": None}
    store.put(intent)
    store.emit("setup_intent.setup_failed", intent)
    return intent


def _finish_setup(store: Store, intent: Json, method: Json) -> Json:
    _remember(store, method)
    if intent["customer"]:
        attach(store, method, intent["customer"])
    intent |= {"status": "succeeded", "last_setup_error": None, "next_action": None}
    store.put(intent)
    store.emit("setup_intent.succeeded", intent)
    return intent


def _remember(store: Store, method: Json) -> Json:
    """Authenticated once: a card that asks for no more can from now on be charged without its owner."""
    method["_behaviour"]["authenticated"] = True
    return store.put(method)


def _error(method: Json, why: str) -> Json:
    decline = DECLINES[why]
    error: Json = {
        "code": decline.code,
        "doc_url": f"https://stripe.com/docs/error-codes/{decline.code.replace('_', '-')}",
        "message": decline.message,
        "payment_method": shown(method),
        "type": "card_error" if why != "unauthenticated" else "invalid_request_error",
    }
    return error | ({"decline_code": decline.decline_code} if decline.decline_code else {})


def _action(store: Store, path: str, intent: Json, return_url: str | None) -> Json:
    url = f"{store.base_url}/3ds/{path}/{intent['id']}"
    return {"redirect_to_url": {"return_url": return_url, "url": url}, "type": "redirect_to_url"}


def _name(intent: Json) -> str:
    return "PaymentIntent" if intent["object"] == "payment_intent" else "SetupIntent"


def _unexpected(intent: Json, doing: str, allowed: str) -> StripeError:
    name = _name(intent)
    return StripeError(
        f"This {name} could not be {doing} because it has a status of {intent['status']}. Only a {name} with one of the "
        f"following statuses may be {doing}: {allowed}.",
        code=f"{intent['object']}_unexpected_state",
        extra={intent["object"]: shown(intent)},
    )
