"""Disputes: what a bank takes back. The card `pm_card_createDispute` (4000 0000 0000 0259) brings one with its payment."""

from __future__ import annotations

from ..errors import invalid
from ..ids import new_id
from ..payments.balance import add_line
from ..routes import Call, merge_metadata, route, save
from ..store import Json, Store

_ANSWER_SECONDS = 7 * 86_400
_EVIDENCE = (
    "access_activity_log", "billing_address", "cancellation_policy", "cancellation_policy_disclosure", "cancellation_rebuttal",
    "customer_communication", "customer_email_address", "customer_name", "customer_purchase_ip", "customer_signature",
    "product_description", "receipt", "refund_policy", "service_date", "uncategorized_file", "uncategorized_text",
)  # fmt: skip


@route("GET", "/v1/disputes/{dispute}", "DisputeRetrieveParams")
def get_dispute(call: Call) -> Json:
    return call.get("dispute")


@route("GET", "/v1/disputes", "DisputeListParams")
def list_disputes(call: Call) -> Json:
    return call.list("dispute", "charge", "payment_intent")


@route("POST", "/v1/disputes/{dispute}", "DisputeUpdateParams")
def update_dispute(call: Call) -> Json:
    before, dispute = call.get("dispute"), call.get("dispute")
    if not dispute["status"].endswith("needs_response"):
        raise invalid(f"This dispute is {dispute['status']}: it takes no evidence any more.")
    dispute["evidence"] |= call.params.get("evidence") or {}
    merge_metadata(dispute, call.params)
    sent = call.params.get("evidence") and call.params.get("submit", True)
    call.store.put(dispute)
    if not sent:
        return save(call, before, dispute, "charge.dispute.updated")
    # As in Stripe's test mode, the words of the evidence decide.
    won = dispute["evidence"].get("uncategorized_text") == "winning_evidence"
    return close_dispute(call.store, dispute, won=won)


@route("POST", "/v1/disputes/{dispute}/close", "DisputeCloseParams")
def accept_dispute(call: Call) -> Json:
    return close_dispute(call.store, call.get("dispute"), won=False)


def open_dispute(store: Store, charge: Json, *, amount: int | None = None, inquiry: bool = False) -> Json:
    """The bank takes the charge back, or `amount` of it; an inquiry only asks and takes nothing. Put, with its events."""
    dispute: Json = {
        "id": new_id("du"),
        "object": "dispute",
        "amount": charge["amount_captured"] if amount is None else amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": store.now(),
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(_EVIDENCE), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": store.now() + _ANSWER_SECONDS,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "is_charge_refundable": inquiry,
        "livemode": False,
        "metadata": {},
        "network_reason_code": "10.4",
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {
            "card": {
                "brand": charge["payment_method_details"]["card"]["brand"],
                "case_type": "inquiry" if inquiry else "chargeback",
                "network": charge["payment_method_details"]["card"]["network"],
                "network_reason_code": "10.4",
            },
            "type": "card",
        },
        "reason": "fraudulent",
        "status": "warning_needs_response" if inquiry else "needs_response",
    }
    if not inquiry:
        _move_money(store, dispute, -dispute["amount"])
    store.put(dispute)
    store.put(charge | {"disputed": True})
    store.emit("charge.dispute.created", dispute)
    if not inquiry:
        store.emit("charge.dispute.funds_withdrawn", dispute)
    return dispute


def review_dispute(store: Store, dispute: Json) -> Json:
    """The evidence is with the bank."""
    if not dispute["status"].endswith("needs_response"):
        raise invalid(f"This dispute is {dispute['status']}: there is nothing to review.")
    before = dict(dispute)
    dispute["status"] = dispute["status"].replace("needs_response", "under_review")
    store.put(dispute)
    store.emit("charge.dispute.updated", dispute, {"status": before["status"]})
    return dispute


def escalate_inquiry(store: Store, dispute: Json) -> Json:
    """The bank asked, and now takes the money back."""
    if not dispute["status"].startswith("warning_") or dispute["status"] == "warning_closed":
        raise invalid(f"This dispute is {dispute['status']} and no open inquiry.")
    before = dispute["status"]
    dispute |= {"status": "needs_response", "is_charge_refundable": False}
    _move_money(store, dispute, -dispute["amount"])
    store.put(dispute)
    store.emit("charge.dispute.updated", dispute, {"status": before})
    store.emit("charge.dispute.funds_withdrawn", dispute)
    return dispute


def close_dispute(store: Store, dispute: Json, *, won: bool) -> Json:
    """Won, the money comes back; an inquiry only closes. Raises the 400 of one that is closed."""
    if dispute["status"] in ("won", "lost", "warning_closed"):
        raise invalid(f"This dispute is already {dispute['status']}.")
    if dispute["status"].startswith("warning_"):
        dispute["status"] = "warning_closed"
        store.put(dispute)
        store.emit("charge.dispute.closed", dispute)
        return dispute
    dispute["status"] = "won" if won else "lost"
    if won:
        _move_money(store, dispute, dispute["amount"])
    store.put(dispute)
    if won:
        store.emit("charge.dispute.funds_reinstated", dispute)
    store.emit("charge.dispute.closed", dispute)
    return dispute


def _move_money(store: Store, dispute: Json, amount: int) -> None:
    line = add_line(store, dispute, amount, "adjustment")
    dispute["balance_transactions"].append(store.get("balance_transaction", line))
