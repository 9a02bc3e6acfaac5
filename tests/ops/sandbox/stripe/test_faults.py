"""What goes wrong at the API on demand, as the library tells it."""

from __future__ import annotations

import time

import pytest
import stripe

from tests.ops.sandbox.stripe.refusals import refusal
from tests.stripe import StripeServer


@pytest.mark.parametrize(
    ("fault", "kind", "status"),
    [
        ({"status": 503}, stripe.APIError, 503),
        ({"status": 429}, stripe.RateLimitError, 429),
        ({"cut": True}, stripe.APIConnectionError, None),
    ],
)
def test_stripe_is_away(
    stripe_server: StripeServer, fault: dict[str, object], kind: type[stripe.StripeError], status: int
):
    stripe_server.control.faults(**fault)

    error = refusal(lambda: stripe_server.client.v1.products.create({"name": "Pro"}), kind)
    stripe_server.control.clear_faults()

    assert error.http_status == status
    assert stripe_server.client.v1.products.list().data == []


def test_a_fault_may_be_narrowed_and_wears_off(stripe_server: StripeServer):
    stripe_server.control.faults(status=500, method="POST", path="/v1/products", times=1)

    stripe_server.client.v1.customers.create({})
    stripe_server.client.v1.products.list()
    refusal(lambda: stripe_server.client.v1.products.create({"name": "Pro"}), stripe.APIError)

    assert stripe_server.client.v1.products.create({"name": "Pro"}).name == "Pro"


def test_the_library_retries_by_itself(stripe_server: StripeServer):
    stripe_server.control.faults(status=503, times=1)
    retrying = stripe.StripeClient(
        stripe_server.key, base_addresses={"api": stripe_server.url}, max_network_retries=1
    )

    assert retrying.v1.products.create({"name": "Pro"}).name == "Pro"


def test_slowness(stripe_server: StripeServer):
    stripe_server.control.faults(latency=0.2, times=1)
    began = time.monotonic()

    stripe_server.client.v1.customers.create({})

    assert time.monotonic() - began > 0.2


def test_an_unknown_fault_is_refused_with_the_known(stripe_server: StripeServer):
    with pytest.raises(ValueError, match="There is no fault burn"):
        stripe_server.control.faults(burn=True)


def test_nobody_listens_and_then_somebody_does_again(stripe_server: StripeServer):
    customers = stripe_server.client.v1.customers
    made = customers.create({})
    stripe_server.control.refuse(60)
    try:
        error = refusal(lambda: customers.retrieve(made.id), stripe.APIConnectionError)
    finally:
        stripe_server.thread.call(stripe_server.thread.server.listen_again)
    retrying = stripe.StripeClient(
        stripe_server.key, base_addresses={"api": stripe_server.url}, max_network_retries=5
    )

    assert "Unexpected error communicating with Stripe" in str(error)
    assert retrying.v1.customers.retrieve(made.id).id == made.id


def test_another_version_of_the_api_is_noticed(stripe_server: StripeServer):
    stripe_server.client.v1.customers.list(options={"stripe_version": "2020-08-27"})

    (seen,) = stripe_server.take_violations()
    assert seen["kind"] == "version"
