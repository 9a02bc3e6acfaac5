"""Payment methods: cards, by Stripe's test tokens."""

from __future__ import annotations

from ..errors import card_declined, invalid, missing
from ..payments.cards import DECLINES, find_method, method_of_data
from ..payments.intents import attach
from ..routes import Call, merge_metadata, route, save
from ..store import Json


@route("POST", "/v1/payment_methods", "PaymentMethodCreateParams")
def create_method(call: Call) -> Json:
    if "type" not in call.params:
        raise invalid("Missing required param: type.", "type", "parameter_missing")
    method = method_of_data(call.store, call.params)
    merge_metadata(method, call.params)
    return call.store.put(method)


@route("GET", "/v1/payment_methods/{payment_method}", "PaymentMethodRetrieveParams")
def get_method(call: Call) -> Json:
    return (
        find_method(call.store, call.path["payment_method"], "id")
        if _is_token(call)
        else call.get("payment_method")
    )


@route("POST", "/v1/payment_methods/{payment_method}", "PaymentMethodUpdateParams")
def update_method(call: Call) -> Json:
    before, method = call.get("payment_method"), call.get("payment_method")
    if method["customer"] is None:
        raise invalid("You must save this PaymentMethod to a customer before you can update it.")
    method["billing_details"] |= call.params.get("billing_details") or {}
    for name in ("exp_month", "exp_year"):
        if name in call.params.get("card", {}):
            method["card"][name] = call.params["card"][name]
    merge_metadata(method, call.params)
    return save(call, before, method, "payment_method.updated")


@route("GET", "/v1/payment_methods", "PaymentMethodListParams")
def list_methods(call: Call) -> Json:
    return _list(call, call.params.get("customer"))


@route("GET", "/v1/customers/{customer}/payment_methods", "CustomerPaymentMethodListParams")
def list_methods_of_customer(call: Call) -> Json:
    return _list(call, call.get("customer")["id"])


@route(
    "GET", "/v1/customers/{customer}/payment_methods/{payment_method}", "CustomerPaymentMethodRetrieveParams"
)
def get_method_of_customer(call: Call) -> Json:
    method = call.get("payment_method", "payment_method")
    if method["customer"] != call.path["customer"]:
        raise missing("payment_method", method["id"])
    return method


@route("POST", "/v1/payment_methods/{payment_method}/attach", "PaymentMethodAttachParams")
def attach_method(call: Call) -> Json:
    if "customer" not in call.params:
        raise invalid("Missing required param: customer.", "customer", "parameter_missing")
    call.named("customer", "customer")
    method = (
        find_method(call.store, call.path["payment_method"], "id")
        if _is_token(call)
        else call.get("payment_method")
    )
    behaviour = method["_behaviour"]
    if behaviour["declines"] and behaviour["when"] == "always":
        refused = DECLINES[behaviour["declines"]]
        raise card_declined(refused.message, code=refused.code, decline_code=refused.decline_code)
    return attach(call.store, method, call.params["customer"])


@route("POST", "/v1/payment_methods/{payment_method}/detach", "PaymentMethodDetachParams")
def detach_method(call: Call) -> Json:
    method = call.get("payment_method")
    customer = call.store.find("customer", method["customer"])
    if customer is None:
        raise invalid(
            "The payment method you provided is not attached to a customer so detachment is impossible."
        )
    before = call.store.get("customer", customer["id"]) if not customer.get("deleted") else customer
    method["customer"] = None
    call.store.put(method)
    call.store.emit("payment_method.detached", method, {"customer": customer["id"]})
    settings = customer.get("invoice_settings") or {}
    if settings.get("default_payment_method") == method["id"]:
        settings["default_payment_method"] = None
        save(call, before, customer, "customer.updated")
    return method


def _list(call: Call, customer: str | None) -> Json:
    if customer is not None:
        call.store.get("customer", customer, param="customer")
    methods = call.store.list("payment_method", customer=customer) if customer else []
    if call.params.get("type"):
        methods = [one for one in methods if one["type"] == call.params["type"]]
    return call.page(methods, "payment_method")


def _is_token(call: Call) -> bool:
    return call.path["payment_method"].startswith("pm_card_")
