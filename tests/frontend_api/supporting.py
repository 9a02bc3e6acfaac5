"""Supporters for tests of pages, REST and the bot: an account that is ready, tiers, supports and payments, written as billing writes them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from billing.income.models import PayoutAccount
from engagement.members.models import Member
from engagement.supporters.models import Supporter, SupporterPayment, SupporterTier
from saas.core import clock
from saas.core.schemas import PUBLIC, enter_schema
from tenants.context import TenantContext, enter_tenant
from tenants.models import Membership
from tests.engagement.supporters import supporting
from tests.frontend_api.givers import give


def connect(
    context: TenantContext, *, ready: bool = True, due: tuple[str, ...] = (), stripe_id: str = ""
) -> PayoutAccount:
    """A payout account as Stripe told of it."""
    with enter_schema(PUBLIC):
        account, _ = PayoutAccount.objects.update_or_create(
            tenant_id=context.tenant_id,
            state=PayoutAccount.State.STANDING,
            defaults={
                "user_id": Membership.objects.get(
                    tenant_id=context.tenant_id, role=Membership.Role.OWNER
                ).user_id,
                "stripe_id": stripe_id or f"acct_test{context.tenant_id}",
                "country": "DE",
                "details_submitted": ready,
                "charges_enabled": ready,
                "payouts_enabled": ready,
                "transfers": "active" if ready else "inactive",
                "currently_due": list(due),
                "seen_at": clock.now(),
            },
        )
    return account


def tier(
    context: TenantContext, name: str = "Friends", *, on_sale: bool = True, **values: Any
) -> SupporterTier:
    with enter_tenant(context):
        return supporting.make_tier(context, name=name, on_sale=on_sale, **values)


def support(
    context: TenantContext,
    sold: SupporterTier,
    name: str = "Grace",
    external_id: int | str = 77_001,
    **values: Any,
) -> Supporter:
    """Somebody who supports. Their member's id is `.member_id`."""
    member_id = give(context, external_id, name, 0)
    with enter_tenant(context):
        return supporting.begin(context, Member.objects.get(pk=member_id), sold, **values)


def paid(context: TenantContext, row: Supporter, *, days_ago: float = 0, **values: Any) -> SupporterPayment:
    with enter_tenant(context):
        return supporting.pay(context, row, paid_at=clock.now() - timedelta(days=days_ago), **values)


def fresh(context: TenantContext, row: Any) -> Any:
    """The row as it is now."""
    with enter_tenant(context):
        row.refresh_from_db()
    return row
