"""Payment intents."""

from __future__ import annotations

from typing import Final

from ..billing.lines import money
from ..billing.saving import refuse_unmodelled
from ..engine.totals import SMALLEST_CHARGE
from ..errors import StripeError, invalid
from ..payments.cards import find_method, method_of_data
from ..payments.intents import cancel, capture, check_open, confirm, declined, new_intent
from ..routes import Call, merge_metadata, route, take
from ..store import Json, Store
from .prices import check_currency

_PARTS: Final = (
    "allowed_payment_method_types", "amount_details", "confirmation_token", "customer_account", "excluded_payment_method_types",
    "hooks", "mandate", "mandate_data", "payment_details", "payment_method_configuration", "payment_method_options", "radar_options",
)  # fmt: skip
_LARGEST: Final = 99_999_999
_PLAIN: Final = (
    "application_fee_amount", "capture_method", "confirmation_method", "description", "on_behalf_of", "receipt_email",
    "setup_future_usage", "shipping", "statement_descriptor", "statement_descriptor_suffix", "transfer_group",
)  # fmt: skip


@route("POST", "/v1/payment_intents", "PaymentIntentCreateParams")
def create_intent(call: Call) -> Json:
    params, store = call.params, call.store
    refuse_unmodelled(params, *_PARTS)
    currency = check_currency(params["currency"])
    check_amount(params["amount"], currency)
    customer = call.named("customer", "customer")
    _check_destination(call)
    fields: Json = {}
    take(fields, params, *_PLAIN)
    merge_metadata(fields, params)
    if "transfer_data" in params:
        fields["transfer_data"] = {"amount": None, **params["transfer_data"]}
    if "automatic_payment_methods" in params:
        fields["automatic_payment_methods"] = {
            "allow_redirects": "always",
            **params["automatic_payment_methods"],
        }
    intent = new_intent(
        store,
        amount=params["amount"],
        currency=currency,
        customer=customer["id"] if customer else None,
        method=_method(call),
        clock=(customer or {}).get("test_clock"),
        **fields,
    )
    if params.get("confirm"):
        return _confirmed(call, intent)
    if params.get("off_session"):
        raise invalid("`off_session` may only be given with `confirm=true`.", "off_session")
    return intent


@route("GET", "/v1/payment_intents/{intent}", "PaymentIntentRetrieveParams")
def get_intent(call: Call) -> Json:
    return call.get("payment_intent")


@route("GET", "/v1/payment_intents", "PaymentIntentListParams")
def list_intents(call: Call) -> Json:
    return call.list("payment_intent", "customer")


@route("POST", "/v1/payment_intents/{intent}", "PaymentIntentUpdateParams")
def update_intent(call: Call) -> Json:
    intent = call.get("payment_intent")
    check_open(intent, "updated")
    params = call.params
    refuse_unmodelled(params, *_PARTS)
    if "amount" in params:
        check_amount(params["amount"], intent["currency"])
    customer = call.named("customer", "customer")
    if customer:
        intent["customer"] = customer["id"]
    take(intent, params, "amount", *_PLAIN)
    method = _method(call)
    if method:
        intent |= {"payment_method": method, "status": "requires_confirmation"}
    merge_metadata(intent, params)
    return call.store.put(intent)


@route("POST", "/v1/payment_intents/{intent}/confirm", "PaymentIntentConfirmParams")
def confirm_by_request(call: Call) -> Json:
    intent = call.get("payment_intent")
    check_open(intent, "confirmed")
    refuse_unmodelled(call.params, *_PARTS, "amount_to_confirm")
    take(intent, call.params, "receipt_email", "setup_future_usage", "shipping", "capture_method")
    method = _method(call)
    if method:
        intent["payment_method"] = method
    return _confirmed(call, intent)


@route("POST", "/v1/payment_intents/{intent}/capture", "PaymentIntentCaptureParams")
def capture_intent(call: Call) -> Json:
    intent = call.get("payment_intent")
    merge_metadata(intent, call.params)
    return capture(call.store, intent, call.params.get("amount_to_capture"))


