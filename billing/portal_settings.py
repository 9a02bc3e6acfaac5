"""What payers can do on Stripe's own pages: cards, invoices, their address and tax ids, cancelling at the end of the period.

Another plan is never chosen there, because the choice would not say what freezes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, cast

import orjson

if TYPE_CHECKING:
    from stripe import StripeClient
    from stripe.billing_portal import Configuration
    from stripe.params.billing_portal import ConfigurationCreateParams

MARK: Final = {"engagehub": "1"}  # by which ours is told among the account's
FEATURES: Final[dict[str, dict[str, Any]]] = {
    "payment_method_update": {"enabled": True},
    "invoice_history": {"enabled": True},
    "customer_update": {"enabled": True, "allowed_updates": ["address", "email", "name", "tax_id"]},
    "subscription_cancel": {"enabled": True, "mode": "at_period_end"},
    "subscription_update": {"enabled": False},
}


def find_configuration(stripe: StripeClient) -> Configuration | None:
    """Ours at Stripe's."""
    listed = stripe.v1.billing_portal.configurations.list({"active": True, "limit": 100})
    for one in listed.auto_paging_iter():
        if one.metadata is not None and one.metadata.to_dict().get("engagehub") == MARK["engagehub"]:
            return one
    return None


def make_configuration(stripe: StripeClient) -> str:
    """Its id. Sent twice in a day, it is made once."""
    wanted: ConfigurationCreateParams = {"metadata": dict(MARK), "features": FEATURES}  # type: ignore[typeddict-item]
    return stripe.v1.billing_portal.configurations.create(wanted, {"idempotency_key": _key_of(wanted)}).id


def obtain_confirming(stripe: StripeClient, price_id: str) -> str:
    """Pages on which nothing can be done but to change to this one price and pay for it, where a bank can ask: one configuration for
    each price, found by its mark. Idempotent."""
    listed = stripe.v1.billing_portal.configurations.list({"active": True, "limit": 100})
    for one in listed.auto_paging_iter():
        if one.metadata is not None and one.metadata.to_dict().get("engagehub_price") == price_id:
            return one.id
    price = stripe.v1.prices.retrieve(price_id)
    change = {
        "enabled": True,
        "default_allowed_updates": ["price", "quantity"],
        "products": [{"product": price.product, "prices": [price_id]}],
        "proration_behavior": "always_invoice",
    }
    wanted = {
        "metadata": {"engagehub_price": price_id},
        "features": {"subscription_update": change, "payment_method_update": {"enabled": True}},
    }
    return stripe.v1.billing_portal.configurations.create(
        cast("ConfigurationCreateParams", wanted), {"idempotency_key": _key_of(wanted)}
    ).id


def _key_of(wanted: Mapping[str, Any]) -> str:
    """The same for the same configuration alone: Stripe refuses a key that comes with something else within a day."""
    return f"portal-{hashlib.sha256(orjson.dumps(wanted, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]}"


def list_differences(configuration: Configuration) -> list[str]:
    """The features that Stripe has otherwise."""
    told = configuration.features.to_dict()
    return [
        name
        for name, wanted in FEATURES.items()
        if any(_plain(told.get(name, {}).get(key)) != _plain(value) for key, value in wanted.items())
    ]


def update_configuration(stripe: StripeClient, configuration_id: str) -> None:
    stripe.v1.billing_portal.configurations.update(configuration_id, {"features": FEATURES})  # type: ignore[arg-type]


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, list) else value
