"""Tiers, supports and payments for tests, written as billing writes them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

from engagement.audit.actor import Actor
from engagement.members.models import Member
from engagement.supporters.forms import TierForm
from engagement.supporters.mirroring import PaymentFacts, SupportFacts, write_payment, write_support
from engagement.supporters.models import Supporter, SupporterPayment, SupporterTier
from engagement.supporters.tiers import create_tier, switch_tier
from saas.core import clock
from tenants.context import TenantContext

ADA = Actor("user", 999_998, "Ada Admin", role="admin", via="web")
FORM = TierForm("Friends", "For friends.", ("A badge",), 500, "usd", "month", "", 0)
_numbers = count(1)


def make_tier(context: TenantContext, *, on_sale: bool = False, **values: Any) -> SupporterTier:
    tier = create_tier(context=context, form=replace(FORM, **values), actor=ADA)
    return switch_tier(context=context, key=tier.key, state="on_sale", actor=ADA) if on_sale else tier


def facts_of(member: Member, tier: SupporterTier, **values: Any) -> SupportFacts:
    given: dict[str, Any] = {
        "reference": f"sub_{next(_numbers)}",
        "member_id": member.pk,
        "tier_key": tier.key,
        "state": "active",
        "amount": tier.amount,
        "currency": tier.currency,
        "interval": tier.interval,
        "begun_at": clock.now(),
        "period_end": clock.now() + timedelta(days=30),
    }
    return SupportFacts(**given | values)


def begin(context: TenantContext, member: Member, tier: SupporterTier, **values: Any) -> Supporter:
    return write_support(context=context, facts=facts_of(member, tier, **values))


def payment_of(support: Supporter, **values: Any) -> PaymentFacts:
    given: dict[str, Any] = {
        "reference": f"in_{next(_numbers)}",
        "support_reference": support.reference,
        "tier_key": support.tier.key,
        "amount": support.amount,
        "fee": support.amount * 8 // 100,
        "currency": support.currency,
        "paid_at": clock.now(),
        "period_start": clock.now(),
        "period_end": clock.now() + timedelta(days=30),
    }
    return PaymentFacts(**given | values)


def pay(context: TenantContext, support: Supporter, **values: Any) -> SupporterPayment:
    return write_payment(context=context, facts=payment_of(support, **values))
