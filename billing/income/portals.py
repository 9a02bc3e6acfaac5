"""Stripe's own pages for a member who supports: their card, their invoices, cancelling.

Invariant: they show the member's customer in this community and nothing else; tiers are never changed there, because the choice would
not say what it costs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from billing.stripe_api import asking_stripe
from engagement.supporters.errors import SupportNotFoundError
from engagement.supporters.selectors import get_support
from saas.core.schemas import PUBLIC, enter_schema
from tenants.context import TenantContext, enter_tenant

from .addresses import support_page
from .models import SupportSubscription

if TYPE_CHECKING:
    from stripe import StripeClient

MARK: Final = "supporters"  # metadata[engagehub] of the configuration, by which it is told from the payers'
FEATURES: Final[dict[str, dict[str, Any]]] = {
    "payment_method_update": {"enabled": True},
    "invoice_history": {"enabled": True},
    "customer_update": {"enabled": False},
    "subscription_cancel": {"enabled": True, "mode": "at_period_end"},
    "subscription_update": {"enabled": False},
}


def open_support_portal(*, context: TenantContext, member_id: int) -> str:
    """The address of Stripe's pages for the member's support, the running one or the last.

    Raises SupportNotFoundError for somebody who never supported, StripeAwayError.
    """
    with enter_tenant(context):
        view = get_support(member_id=member_id)
    with enter_schema(PUBLIC):
        rows = SupportSubscription.objects.select_related("customer").filter(tenant_id=context.tenant_id)
        row = rows.filter(stripe_id=view.supporter.reference).first() if view is not None else None
    if row is None:
        raise SupportNotFoundError
    with asking_stripe() as stripe:
        session = stripe.v1.billing_portal.sessions.create(
            {
                "customer": str(row.customer.stripe_id),
                "configuration": _obtain_configuration(stripe),
                "return_url": support_page(context.slug),
            }
        )
    return session.url


def _obtain_configuration(stripe: StripeClient) -> str:
    """Ours among the account's, by its mark, brought to what stands above; made at the first call. Sent twice in a day, it is made once."""
    listed = stripe.v1.billing_portal.configurations.list({"active": True, "limit": 100})
    for one in listed.auto_paging_iter():
        if one.metadata is not None and one.metadata.to_dict().get("engagehub") == MARK:
            told = one.features.to_dict()
            if any(
                told.get(name, {}).get(key) != value
                for name, wanted in FEATURES.items()
                for key, value in wanted.items()
            ):
                stripe.v1.billing_portal.configurations.update(one.id, {"features": FEATURES})  # type: ignore[arg-type]
            return one.id
    wanted: Any = {"metadata": {"engagehub": MARK}, "features": FEATURES}
    return stripe.v1.billing_portal.configurations.create(
        wanted, {"idempotency_key": "engagehub-supporters-portal-1"}
    ).id
