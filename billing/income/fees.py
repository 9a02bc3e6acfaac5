"""What the platform keeps of a support: the fee of the plan at its beginning; a larger plan lowers it, a smaller one never raises it."""

from __future__ import annotations

from decimal import Decimal

from billing.locks import holding_support
from billing.plans import plan_at
from billing.stripe_api import telling_stripe
from saas.core import clock
from saas.core.schemas import PUBLIC, enter_schema
from tenants.context import TenantContext
from tenants.gatekeeping import entitlements_now
from tenants.models import Tenant

from .mirror import refresh_held
from .models import SupportSubscription


def lower_fees(*, tenant_id: int) -> int:
    """Bring the community's running supports to the fee of its plan where that is lower, from their next invoices on.

    Holds the lock of each support in turn. Idempotent. Answers how many changed. Raises StripeAwayError, StripeUnsureError,
    BillingBusyError.
    """
    with enter_schema(PUBLIC):
        tenant: Tenant | None = Tenant.objects.filter(pk=tenant_id).first()
        if tenant is None:
            return 0
        fee = Decimal(plan_at(entitlements_now(TenantContext.of(tenant)), clock.now()).support_fee)
        rows = SupportSubscription.objects.select_related("customer").filter(
            tenant_id=tenant_id, ended_at=None, refused=False, fee__gt=fee
        )
        dearer = (
            list(rows.order_by("pk")) if fee else []
        )  # a plan without supporters says nothing of those who go on
    changed = 0
    for row in dearer:
        with holding_support(tenant_id, row.customer.member_id):
            seen = refresh_held(stripe_id=row.stripe_id, payments=False)
            if seen is None or seen.ended_at is not None or seen.fee <= fee:
                continue
            with telling_stripe() as stripe:
                stripe.v1.subscriptions.update(row.stripe_id, {"application_fee_percent": float(fee)})
            refresh_held(stripe_id=row.stripe_id)
            changed += 1
    return changed


def list_tenants_with_supports() -> list[int]:
    """Communities in which a support runs."""
    with enter_schema(PUBLIC):
        rows = SupportSubscription.objects.filter(ended_at=None)
        return list(rows.order_by("tenant_id").values_list("tenant_id", flat=True).distinct())
