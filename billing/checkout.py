"""Buying a plan on Stripe's page, and coming back from it.

Invariants: a community has one open checkout; what is bought is looked up here, by plan, interval and currency, and nothing that
a browser sends names a price; a community that pays already is never sold a second plan; who comes back sees what they bought
at once, whether or not a webhook has come.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import structlog

from engagement.audit.actor import Actor
from saas.core import clock
from saas.core.schemas import PUBLIC, enter_schema
from tenants.models import Tenant, User

from .addresses import left_page, return_page
from .attempts import State, settle, write_attempt
from .audit import record
from .choosing import Choice, check_choice, check_currency, find_price, find_promotion_code
from .errors import (
    AlreadySubscribedError,
    BillingBusyError,
    CheckoutNotFoundError,
    NotOpenError,
    PromotionCodeError,
    StripeRefusedError,
)
from .locks import holding_tenant
from .mirror import refresh_held
from .models import BillingAttempt, Payer, Subscription
from .payers import obtain_customer, obtain_payer
from .plans import TRIAL_DAYS, get_plan
from .retainers.errors import CoveredError
from .retainers.selectors import find_place, goes_on
from .stripe_api import asking_stripe
from .trials import claim_trial, release_trial
from .wording import plan_name

if TYPE_CHECKING:
    from stripe.checkout import Session
    from stripe.params.checkout import SessionCreateParams

OPEN_FOR: Final = timedelta(hours=23)  # Stripe takes at most a day from when it hears of it
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of a checkout. `state`: done, open (nothing was paid yet) or expired."""

    state: str
    plan: str
    subscription: Subscription | None = None


def begin_checkout(
    *,
    tenant_id: int,
    user: User,
    plan: str,
    interval: str,
    currency: str,
    quantity: int = 1,
    promotion_code: str = "",
    payer_key: str = "",
    actor: Actor | None = None,
) -> str:
    """The address of Stripe's page where `user` buys the plan for the community, with a trial where it has not had one.

    The same choice leads to the same page while that is open; another choice closes the earlier page. Holds the tenant's billing
    lock; idempotency key: the attempt's. Raises PlanNotFoundError, PlanNotForSaleError, PromotionCodeError,
    AlreadySubscribedError, NotOpenError, PayerNotFoundError, StripeAwayError, BillingBusyError, BillingOffError.
    """
    tenant = get_open_tenant(tenant_id)
    choice = check_choice(tenant=tenant, plan=plan, interval=interval, currency=currency, quantity=quantity)
    payer = obtain_payer(user=user, key=payer_key)
    check_currency(payer, currency)
    require_unsubscribed(tenant)
    code_id = find_promotion_code(tenant=tenant, payer=payer, code=promotion_code)
    obtain_customer(payer=payer)
    wanted = {
        **choice.to_data(),
        "promotion_code": promotion_code.strip() if code_id else "",
        "code_id": code_id,
    }
    return open_checkout(tenant=tenant, payer=payer, wanted=wanted, actor=actor or _actor_of(user))


def open_checkout(*, tenant: Tenant, payer: Payer, wanted: dict[str, Any], actor: Actor) -> str:
    """As `begin_checkout`, for a choice that was checked. `wanted` may name the subscription that the new one `replaces`."""
    with holding_tenant(tenant.pk):
        attempt, bought = _prepare(tenant, payer, wanted, actor)
    if attempt is None:
        raise AlreadySubscribedError(bought)
    # The attempt is committed now; whatever becomes of Stripe's answer, the next try sends the same key.
    try:
        with holding_tenant(tenant.pk):
            return _send(BillingAttempt.objects.select_related("tenant", "payer").get(pk=attempt.pk), actor)
    except StripeRefusedError as error:
        with holding_tenant(tenant.pk):
            _give_up(attempt)
        # What a code asks for, Stripe says by the parameter or in words: too small a sum, another currency, a second payment.
        about = f"{getattr(error.__cause__, 'param', '')} {error.__cause__}"
        if wanted.get("code_id") and any(word in about for word in ("promotion", "discounts", "coupon")):
            raise PromotionCodeError("it is not for this purchase.") from error
        raise


