"""Tax ids of customers: checked for their form, then verified or not, as Stripe's test values are."""

from __future__ import annotations

import re
from typing import Final

from ..errors import invalid, missing
from ..expansion import includable
from ..ids import new_id
from ..paging import whole
from ..routes import Call, route
from ..store import Json, Store

# Of the commonest types; others are taken as they come.
_FORMS: Final = {
    "eu_vat": r"[A-Z]{2}[A-Z0-9]{2,13}",
    "gb_vat": r"GB(\d{9}|\d{12}|GD\d{3}|HA\d{3})",
    "us_ein": r"\d{2}-\d{7}",
    "ca_bn": r"\d{9}",
    "au_abn": r"\d{11}",
    "ch_vat": r"CHE-\d{3}\.\d{3}\.\d{3} (MWST|TVA|IVA)",
    "in_gst": r"\d{2}[A-Z]{5}\d{4}[A-Z][A-Z0-9]Z[A-Z0-9]",
    "no_vat": r"\d{9}MVA",
    "br_cnpj": r"\d{2}\.\d{3}\.\d{3}/\d{4}-\d{2}",
}
_VERIFIED: Final = ("eu_vat", "gb_vat", "au_abn")
# Stripe's magic endings: verified, refused, still pending.
_ENDINGS: Final = {"000000001": "unverified", "000000002": "pending"}


@route("POST", "/v1/customers/{customer}/tax_ids", "CustomerTaxIdCreateParams")
def create_for_customer(call: Call) -> Json:
    return make_tax_id(
        call.store, call.get("customer", "customer"), call.params["type"], call.params["value"]
    )


@route("GET", "/v1/customers/{customer}/tax_ids", "CustomerTaxIdListParams")
def list_of_customer(call: Call) -> Json:
    return call.page(call.store.list("tax_id", customer=call.get("customer", "customer")["id"]), "tax_id")


@route("GET", "/v1/customers/{customer}/tax_ids/{id}", "CustomerTaxIdRetrieveParams")
def get_of_customer(call: Call) -> Json:
    return _of_customer(call)


@route("DELETE", "/v1/customers/{customer}/tax_ids/{id}", "CustomerTaxIdDeleteParams")
def delete_of_customer(call: Call) -> Json:
    return _delete(call, _of_customer(call))


@route("POST", "/v1/tax_ids", "TaxIdCreateParams")
def create_tax_id(call: Call) -> Json:
    owner = call.params.get("owner") or {"type": "self"}
    if owner["type"] != "customer":
        raise invalid("This local Stripe knows tax ids of customers alone.", "owner[type]")
    customer = call.store.get("customer", owner.get("customer", ""), param="owner[customer]")
    return make_tax_id(call.store, customer, call.params["type"], call.params["value"])


@route("GET", "/v1/tax_ids", "TaxIdListParams")
def list_tax_ids(call: Call) -> Json:
    owner = call.params.get("owner") or {}
    match = {"customer": owner["customer"]} if owner.get("customer") else {}
    return call.page(call.store.list("tax_id", **match), "tax_id")


@route("GET", "/v1/tax_ids/{id}", "TaxIdRetrieveParams")
def get_tax_id(call: Call) -> Json:
    return call.get("tax_id")


@route("DELETE", "/v1/tax_ids/{id}", "TaxIdDeleteParams")
def delete_tax_id(call: Call) -> Json:
    return _delete(call, call.get("tax_id"))


def make_tax_id(store: Store, customer: Json, kind: str, value: str) -> Json:
    """Also for Checkout, and for a customer that comes with some. Raises the 400 of one that has not its type's form."""
    value = value.strip()
    form = _FORMS.get(kind)
    if form and not re.fullmatch(form, value):
        raise invalid(f"Invalid value for {kind}.", "value", "tax_id_invalid")
    if len(store.list("tax_id", customer=customer["id"])) >= 5:
        raise invalid("A customer can have at most five tax IDs.")
    status = _ENDINGS.get(value[-9:], "verified") if kind in _VERIFIED else "unavailable"
    tax_id: Json = {
        "id": new_id("txi"),
        "object": "tax_id",
        "country": value[:2] if kind == "eu_vat" else kind[:2].upper(),
        "created": store.now(),
        "customer": customer["id"],
        "customer_account": None,
        "livemode": False,
        "owner": {"customer": customer["id"], "type": "customer"},
        "type": kind,
        "value": value,
        "verification": {"status": status, "verified_address": None, "verified_name": None},
    }
    store.put(tax_id)
    store.emit("customer.tax_id.created", tax_id)
    return tax_id


@includable("customer", "tax_ids")
def tax_ids_of(store: Store, customer: Json) -> Json:
    return whole(store.list("tax_id", customer=customer["id"]), url=f"/v1/customers/{customer['id']}/tax_ids")


def _of_customer(call: Call) -> Json:
    found = call.get("tax_id", "id")
    if found["customer"] != call.path["customer"]:
        raise missing("tax_id", found["id"])
    return found


def _delete(call: Call, tax_id: Json) -> Json:
    call.store.emit("customer.tax_id.deleted", tax_id)
    return call.store.delete("tax_id", tax_id["id"])
