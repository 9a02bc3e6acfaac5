"""Payers, subscriptions and attempts, written as the services would have written them, for tests that need no Stripe."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from billing.models import BillingAttempt, Payer, Subscription
from tenants.models import Tenant, User
from tests.billing.objects import NOON
from tests.cast import ACME, Community


def owner_of(community: Community = ACME) -> User:
    return User.objects.get(username=community.username("owner"))


def tenant_of(community: Community = ACME) -> Tenant:
    found: Tenant = Tenant.objects.get(slug=community.slug)
    return found


def payer_of(community: Community = ACME, **facts: Any) -> Payer:
    user = owner_of(community)
    payer, _ = Payer.objects.get_or_create(
        user=user,
        kind="person",
        defaults={"email": user.email, "stripe_id": f"cus_{community.slug}", **facts},
    )
    return payer


def subscribed(community: Community = ACME, **facts: Any) -> Subscription:
    known: dict[str, Any] = {
        "stripe_id": f"sub_{community.slug}",
        "plan": "growth",
        "currency": "usd",
        "status": "active",
        "period_start": NOON,
        "period_end": NOON.replace(month=4),
        "created_at": NOON,
    }
    return Subscription.objects.create(
        tenant=tenant_of(community), payer=payer_of(community), **{**known, **facts}
    )


def attempted(community: Community = ACME, kind: str = "checkout", **facts: Any) -> BillingAttempt:
    return BillingAttempt.objects.create(
        tenant=tenant_of(community), payer=payer_of(community), kind=kind, **facts
    )


def at(day: int, hour: int = 12) -> datetime:
    """A moment of March 2026; NOON is its first day."""
    return NOON.replace(day=day, hour=hour)
