"""The list of events, and endpoints as the API makes them."""

from __future__ import annotations

import pytest
import stripe

from tests.ops.sandbox.stripe.refusals import refusal
from tests.stripe import StripeServer


def test_events_are_found_by_type_time_and_delivery(stripe_server: StripeServer):
    client = stripe_server.client.v1
    began = client.customers.create({}).created
    stripe_server.control.advance(3600)
    client.customers.create({})
    client.products.create({"name": "Pro"})

    assert [one.type for one in client.events.list({"type": "product.*"}).data] == ["product.created"]
    assert len(client.events.list({"types": ["product.created", "customer.created"]}).data) == 3
    assert len(client.events.list({"created": {"gt": began + 60}}).data) == 2
    assert len(client.events.list({"created": {"lte": began + 60}}).data) == 1
    assert client.events.list({"delivery_success": False}).data == []


def test_an_event_says_what_it_was_and_who_asked(stripe_server: StripeServer):
    client = stripe_server.client.v1
    made = client.customers.create({"name": "Ada"})
    changed = client.customers.update(made.id, {"name": "Eve"}, {"idempotency_key": "rename"})

    event = client.events.list({"type": "customer.updated"}).data[0]

    assert event.data.object["name"] == "Eve"
    assert event.data.previous_attributes.to_dict() == {"name": "Ada"}
    assert (event.request.id, event.request.idempotency_key) == (changed.last_response.request_id, "rename")
    assert event.api_version == stripe.api_version


def test_a_change_that_changes_nothing_is_no_event(stripe_server: StripeServer):
    client = stripe_server.client.v1
    made = client.customers.create({"name": "Ada"})

    client.customers.update(made.id, {"name": "Ada"})

    assert [one["type"] for one in stripe_server.events] == ["customer.created"]


def test_an_endpoint_shows_its_secret_once(stripe_server: StripeServer):
    endpoints = stripe_server.client.v1.webhook_endpoints

    made = endpoints.create({"url": "https://example.com/stripe/", "enabled_events": ["customer.created"]})

    assert made.secret.startswith("whsec_")
    assert "secret" not in endpoints.retrieve(made.id)
    assert endpoints.update(made.id, {"disabled": True}).status == "disabled"
    assert endpoints.delete(made.id).deleted


@pytest.mark.parametrize("url", ["example.com/hook", "ftp://example.com", "https://"])
def test_an_address_that_is_none_is_refused(stripe_server: StripeServer, url: str):
    sent = {"url": url, "enabled_events": ["*"]}

    assert refusal(lambda: stripe_server.client.v1.webhook_endpoints.create(sent)).code == "url_invalid"


def test_an_event_that_stripe_does_not_have_cannot_be_asked_for(stripe_server: StripeServer):
    sent = {"url": "https://example.com/", "enabled_events": ["customer.exploded"]}

    error = refusal(lambda: stripe_server.client.v1.webhook_endpoints.create(sent))

    assert error.param == "enabled_events[0]"
    assert len(stripe_server.take_violations()) == 1