def _prepare(
    tenant: Tenant, payer: Payer, wanted: dict[str, Any], actor: Actor
) -> tuple[BillingAttempt | None, str]:
    """The attempt to be sent, after every other page of this community was closed; none where one of them, or anybody, has
    bought a plan meanwhile, whose name comes with it."""
    rows = BillingAttempt.objects.select_related("tenant", "payer").filter(
        tenant=tenant, kind="checkout", state=State.OPEN
    )
    for other in rows.order_by("pk"):
        same = other.wanted == wanted and other.payer_id == payer.pk
        if other.stripe_id is None:
            if not same:
                _give_up(other)
            continue
        if not same:
            _expire_at_stripe(other.stripe_id)
        _apply(other)
    standing = _standing(tenant, besides=wanted.get("replaces", ""))
    if standing is not None:
        return None, plan_name(standing.plan)
    require_uncovered(tenant)  # once more: whoever takes it into a retainer holds the same lock
    attempt, _ = write_attempt(tenant=tenant, payer=payer, kind="checkout", wanted=wanted, actor=actor)
    if not wanted.get("replaces") and get_plan(wanted["plan"]).trial_days and not attempt.url:
        claim_trial(attempt=attempt)
    return attempt, ""


def _send(attempt: BillingAttempt, actor: Actor) -> str:
    """The page's address, asked for with the attempt's key unless it is known."""
    if attempt.url:
        return attempt.url
    if attempt.state != State.OPEN:
        raise BillingBusyError  # Somebody chose something else in this very moment.
    session = _create_session(attempt)
    attempt.stripe_id, attempt.url = session.id, session.url or ""
    attempt.expires_at = clock.now() + OPEN_FOR
    attempt.save(update_fields=["stripe_id", "url", "expires_at"])
    chosen = {key: attempt.wanted[key] for key in ("plan", "interval", "quantity")}
    record(tenant=attempt.tenant, actor=actor, action="plan.checkout_begun", after=chosen)
    return attempt.url


def apply_session(*, tenant_id: int, session_id: str) -> Applied:
    """Ask Stripe what became of this community's checkout and write it at once; safe to repeat.

    Holds the tenant's billing lock. Raises CheckoutNotFoundError for a session that this community did not begin, whoever's it
    is; StripeAwayError, BillingBusyError.
    """
    with enter_schema(PUBLIC):
        known = BillingAttempt.objects.filter(
            tenant_id=tenant_id, stripe_id=session_id[:100] or None, kind="checkout"
        )
        if not session_id or not known.exists():
            raise CheckoutNotFoundError
    with holding_tenant(tenant_id):
        attempt = BillingAttempt.objects.select_related("tenant", "payer").get(stripe_id=session_id)
        return _apply(attempt)


def settle_checkout(*, attempt_id: int) -> Applied | None:
    """What became of an attempt that is still open, for the job that looks after those whose buyer never came back."""
    with enter_schema(PUBLIC):
        attempt = BillingAttempt.objects.select_related("tenant", "payer").filter(pk=attempt_id).first()
    if attempt is None or attempt.kind != "checkout":
        return None
    with holding_tenant(attempt.tenant_id):
        attempt.refresh_from_db()
        if attempt.state != State.OPEN:
            return None
        if attempt.stripe_id:
            return _apply(attempt)
        # Stripe's answer was lost, so nobody has the page's address; after a day it is closed there too.
        if clock.now() >= attempt.created_at + timedelta(days=1):
            _give_up(attempt)
        return None


def close_checkouts(*, tenant_id: int) -> int:
    """Close the pages on which a plan could still be bought for this community; what was bought on one meanwhile is written.

    Answers how many there were. Idempotent. Raises StripeAwayError, BillingBusyError.
    """
    with enter_schema(PUBLIC):
        rows = BillingAttempt.objects.select_related("tenant", "payer").filter(
            tenant_id=tenant_id, kind="checkout", state=State.OPEN
        )
        if not rows.exists():
            return 0
    with holding_tenant(tenant_id):
        closed = list(rows.order_by("pk"))
        for attempt in closed:
            if attempt.stripe_id is None:
                _give_up(attempt)
            else:
                _expire_at_stripe(attempt.stripe_id)
                _apply(attempt)
    return len(closed)


def list_open_checkouts() -> list[int]:
    """Ids of attempts that have been open for ten minutes."""
    with enter_schema(PUBLIC):
        rows = BillingAttempt.objects.filter(
            kind="checkout", state=State.OPEN, created_at__lte=clock.now() - timedelta(minutes=10)
        )
        return list(rows.order_by("pk").values_list("pk", flat=True))


def get_open_tenant(tenant_id: int) -> Tenant:
    """Raises NotOpenError for one that is closed, suspended or gone."""
    with enter_schema(PUBLIC):
        tenant: Tenant | None = Tenant.objects.filter(pk=tenant_id, state=Tenant.State.ACTIVE).first()
    if tenant is None:
        raise NotOpenError
    return tenant


