"""A customer's balance is the sum of what moved it, by hand and by invoices."""

from __future__ import annotations

import pytest

from tests.ops.sandbox.stripe.refusals import refusal
from tests.stripe import StripeServer


def test_every_movement_is_a_transaction(stripe_server: StripeServer) -> None:
    api = stripe_server.client.v1
    customer = api.customers.create({"balance": -500})
    api.customers.update(customer.id, {"balance": -800})
    api.customers.update(customer.id, {"name": "Robin"})
    credit = api.customers.balance_transactions.create(
        customer.id, {"amount": -200, "currency": "usd", "description": "Sorry", "metadata": {"why": "late"}}
    )
    assert credit.metadata is not None
    assert (credit.ending_balance, credit.type, credit.metadata["why"]) == (-1000, "adjustment", "late")
    found = api.customers.balance_transactions.list(customer.id).data
    assert [(one.type, one.amount) for one in found] == [
        ("adjustment", -200),
        ("adjustment", -300),
        ("initial", -500),
    ]
    assert (api.customers.retrieve(customer.id).balance, api.customers.retrieve(customer.id).currency) == (
        -1000,
        "usd",
    )
    amended = api.customers.balance_transactions.update(
        customer.id, credit.id, {"description": "Sorry again"}
    )
    assert (
        api.customers.balance_transactions.retrieve(customer.id, credit.id).description == amended.description
    )
    assert stripe_server.last_event("customer.updated")["data"]["previous_attributes"]["balance"] == -800


def test_one_of_another_currency_or_customer_is_refused(stripe_server: StripeServer) -> None:
    api = stripe_server.client.v1
    mine, other = api.customers.create({}), api.customers.create({})
    made = api.customers.balance_transactions.create(mine.id, {"amount": -200, "currency": "eur"})
    wrong = refusal(
        lambda: api.customers.balance_transactions.create(mine.id, {"amount": -1, "currency": "usd"})
    )
    assert wrong.param == "currency"
    stranger = refusal(lambda: api.customers.balance_transactions.retrieve(other.id, made.id))
    assert (stranger.http_status, stranger.code) == (404, "resource_missing")


@pytest.mark.parametrize("balance", [-500, -5000])
def test_an_invoice_takes_from_it_and_gives_it_back_when_it_is_voided(
    stripe_server: StripeServer, balance: int
) -> None:
    api = stripe_server.client.v1
    customer = api.customers.create({"balance": balance})
    api.invoice_items.create({"customer": customer.id, "amount": 2000, "currency": "usd"})
    draft = api.invoices.create({"customer": customer.id, "pending_invoice_items_behavior": "include"})
    api.invoices.finalize_invoice(draft.id)
    taken = api.customers.retrieve(customer.id).balance - balance
    assert taken == min(2000, -balance)
    lines = api.customers.balance_transactions.list(customer.id, {"invoice": draft.id}).data
    assert [(one.type, one.amount) for one in lines] == [("applied_to_invoice", taken)]
    if balance == -500:
        api.invoices.void_invoice(draft.id)
        assert api.customers.retrieve(customer.id).balance == balance
        newest = api.customers.balance_transactions.list(customer.id, {"limit": 1}).data[0]
        assert (newest.type, newest.amount, newest.ending_balance) == ("unapplied_from_invoice", -500, -500)
