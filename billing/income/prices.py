"""Tiers at Stripe: a product a tier, and a price for each amount, currency and interval that it was ever sold at.

Invariant: a price is found by a lookup key that names all of it, so that a changed tier is another price and who has the old one keeps it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from billing.stripe_api import asking_stripe
from tenants.context import TenantContext

if TYPE_CHECKING:
    from stripe import StripeClient

    from engagement.supporters.models import SupporterTier


def obtain_price(*, context: TenantContext, tier: SupporterTier) -> str:
    """Stripe's id of the tier's price as it is sold now; made where there is none. Two at once make one: keys and ids name all of it.

    Raises StripeAwayError, StripeRefusedError.
    """
    lookup_key = f"support_{tier.key}_{tier.amount}_{tier.currency}_{tier.interval}"
    with asking_stripe() as stripe:
        product = _obtain_product(stripe, context, tier)
        listed = stripe.v1.prices.list({"lookup_keys": [lookup_key], "active": True, "limit": 1})
        if listed.data:
            return listed.data[0].id
        return stripe.v1.prices.create(
            {
                "product": product,
                "currency": tier.currency,
                "unit_amount": tier.amount,
                "recurring": {"interval": tier.interval},
                "lookup_key": lookup_key,
                "metadata": {"kind": "support", "tier": tier.key, "tenant_id": str(context.tenant_id)},
            },
            {"idempotency_key": f"price-{lookup_key}"},
        ).id


def _obtain_product(stripe: StripeClient, context: TenantContext, tier: SupporterTier) -> str:
    """Under the name that the tier has now: it stands on the page where it is paid, and on invoices."""
    import stripe as library

    product, name = f"support_{tier.key}", f"{context.name}: {tier.name}"[:250]
    try:
        standing = stripe.v1.products.retrieve(product)
    except library.InvalidRequestError as error:
        if error.code != "resource_missing":
            raise
        about = {"kind": "support", "tenant_id": str(context.tenant_id)}
        try:
            stripe.v1.products.create({"id": product, "name": name, "metadata": about})
        except library.InvalidRequestError as error:
            if error.code != "resource_already_exists":
                raise
        return product
    if standing.name != name:
        stripe.v1.products.update(product, {"name": name})
    return product
