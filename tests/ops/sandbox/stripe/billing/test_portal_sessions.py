"""The portal's configurations and sessions over the API."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from .shop import Shop

FEATURES: dict[str, Any] = {
    "payment_method_update": {"enabled": True},
    "invoice_history": {"enabled": True},
    "customer_update": {"enabled": True, "allowed_updates": ["address", "email", "name", "tax_id"]},
    "subscription_cancel": {"enabled": True, "mode": "at_period_end"},
}


def configure(shop: Shop, **more: Any) -> Any:
    return shop.stripe.v1.billing_portal.configurations.create({"features": {**FEATURES, **more}})  # type: ignore[typeddict-item]


def offer(shop: Shop, *prices: str, **more: Any) -> dict[str, Any]:
    """The feature of changing plans, with these prices."""
    products: dict[str, list[str]] = {}
    for price in prices:
        products.setdefault(str(shop.stripe.v1.prices.retrieve(price).product), []).append(price)
    return {
        "enabled": True,
        "default_allowed_updates": ["price"],
        "proration_behavior": "always_invoice",
        "products": [{"product": product, "prices": held} for product, held in products.items()],
        **more,
    }


def test_a_configuration_keeps_what_it_is_told(shop: Shop) -> None:
    made = configure(shop, subscription_update=offer(shop, shop.starter, shop.pro))
    assert (made.active, made.is_default, made.features.invoice_history.enabled) == (True, True, True)
    assert [one.prices for one in made.features.subscription_update.products] == [[shop.starter], [shop.pro]]
    changed = shop.stripe.v1.billing_portal.configurations.update(
        made.id, {"features": {"subscription_cancel": {"enabled": False}}, "metadata": {"ours": "1"}}
    )
    assert (changed.features.subscription_cancel.enabled, changed.features.invoice_history.enabled) == (
        False,
        True,
    )
    assert [one.id for one in shop.stripe.v1.billing_portal.configurations.list({"active": True})] == [
        made.id
    ]
    assert "billing_portal.configuration.updated" in shop.types()


def test_a_session_has_an_address_on_this_server(shop: Shop) -> None:
    made = configure(shop)
    session = shop.stripe.v1.billing_portal.sessions.create(
        {"customer": shop.customer(), "configuration": made.id, "return_url": "https://shop.example/plans"}
    )
    assert session.url.startswith(f"{shop.server.url}/portal/")
    assert (session.flow, session.return_url) == (None, "https://shop.example/plans")


def test_without_a_configuration_there_is_no_session(shop: Shop) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="default configuration has not been created"):
        shop.stripe.v1.billing_portal.sessions.create({"customer": shop.customer()})


@pytest.mark.parametrize(
    ("flow", "param"),
    [
        (
            {"type": "subscription_cancel", "subscription_cancel": {"subscription": "sub_none"}},
            "flow_data[subscription_cancel][subscription]",
        ),
        (
            {"type": "subscription_update", "subscription_update": {"subscription": "sub_none"}},
            "flow_data[type]",
        ),
        (
            {"type": "payment_method_update", "after_completion": {"type": "redirect"}},
            "flow_data[after_completion][redirect]",
        ),
    ],
)
def test_wrong_flows_are_refused_by_name(shop: Shop, flow: dict[str, Any], param: str) -> None:
    made = configure(shop)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        shop.stripe.v1.billing_portal.sessions.create(
            {"customer": shop.customer(), "configuration": made.id, "flow_data": flow}  # type: ignore[typeddict-item]
        )
    assert caught.value.param == param


def test_a_flow_for_another_customers_subscription_is_refused(shop: Shop) -> None:
    made, theirs = configure(shop), shop.subscribe(shop.customer())
    with pytest.raises(stripe.InvalidRequestError) as caught:
        shop.stripe.v1.billing_portal.sessions.create(
            {
                "customer": shop.customer(),
                "configuration": made.id,
                "flow_data": {
                    "type": "subscription_cancel",
                    "subscription_cancel": {"subscription": theirs.id},
                },
            }
        )
    assert caught.value.code == "resource_missing"


@pytest.mark.parametrize(
    "wrong",
    [
        {"customer_update": {"enabled": True}},
        {"subscription_update": {"enabled": True, "default_allowed_updates": ["price"]}},
        {"subscription_update": {"enabled": True, "products": []}},
    ],
)
def test_half_a_feature_is_refused(shop: Shop, wrong: dict[str, Any]) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        shop.stripe.v1.billing_portal.configurations.create({"features": wrong})  # type: ignore[typeddict-item]
