"""Invoices by hand: items, finalizing, paying, voiding, giving up; their page and their PDF."""

from __future__ import annotations

import re
import zlib
from typing import Any

import pytest
import requests
import stripe

from .shop import Shop


def draft(shop: Shop, customer: str, *amounts: int, **more: Any) -> Any:
    for amount in amounts or (1200,):
        shop.stripe.v1.invoice_items.create(
            {"customer": customer, "amount": amount, "currency": "usd", "description": f"Workshop {amount}"}
        )
    return shop.stripe.v1.invoices.create(
        {"customer": customer, "pending_invoice_items_behavior": "include", **more}
    )


def test_a_draft_is_finalized_and_paid(shop: Shop) -> None:
    made = draft(shop, shop.customer(), 1200, 800)
    assert (made.status, made.total, made.number) == ("draft", 2000, None)
    opened = shop.stripe.v1.invoices.finalize_invoice(made.id)
    assert (opened.status, opened.amount_remaining) == ("open", 2000)
    paid = shop.stripe.v1.invoices.pay(made.id)
    assert (paid.status, paid.amount_paid, paid.amount_remaining) == ("paid", 2000, 0)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        shop.stripe.v1.invoices.pay(made.id)
    assert caught.value.code == "invoice_already_paid"
    with pytest.raises(stripe.InvalidRequestError):
        shop.stripe.v1.invoices.finalize_invoice(made.id)


def test_items_are_put_on_a_draft(shop: Shop) -> None:
    customer = shop.customer()
    made = draft(shop, customer)
    shop.stripe.v1.invoice_items.create(
        {"customer": customer, "amount": 300, "currency": "usd", "invoice": made.id}
    )
    assert shop.stripe.v1.invoices.retrieve(made.id).total == 1500
    assert len(shop.stripe.v1.invoices.line_items.list(made.id).data) == 2


def test_a_declined_payment_is_raised_and_counted(shop: Shop) -> None:
    customer = shop.customer("pm_card_chargeCustomerFail")
    made = draft(shop, customer)
    with pytest.raises(stripe.CardError) as caught:
        shop.stripe.v1.invoices.pay(made.id)
    assert caught.value.code == "card_declined"
    assert shop.stripe.v1.invoices.retrieve(made.id).attempt_count == 1
    method = shop.give_card(customer, "pm_card_visa")
    assert shop.stripe.v1.invoices.pay(made.id, {"payment_method": method}).status == "paid"


def test_void_and_uncollectible(shop: Shop) -> None:
    customer = shop.customer()
    first, second = draft(shop, customer, 1000), draft(shop, customer, 2000)
    with pytest.raises(stripe.InvalidRequestError):
        shop.stripe.v1.invoices.void_invoice(first.id)
    shop.stripe.v1.invoices.finalize_invoice(first.id)
    assert shop.stripe.v1.invoices.void_invoice(first.id).status == "void"
    shop.stripe.v1.invoices.finalize_invoice(second.id)
    assert shop.stripe.v1.invoices.mark_uncollectible(second.id).status == "uncollectible"
    assert shop.stripe.v1.invoices.pay(second.id).status == "paid"


def test_a_credit_is_kept_and_given_back_when_its_invoice_is_voided(shop: Shop) -> None:
    customer = shop.customer()
    shop.stripe.v1.customers.update(customer, {"balance": -700})
    made = shop.stripe.v1.invoices.finalize_invoice(draft(shop, customer, 1200).id)
    assert (made.amount_due, made.starting_balance, made.ending_balance) == (500, -700, 0)
    assert shop.stripe.v1.customers.retrieve(customer).balance == 0
    shop.stripe.v1.invoices.void_invoice(made.id)
    assert shop.stripe.v1.customers.retrieve(customer).balance == -700


def test_an_invoice_that_is_sent_has_a_due_date(shop: Shop) -> None:
    made = draft(shop, shop.customer(None), collection_method="send_invoice", days_until_due=14)
    sent = shop.stripe.v1.invoices.send_invoice(made.id)
    assert (sent.status, sent.due_date - sent.effective_at) == ("open", 14 * 86_400)
    assert "invoice.sent" in shop.types()


