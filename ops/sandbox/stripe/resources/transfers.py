"""Transfers to connected accounts, what is taken back of them, and the platform's fees."""

from __future__ import annotations

from ..errors import invalid, missing
from ..payments.connect import make_transfer, refund_fee, reverse_transfer
from ..routes import Call, merge_metadata, route, save, take
from ..store import Json
from .payment_intents import check_amount
from .prices import check_currency


@route("POST", "/v1/transfers", "TransferCreateParams")
def create_transfer(call: Call) -> Json:
    params = call.params
    currency = check_currency(params["currency"])
    if "amount" not in params:
        raise invalid("Missing required param: amount.", "amount", "parameter_missing")
    if params["amount"] < 1:
        check_amount(params["amount"], currency)
    account = call.store.get("account", params["destination"], param="destination")
    if not account["payouts_enabled"] and not account["charges_enabled"]:
        raise invalid(
            "Your destination account needs to have at least one of the following capabilities enabled: transfers, "
            "crypto_transfers, legacy_payments",
            code="insufficient_capabilities_for_transfer",
        )
    charge = call.named("charge", "source_transaction")
    if charge:
        sent = sum(one["amount"] for one in call.store.list("transfer", source_transaction=charge["id"]))
        if sent + params["amount"] > charge["amount_captured"]:
            raise invalid(
                "The transfers of a charge must not add up to more than its amount.",
                "amount",
                "balance_insufficient",
            )
    metadata: Json = {}
    merge_metadata(metadata, params)
    return make_transfer(
        call.store, {**params, **metadata, "currency": currency}, charge=charge["id"] if charge else None
    )


@route("GET", "/v1/transfers/{transfer}", "TransferRetrieveParams")
def get_transfer(call: Call) -> Json:
    return call.get("transfer")


@route("GET", "/v1/transfers", "TransferListParams")
def list_transfers(call: Call) -> Json:
    return call.list("transfer", "destination", "transfer_group")


@route("POST", "/v1/transfers/{id}/reversals", "TransferReversalCreateParams")
def create_reversal(call: Call) -> Json:
    return reverse_transfer(call.store, call.get("transfer"), call.params)


@route("GET", "/v1/transfers/{id}/reversals", "TransferReversalListParams")
def list_reversals(call: Call) -> Json:
    return call.page(
        call.store.list("transfer_reversal", transfer=call.get("transfer")["id"]), "transfer_reversal"
    )


@route("GET", "/v1/transfers/{transfer}/reversals/{id}", "TransferReversalRetrieveParams")
def get_reversal(call: Call) -> Json:
    return _of(call, "transfer_reversal", "transfer")


@route("POST", "/v1/transfers/{transfer}/reversals/{id}", "TransferReversalUpdateParams")
def update_reversal(call: Call) -> Json:
    reversal = _of(call, "transfer_reversal", "transfer")
    merge_metadata(reversal, call.params)
    return call.store.put(reversal)


@route("POST", "/v1/transfers/{transfer}", "TransferUpdateParams")
def update_transfer(call: Call) -> Json:
    before, transfer = call.get("transfer"), call.get("transfer")
    take(transfer, call.params, "description")
    merge_metadata(transfer, call.params)
    return save(call, before, transfer, "transfer.updated")


@route("GET", "/v1/application_fees/{id}", "ApplicationFeeRetrieveParams")
def get_fee(call: Call) -> Json:
    return call.get("application_fee")


@route("GET", "/v1/application_fees", "ApplicationFeeListParams")
def list_fees(call: Call) -> Json:
    return call.list("application_fee", "charge")


@route("POST", "/v1/application_fees/{id}/refunds", "ApplicationFeeRefundCreateParams")
def create_fee_refund(call: Call) -> Json:
    metadata = call.params.get("metadata") or {}
    return refund_fee(call.store, call.get("application_fee"), call.params.get("amount"), metadata=metadata)


@route("GET", "/v1/application_fees/{fee}/refunds", "ApplicationFeeRefundListParams")
def list_fee_refunds(call: Call) -> Json:
    return call.page(call.store.list("fee_refund", fee=call.get("application_fee")["id"]), "fee_refund")


@route("GET", "/v1/application_fees/{fee}/refunds/{id}", "ApplicationFeeRefundRetrieveParams")
def get_fee_refund(call: Call) -> Json:
    return _of(call, "fee_refund", "fee")


@route("POST", "/v1/application_fees/{fee}/refunds/{id}", "ApplicationFeeRefundUpdateParams")
def update_fee_refund(call: Call) -> Json:
    refund = _of(call, "fee_refund", "fee")
    merge_metadata(refund, call.params)
    return call.store.put(refund)


def _of(call: Call, kind: str, holder: str) -> Json:
    """The object that the address names under its holder; the 404 of one that is another's."""
    found = call.get(kind, "id")
    if found[holder] != call.path[holder]:
        raise missing(kind, found["id"])
    return found
