"""The page at /, for somebody who sees it for the first time."""

from __future__ import annotations

import urllib.error
import urllib.request

import pytest

from tests.stripe import StripeServer


def read(stripe_server: StripeServer, path: str = "/", data: bytes | None = None, **headers: str) -> str:
    request = urllib.request.Request(stripe_server.url + path, data=data, headers=headers)
    with urllib.request.urlopen(request) as answer:
        return str(answer.read().decode())


def test_an_empty_one_says_what_it_is(stripe_server: StripeServer):
    page = read(stripe_server)

    assert "No customer yet" in page
    assert "All is well." in page


def test_customers_payments_and_events_stand_there_and_names_are_harmless(stripe_server: StripeServer):
    client = stripe_server.client.v1
    customer = client.customers.create({"name": "<script>alert(1)</script>", "email": "ada@example.com"})
    client.payment_intents.create(
        {
            "amount": 2500,
            "currency": "usd",
            "customer": customer.id,
            "payment_method": "pm_card_visa",
            "confirm": True,
        }
    )

    page = read(stripe_server)

    assert "<script>" not in page
    assert "$25.00" in page
    assert "customer.created" in page
    assert "ada@example.com" in read(stripe_server, f"/objects/customer/{customer.id}")
    for name in ("customers", "invoices", "products", "prices", "webhooks", "deliveries", "events"):
        assert "Back" in read(stripe_server, f"/list/{name}")


def test_the_switches_break_it_and_mend_it(stripe_server: StripeServer):
    assert "Now: hold all events back." in read(stripe_server, "/switch", b"name=hold")
    assert stripe_server.control.describe()["faults"]["hold"]
    assert "All is well." in read(stripe_server, "/switch", b"name=release")


def test_another_page_cannot_push_the_buttons(stripe_server: StripeServer):
    for path in ("/switch", "/_sandbox/reset"):
        with pytest.raises(urllib.error.HTTPError) as caught:
            read(stripe_server, path, b"name=hold", Origin="http://evil.example")
        with caught.value as refused:
            assert refused.code == 403
