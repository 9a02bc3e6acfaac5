"""Every route names parameters that the library has, and all of their types can be read; so can those of every kind of object."""

from __future__ import annotations

import re
from typing import Any, get_args, get_origin

import pytest
from stripe._stripe_object import StripeObject
from typing_extensions import is_typeddict

from ops.sandbox.stripe import resources
from ops.sandbox.stripe.errors import ParameterError
from ops.sandbox.stripe.hints import alternatives, hints_of, resource_class
from ops.sandbox.stripe.params import check_params, schema_of
from ops.sandbox.stripe.routes import ROUTES
from tests.stripe import StripeServer

resources.load()
KINDS = [
    "account", "application_fee", "balance", "balance_transaction", "billing.meter", "billing_portal.configuration", "charge",
    "checkout.session", "coupon", "customer", "dispute", "event", "invoice", "payment_intent", "payment_method", "price", "product",
    "promotion_code", "refund", "setup_intent", "subscription", "subscription_schedule", "tax_id", "test_helpers.test_clock",
    "transfer", "webhook_endpoint",
]  # fmt: skip


def _walk(cls: type, seen: set[type]) -> None:
    if cls in seen:
        return
    seen.add(cls)
    for hint in hints_of(cls).values():
        parts = [hint]
        while parts:
            part = parts.pop()
            parts += [one for one in (*alternatives(part), *get_args(part)) if one is not part]
            if isinstance(part, type) and get_origin(part) is None and _is_ours(part):
                _walk(part, seen)


def _is_ours(part: type) -> bool:
    """A part of the object or of the parameters at hand, not another object."""
    return is_typeddict(part) or (issubclass(part, StripeObject) and "." in part.__qualname__)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_a_routes_parameters_can_be_read(route: Any):
    if route.schema is not None:
        _walk(schema_of(route.schema), set())
    with pytest.raises(ParameterError) as caught:
        check_params(route.schema or "CustomerDeleteParams", {"surely_unknown": "x"})
    assert caught.value.code == "parameter_unknown"


@pytest.mark.parametrize("kind", KINDS)
def test_an_objects_fields_can_be_read(kind: str):
    cls = resource_class(kind)
    assert cls is not None
    seen: set[type] = set()
    _walk(cls, seen)
    assert seen


def test_no_route_hides_another():
    plain = [(route.method, re.sub(r"\{\w+\}", "{}", route.path)) for route in ROUTES]

    assert len(plain) == len(set(plain))


@pytest.mark.parametrize(
    "body",
    [
        "metadata[a]=1&metadata[a][b]=2",
        "[]=1",
        "a[=1",
        "expand=customer",
        "expand[][x]=1",
        "metadata=x",
        "address[0]=x",
        "tax_id_data[x][type]=eu_vat",
        "email[]=a",
        "name=" + "x" * 6000,
        "metadata[" + "k" * 41 + "]=v",
        "metadata[k]=" + "v" * 501,
        "%00=%ff",
        "&".join(f"metadata[k{number}]=v" for number in range(51)),
    ],
)
def test_a_crooked_body_is_400_and_never_a_crash(stripe_server: StripeServer, body: str):
    import requests

    headers = {
        "Authorization": f"Bearer {stripe_server.key}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    with requests.Session() as session:
        answer = session.post(f"{stripe_server.url}/v1/customers", data=body, headers=headers)

    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert not [one for one in stripe_server.take_violations() if one["kind"] == "crash"]
    assert stripe_server.client.v1.customers.list().data == []