@route("POST", "/v1/payment_intents/{intent}/cancel", "PaymentIntentCancelParams")
def cancel_intent(call: Call) -> Json:
    return cancel(call.store, call.get("payment_intent"), call.params.get("cancellation_reason"))


def make_intent(
    store: Store, *, amount: int, currency: str, customer: str, description: str | None = None
) -> Json:
    """For an invoice: the customer's, on the customer's clock."""
    clock = store.get("customer", customer).get("test_clock")
    return new_intent(
        store, amount=amount, currency=currency, customer=customer, clock=clock, description=description
    )


def confirm_intent(
    store: Store, intent: Json, method: str, *, off_session: bool = False, authenticated: bool = False
) -> StripeError | None:
    """Try to pay with that method. The 402 of a declined card, not raised; None when it is paid or waits for its owner."""
    check_open(intent, "confirmed")
    intent["payment_method"] = method
    intent = confirm(store, intent, off_session=off_session, authenticated=authenticated)
    return declined(intent["last_payment_error"], intent) if intent["last_payment_error"] else None


def check_amount(amount: int, currency: str) -> None:
    """Raises a 400 for what is too little or too much to charge."""
    least = SMALLEST_CHARGE.get(currency, 50)
    if amount < 1:
        raise invalid("This value must be greater than or equal to 1.", "amount", "parameter_invalid_integer")
    if amount < least:
        raise invalid(
            f"Amount must be at least {money(least, currency)} {currency}", "amount", "amount_too_small"
        )
    if amount > _LARGEST:
        raise invalid(
            f"Amount must be no more than {money(_LARGEST, currency)}", "amount", "amount_too_large"
        )


def _confirmed(call: Call, intent: Json) -> Json:
    """Confirm; a decline and an action that was not wanted are 402, as at Stripe's."""
    params = call.params
    if intent["payment_method"] is None:
        raise invalid(
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the "
            "PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method.",
            "payment_method",
            "payment_intent_unexpected_state",
        )
    intent = confirm(
        call.store,
        intent,
        off_session=bool(params.get("off_session")) or bool(params.get("error_on_requires_action")),
        return_url=params.get("return_url"),
    )
    if intent["last_payment_error"]:
        raise declined(intent["last_payment_error"], intent)
    return intent


def _method(call: Call) -> str | None:
    """The id of the payment method that the parameters name or describe; checked against the customer."""
    params, store = call.params, call.store
    if params.get("payment_method_data"):
        return str(method_of_data(store, params["payment_method_data"], "payment_method_data[card]")["id"])
    if not params.get("payment_method"):
        return None
    method = find_method(store, params["payment_method"])
    intent = store.find("payment_intent", call.path.get("intent"))
    customer = params.get("customer") or (intent or {}).get("customer")
    if method["customer"] is not None and method["customer"] != customer:
        raise invalid(
            f"The PaymentMethod {method['id']} belongs to a customer. Please include the customer in the `customer` parameter "
            "on the PaymentIntent."
            if customer is None
            else f"The provided PaymentMethod ({method['id']}) does not belong to the provided customer.",
            "payment_method",
        )
    return str(method["id"])


def _check_destination(call: Call) -> None:
    params, store = call.params, call.store
    destination = (params.get("transfer_data") or {}).get("destination")
    if destination:
        store.get("account", destination, param="transfer_data[destination]")
    fee = params.get("application_fee_amount")
    if fee is None:
        return
    if not destination and store.scope is None:
        raise invalid(
            "Can only apply an application_fee_amount when the PaymentIntent is attempting a direct payment (using an OAuth "
            "key or Stripe-Account header) or destination payment (using `transfer_data[destination]`).",
            "application_fee_amount",
        )
    if fee > params["amount"]:
        raise invalid("The application fee must not be greater than the amount.", "application_fee_amount")
