"""Charges: one try to take money with one payment method; and giving it back."""

from __future__ import annotations

from typing import Any

from ..billing.lines import money
from ..errors import invalid
from ..ids import new_id, random_text
from ..store import Json, Store
from .balance import add_line, stripe_fee
from .cards import DECLINES
from .connect import reverse_for_refund, settle_destination


def make_charge(
    store: Store, intent: Json, method: Json, *, decline: str = "", capture: bool = True, now: int
) -> Json:
    """A charge for the intent, succeeded or declined; put, with its event."""
    refused = DECLINES[decline] if decline else None
    charge: Json = {
        "id": new_id("ch"),
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": intent["amount"] if capture and not refused else 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": intent["application_fee_amount"],
        "balance_transaction": None,
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": "ENGAGEHUB",
        "captured": capture and not refused,
        "created": now,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": refused.code if refused else None,
        "failure_message": refused.message if refused else None,
        "fraud_details": {},
        "livemode": False,
        "metadata": dict(intent["metadata"]),
        "on_behalf_of": intent["on_behalf_of"],
        "outcome": _outcome(decline),
        "paid": not refused,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": _details(method, intent["amount"]),
        "radar_options": {},
        "receipt_email": intent["receipt_email"],
        "receipt_number": None,
        "receipt_url": None,
        "refunded": False,
        "review": None,
        "shipping": intent["shipping"],
        "source_transfer": None,
        "statement_descriptor": intent["statement_descriptor"],
        "statement_descriptor_suffix": None,
        "status": "failed" if refused else "succeeded",
        "transfer_data": intent["transfer_data"],
        "transfer_group": intent["transfer_group"],
    }
    store.put(charge)
    if refused:
        store.emit("charge.failed", charge)
        return charge
    if capture:
        _book(store, charge)
    store.emit("charge.succeeded", charge)
    return charge


def capture_charge(store: Store, charge: Json, amount: int) -> Json:
    """What was only authorized is taken, all or a part; the rest is let go."""
    charge["amount_captured"], charge["captured"] = amount, True
    charge["amount_refunded"] = charge["amount"] - amount
    _book(store, charge)
    store.emit("charge.captured", charge)
    return charge


def _book(store: Store, charge: Json) -> None:
    """The money is there: the balance, and the connected account's share of it."""
    amount, currency = charge["amount_captured"], charge["currency"]
    fees = {"stripe_fee": stripe_fee(amount, currency)}
    charge["balance_transaction"] = add_line(store, charge, amount, "charge", fees=fees)
    settle_destination(store, charge)
    store.put(charge)


def refund_charge(store: Store, charge: Json, params: Json) -> Json:
    """Give back all that is left, or `amount` of it. Raises the 400 of more than was paid."""
    given_back = _refunded(store, charge)
    left = charge["amount_captured"] - given_back
    if charge["status"] != "succeeded" or not charge["captured"]:
        raise invalid(f"This charge ({charge['id']}) cannot be refunded: it was not paid.", "charge")
    if left == 0:
        raise invalid(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    disputes = store.list("dispute", charge=charge["id"])
    if any(one["status"] in ("needs_response", "under_review", "lost") for one in disputes):
        raise invalid(
            f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed"
        )
    amount = params.get("amount", left)
    if amount < 1:
        raise invalid("Invalid positive integer", "amount", "parameter_invalid_integer")
    if amount > left:
        raise invalid(
            f"Refund amount ({money(amount, charge['currency'])}) is greater than unrefunded amount on charge "
            f"({money(left, charge['currency'])})",
            "amount",
        )
    refund: Json = {
        "id": new_id("re"),
        "object": "refund",
        "amount": amount,
        "charge": charge["id"],
        "created": store.now(),
        "currency": charge["currency"],
        "destination_details": {"card": _destination(), "type": "card"},
        "metadata": params.get("metadata") or {},
        "payment_intent": charge["payment_intent"],
        "reason": params.get("reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }
    refund["balance_transaction"] = add_line(store, refund, -amount, "refund")
    reverse_for_refund(store, charge, refund, params, given_back)
    store.put(refund)
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] >= charge["amount"]
    store.put(charge)
    store.emit("refund.created", refund)
    store.emit("charge.refunded", charge)
    store.emit("charge.refund.updated", refund)
    return refund


def _refunded(store: Store, charge: Json) -> int:
    return sum(
        one["amount"] for one in store.list("refund", charge=charge["id"]) if one["status"] == "succeeded"
    )


def _destination() -> Json:
    return {"reference": random_text(8), "reference_status": "available", "reference_type": "acquirer_reference_number", "type": "refund"}  # fmt: skip


def _outcome(decline: str) -> Json:
    if not decline:
        return {
            "advice_code": None,
            "network_advice_code": None,
            "network_decline_code": None,
            "network_status": "approved_by_network",
            "reason": None,
            "risk_level": "normal",
            "risk_score": 20,
            "seller_message": "Payment complete.",
            "type": "authorized",
        }
    reason = DECLINES[decline].decline_code or "generic_decline"
    return {
        "advice_code": "try_again_later",
        "network_advice_code": None,
        "network_decline_code": "01",
        "network_status": "declined_by_network",
        "reason": reason,
        "risk_level": "normal",
        "risk_score": 20,
        "seller_message": f"The bank returned the decline code `{reason}`.",
        "type": "issuer_declined",
    }


def _details(method: Json, amount: int) -> dict[str, Any]:
    card = method["card"]
    kept = (
        "brand",
        "checks",
        "country",
        "exp_month",
        "exp_year",
        "fingerprint",
        "funding",
        "last4",
        "regulated_status",
        "wallet",
    )
    details = {name: card[name] for name in kept}
    return {
        "card": details
        | {
            "amount_authorized": amount,
            "authorization_code": random_text(6).upper(),
            "installments": None,
            "mandate": None,
            "network": card["brand"],
            "three_d_secure": None,
        },
        "type": "card",
    }
