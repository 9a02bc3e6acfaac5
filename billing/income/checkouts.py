"""Beginning to support on Stripe's page, and coming back from it.

Invariants: a member has one open page in a community; what is sold there is looked up here, by tier, and nothing that a browser sends
names a price, a fee or an account; who supports already is sold nothing; who comes back sees their support at once, whether or not a
webhook has come.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import structlog
from django.db.models import QuerySet

from billing.checkout import get_open_tenant
from billing.errors import BillingBusyError, StripeRefusedError
from billing.locks import holding_support
from billing.plans import plan_at
from billing.stripe_api import asking_stripe
from engagement.supporters.errors import AlreadySupportingError
from engagement.supporters.models import Supporter, SupporterTier
from engagement.supporters.offering import require_offer
from engagement.supporters.selectors import find_running
from saas.core import clock
from saas.core.schemas import PUBLIC, enter_schema
from tenants.context import TenantContext, enter_tenant
from tenants.gatekeeping import entitlements_now

from .accounts import get_payout_account
from .addresses import left_page, return_page
from .customers import obtain_customer
from .errors import PayoutsNotReadyError, SupportCheckoutNotFoundError
from .mirror import refresh_held
from .models import SupportCheckout, SupportCustomer, SupportSubscription
from .prices import obtain_price
from .reading import MARK

if TYPE_CHECKING:
    from stripe.checkout import Session
    from stripe.params.checkout import SessionCreateParams

State = SupportCheckout.State
# Stripe forgets idempotency keys, and closes pages, after a day.
_REUSED_FOR: Final = timedelta(hours=23)
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class AppliedSupport:
    """What became of a checkout. `state`: done, open (nothing was paid yet), expired, or refused: the support could not stand, and
    what was paid is given back."""

    state: str
    tier_name: str
    supporter_key: str = ""


def begin_support(*, context: TenantContext, member_id: int, tier_key: str) -> str:
    """The address of Stripe's page where the member begins to pay for the tier.

    The same choice leads to the same page while that is open; another choice closes the earlier page. Holds the lock of the member's
    support; idempotency key: the checkout's. Raises as require_offer, and PayoutsNotReadyError, NotOpenError, StripeAwayError,
    StripeRefusedError, BillingBusyError, BillingOffError.
    """
    get_open_tenant(context.tenant_id)
    with enter_tenant(context):
        tier = require_offer(context=context, member_id=member_id, tier_key=tier_key)
    account = get_payout_account(tenant_id=context.tenant_id)
    if account is None or not account.can_sell:
        raise PayoutsNotReadyError
    customer = obtain_customer(tenant_id=context.tenant_id, member_id=member_id, currency=tier.currency)
    wanted = _describe_choice(context, tier, str(account.stripe_id))
    with holding_support(context.tenant_id, member_id):
        checkout = _prepare(context, customer, wanted)
    # The checkout is committed now; whatever becomes of Stripe's answer, the next try sends the same key.
    if checkout is None:
        with enter_tenant(context):
            running = find_running(member_id=member_id)
        raise AlreadySupportingError(running.tier.name if running else tier.name)
    if checkout.url:
        return checkout.url
    price = obtain_price(context=context, tier=tier)
    try:
        with holding_support(context.tenant_id, member_id):
            return _send(context, checkout, price)
    except StripeRefusedError:
        with enter_schema(PUBLIC):
            _settle(checkout, State.CLOSED)
        raise


def _describe_choice(context: TenantContext, tier: SupporterTier, account: str) -> dict[str, Any]:
    fee = plan_at(entitlements_now(context), clock.now()).support_fee
    return {
        "tier": tier.key,
        "name": tier.name,
        "amount": tier.amount,
        "currency": tier.currency,
        "interval": tier.interval,
        "fee": fee,
        "account": account,
    }


def _prepare(
    context: TenantContext, customer: SupportCustomer, wanted: dict[str, Any]
) -> SupportCheckout | None:
    """The checkout to be sent, after every other page of this member was closed; None where the member supports by now."""
    for other in _open(context, customer.member_id).order_by("pk"):
        same = other.wanted == wanted and other.customer_id == customer.pk
        fresh = other.created_at > clock.now() - _REUSED_FOR
        if other.stripe_id is None:
            if not same or not fresh:
                _settle(other, State.CLOSED)
            continue
        if not same or not fresh:
            _expire_at_stripe(other.stripe_id)
        _apply(context, other)
    with enter_tenant(context):
        if find_running(member_id=customer.member_id) is not None:
            return None
    found = _open(context, customer.member_id).filter(customer=customer, wanted=wanted).first()
    return found or SupportCheckout.objects.create(customer=customer, wanted=wanted)


def _send(context: TenantContext, checkout: SupportCheckout, price: str) -> str:
    checkout.refresh_from_db()
    if checkout.url:
        return checkout.url
    if checkout.state != State.OPEN:
        raise BillingBusyError  # They chose something else in this very moment.
    # Once more, since the checkout is committed: a transfer or another account from now on finds it, and closes its page.
    account = get_payout_account(tenant_id=context.tenant_id)
    if account is None or not account.can_sell or account.stripe_id != checkout.wanted["account"]:
        raise PayoutsNotReadyError
    session = _create_session(context, checkout, price)
    checkout.stripe_id, checkout.url = session.id, session.url or ""
    checkout.save(update_fields=["stripe_id", "url"])
    return checkout.url


def apply_support_session(*, context: TenantContext, member_id: int, session_id: str) -> AppliedSupport:
    """Ask Stripe what became of this member's checkout and write it at once; safe to repeat.

    Holds the lock of the member's support. Raises SupportCheckoutNotFoundError for a session that this member did not begin in this
    community, whoever's it is; StripeAwayError, BillingBusyError.
    """
    with enter_schema(PUBLIC):
        known = SupportCheckout.objects.select_related("customer").filter(
            stripe_id=session_id[:100].replace("\x00", "") or None,
            customer__tenant_id=context.tenant_id,
            customer__member_id=member_id,
        )
        checkout = known.first()
    if checkout is None or not session_id:
        raise SupportCheckoutNotFoundError
    with holding_support(context.tenant_id, member_id):
        checkout.refresh_from_db()
        return _apply(context, checkout)


def settle_support_checkout(*, checkout_id: int) -> bool:
    """What became of a page that is still open, for whom never comes back. False where nothing came of it yet. Idempotent."""
    with enter_schema(PUBLIC):
        rows = SupportCheckout.objects.select_related("customer__tenant")
        checkout = rows.filter(pk=checkout_id).first()
    if checkout is None:
        return False
    tenant, member_id = checkout.customer.tenant, checkout.customer.member_id
    with holding_support(tenant.pk, member_id):
        checkout.refresh_from_db()
        if checkout.state != State.OPEN:
            return True
        if checkout.stripe_id:
            return _apply(TenantContext.of(tenant), checkout).state != "open"
        # Stripe's answer was lost, so nobody has the page's address; after a day it is closed there too.
        if clock.now() >= checkout.created_at + timedelta(days=1):
            _settle(checkout, State.CLOSED)
            return True
    return False


def list_open_support_checkouts() -> list[int]:
    """Ids of those that have been open for ten minutes."""
    with enter_schema(PUBLIC):
        rows = SupportCheckout.objects.filter(
            state=State.OPEN, created_at__lte=clock.now() - timedelta(minutes=10)
        )
        return list(rows.order_by("pk").values_list("pk", flat=True))


def close_support_checkouts(*, tenant_id: int, member_id: int | None = None, but_into: str = "") -> int:
    """Close the pages on which somebody, or this member, could still begin, but for those into the account `but_into`; what was paid on
    one meanwhile is written.

    Answers how many there were. Idempotent. Raises StripeAwayError, BillingBusyError.
    """
    with enter_schema(PUBLIC):
        rows = SupportCheckout.objects.select_related("customer__tenant").filter(
            customer__tenant_id=tenant_id, state=State.OPEN
        )
        if member_id is not None:
            rows = rows.filter(customer__member_id=member_id)
        if but_into:
            rows = rows.exclude(wanted__account=but_into)
        found = list(rows.order_by("pk"))
    for checkout in found:
        with holding_support(tenant_id, checkout.customer.member_id):
            checkout.refresh_from_db()
            if checkout.state != State.OPEN:
                continue
            if checkout.stripe_id is None:
                _settle(checkout, State.CLOSED)
                continue
            _expire_at_stripe(checkout.stripe_id)
            _apply(TenantContext.of(checkout.customer.tenant), checkout)
    return len(found)


def _open(context: TenantContext, member_id: int) -> QuerySet[SupportCheckout]:
    return SupportCheckout.objects.select_related("customer").filter(
        customer__tenant_id=context.tenant_id, customer__member_id=member_id, state=State.OPEN
    )


def _apply(context: TenantContext, checkout: SupportCheckout) -> AppliedSupport:
    """The lock is held."""
    assert checkout.stripe_id is not None
    name = str(checkout.wanted.get("name", ""))
    with asking_stripe() as stripe:
        session = stripe.v1.checkout.sessions.retrieve(checkout.stripe_id)
    if session.customer != checkout.customer.stripe_id or session.client_reference_id != checkout.key:
        log.error("support_checkout_of_another", session=session.id, tenant=context.tenant_id)
        raise SupportCheckoutNotFoundError
    if session.status == "complete" and session.subscription:
        row = refresh_held(stripe_id=str(session.subscription))
        _settle(checkout, State.DONE)
        return _outcome(context, row, name)
    if session.status == "expired":
        _settle(checkout, State.CLOSED)
        return AppliedSupport("expired", name)
    return AppliedSupport("open", name)


def _outcome(context: TenantContext, row: SupportSubscription | None, name: str) -> AppliedSupport:
    if row is None:
        return AppliedSupport("open", name)
    if row.refused:
        return AppliedSupport("refused", name)
    with enter_tenant(context):
        key = Supporter.objects.filter(reference=row.stripe_id).values_list("key", flat=True).first()
    return AppliedSupport("done", name, key or "")


def _settle(checkout: SupportCheckout, state: str) -> None:
    SupportCheckout.objects.filter(pk=checkout.pk, state=State.OPEN).update(
        state=state, settled_at=clock.now()
    )


def _expire_at_stripe(session_id: str) -> None:
    import stripe

    with asking_stripe() as client:
        try:
            client.v1.checkout.sessions.expire(session_id)
        except stripe.InvalidRequestError as error:
            # It was completed or had expired already: `_apply` sees which.
            log.info("support_checkout_not_expired", session=session_id, error=str(error))


def _create_session(context: TenantContext, checkout: SupportCheckout, price: str) -> Session:
    """The same parameters for the same checkout, whenever it is made: Stripe holds a repeat against the first."""
    wanted = checkout.wanted
    about = {
        "kind": MARK,
        "checkout": checkout.key,
        "tenant_id": str(context.tenant_id),
        "tier": wanted["tier"],
    }
    parameters: SessionCreateParams = {
        "mode": "subscription",
        "customer": str(checkout.customer.stripe_id),
        "client_reference_id": checkout.key,
        "line_items": [{"price": price, "quantity": 1}],
        "metadata": about,
        "subscription_data": {
            "metadata": about,
            "application_fee_percent": float(wanted["fee"]),
            "transfer_data": {"destination": wanted["account"]},
            "on_behalf_of": wanted["account"],
        },
        "success_url": return_page(context.slug),
        "cancel_url": left_page(context.slug),
        "payment_method_collection": "always",
    }
    # Whatever becomes of the answer, a page by itself changes and charges nothing.
    with asking_stripe() as stripe:
        return stripe.v1.checkout.sessions.create(
            parameters, {"idempotency_key": f"support-checkout-{checkout.key}"}
        )
