"""A plan that is paid by invoice, set up by EngageHub's staff for a company: no card, a bill that is due in so many days."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from engagement.audit.actor import Actor
from saas.core.errors import InvalidInputError
from tenants.models import Membership

from .attempts import State, settle, write_attempt
from .checkout import close_checkouts, get_open_tenant, require_unsubscribed
from .choosing import Choice, check_choice, check_currency, find_price
from .errors import StripeRefusedError
from .locks import holding_tenant
from .mirror import refresh_held
from .models import BillingAttempt, Subscription
from .payers import add_company, obtain_customer
from .plans import get_plan
from .stripe_api import telling_stripe

if TYPE_CHECKING:
    from stripe.params import SubscriptionCreateParams

MOST_DAYS: Final = 90


def invoice_plan(
    *,
    tenant_id: int,
    plan: str,
    interval: str,
    currency: str,
    quantity: int = 1,
    company: str,
    email: str,
    days_until_due: int = 30,
    actor: Actor,
) -> Subscription:
    """The community has the plan from now on, and its owner's company is sent invoices for it. Asked again it is the same.

    Holds the tenant's billing lock; idempotency key: the attempt's. Raises PlanNotFoundError, PlanNotForSaleError,
    AlreadySubscribedError, NotOpenError, InvalidInputError, StripeAwayError, StripeUnsureError (ask again).
    """
    tenant = get_open_tenant(tenant_id)
    choice = check_choice(
        tenant=tenant, plan=plan, interval=interval, currency=currency, quantity=quantity, by_invoice=True
    )
    if not 1 <= days_until_due <= MOST_DAYS:
        raise InvalidInputError(f"An invoice is due in 1 to {MOST_DAYS} days.", field="days_until_due")
    owner = (
        Membership.objects.select_related("user").filter(tenant=tenant, role=Membership.Role.OWNER).first()
    )
    if owner is None:
        raise InvalidInputError(
            "This community has no owner, so nobody could manage its invoices.", field="tenant"
        )
    payer = add_company(user=owner.user, name=company, email=email)
    check_currency(payer, currency)
    obtain_customer(payer=payer)
    close_checkouts(tenant_id=tenant_id)
    require_unsubscribed(tenant)
    with holding_tenant(tenant_id):
        wanted = {**choice.to_data(), "days_until_due": days_until_due}
        attempt, _ = write_attempt(tenant=tenant, payer=payer, kind="invoice", wanted=wanted, actor=actor)
    # It is committed now: whatever becomes of Stripe's answer, the next try sends the same key.
    try:
        with holding_tenant(tenant_id):
            require_unsubscribed(tenant)
            return _create(attempt)
    except StripeRefusedError:
        settle(attempt, State.FAILED)
        raise


def _create(attempt: BillingAttempt) -> Subscription:
    wanted, payer = attempt.wanted, attempt.payer
    choice = Choice(get_plan(wanted["plan"]), wanted["interval"], wanted["currency"], wanted["quantity"])
    price = find_price(choice)
    parameters = {
        "customer": obtain_customer(payer=payer),
        "currency": choice.currency,
        "items": [{"price": price, "quantity": choice.quantity}],
        "collection_method": "send_invoice",
        "days_until_due": wanted["days_until_due"],
        "metadata": {"tenant_id": str(attempt.tenant_id), "payer": payer.key, "attempt": attempt.key},
    }
    with telling_stripe() as stripe:
        made = stripe.v1.subscriptions.create(
            cast("SubscriptionCreateParams", parameters), {"idempotency_key": f"invoice-{attempt.key}"}
        )
    row = refresh_held(stripe_id=made.id)
    assert row is not None
    settle(attempt, State.DONE)
    return row
