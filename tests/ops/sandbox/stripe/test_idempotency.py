"""Idempotency keys."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe

from ops.sandbox.stripe.idempotency import IdempotencyKeys
from tests.stripe import StripeServer


def test_the_same_key_and_parameters_give_the_first_answer_again(stripe_server: StripeServer):
    products = stripe_server.client.v1.products

    first = products.create({"name": "Growth"}, {"idempotency_key": "one"})
    again = products.create({"name": "Growth"}, {"idempotency_key": "one"})

    assert again.id == first.id
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert again.last_response.headers["Original-Request"] == first.last_response.request_id
    assert len(products.list().data) == 1
    assert [one["request"]["idempotency_key"] for one in stripe_server.events] == ["one"]


def test_the_same_key_with_other_parameters_is_refused(stripe_server: StripeServer):
    products = stripe_server.client.v1.products
    products.create({"name": "Growth"}, {"idempotency_key": "one"})

    with pytest.raises(stripe.IdempotencyError) as caught:
        products.create({"name": "Pro"}, {"idempotency_key": "one"})

    assert caught.value.http_status == 400
    assert "can only be used with the same parameters" in str(caught.value)


def create_twice_at_once(stripe_server: StripeServer) -> list[object]:
    """Two requests under one key; the first is still at work when the second comes."""
    stripe_server.control.faults(latency=0.3)

    def create(_: int) -> object:
        try:
            return stripe_server.client.v1.products.create({"name": "Pro"}, {"idempotency_key": "one"}).id
        except stripe.StripeError as error:
            return error.http_status, error.error.code

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(create, range(2)))


def test_a_key_in_flight_is_409(stripe_server: StripeServer):
    answers = create_twice_at_once(stripe_server)

    assert (409, "idempotency_key_in_use") in answers
    assert len(stripe_server.client.v1.products.list().data) == 1


def test_without_that_refusal_both_would_be_made(
    stripe_server: StripeServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(IdempotencyKeys, "begin", lambda self, key, mark: None)

    create_twice_at_once(stripe_server)

    assert len(stripe_server.client.v1.products.list().data) == 2


def test_a_refused_parameter_does_not_use_up_the_key_but_a_refused_request_does(stripe_server: StripeServer):
    products = stripe_server.client.v1.products
    with pytest.raises(stripe.InvalidRequestError):
        products.create({"nmae": "Pro"}, {"idempotency_key": "one"})
    stripe_server.take_violations()

    made = products.create({"name": "Pro", "id": "pro"}, {"idempotency_key": "one"})
    for _ in range(2):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            products.create({"name": "Pro", "id": "pro"}, {"idempotency_key": "two"})

    assert made.id == "pro"
    assert caught.value.code == "resource_already_exists"
    assert caught.value.headers["Idempotent-Replayed"] == "true"


def test_a_key_is_forgotten_after_a_day(stripe_server: StripeServer):
    products = stripe_server.client.v1.products
    first = products.create({"name": "Pro"}, {"idempotency_key": "one"})

    stripe_server.control.advance(25 * 3600)
    second = products.create({"name": "Pro"}, {"idempotency_key": "one"})

    assert first.id != second.id


def test_an_answer_that_was_lost_is_fetched_by_the_retry(stripe_server: StripeServer):
    stripe_server.control.faults(cut=True, after=True, times=1)
    retrying = stripe.StripeClient(
        stripe_server.key, base_addresses={"api": stripe_server.url}, max_network_retries=2
    )

    made = retrying.v1.products.create({"name": "Pro"})

    assert [one.id for one in retrying.v1.products.list().data] == [made.id]
    assert made.last_response.headers["Idempotent-Replayed"] == "true"
