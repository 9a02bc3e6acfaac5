"""Charges, refunds and the balance."""

from __future__ import annotations

from ..billing.saving import refuse_unmodelled
from ..errors import invalid
from ..expansion import includable
from ..paging import whole
from ..payments.charges import refund_charge
from ..payments.intents import capture
from ..routes import Call, merge_metadata, route, save, take
from ..store import Json, Store


@route("GET", "/v1/charges/{charge}", "ChargeRetrieveParams")
def get_charge(call: Call) -> Json:
    return call.get("charge")


@route("GET", "/v1/charges", "ChargeListParams")
def list_charges(call: Call) -> Json:
    return call.list("charge", "customer", "payment_intent", "transfer_group")


@route("POST", "/v1/charges/{charge}", "ChargeUpdateParams")
def update_charge(call: Call) -> Json:
    before, charge = call.get("charge"), call.get("charge")
    take(charge, call.params, "description", "receipt_email", "shipping", "transfer_group")
    merge_metadata(charge, call.params)
    return save(call, before, charge, "charge.updated")


@route("POST", "/v1/charges/{charge}/capture", "ChargeCaptureParams")
def capture_held_charge(call: Call) -> Json:
    charge = call.get("charge")
    if charge["captured"] or charge["status"] != "succeeded":
        raise invalid(f"Charge {charge['id']} has already been captured.", code="charge_already_captured")
    capture(call.store, call.store.get("payment_intent", charge["payment_intent"]), call.params.get("amount"))
    return call.get("charge")


@route("POST", "/v1/refunds", "RefundCreateParams")
def create_refund(call: Call) -> Json:
    params, store = call.params, call.store
    refuse_unmodelled(params, "customer", "instructions_email", "origin")
    intent = call.named("payment_intent", "payment_intent")
    charge_id = intent["latest_charge"] if intent else params.get("charge")
    if not charge_id:
        raise invalid(
            f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund."
            if intent
            else "One of the following params should be provided for this request: payment_intent or charge.",
            "payment_intent" if intent else None,
        )
    charge = store.get("charge", charge_id, param="charge")
    sent: Json = {"metadata": {}}
    merge_metadata(sent, params)
    return refund_charge(store, charge, {**params, **sent})


@route("GET", "/v1/refunds/{refund}", "RefundRetrieveParams")
def get_refund(call: Call) -> Json:
    return call.get("refund")


@route("GET", "/v1/refunds", "RefundListParams")
def list_refunds(call: Call) -> Json:
    return call.list("refund", "charge", "payment_intent")


@route("POST", "/v1/refunds/{refund}", "RefundUpdateParams")
def update_refund(call: Call) -> Json:
    before, refund = call.get("refund"), call.get("refund")
    merge_metadata(refund, call.params)
    return save(call, before, refund, "refund.updated")


@route("GET", "/v1/balance_transactions/{id}", "BalanceTransactionRetrieveParams")
def get_line(call: Call) -> Json:
    return call.get("balance_transaction")


@route("GET", "/v1/balance_transactions", "BalanceTransactionListParams")
def list_lines(call: Call) -> Json:
    return call.list("balance_transaction", "currency", "source", "type")


@route("GET", "/v1/balance", "BalanceRetrieveParams")
def get_balance(call: Call) -> Json:
    sums: dict[str, dict[str, int]] = {"available": {}, "pending": {}}
    for line in call.store.list("balance_transaction"):
        rows = sums["available" if line["available_on"] <= call.store.now() else "pending"]
        rows[line["currency"]] = rows.get(line["currency"], 0) + line["net"]
    return {"object": "balance", "livemode": False} | {
        name: [
            {"amount": amount, "currency": currency, "source_types": {"card": amount}}
            for currency, amount in rows.items()
        ]
        for name, rows in sums.items()
    }


@includable("charge", "refunds")
def refunds_of(store: Store, charge: Json) -> Json:
    return whole(store.list("refund", charge=charge["id"]), url=f"/v1/charges/{charge['id']}/refunds")
