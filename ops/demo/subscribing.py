"""The demo's plans: bought on the local Stripe's page as a person would buy them, before the history is booked. Safe to repeat: a
community that has or had a subscription is left alone, whatever became of it.

Only where the local Stripe is what STRIPE_API_URL names: a real account is never charged for a demo.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings

from billing.checkout import apply_session, begin_checkout
from billing.entitling import give_plan
from billing.models import Subscription
from billing.trials import use_trial
from ops.sandbox.stripe.remote import Control
from saas.core import clock
from tenants.models import Membership, Tenant

from .communities import DemoCommunity

BEFORE: Final = timedelta(days=400)
CARD: Final = "4242 4242 4242 4242"
_SESSION: Final = re.compile(r"cs_test_\w+")


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """`card`: without one it is a trial, which ends by itself."""

    plan: str
    interval: str = "month"
    currency: str = "usd"
    quantity: int = 1
    card: bool = True


# The community that is not here has the free plan.
PLANS: Final = {
    "pixel-pals": DemoPlan("growth"),
    "night-owls": DemoPlan("growth", currency="eur", card=False),
    "harbour-school": DemoPlan("course", currency="gbp", quantity=2),
    "ledgerline": DemoPlan("scale", "year"),
}


def buy_demo_plan(community: DemoCommunity, tenant_id: int) -> bool:
    """Buy what the community is to have; False where there is nothing to do. Raises billing's errors."""
    wanted = PLANS.get(community.slug)
    if wanted is None or not is_local_stripe() or Subscription.objects.filter(tenant_id=tenant_id).exists():
        return False
    tenant = Tenant.objects.get(pk=tenant_id)
    if wanted.card:
        use_trial(tenant=tenant)  # long ago: its first invoice is paid at once
        now = clock.now()
        with clock.frozen_at(now - BEFORE):
            # So that what the plan opens was open in the months that are told of it.
            give_plan(tenant_id=tenant_id, plan=wanted.plan, until=now, note="The demo's past")
    owner = Membership.objects.select_related("user").get(tenant=tenant, role=Membership.Role.OWNER).user
    address = begin_checkout(
        tenant_id=tenant_id,
        user=owner,
        plan=wanted.plan,
        interval=wanted.interval,
        currency=wanted.currency,
        quantity=wanted.quantity,
    )
    found = _SESSION.search(address)
    if found is None:
        raise ValueError(f"The local Stripe's address names no session: {address}")
    filled = {"email": owner.email, "name": str(owner), "card": CARD if wanted.card else None}
    Control(settings.STRIPE_API_URL).complete_checkout(found.group(), **filled)
    apply_session(tenant_id=tenant_id, session_id=found.group())
    return True


def is_local_stripe() -> bool:
    """Whether plans are sold here, and by a Stripe on this machine."""
    return settings.BILLING_ON and urlsplit(settings.STRIPE_API_URL).hostname in {"127.0.0.1", "localhost"}
