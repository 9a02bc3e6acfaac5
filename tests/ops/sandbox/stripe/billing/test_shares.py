"""Subscriptions whose money is a connected account's: each paid invoice is a destination charge with a fee, and can be taken back."""

from __future__ import annotations

import urllib.request
from typing import Any

import pytest
import stripe

from tests.ops.sandbox.stripe.refusals import refusal

from .shop import Shop


def make_account(shop: Shop, answer: str = "complete") -> str:
    account = shop.stripe.v1.accounts.create(
        {
            "type": "express",
            "capabilities": {"transfers": {"requested": True}, "card_payments": {"requested": True}},
        }
    )
    back = f"{shop.server.url}/_sandbox/"
    link = shop.stripe.v1.account_links.create(
        {"account": account.id, "type": "account_onboarding", "return_url": back, "refresh_url": back}
    )
    urllib.request.urlopen(link.url, data=f"answer={answer}".encode()).read()
    return str(account.id)


@pytest.fixture
def account(shop: Shop) -> str:
    return make_account(shop)


def shares(account: str, percent: float = 8) -> dict[str, Any]:
    return {
        "application_fee_percent": percent,
        "transfer_data": {"destination": account},
        "on_behalf_of": account,
    }


def charges(shop: Shop, customer: str) -> list[Any]:
    listed = shop.stripe.v1.charges.list(
        {"customer": customer, "expand": ["data.application_fee", "data.transfer"]}
    )
    return list(listed.data)


def test_each_paid_invoice_pays_the_account_and_the_fee(shop: Shop, account: str) -> None:
    clock = shop.clock()
    customer = shop.customer(clock=clock)
    made = shop.subscribe(customer, **shares(account, 8.25))
    assert (made.application_fee_percent, made.on_behalf_of, made.transfer_data.destination) == (
        8.25,
        account,
        account,
    )
    assert shop.invoice(made).on_behalf_of == account
    shop.advance(clock, "2027-03-01T12:00:00")
    found = charges(shop, customer)
    assert [(one.amount, one.transfer.amount, one.application_fee.amount) for one in found] == [
        (5000, 5000, 413)
    ] * 2
    assert {(one.on_behalf_of, one.transfer.destination, one.application_fee.account) for one in found} == {
        (account, account, account)
    }


def test_a_checkout_hands_them_on(shop: Shop, account: str) -> None:
    customer = shop.customer(card=None)
    session = shop.stripe.v1.checkout.sessions.create(
        {
            "mode": "subscription",
            "customer": customer,
            "line_items": [{"price": shop.starter, "quantity": 1}],
            "success_url": "https://shop.example/done",
            "subscription_data": shares(account, 5),  # type: ignore[typeddict-item]
        }
    )
    shop.server.control.complete_checkout(session.id)
    (charge,) = charges(shop, customer)
    assert (charge.amount, charge.application_fee.amount) == (1000, 50)


def test_another_fee_holds_from_the_next_invoice_on(shop: Shop, account: str) -> None:
    clock = shop.clock()
    customer = shop.customer(clock=clock)
    made = shop.subscribe(customer, **shares(account))
    shop.stripe.v1.subscriptions.update(made.id, {"application_fee_percent": 3})
    shop.advance(clock, "2027-03-01T12:00:00")
    assert [one.application_fee.amount for one in charges(shop, customer)] == [150, 400]
    assert shop.get(made).transfer_data.destination == account


def test_a_refund_takes_both_back_when_it_is_asked_to(shop: Shop, account: str) -> None:
    customer = shop.customer()
    shop.subscribe(customer, **shares(account))
    (charge,) = charges(shop, customer)
    shop.stripe.v1.refunds.create(
        {"charge": charge.id, "reverse_transfer": True, "refund_application_fee": True}
    )
    (after,) = charges(shop, customer)
    assert (after.refunded, after.transfer.amount_reversed, after.application_fee.amount_refunded) == (
        True,
        5000,
        400,
    )


@pytest.mark.parametrize(
    ("wrong", "param", "code"),
    [
        ({"transfer_data": None, "on_behalf_of": None}, "application_fee_percent", None),
        ({"application_fee_percent": 100.5}, "application_fee_percent", None),
        ({"application_fee_percent": 8.255}, "application_fee_percent", None),
        ({"transfer_data": {"destination": "acct_nobody"}}, "transfer_data[destination]", "resource_missing"),
        (
            {"transfer_data": {"destination": "fresh"}},
            "transfer_data[destination]",
            "insufficient_capabilities_for_transfer",
        ),
        ({"on_behalf_of": "fresh"}, "on_behalf_of", None),
    ],
)
def test_what_stripe_refuses_is_refused(
    shop: Shop, account: str, wrong: dict[str, Any], param: str, code: str | None
) -> None:
    fresh = make_account(shop, "no_bank")
    text = {"fresh": fresh}
    for name, value in wrong.items():
        if value == "fresh":
            wrong = wrong | {name: text["fresh"]}
        elif isinstance(value, dict) and value["destination"] == "fresh":
            wrong = wrong | {name: {"destination": fresh}}
    given = {name: value for name, value in (shares(account) | wrong).items() if value is not None}
    error = refusal(lambda: shop.subscribe(shop.customer(), **given))
    assert (error.param, error.code) == (param, code)


def test_an_account_looks_at_its_money_once_it_is_onboarded(shop: Shop, account: str) -> None:
    fresh = shop.stripe.v1.accounts.create({"type": "express"})
    assert refusal(lambda: shop.stripe.v1.accounts.login_links.create(fresh.id)).param == "account"
    shop.subscribe(shop.customer(), **shares(account))
    link = shop.stripe.v1.accounts.login_links.create(account)
    assert "$46.00" in urllib.request.urlopen(link.url).read().decode()
    (told,) = shop.stripe.v1.events.list({"type": "account.updated"}, {"stripe_account": account}).data
    assert (told.account, told.data.object["id"]) == (account, account)


def test_what_is_still_missing_is_named(shop: Shop) -> None:
    found = shop.stripe.v1.accounts.retrieve(make_account(shop, "no_bank"))
    assert (found.details_submitted, found.charges_enabled) == (True, False)
    assert found.requirements is not None
    assert found.requirements.currently_due == ["external_account"]
    assert isinstance(found, stripe.Account)
