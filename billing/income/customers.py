"""A member as Stripe's customer: theirs in this community alone. Stripe asks for their mail address itself; we send it none."""

from __future__ import annotations

from billing.locks import holding_support
from billing.stripe_api import asking_stripe
from saas.core.schemas import PUBLIC, enter_schema

from .models import SupportCustomer


def obtain_customer(*, tenant_id: int, member_id: int, currency: str) -> SupportCustomer:
    """The member's customer for that currency, made at Stripe's with the first call. Two at once make one.

    Holds the lock of the member's support. Raises StripeAwayError, BillingBusyError.
    """
    with enter_schema(PUBLIC):
        row, _ = SupportCustomer.objects.get_or_create(
            tenant_id=tenant_id, member_id=member_id, currency=currency
        )
    if row.stripe_id:
        return row
    with holding_support(tenant_id, member_id):
        row.refresh_from_db()
        if not row.stripe_id:
            about = {"kind": "support", "support_customer": row.key, "tenant_id": str(tenant_id)}
            with asking_stripe() as stripe:
                made = stripe.v1.customers.create(
                    {"metadata": about}, {"idempotency_key": f"support-customer-{row.key}"}
                )
            row.stripe_id = made.id
            row.save(update_fields=["stripe_id"])
    return row