def require_unsubscribed(tenant: Tenant) -> None:
    """Raises AlreadySubscribedError, CoveredError where a retainer pays for it."""
    standing = _standing(tenant)
    if standing is not None:
        raise AlreadySubscribedError(plan_name(standing.plan))
    require_uncovered(tenant)


def require_uncovered(tenant: Tenant) -> None:
    """Raises CoveredError where a retainer pays for the plan, and goes on paying."""
    place = find_place(tenant_id=tenant.pk)
    if place is not None and goes_on(place.retainer):
        raise CoveredError(tenant.name, str(place.retainer.payer))


def _standing(tenant: Tenant, besides: str = "") -> Subscription | None:
    with enter_schema(PUBLIC):
        rows = Subscription.objects.filter(tenant=tenant, ended_at=None)
        return rows.exclude(stripe_id=besides).first()


def _expire_at_stripe(session_id: str) -> None:
    import stripe

    with asking_stripe() as client:
        try:
            client.v1.checkout.sessions.expire(session_id)
        except stripe.InvalidRequestError as error:
            # It was completed or had expired already: `_apply` sees which.
            log.info("checkout_not_expired", session=session_id, error=str(error))


def _create_session(attempt: BillingAttempt) -> Session:
    parameters = _describe_session(attempt)
    # Whatever becomes of the answer, a page by itself changes and charges nothing.
    with asking_stripe() as stripe:
        return stripe.v1.checkout.sessions.create(parameters, {"idempotency_key": f"checkout-{attempt.key}"})


def _describe_session(attempt: BillingAttempt) -> SessionCreateParams:
    """The same for the same attempt, whenever it is made: Stripe holds a repeat against the first."""
    tenant, wanted = attempt.tenant, attempt.wanted
    choice = Choice(get_plan(wanted["plan"]), wanted["interval"], wanted["currency"], wanted["quantity"])
    price = find_price(choice)
    about = {
        "tenant_id": str(tenant.pk),
        "payer": attempt.payer.key,
        "attempt": attempt.key,
        **({"replaces": wanted["replaces"]} if wanted.get("replaces") else {}),
    }
    parameters: SessionCreateParams = {
        "mode": "subscription",
        "customer": obtain_customer(payer=attempt.payer),
        "client_reference_id": str(tenant.pk),
        "currency": choice.currency,
        "line_items": [{"price": price, "quantity": choice.quantity}],
        "metadata": about,
        "subscription_data": {"metadata": about, "description": f"EngageHub {choice.plan.name}"},
        "success_url": return_page(tenant),
        "cancel_url": left_page(tenant),
        "tax_id_collection": {"enabled": True},
        "customer_update": {"name": "auto", "address": "auto"},
        "billing_address_collection": "auto",
        "payment_method_collection": "always",
    }
    if wanted.get("code_id"):
        parameters["discounts"] = [{"promotion_code": wanted["code_id"]}]
    if wanted.get("trial_end"):
        parameters["subscription_data"]["trial_end"] = wanted["trial_end"]
    if attempt.trial_claims.exists():
        parameters["subscription_data"]["trial_period_days"] = TRIAL_DAYS
        parameters["subscription_data"]["trial_settings"] = {
            "end_behavior": {"missing_payment_method": "cancel"}
        }
        parameters["payment_method_collection"] = "if_required"
    return parameters


def _apply(attempt: BillingAttempt) -> Applied:
    """The tenant's lock is held."""
    plan = str(attempt.wanted["plan"])
    assert attempt.stripe_id is not None
    with asking_stripe() as stripe:
        session = stripe.v1.checkout.sessions.retrieve(attempt.stripe_id)
    if session.customer != attempt.payer.stripe_id or session.client_reference_id != str(attempt.tenant_id):
        log.error("checkout_of_another", session=session.id, tenant=attempt.tenant_id)
        raise CheckoutNotFoundError
    if session.status == "complete" and session.subscription:
        row = refresh_held(stripe_id=str(session.subscription))
        settle(attempt, State.DONE)
        release_trial(attempt=attempt)
        return Applied("done", plan, row)
    if session.status == "expired":
        _give_up(attempt)
        return Applied("expired", plan)
    return Applied("open", plan)


def _give_up(attempt: BillingAttempt) -> None:
    settle(attempt, State.FAILED)
    release_trial(attempt=attempt)


def _actor_of(user: User) -> Actor:
    return Actor("user", user.pk, str(user), via="web")
