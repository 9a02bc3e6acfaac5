"""Stripe's own pages for whoever pays: cards, invoices, tax ids, cancelling.

Invariant: they open for the payer alone. Another plan is never chosen there, because the choice would not say what freezes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction

from engagement.audit.actor import Actor
from saas.core.errors import InvalidInputError
from saas.core.schemas import PUBLIC, enter_schema
from tenants.models import Tenant, User

from .addresses import plan_page
from .audit import record
from .errors import NoSubscriptionError, NotThePayerError
from .locks import holding_tenant
from .mirror import refresh_held
from .models import Subscription
from .portal_settings import find_configuration, make_configuration
from .stripe_api import asking_stripe

if TYPE_CHECKING:
    from stripe import StripeClient
    from stripe.params.billing_portal import SessionCreateParams

Flow = Literal["", "payment_method_update"]


def open_portal(
    *, tenant_id: int, user: User, return_url: str = "", flow: str = "", actor: Actor | None = None
) -> str:
    """The address of Stripe's pages for the payer of this community; `flow` leads straight to one thing.

    Recorded in the community's audit log. Raises NotThePayerError, NoSubscriptionError, InvalidInputError, StripeAwayError.
    """
    if flow not in get_args(Flow):
        raise InvalidInputError("There is no such page.", field="flow")
    with enter_schema(PUBLIC):
        rows = Subscription.objects.select_related("payer__user", "tenant").filter(tenant_id=tenant_id)
        # Whoever paid last also sees the invoices of a plan that has ended.
        row = rows.filter(ended_at=None).first() or rows.order_by("-pk").first()
    if row is None or not row.payer.stripe_id:
        raise NoSubscriptionError
    if row.payer.user_id != user.pk:
        raise NotThePayerError(str(row.payer))
    with asking_stripe() as stripe:
        parameters: SessionCreateParams = {
            "customer": row.payer.stripe_id,
            "configuration": _obtain_configuration(stripe),
            "return_url": _check_return(row.tenant, return_url),
        }
        if flow == "payment_method_update":
            parameters["flow_data"] = {"type": "payment_method_update"}
        session = stripe.v1.billing_portal.sessions.create(parameters)
    with enter_schema(PUBLIC), transaction.atomic():
        who = actor or Actor("user", user.pk, str(user), via="web")
        record(tenant=row.tenant, actor=who, action="plan.portal_opened")
    return session.url


def refresh_tenant(*, tenant_id: int) -> Subscription | None:
    """What Stripe says now of the community's plan, for who comes back from its pages before a webhook does.

    Holds the tenant's billing lock. Raises StripeAwayError, BillingBusyError.
    """
    with holding_tenant(tenant_id):
        known = Subscription.objects.filter(tenant_id=tenant_id, ended_at=None).first()
        return refresh_held(stripe_id=known.stripe_id) if known is not None else None


def _obtain_configuration(stripe: StripeClient) -> str:
    """Ours among the account's, by its mark; made at the first call where nobody ran sync_plans yet."""
    found = find_configuration(stripe)
    return found.id if found is not None else make_configuration(stripe)


def _check_return(tenant: Tenant, return_url: str) -> str:
    """Only to a page of ours; anything else leads to the plan page."""
    host = urlsplit(return_url).hostname or ""
    base = settings.BASE_DOMAIN.rsplit(":", 1)[0].lower()
    same_scheme = urlsplit(return_url).scheme == urlsplit(settings.BASE_URL).scheme
    return return_url if same_scheme and (host == base or host.endswith(f".{base}")) else plan_page(tenant)
