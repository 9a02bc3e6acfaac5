"""Parameters, keys, errors and lists, as the real library meets them."""

from __future__ import annotations

import pytest
import stripe
from stripe import StripeClient

from tests.ops.sandbox.stripe.refusals import refusal
from tests.stripe import StripeServer


@pytest.mark.parametrize(
    ("params", "code", "param", "message"),
    [
        ({"emial": "x"}, "parameter_unknown", "emial", "Received unknown parameter: emial"),
        ({"address": {"citi": "x"}}, "parameter_unknown", "address[citi]", "Received unknown parameter: address[citi]"),
        ({"balance": "abc"}, "parameter_invalid_integer", "balance", "Invalid integer: abc"),
        ({"validate": "maybe"}, None, "validate", "Invalid boolean: maybe"),
        ({"tax_exempt": "foo"}, None, "tax_exempt", "Invalid tax_exempt: must be one of exempt, none, or reverse"),
        ({"preferred_locales": "en"}, None, "preferred_locales", "Invalid array"),
        ({"address": "here"}, None, "address", "Invalid object"),
        ({"metadata": {"a": {"b": "c"}}}, None, "metadata[a]", "Metadata values must be strings, but for key 'a' you passed in a value of type hash."),
        ({"tax_id_data": [{"type": "eu_vat"}]}, "parameter_missing", "tax_id_data[0][value]", "Missing required param: tax_id_data[0][value]."),
        ({"balance": ""}, "parameter_invalid_empty", "balance", None),
    ],
)  # fmt: skip
def test_a_wrong_parameter_is_refused_as_stripe_refuses_it(
    stripe_server: StripeServer, params, code, param, message
):
    error = refusal(lambda: stripe_server.client.v1.customers.create(params))

    assert (error.http_status, error.code, error.param) == (400, code, param)
    assert message is None or error.user_message == message
    assert error.request_id.startswith("req_")
    assert error.error.type == "invalid_request_error"
    assert (error.error.doc_url is None) == (code is None)
    (seen,) = stripe_server.take_violations()
    assert seen["kind"] == "parameter"
    assert stripe_server.events == []


@pytest.mark.parametrize("param", ["customer", "starting_after", "price"])
def test_an_id_that_is_left_empty_does_not_mean_all_of_them(stripe_server: StripeServer, param: str):
    error = refusal(lambda: stripe_server.client.v1.subscriptions.list({param: ""}))

    assert (error.http_status, error.code, error.param) == (400, "parameter_invalid_empty", param)
    stripe_server.take_violations()


@pytest.mark.parametrize(
    "email", ["nobody", "a@gmail", "a b@example.org", "a@.example.org", "a＠example.org"]
)
def test_an_address_that_is_none_is_refused(stripe_server: StripeServer, email: str):
    error = refusal(lambda: stripe_server.client.v1.customers.create({"email": email}))

    assert (error.http_status, error.code, error.param) == (400, "email_invalid", "email")
    assert error.user_message == f"Invalid email address: {email}"
    assert stripe_server.events == []


def test_a_missing_parameter_and_an_unknown_route_are_violations(stripe_server: StripeServer):
    missing = refusal(lambda: stripe_server.client.v1.products.create({}))
    route = refusal(lambda: stripe_server.client.v1.issuing.cards.list())

    assert (missing.code, missing.param) == ("parameter_missing", "name")
    assert route.http_status == 404
    assert "Unrecognized request URL (GET: /v1/issuing/cards)" in str(route)
    assert [one["kind"] for one in stripe_server.take_violations()] == ["parameter", "route"]


def test_an_object_that_is_not_there_is_404_in_the_address_and_400_in_a_parameter(
    stripe_server: StripeServer,
):
    by_address = refusal(lambda: stripe_server.client.v1.customers.retrieve("cus_none"))
    by_param = refusal(lambda: stripe_server.client.v1.customers.create({"test_clock": "clock_none"}))

    assert (by_address.http_status, by_address.code, by_address.param) == (404, "resource_missing", "id")
    assert by_address.user_message == "No such customer: 'cus_none'"
    assert (by_param.http_status, by_param.code, by_param.param) == (400, "resource_missing", "test_clock")


