"""What moved a customer's balance, and movements by hand."""

from __future__ import annotations

from ..billing.balances import KIND, move_balance
from ..errors import invalid, missing
from ..routes import Call, merge_metadata, route, save, take
from ..store import Json
from .prices import check_currency


@route("POST", "/v1/customers/{customer}/balance_transactions", "CustomerBalanceTransactionCreateParams")
def create_transaction(call: Call) -> Json:
    before, customer = call.get("customer"), call.get("customer")
    params, currency = call.params, check_currency(call.params["currency"])
    if customer["currency"] not in (None, currency):
        raise invalid(
            f"The currency of this customer's balance is `{customer['currency']}`, not `{currency}`.",
            "currency",
        )
    sent: Json = {}
    merge_metadata(sent, params)
    made = move_balance(
        call.store,
        customer,
        params["amount"],
        "adjustment",
        now=call.store.now(customer["test_clock"]),
        currency=currency,
        description=params.get("description"),
        metadata=sent.get("metadata"),
    )
    customer["currency"] = currency
    save(call, before, customer, "customer.updated")
    return made


@route("GET", "/v1/customers/{customer}/balance_transactions", "CustomerBalanceTransactionListParams")
def list_transactions(call: Call) -> Json:
    found = call.store.list(KIND, customer=call.get("customer")["id"])
    if call.params.get("invoice"):
        found = [one for one in found if one["invoice"] == call.params["invoice"]]
    return call.page(found, KIND)


@route(
    "GET",
    "/v1/customers/{customer}/balance_transactions/{transaction}",
    "CustomerBalanceTransactionRetrieveParams",
)
def get_transaction(call: Call) -> Json:
    return _of_customer(call)


@route(
    "POST",
    "/v1/customers/{customer}/balance_transactions/{transaction}",
    "CustomerBalanceTransactionUpdateParams",
)
def update_transaction(call: Call) -> Json:
    """Its amount never changes."""
    found = _of_customer(call)
    take(found, call.params, "description")
    merge_metadata(found, call.params)
    return call.store.put(found)


def _of_customer(call: Call) -> Json:
    found = call.get(KIND, "transaction")
    if found["customer"] != call.path["customer"]:
        raise missing(KIND, found["id"])
    return found