def test_its_page_shows_it_and_takes_a_card(shop: Shop) -> None:
    made = shop.stripe.v1.invoices.finalize_invoice(draft(shop, shop.customer(None, name="<script>Robin")).id)
    page = requests.get(made.hosted_invoice_url, timeout=20).text
    assert "Workshop 1200" in page
    assert "&lt;script&gt;Robin" in page
    refused = requests.post(made.hosted_invoice_url, data={"card": "4000000000000002"}, timeout=20)
    assert (refused.status_code, "Your card was declined." in refused.text) == (400, True)
    assert (
        "Paid" in requests.post(made.hosted_invoice_url, data={"card": "4242424242424242"}, timeout=20).text
    )
    assert shop.stripe.v1.invoices.retrieve(made.id).status == "paid"
    assert requests.get(f"{shop.server.url}/invoices/none", timeout=20).status_code == 404


def test_its_pdf_is_one(shop: Shop) -> None:
    made = shop.stripe.v1.invoices.finalize_invoice(
        draft(shop, shop.customer(name="Zoë (星)"), *range(100, 4100, 100)).id
    )
    answer = requests.get(made.invoice_pdf, timeout=20)
    body = answer.content
    assert (answer.headers["Content-Type"], body[:5], body[-6:]) == ("application/pdf", b"%PDF-", b"%%EOF\n")
    start = int(body.rsplit(b"startxref\n", 1)[1].split(b"\n")[0])
    assert body[start : start + 4] == b"xref"
    for number, place in enumerate(re.findall(rb"(\d{10}) 00000 n", body), 1):
        assert body[int(place) :].startswith(b"%d 0 obj" % number)
    drawn = b"".join(
        zlib.decompress(one) for one in re.findall(rb"stream\n(.*?)\nendstream", body, re.DOTALL)
    )
    assert body.count(b"/Type /Page ") == 3
    for words in (made.number.encode(), b"Workshop 4000", b"Zo\xeb \\(?\\)", b"$820.00"):
        assert words in drawn


@pytest.mark.parametrize(
    ("wrong", "param"),
    [({"customer": "cus_none"}, "customer"), ({"collection_method": "send_invoice"}, "days_until_due"),
     ({"discounts": [{"coupon": "none"}]}, "discounts[0][coupon]")],
)  # fmt: skip
def test_wrong_invoices_are_refused_by_name(shop: Shop, wrong: dict[str, Any], param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        shop.stripe.v1.invoices.create({"customer": shop.customer(), **wrong})  # type: ignore[typeddict-item]
    assert caught.value.param == param


def test_an_item_is_changed_until_its_invoice_is_finalized(shop: Shop) -> None:
    customer = shop.customer()
    items = shop.stripe.v1.invoice_items
    made = items.create({"customer": customer, "amount": 500, "currency": "usd", "description": "Setup"})
    draft = shop.stripe.v1.invoices.create(
        {"customer": customer, "pending_invoice_items_behavior": "include"}
    )
    changed = items.update(made.id, {"amount": 700, "description": "Setup and advice"})
    assert (changed.amount, changed.net_amount, changed.invoice) == (700, 700, draft.id)
    again = shop.stripe.v1.invoices.retrieve(str(draft.id))
    assert (again.total, again.lines.data[0].description) == (700, "Setup and advice")
    shop.stripe.v1.invoices.finalize_invoice(str(draft.id))
    with pytest.raises(stripe.InvalidRequestError, match="no longer editable"):
        items.update(made.id, {"amount": 1})


def test_prorations_and_priced_items_keep_what_their_amount_follows_from(shop: Shop) -> None:
    items = shop.stripe.v1.invoice_items
    price = shop.stripe.v1.prices.create(
        {"currency": "usd", "unit_amount": 300, "product_data": {"name": "Hour"}}
    )
    customer = shop.customer()
    made = items.create({"customer": customer, "pricing": {"price": price.id}})
    assert items.update(made.id, {"quantity": 3}).amount == 900
    with pytest.raises(stripe.InvalidRequestError, match="follows from the price"):
        items.update(made.id, {"amount": 1})
