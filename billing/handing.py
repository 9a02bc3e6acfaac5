"""Handing a community over to somebody else together with its payment: one act, two offers, each accepted by itself.

Invariants: both offers are made or none; nothing changes until they are accepted; who accepted the one and not the other finds the
other still open, and the former payer goes on paying until somebody else has.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from engagement.audit.actor import Actor
from engagement.kinds import lifecycle
from saas.core.schemas import PUBLIC, enter_schema
from tenants.context import TenantContext
from tenants.models import User

from .models import Subscription
from .moving import get_payment_offer, offer_payment, withdraw_payment_offer


@dataclass(frozen=True, slots=True)
class Handover:
    """What was offered. `payment`: the plan goes along; without one, or where somebody else pays, the community alone."""

    payment: bool


def offer_handover(*, context: TenantContext, user: User, heir_id: int, actor: Actor) -> Handover:
    """Offer community and payment to somebody on the team, who is told of each by mail. Idempotent.

    Locks: the tenant's billing, then its row. Raises as offer_payment and tenants.lifecycle.offer_ownership.
    """
    with enter_schema(PUBLIC), transaction.atomic():
        row = Subscription.objects.filter(
            tenant_id=context.tenant_id, ended_at=None, payer__user=user
        ).first()
        goes_along = row is not None and row.cancel_at is None
        if goes_along:
            offer_payment(tenant_id=context.tenant_id, user=user, heir_id=heir_id, actor=actor)
        lifecycle.offer_to(context=context, owner_id=user.pk, heir_id=heir_id, actor=actor)
    return Handover(goes_along)


def withdraw_handover(*, context: TenantContext, user: User, actor: Actor) -> bool:
    """Take both offers back, as far as they were not accepted; False where there was none. Idempotent."""
    with enter_schema(PUBLIC), transaction.atomic():
        payment = get_payment_offer(tenant_id=context.tenant_id) is not None and withdraw_payment_offer(
            tenant_id=context.tenant_id, user=user
        )
        owning = lifecycle.end_offer(context=context, user_id=user.pk, actor=actor)
    return payment or owning
