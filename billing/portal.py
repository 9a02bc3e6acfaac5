"""Stripe's own pages for whoever pays: cards, invoices, tax ids, cancelling.

Invariant: they open for the payer alone. Another plan is never chosen there, because the choice would not say what freezes; one that was
chosen here is confirmed there, where the bank asks for that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast, get_args
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction

from engagement.audit.actor import Actor
from saas.core.errors import EngageHubError, InvalidInputError
from saas.core.schemas import PUBLIC, enter_schema
from tenants.models import Tenant, User

from .addresses import plan_page
from .asides import put_back_soon, set_aside
from .attempts import find_to_confirm
from .audit import record
from .choosing import Choice, find_price
from .errors import NoSubscriptionError, NothingToConfirmError, NotThePayerError
from .locks import holding_tenant
from .mirror import fetch_subscription, refresh_held
from .models import BillingAttempt, Subscription
from .portal_settings import find_configuration, make_configuration, obtain_confirming
from .previews import check_change, get_live
from .reading import read_subscription
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


def confirm_change(*, tenant_id: int, user: User, return_url: str = "", actor: Actor | None = None) -> str:
    """The address of Stripe's page on which the payer makes the change that their bank did not let us make, with its cost and the
    bank's own question. What is changed there comes back as our change.

    Which change stands in our books and not in the request. What is planned for the end of the period is set aside meanwhile
    (billing.asides). Raises NotThePayerError, NothingToConfirmError, PlannedFirstError, what preview_change raises, StripeAwayError,
    BillingBusyError.
    """
    row = get_live(tenant_id)
    if row.payer.user_id != user.pk:
        raise NotThePayerError(str(row.payer))
    with enter_schema(PUBLIC):
        attempt = find_to_confirm(tenant_id=tenant_id)
    if attempt is None or attempt.wanted["when"] != "now" or attempt.wanted["stripe_id"] != row.stripe_id:
        raise NothingToConfirmError
    wanted = {name: attempt.wanted[name] for name in ("plan", "interval", "quantity")}
    row, choice = check_change(tenant_id=tenant_id, **wanted)
    who = actor or Actor("user", user.pk, str(user), via="web")
    set_aside(row=row, actor=who)
    try:
        address = _open_confirming(row, choice, _check_return(row.tenant, return_url))
    except EngageHubError:
        put_back_soon(tenant_id=tenant_id)
        raise
    with enter_schema(PUBLIC), transaction.atomic():
        BillingAttempt.objects.filter(pk=attempt.pk).update(url=address)
        record(tenant=row.tenant, actor=who, action="plan.portal_opened", after=wanted)
    return address


def _open_confirming(row: Subscription, choice: Choice, back: str) -> str:
    data = fetch_subscription(row.stripe_id)
    if data is None:
        raise NothingToConfirmError
    price = find_price(choice)
    confirm = {
        "subscription": row.stripe_id,
        "items": [{"id": read_subscription(data).item_id, "price": price, "quantity": choice.quantity}],
    }
    with asking_stripe() as stripe:
        parameters = {
            "customer": row.payer.stripe_id or "",
            "configuration": obtain_confirming(stripe, price),
            "return_url": back,
            "flow_data": {
                "type": "subscription_update_confirm",
                "subscription_update_confirm": confirm,
                "after_completion": {"type": "redirect", "redirect": {"return_url": back}},
            },
        }
        session = stripe.v1.billing_portal.sessions.create(cast("SessionCreateParams", parameters))
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
