"""Money of connected accounts: the share of a destination charge, transfers, fees, and taking them back."""

from __future__ import annotations

from ..errors import invalid
from ..ids import new_id
from ..paging import whole
from ..store import Json, Store
from .balance import add_line


def make_transfer(store: Store, params: Json, *, charge: str | None = None) -> Json:
    """Move money from the platform to a connected account; put, with its event."""
    id = new_id("tr")
    transfer: Json = {
        "id": id,
        "object": "transfer",
        "amount": params["amount"],
        "amount_reversed": 0,
        "created": store.now(),
        "currency": params["currency"],
        "description": params.get("description"),
        "destination": params["destination"],
        "destination_payment": None,
        "livemode": False,
        "metadata": params.get("metadata") or {},
        "reversals": whole([], url=f"/v1/transfers/{id}/reversals"),
        "reversed": False,
        "source_transaction": charge,
        "source_type": "card",
        "transfer_group": params.get("transfer_group"),
    }
    transfer["balance_transaction"] = add_line(store, transfer, -params["amount"], "transfer")
    store.put(transfer)
    store.emit("transfer.created", transfer)
    return transfer


def reverse_transfer(store: Store, transfer: Json, params: Json, *, refund: str | None = None) -> Json:
    """Take back all that is left of a transfer, or `amount` of it. Raises the 400 of more than was sent."""
    left = transfer["amount"] - transfer["amount_reversed"]
    amount = _positive(params.get("amount"), left)
    if left == 0 or amount > left:
        raise invalid(
            f"Reversal amount ({amount}) is greater than unreversed amount on transfer ({left}).", "amount"
        )
    reversal: Json = {
        "id": new_id("trr"),
        "object": "transfer_reversal",
        "amount": amount,
        "created": store.now(),
        "currency": transfer["currency"],
        "destination_payment_refund": None,
        "metadata": params.get("metadata") or {},
        "source_refund": refund,
        "transfer": transfer["id"],
    }
    reversal["balance_transaction"] = add_line(store, reversal, amount, "transfer_refund")
    store.put(reversal)
    transfer["amount_reversed"] += amount
    transfer["reversed"] = transfer["amount_reversed"] == transfer["amount"]
    transfer["reversals"]["data"].insert(0, reversal)
    store.put(transfer)
    store.emit("transfer.reversed", transfer)
    return reversal


def refund_fee(store: Store, fee: Json, amount: int | None, *, metadata: Json | None = None) -> Json:
    """Give a fee back, all that is left or a part. Raises the 400 of more than was taken."""
    left = fee["amount"] - fee["amount_refunded"]
    amount = _positive(amount, left)
    if left == 0 or amount > left:
        raise invalid(
            f"Refund amount ({amount}) is greater than unrefunded amount on fee ({left}).", "amount"
        )
    refund: Json = {
        "id": new_id("fr"),
        "object": "fee_refund",
        "amount": amount,
        "created": store.now(),
        "currency": fee["currency"],
        "fee": fee["id"],
        "metadata": metadata or {},
    }
    refund["balance_transaction"] = add_line(store, refund, -amount, "application_fee_refund")
    store.put(refund)
    fee["amount_refunded"] += amount
    fee["refunded"] = fee["amount_refunded"] == fee["amount"]
    fee["refunds"]["data"].insert(0, refund)
    store.put(fee)
    store.emit("application_fee.refunded", fee)
    return refund


def settle_destination(store: Store, charge: Json) -> None:
    """A destination charge: the account gets its part, the platform its fee. Changes the charge, which is not put here."""
    data = charge["transfer_data"]
    fee = charge["application_fee_amount"]
    if data:
        amount = data.get("amount") or charge["amount_captured"]
        transfer = make_transfer(
            store,
            {
                "amount": amount,
                "currency": charge["currency"],
                "destination": data["destination"],
                "transfer_group": charge["transfer_group"] or f"group_{charge['payment_intent']}",
            },
            charge=charge["id"],
        )
        charge["transfer"] = transfer["id"]
        charge["transfer_group"] = transfer["transfer_group"]
    account = data["destination"] if data else store.scope
    if fee and account:
        charge["application_fee"] = _make_fee(store, charge, account, fee)["id"]


def _make_fee(store: Store, charge: Json, account: str, amount: int) -> Json:
    """Fees are the platform's, whoever's charge it was."""
    with store.as_account(None):
        id = new_id("fee")
        fee: Json = {
            "id": id,
            "object": "application_fee",
            "account": account,
            "amount": amount,
            "amount_refunded": 0,
            "application": "ca_local",
            "charge": charge["id"],
            "created": store.now(),
            "currency": charge["currency"],
            "fee_source": {"charge": charge["id"], "type": "charge"},
            "livemode": False,
            "originating_transaction": None,
            "refunded": False,
            "refunds": whole([], url=f"/v1/application_fees/{id}/refunds"),
        }
        fee["balance_transaction"] = add_line(store, fee, amount, "application_fee")
        store.put(fee)
        store.emit("application_fee.created", fee)
    return fee


def _positive(amount: int | None, otherwise: int) -> int:
    """Raises the 400 of nothing, or of less."""
    if amount is not None and amount < 1:
        raise invalid("This value must be greater than or equal to 1.", "amount", "parameter_invalid_integer")
    return otherwise if amount is None else amount


def _part(whole: int, before: int, amount: int, of: int) -> int:
    """What of `whole` belongs to a refund of `amount`, where `before` was given back already: all parts together are all of it."""
    return _share(whole, before + amount, of) - _share(whole, before, of)


def _share(whole: int, amount: int, of: int) -> int:
    """Half a unit is a whole one."""
    return (2 * whole * amount + of) // (2 * of)


def reverse_for_refund(store: Store, charge: Json, refund: Json, params: Json, before: int) -> None:
    """What a refund takes back from the account, and from the platform's fee, in proportion. Changes the refund, not put here.

    `before`: what was refunded of the charge until now.
    """
    amount, captured = refund["amount"], charge["amount_captured"]
    transfer_id, fee_id = charge.get("transfer"), charge["application_fee"]
    if params.get("reverse_transfer"):
        if not transfer_id:
            raise invalid("Cannot reverse the transfer of a charge that has none.", "reverse_transfer")
        transfer = store.get("transfer", transfer_id)
        left = transfer["amount"] - transfer["amount_reversed"]
        part = min(_part(transfer["amount"], before, amount, captured), left)
        if part:
            reversal = reverse_transfer(store, transfer, {"amount": part}, refund=refund["id"])
            refund["transfer_reversal"] = reversal["id"]
    if params.get("refund_application_fee"):
        if not fee_id:
            raise invalid("Cannot refund the fee of a charge that has none.", "refund_application_fee")
        with store.as_account(None):
            fee = store.get("application_fee", fee_id)
            part = min(_part(fee["amount"], before, amount, captured), fee["amount"] - fee["amount_refunded"])
            if part:
                refund_fee(store, fee, part)
