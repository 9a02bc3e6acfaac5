"""Products, prices, coupons and promotion codes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.ops.sandbox.stripe.refusals import refusal
from tests.stripe import StripeServer

MONTHLY: dict[str, Any] = {"currency": "usd", "unit_amount": 1000, "recurring": {"interval": "month"}}


@pytest.fixture
def product(stripe_server: StripeServer) -> str:
    return stripe_server.client.v1.products.create({"name": "Starter", "id": "starter"}).id


def test_a_price_is_found_by_its_lookup_key(stripe_server: StripeServer, product: str):
    prices = stripe_server.client.v1.prices
    made = prices.create({**MONTHLY, "product": product, "lookup_key": "starter_month_usd"})
    prices.create({**MONTHLY, "product": product, "lookup_key": "starter_other"})

    found = prices.list({"lookup_keys": ["starter_month_usd"], "expand": ["data.product"]})

    assert [one.id for one in found.data] == [made.id]
    assert found.data[0].product.name == "Starter"
    assert (made.unit_amount, made.unit_amount_decimal, made.type) == (1000, Decimal(1000), "recurring")
    assert (made.recurring.interval, made.recurring.usage_type) == ("month", "licensed")


def test_a_lookup_key_moves_only_when_that_is_asked_for(stripe_server: StripeServer, product: str):
    prices = stripe_server.client.v1.prices
    old = prices.create({**MONTHLY, "product": product, "lookup_key": "key"})

    error = refusal(lambda: prices.create({**MONTHLY, "product": product, "lookup_key": "key"}))
    new = prices.create({**MONTHLY, "product": product, "lookup_key": "key", "transfer_lookup_key": True})

    assert (error.param, error.http_status) == ("lookup_key", 400)
    assert prices.retrieve(old.id).lookup_key is None
    assert prices.list({"lookup_keys": ["key"]}).data[0].id == new.id


def test_currencies_and_tiers_are_shown_when_expanded(stripe_server: StripeServer, product: str):
    prices = stripe_server.client.v1.prices
    made = prices.create(
        {
            "product": product,
            "currency": "usd",
            "recurring": {"interval": "month"},
            "billing_scheme": "tiered",
            "tiers_mode": "graduated",
            "tiers": [{"up_to": 1000, "unit_amount": 0}, {"up_to": "inf", "unit_amount_decimal": "1.5", "flat_amount": 500}],
            "currency_options": {"eur": {"tiers": [{"up_to": "inf", "unit_amount": 2}]}},
        }
    )  # fmt: skip

    seen = prices.retrieve(made.id, {"expand": ["tiers", "currency_options"]}).to_dict()

    assert "tiers" not in made
    assert "tiers" not in stripe_server.last_event("price.created")["data"]["object"]
    assert [one["up_to"] for one in seen["tiers"]] == [1000, None]
    assert seen["tiers"][1]["unit_amount"] is None
    assert seen["tiers"][1]["unit_amount_decimal"] == Decimal("1.5")
    assert sorted(seen["currency_options"]) == ["eur", "usd"]


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"currency": "xyz"}, "currency"),
        ({"unit_amount": -1}, "unit_amount"),
        ({"unit_amount_decimal": "1.5"}, "unit_amount"),
        ({"product": "prod_none"}, "product"),
        ({"product_data": {"name": "Two"}}, "product"),
        ({"recurring": {"interval": "month", "usage_type": "metered"}}, "recurring[meter]"),
        ({"recurring": {"interval": "year", "interval_count": 4}}, "recurring[interval_count]"),
        ({"tiers": [{"up_to": "inf", "unit_amount": 1}]}, "tiers"),
        ({"currency_options": {"usd": {"unit_amount": 1}}}, "currency_options[usd]"),
    ],
)
def test_a_price_that_makes_no_sense_is_refused(
    stripe_server: StripeServer, product: str, params: Any, param: str
):
    sent = {**MONTHLY, "product": product, **params}

    error = refusal(lambda: stripe_server.client.v1.prices.create(sent))

    assert error.param == param
    assert stripe_server.client.v1.prices.list().data == []


def test_a_product_may_bring_its_price_along(stripe_server: StripeServer):
    made = stripe_server.client.v1.products.create(
        {"name": "Pro", "default_price_data": MONTHLY, "expand": ["default_price"]}
    )

    assert made.default_price.unit_amount == 1000
    assert refusal(lambda: stripe_server.client.v1.products.delete(made.id)).http_status == 400


def test_a_promotion_code_ends_with_its_coupon(stripe_server: StripeServer):
    client = stripe_server.client.v1
    now = client.coupons.create({"percent_off": 20, "duration": "once"}).created
    coupon = client.coupons.create(
        {"percent_off": 25.5, "duration": "repeating", "duration_in_months": 3, "redeem_by": now + 3600}
    )
    code = client.promotion_codes.create(
        {
            "promotion": {"type": "coupon", "coupon": coupon.id},
            "code": "SPRING",
            "restrictions": {"first_time_transaction": True},
            "expand": ["promotion.coupon"],
        }
    )  # fmt: skip

    assert code.promotion.coupon.percent_off == 25.5
    assert client.promotion_codes.list({"code": "spring", "active": True}).data[0].id == code.id
    again = {"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "spring"}
    assert refusal(lambda: client.promotion_codes.create(again)).param == "code"
    stripe_server.control.advance(3700)
    assert not client.coupons.retrieve(coupon.id).valid
    assert not client.promotion_codes.retrieve(code.id).active


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"percent_off": 10, "amount_off": 100, "currency": "usd"},
        {"percent_off": 101},
        {"amount_off": 100},
        {"percent_off": 10, "duration": "repeating"},
    ],
)
def test_a_coupon_that_makes_no_sense_is_refused(stripe_server: StripeServer, params: Any):
    assert refusal(lambda: stripe_server.client.v1.coupons.create(params)).http_status == 400