def test_a_wrong_key_is_401(stripe_server: StripeServer):
    stranger = StripeClient("sk_test_somebodyelse", base_addresses={"api": stripe_server.url})

    error = refusal(lambda: stranger.v1.customers.list(), stripe.AuthenticationError)

    assert error.http_status == 401
    assert error.user_message == "Invalid API Key provided: sk_test_********else"


def test_metadata_is_merged_and_empty_values_remove(stripe_server: StripeServer):
    customers = stripe_server.client.v1.customers
    made = customers.create({"name": "Ada", "metadata": {"a": "1", "b": "2"}})

    changed = customers.update(made.id, {"metadata": {"a": "", "c": "3"}, "name": ""})
    emptied = customers.update(made.id, {"metadata": ""})

    assert changed.metadata.to_dict() == {"b": "2", "c": "3"}
    assert changed.name is None
    assert emptied.metadata.to_dict() == {}
    updates = [
        one["data"]["previous_attributes"]
        for one in stripe_server.events
        if one["type"] == "customer.updated"
    ]
    assert updates == [{"name": "Ada", "metadata": {"a": "1", "c": None}}, {"metadata": {"b": "2", "c": "3"}}]


def test_lists_are_walked_by_cursor_the_newest_first(stripe_server: StripeServer):
    customers = stripe_server.client.v1.customers
    made = [customers.create({"name": str(number)}).id for number in range(7)][::-1]

    first = customers.list({"limit": 3})
    second = customers.list({"limit": 3, "starting_after": first.data[-1].id})
    back = customers.list({"limit": 2, "ending_before": second.data[-1].id})
    everything = [one.id for one in customers.list({"limit": 2}).auto_paging_iter()]

    assert [one.id for one in first.data] == made[:3]
    assert first.has_more
    assert [one.id for one in second.data] == made[3:6]
    assert [one.id for one in back.data] == made[3:5]
    assert everything == made
    assert refusal(lambda: customers.list({"limit": 101})).code == "parameter_invalid_integer"
    assert refusal(lambda: customers.list({"starting_after": "cus_none"})).param == "starting_after"


def test_a_deleted_customer_is_known_as_deleted_and_good_for_nothing(stripe_server: StripeServer):
    customers = stripe_server.client.v1.customers
    made = customers.create({"email": "ada@example.com"})

    gone = customers.delete(made.id)

    assert gone.deleted
    assert customers.retrieve(made.id).deleted
    assert customers.list().data == []
    assert refusal(lambda: customers.update(made.id, {"name": "x"})).code == "resource_missing"


def test_an_expansion_that_stripe_does_not_have_is_refused(stripe_server: StripeServer):
    made = stripe_server.client.v1.customers.create({})

    error = refusal(lambda: stripe_server.client.v1.customers.retrieve(made.id, {"expand": ["nothing"]}))

    assert "This property cannot be expanded (nothing)" in str(error)


def test_with_its_customer_a_subscription_ends(stripe_server: StripeServer):
    client = stripe_server.client.v1
    customer = client.customers.create({"payment_method": "pm_card_visa"})
    card = client.payment_methods.list({"customer": customer.id}).data[0]
    price = client.prices.create(
        {
            "currency": "usd",
            "unit_amount": 1000,
            "recurring": {"interval": "month"},
            "product_data": {"name": "Pro"},
        }
    )
    subscription = client.subscriptions.create(
        {"customer": customer.id, "items": [{"price": price.id}], "default_payment_method": card.id}
    )

    client.customers.delete(customer.id)

    assert client.subscriptions.retrieve(subscription.id).status == "canceled"
    assert client.payment_methods.retrieve(card.id).customer is None
    assert [one["type"] for one in stripe_server.events][-2:] == [
        "customer.subscription.deleted",
        "customer.deleted",
    ]
