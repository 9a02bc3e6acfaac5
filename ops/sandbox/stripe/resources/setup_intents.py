"""Setup intents: a card saved for later charges."""

from __future__ import annotations

from typing import Final

from ..billing.saving import refuse_unmodelled
from ..errors import invalid
from ..ids import new_id, random_text
from ..payments.cards import find_method, method_of_data
from ..payments.intents import cancel, check_open, confirm_setup, declined
from ..routes import Call, merge_metadata, route, take
from ..store import Json, Store

_PARTS: Final = (
    "allowed_payment_method_types", "attach_to_self", "confirmation_token", "customer_account", "excluded_payment_method_types",
    "flow_directions", "mandate_data", "on_behalf_of", "payment_method_configuration", "payment_method_options", "single_use",
)  # fmt: skip


@route("POST", "/v1/setup_intents", "SetupIntentCreateParams")
def create_setup(call: Call) -> Json:
    params = call.params
    refuse_unmodelled(params, *_PARTS)
    customer = call.named("customer", "customer")
    intent = new_setup(
        call.store,
        customer=customer["id"] if customer else None,
        method=_method(call),
        usage=params.get("usage", "off_session"),
    )
    take(intent, params, "description")
    merge_metadata(intent, params)
    call.store.put(intent)
    return _confirmed(call, intent) if params.get("confirm") else intent


def new_setup(
    store: Store, *, customer: str | None, method: str | None = None, usage: str = "off_session"
) -> Json:
    """Also for Checkout in its setup mode; put, with its event."""
    id = new_id("seti")
    intent: Json = {
        "id": id,
        "object": "setup_intent",
        "application": None,
        "automatic_payment_methods": None,
        "cancellation_reason": None,
        "client_secret": f"{id}_secret_{random_text(25)}",
        "created": store.now(),
        "customer": customer,
        "customer_account": None,
        "description": None,
        "flow_directions": None,
        "last_setup_error": None,
        "latest_attempt": None,
        "livemode": False,
        "mandate": None,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": method,
        "payment_method_configuration_details": None,
        "payment_method_options": {
            "card": {"mandate_options": None, "network": None, "request_three_d_secure": "automatic"}
        },
        "payment_method_types": ["card"],
        "single_use_mandate": None,
        "status": "requires_confirmation" if method else "requires_payment_method",
        "usage": usage,
    }
    store.put(intent)
    store.emit("setup_intent.created", intent)
    return intent


@route("GET", "/v1/setup_intents/{intent}", "SetupIntentRetrieveParams")
def get_setup(call: Call) -> Json:
    return call.get("setup_intent")


@route("GET", "/v1/setup_intents", "SetupIntentListParams")
def list_setups(call: Call) -> Json:
    return call.list("setup_intent", "customer", "payment_method")


@route("POST", "/v1/setup_intents/{intent}", "SetupIntentUpdateParams")
def update_setup(call: Call) -> Json:
    intent = call.get("setup_intent")
    check_open(intent, "updated")
    customer, method = call.named("customer", "customer"), _method(call)
    if customer:
        intent["customer"] = customer["id"]
    if method:
        intent |= {"payment_method": method, "status": "requires_confirmation"}
    take(intent, call.params, "description")
    merge_metadata(intent, call.params)
    return call.store.put(intent)


@route("POST", "/v1/setup_intents/{intent}/confirm", "SetupIntentConfirmParams")
def confirm_intent(call: Call) -> Json:
    intent = call.get("setup_intent")
    check_open(intent, "confirmed")
    method = _method(call)
    if method:
        intent["payment_method"] = method
    return _confirmed(call, intent)


@route("POST", "/v1/setup_intents/{intent}/cancel", "SetupIntentCancelParams")
def cancel_setup(call: Call) -> Json:
    return cancel(call.store, call.get("setup_intent"), call.params.get("cancellation_reason"))


def _confirmed(call: Call, intent: Json) -> Json:
    if intent["payment_method"] is None:
        raise invalid(
            "You cannot confirm this SetupIntent because it's missing a payment method.",
            "payment_method",
            "setup_intent_unexpected_state",
        )
    intent = confirm_setup(call.store, intent, return_url=call.params.get("return_url"))
    if intent["last_setup_error"]:
        raise declined(intent["last_setup_error"], intent)
    return intent


def _method(call: Call) -> str | None:
    params = call.params
    if params.get("payment_method_data"):
        return str(
            method_of_data(call.store, params["payment_method_data"], "payment_method_data[card]")["id"]
        )
    return (
        str(find_method(call.store, params["payment_method"])["id"]) if params.get("payment_method") else None
    )
