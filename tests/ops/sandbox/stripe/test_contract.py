"""What we rely on, asked of the local Stripe and, with STRIPE_TEST_KEY, of the real one: tests/both_stripes.py says how.

Everything is made anew under names of its own; what can be removed afterwards is, what can't is switched off.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import stripe

from tests.both_stripes import BOTH, KEY, require_key
from tests.ops.sandbox.stripe.refusals import refusal


@pytest.fixture(params=BOTH)
def api(request: pytest.FixtureRequest) -> Iterator[Any]:
    if request.param == "local":
        server = request.getfixturevalue("stripe_server")
        yield server.client.v1
        server.take_violations()  # half of these tests are about what is refused
        return
    require_key()
    yield stripe.StripeClient(KEY, max_network_retries=2).v1


@pytest.fixture
def unique() -> str:
    return uuid.uuid4().hex[:20]


@pytest.fixture
def customer(api: Any) -> Iterator[str]:
    made = api.customers.create({"email": "contract@example.com"})
    yield made.id
    api.customers.delete(made.id)


@pytest.fixture
def product(api: Any, unique: str) -> Iterator[str]:
    made = api.products.create({"name": f"Contract {unique}"})
    yield made.id
    api.products.update(made.id, {"active": False})


Call = Callable[[Any], object]


@pytest.mark.parametrize(
    ("call", "code", "param"),
    [
        (lambda api: api.customers.create({"emial": "x"}), "parameter_unknown", "emial"),
        (lambda api: api.customers.create({"address": {"citi": "x"}}), "parameter_unknown", "address[citi]"),
        (lambda api: api.customers.create({"balance": "abc"}), "parameter_invalid_integer", "balance"),
        (lambda api: api.products.create({}), "parameter_missing", "name"),
        (lambda api: api.products.create({"name": ""}), "parameter_invalid_empty", "name"),
        (lambda api: api.prices.create({"currency": "usd", "unit_amount": 1, "product": "prod_none"}), "resource_missing", "product"),
        (lambda api: api.prices.create({"currency": "xyz", "unit_amount": 1, "product_data": {"name": "x"}}), None, "currency"),
        (lambda api: api.payment_intents.create({"currency": "usd", "amount": 1}), "amount_too_small", "amount"),
        (lambda api: api.customers.list({"limit": 1000}), "parameter_invalid_integer", "limit"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_alike(api: Any, call: Call, code: str | None, param: str):
    error = refusal(lambda: call(api))

    assert (error.http_status, error.error.type, error.code, error.param) == (
        400,
        "invalid_request_error",
        code,
        param,
    )


def test_what_is_not_there_is_404(api: Any):
    error = refusal(lambda: api.customers.retrieve("cus_none"))

    assert (error.http_status, error.code, error.param) == (404, "resource_missing", "id")
    assert error.user_message == "No such customer: 'cus_none'"


def test_metadata_is_merged(api: Any, customer: str):
    api.customers.update(customer, {"metadata": {"a": "1", "b": "2"}})

    assert api.customers.update(customer, {"metadata": {"a": "", "c": "3"}}).metadata.to_dict() == {
        "b": "2",
        "c": "3",
    }
    assert api.customers.update(customer, {"metadata": ""}).metadata.to_dict() == {}


def test_a_key_gives_the_first_answer_and_binds_its_parameters(api: Any, unique: str):
    first = api.customers.create({"name": "One"}, {"idempotency_key": unique})
    again = api.customers.create({"name": "One"}, {"idempotency_key": unique})
    with pytest.raises(stripe.IdempotencyError) as caught:
        api.customers.create({"name": "Two"}, {"idempotency_key": unique})
    api.customers.delete(first.id)

    assert again.id == first.id
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert (caught.value.http_status, caught.value.error.type) == (400, "idempotency_error")


def test_a_lookup_key_names_one_price_until_it_is_transferred(api: Any, product: str, unique: str):
    sent = {
        "currency": "usd",
        "unit_amount": 1000,
        "recurring": {"interval": "month"},
        "product": product,
        "lookup_key": unique,
    }
    old = api.prices.create(sent)

    refused = refusal(lambda: api.prices.create(sent))
    new = api.prices.create({**sent, "transfer_lookup_key": True})

    assert refused.http_status == 400
    assert [one.id for one in api.prices.list({"lookup_keys": [unique]}).data] == [new.id]
    assert api.prices.retrieve(old.id).lookup_key is None


def test_currencies_and_tiers_appear_when_expanded(api: Any, product: str):
    made = api.prices.create(
        {
            "currency": "usd",
            "unit_amount": 1000,
            "product": product,
            "currency_options": {"eur": {"unit_amount": 900}},
        }
    )

    assert "currency_options" not in made
    shown = api.prices.retrieve(made.id, {"expand": ["currency_options"]}).to_dict()["currency_options"]
    assert {name: one["unit_amount"] for name, one in shown.items()} == {"usd": 1000, "eur": 900}


def test_a_payment_and_its_refunds(api: Any):
    intent = api.payment_intents.create(
        {
            "amount": 2500,
            "currency": "usd",
            "payment_method": "pm_card_visa",
            "confirm": True,
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        }
    )
    first = api.refunds.create({"payment_intent": intent.id, "amount": 1000})
    too_much = refusal(lambda: api.refunds.create({"payment_intent": intent.id, "amount": 1501}))
    api.refunds.create({"payment_intent": intent.id})
    again = refusal(lambda: api.refunds.create({"payment_intent": intent.id}))

    assert (intent.status, first.status) == ("succeeded", "succeeded")
    assert (too_much.http_status, too_much.param) == (400, "amount")
    assert again.code == "charge_already_refunded"


@pytest.mark.parametrize(
    ("token", "code", "decline"),
    [
        ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"),
    ],
)
def test_declined_cards(api: Any, customer: str, token: str, code: str, decline: str):
    error = refusal(lambda: api.payment_methods.attach(token, {"customer": customer}), stripe.CardError)

    assert (error.http_status, error.code, error.error.decline_code) == (402, code, decline)


def test_a_card_that_is_saved_and_then_fails(api: Any, customer: str):
    card = api.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer})
    sent = {
        "amount": 2500,
        "currency": "usd",
        "customer": customer,
        "payment_method": card.id,
        "confirm": True,
        "off_session": True,
    }

    error = refusal(lambda: api.payment_intents.create(sent), stripe.CardError)

    assert (error.code, error.error.payment_intent.status) == ("card_declined", "requires_payment_method")


def test_meter_events_count_once(api: Any, customer: str, unique: str):
    name = f"contract_{unique}"
    meter = api.billing.meters.create(
        {"display_name": name, "event_name": name, "default_aggregation": {"formula": "sum"}}
    )
    sent = {
        "event_name": name,
        "identifier": unique,
        "payload": {"stripe_customer_id": customer, "value": "3"},
    }

    made = api.billing.meter_events.create(sent)
    again = refusal(lambda: api.billing.meter_events.create(sent))
    old = refusal(
        lambda: api.billing.meter_events.create(
            {**sent, "identifier": unique[:10], "timestamp": made.timestamp - 40 * 86_400}
        )
    )
    api.billing.meters.deactivate(meter.id)

    assert made.identifier == unique
    assert again.http_status == old.http_status == 400


def test_promotion_codes_are_found_whatever_their_case(api: Any, unique: str):
    coupon = api.coupons.create({"percent_off": 20, "duration": "once"})
    code = api.promotion_codes.create(
        {"promotion": {"type": "coupon", "coupon": coupon.id}, "code": unique.upper(), "max_redemptions": 1}
    )

    assert api.promotion_codes.list({"code": unique}).data[0].id == code.id
    assert api.coupons.delete(coupon.id).deleted
    assert not api.promotion_codes.retrieve(code.id).active
