"""Search: clauses over the fields that Stripe searches, page by page, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ops.sandbox.stripe.refusals import refusal
from tests.stripe import StripeServer


@pytest.fixture
def api(stripe_server: StripeServer) -> Any:
    """Three customers: Ada of tenant 7, Bo of tenant 8, one without a name; and one that is gone."""
    api = stripe_server.client.v1
    api.customers.create({"name": "Ada O'Hara", "email": "ada@example.org", "metadata": {"tenant": "7"}})
    api.customers.create({"name": "Bo", "email": "bo@example.org", "metadata": {"tenant": "8", "vip": "yes"}})
    api.customers.create({"email": "nobody@other.example"})
    api.customers.delete(api.customers.create({"name": "Bo"}).id)
    return api


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ('email:"ada@example.org"', ["ada"]),
        ("email:'BO@example.org'", ["bo"]),
        ('metadata["tenant"]:"7"', ["ada"]),
        ('metadata["vip"]:null', ["nobody", "ada"]),
        ("name:null", ["nobody"]),
        ("-name:null", ["bo", "ada"]),
        ('name~"O\'ha"', ["ada"]),
        ('email~"example.org" AND metadata["tenant"]:"8"', ["bo"]),
        ('email~"example.org" -metadata["tenant"]:"8"', ["ada"]),
        ('name:"Bo" OR metadata["tenant"]:"7"', ["bo", "ada"]),
        ("created>=0 AND created<99999999999", ["nobody", "bo", "ada"]),
        ('name:"Nobody"', []),
    ],
)
def test_clauses_narrow(api: Any, query: str, found: list[str]) -> None:
    answer = api.customers.search({"query": query})
    assert [one.email.split("@")[0] for one in answer.data] == found
    assert (answer.object, answer.has_more) == ("search_result", False)


def test_other_kinds_are_searched_by_their_own_fields(stripe_server: StripeServer) -> None:
    api = stripe_server.client.v1
    product = api.products.create({"name": "Pro", "description": "For busy servers"})
    api.products.update(api.products.create({"name": "Old"}).id, {"active": False})
    price = api.prices.create(
        {"product": product.id, "currency": "usd", "unit_amount": 5, "lookup_key": "pro"}
    )
    paid = api.payment_intents.create(
        {"amount": 900, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True}
    )
    assert [one.id for one in api.products.search({"query": 'active:"true" AND description~"busy"'})] == [
        product.id
    ]
    assert [one.id for one in api.prices.search({"query": 'lookup_key:"pro" AND type:"one_time"'})] == [
        price.id
    ]
    assert [one.id for one in api.payment_intents.search({"query": 'status:"succeeded" amount>800'})] == [
        paid.id
    ]
    assert [one.id for one in api.charges.search({"query": 'refunded:"false"'})] == [paid.latest_charge]
    assert api.subscriptions.search({"query": 'status:"active"'}).data == []
    assert api.invoices.search({"query": "total>0"}).data == []


def test_pages_follow_each_other(api: Any) -> None:
    query: Any = {"query": "created>0", "limit": 2}
    assert [one.email[:2] for one in api.customers.search(query).auto_paging_iter()] == ["no", "bo", "ad"]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "name",
        'shoe_size:"7"',
        'metadata:"7"',
        'name["x"]:"7"',
        'name:"a" AND email:"b" OR name:"c"',
        'name>"a"',
        'created~"1"',
        "created:soon",
        'name~"ab"',
        'name:"a" AND',
        " AND ".join(['name:"a"'] * 11),
    ],
)
def test_what_cannot_be_read_is_refused(api: Any, stripe_server: StripeServer, query: str) -> None:
    error = refusal(lambda: api.customers.search({"query": query}))
    assert (error.http_status, error.error.type, error.param) == (400, "invalid_request_error", "query")
    stripe_server.take_violations()
