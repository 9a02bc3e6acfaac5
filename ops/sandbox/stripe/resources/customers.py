"""Customers."""

from __future__ import annotations

from typing import Any, Final

from ..billing.balances import move_balance
from ..billing.ending import end_all
from ..billing.saving import refuse_unmodelled
from ..emails import check_email
from ..errors import invalid
from ..ids import new_id, random_text
from ..payments.cards import find_method
from ..payments.intents import attach
from ..routes import Call, merge_metadata, route, save, take
from ..store import Json, Store
from .tax_ids import make_tax_id

_PLAIN: Final = (
    "address", "business_name", "description", "email", "individual_name", "invoice_prefix", "name", "next_invoice_sequence",
    "phone", "shipping",
)  # fmt: skip


@route("POST", "/v1/customers", "CustomerCreateParams")
def create_customer(call: Call) -> Json:
    clock = call.named("test_helpers.test_clock", "test_clock")
    customer = _blank(call.store, clock["id"] if clock else None)
    _apply(customer, call)
    _set_balance(customer, call, "initial")
    call.store.put(customer)
    method = call.params.get("payment_method")
    if method:
        attach(call.store, find_method(call.store, method), customer["id"])
    call.store.emit("customer.created", customer)
    for one in call.params.get("tax_id_data", []):
        make_tax_id(call.store, customer, one["type"], one["value"])
    return customer


def new_customer(store: Store, **fields: Any) -> Json:
    """A customer that Checkout makes; put, with its event."""
    customer = store.put(_blank(store, None, **fields))
    store.emit("customer.created", customer)
    return customer


def _blank(store: Store, clock: str | None, **fields: Any) -> Json:
    return {
        "id": new_id("cus", 14),
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": store.now(clock),
        "currency": None,
        "customer_account": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "invoice_prefix": random_text(8).upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": {},
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": clock,
        **fields,
    }


@route("GET", "/v1/customers/{customer}", "CustomerRetrieveParams")
def get_customer(call: Call) -> Json:
    gone = call.store.find("customer", call.path["customer"])
    return gone if gone and gone.get("deleted") else call.get("customer")


@route("POST", "/v1/customers/{customer}", "CustomerUpdateParams")
def update_customer(call: Call) -> Json:
    before, customer = call.get("customer"), call.get("customer")
    _apply(customer, call)
    _set_balance(customer, call, "adjustment")
    return save(call, before, customer, "customer.updated")


@route("DELETE", "/v1/customers/{customer}", "CustomerDeleteParams")
def delete_customer(call: Call) -> Json:
    """Its subscriptions end at once, nothing of it is collected any more, and its cards are nobody's."""
    customer, store = call.get("customer"), call.store
    end_all(store, customer)
    for method in store.list("payment_method", customer=customer["id"]):
        store.put(method | {"customer": None})
    store.emit("customer.deleted", customer)
    return call.store.put({"id": customer["id"], "object": "customer", "deleted": True})


@route("GET", "/v1/customers", "CustomerListParams")
def list_customers(call: Call) -> Json:
    match = {name: call.params[name] for name in ("email", "test_clock") if call.params.get(name)}
    return call.page(
        [one for one in call.store.list("customer", **match) if not one.get("deleted")], "customer"
    )


def _apply(customer: Json, call: Call) -> None:
    params = call.params
    refuse_unmodelled(params, "cash_balance", "default_source", "source", "tax", "validate")
    take(customer, params, *_PLAIN)
    merge_metadata(customer, params)
    for name, empty in (("preferred_locales", []), ("tax_exempt", "none")):
        if name in params:
            customer[name] = empty if params[name] is None else params[name]
    check_email(params.get("email"))
    _check_default_method(customer, call)
    customer["invoice_settings"] |= params.get("invoice_settings") or {}


def _set_balance(customer: Json, call: Call, kind: str) -> None:
    """To what is asked for, by a transaction like any other movement."""
    amount = (call.params.get("balance") or 0) - customer["balance"]
    if "balance" in call.params and amount:
        now, currency = call.store.now(customer["test_clock"]), customer["currency"] or "usd"
        move_balance(call.store, customer, amount, kind, now=now, currency=currency)


def _check_default_method(customer: Json, call: Call) -> None:
    """Only what is attached to the customer can be its default; a new customer brings it along as `payment_method`."""
    named = (call.params.get("invoice_settings") or {}).get("default_payment_method")
    if not named or named == call.params.get("payment_method"):
        return
    param = "invoice_settings[default_payment_method]"
    if call.store.get("payment_method", named, param=param)["customer"] != customer["id"]:
        raise invalid(
            "The customer does not have a payment method with the ID "
            f"{named}. The payment method must be attached to the customer.",
            param,
            "resource_missing",
        )
