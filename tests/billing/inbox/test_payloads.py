"""What EngageHub's staff see of an event's payload."""

from __future__ import annotations

import json
from typing import Any

from billing.inbox.payloads import CUT, cut_payload

PERSONAL = {
    "id": "evt_1",
    "type": "invoice.paid",
    "created": 1_770_000_000,
    "livemode": False,
    "data": {
        "object": {
            "id": "in_1",
            "object": "invoice",
            "status": "paid",
            "amount_due": 2500,
            "currency": "usd",
            "customer": "cus_1",
            "customer_email": "ada@example.org",
            "customer_name": "Ada",
            "customer_phone": "+4912345",
            "customer_address": {"line1": "Lovelace", "city": "London", "postal_code": "12345"},
            "customer_tax_ids": [{"type": "eu_vat", "value": "DE123"}],
            "hosted_invoice_url": "https://invoice.stripe.com/i/acct_1/live_x",
            "invoice_pdf": "https://pay.stripe.com/x",
            "payment_intent": {"id": "pi_1", "client_secret": "pi_1_secret_2"},
            "billing_details": {"name": "Ada"},
            "description": "For",
            "parent": {"subscription_details": {"subscription": "sub_1", "metadata": {"tenant_id": "7"}}},
            "lines": {
                "data": [{"id": "il_1", "description": "x", "amount": 2500, "free_text": "to whom it may"}]
            },
            "custom_fields": [{"name": "PO", "value": "Ada"}],
            "card": {"last4": "4242", "brand": "visa", "fingerprint": "abc"},
            "ip": "10.0.0.1",
        }
    },
}


def test_who_somebody_is_is_not_shown() -> None:
    text = json.dumps(cut_payload(PERSONAL))
    for word in (
        "Ada",
        "ada@",
        "4912345",
        "Lovelace",
        "London",
        "12345",
        "DE123",
        "https",
        "secret_2",
        "4242",
        "10.0",
    ):
        assert word not in text, word
    assert "whom" not in text


def test_what_an_engineer_looks_for_is() -> None:
    about = cut_payload(PERSONAL)["data"]["object"]
    assert (about["id"], about["status"], about["amount_due"], about["customer"]) == (
        "in_1",
        "paid",
        2500,
        "cus_1",
    )
    assert about["parent"]["subscription_details"]["subscription"] == "sub_1"
    assert about["payment_intent"]["id"] == "pi_1"
    assert about["lines"]["data"][0]["amount"] == 2500
    assert cut_payload(PERSONAL)["type"] == "invoice.paid"


def test_what_is_hostile_stays_small() -> None:
    deep: Any = "end"
    for _ in range(500):
        deep = {"a": deep}
    cut = cut_payload(
        {"deep": deep, "wide": list(range(10_000)), "<script>": "x", "\u202etxt": 1, "long": "a" * 100_000}
    )
    text = json.dumps(cut)
    assert "<script>" not in text
    assert "\\u202e" not in text
    assert len(text) < 2_000
    assert cut["wide"][-1] == CUT
