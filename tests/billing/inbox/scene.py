"""A community that pays for a plan, at the local Stripe and with us, and what can happen to it there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from billing.inbox.receiving import store_event
from billing.models import StripeEvent, Subscription
from billing.plans import PLANS
from tests.billing.making import attempted, payer_of, tenant_of
from tests.cast import ACME, Community
from tests.stripe import StripeServer


@dataclass
class Paying:
    """`subscription_id` and `customer_id` are Stripe's."""

    server: StripeServer
    community: Community
    subscription_id: str
    customer_id: str

    @property
    def row(self) -> Subscription:
        return Subscription.objects.get(stripe_id=self.subscription_id)

    def cancel_there(self) -> None:
        """It is cancelled for the end of its period, behind our back."""
        self.server.client.v1.subscriptions.update(self.subscription_id, {"cancel_at_period_end": True})

    def end_there(self) -> None:
        self.server.client.v1.subscriptions.cancel(self.subscription_id)

    @property
    def knows(self) -> bool:
        """Whether our row says what `cancel_there` did."""
        return self.row.cancel_at is not None


def begin_paying(server: StripeServer, community: Community = ACME, plan: str = "growth") -> Paying:
    """Subscribe at Stripe's, as a checkout of ours would have it, with a row of ours that is right."""
    stripe = server.client.v1
    payer = payer_of(community, stripe_id=None)
    if not payer.stripe_id:
        payer.stripe_id = stripe.customers.create({"email": payer.email}).id
        payer.save(update_fields=["stripe_id"])
    stripe.payment_methods.attach("pm_card_visa", {"customer": payer.stripe_id})
    method = stripe.payment_methods.list({"customer": payer.stripe_id}).data[0].id
    made = stripe.subscriptions.create(
        {
            "customer": payer.stripe_id,
            "items": [{"price": price_of(server, plan)}],
            "default_payment_method": method,
            "metadata": {"tenant_id": str(tenant_of(community).pk), "payer": payer.key},
        }
    )
    attempted(community)
    return Paying(server, community, made.id, payer.stripe_id)


def price_of(server: StripeServer, plan: str) -> str:
    """The plan's monthly price, made on first use."""
    stripe, key = server.client.v1, PLANS[plan].lookup_key("month")
    found = stripe.prices.list({"lookup_keys": [key]}).data
    if found:
        return str(found[0].id)
    made = stripe.prices.create(
        {
            "currency": "usd",
            "unit_amount": PLANS[plan].price("month", "usd"),
            "recurring": {"interval": "month"},
            "lookup_key": key,
            "metadata": {"plan": plan},
            "product_data": {"name": PLANS[plan].name},
        }
    )
    return str(made.id)


def come_in(event: dict[str, Any]) -> StripeEvent:
    """Store it as a webhook does."""
    store_event(event)
    return StripeEvent.objects.get(stripe_id=event["id"])
