"""Tax ids: their form, and whether they were found to be true."""

from __future__ import annotations

import pytest

from tests.ops.sandbox.stripe.refusals import refusal
from tests.stripe import StripeServer


@pytest.mark.parametrize(
    ("kind", "value", "status"),
    [
        ("eu_vat", "DE123456789", "verified"),
        ("eu_vat", "DE000000001", "unverified"),
        ("eu_vat", "DE000000002", "pending"),
        ("us_ein", "12-3456789", "unavailable"),
    ],
)
def test_a_tax_id_is_checked(stripe_server: StripeServer, kind: str, value: str, status: str):
    client = stripe_server.client.v1
    customer = client.customers.create(
        {"tax_id_data": [{"type": kind, "value": value}], "expand": ["tax_ids"]}
    )

    (found,) = customer.tax_ids.data
    assert (found.value, found.verification.status) == (value, status)
    assert client.customers.tax_ids.list(customer.id).data[0].id == found.id
    assert client.customers.tax_ids.delete(customer.id, found.id).deleted


def test_one_that_has_not_its_form_is_refused(stripe_server: StripeServer):
    client = stripe_server.client.v1
    customer = client.customers.create({})

    error = refusal(lambda: client.customers.tax_ids.create(customer.id, {"type": "eu_vat", "value": "1"}))

    assert error.code == "tax_id_invalid"
