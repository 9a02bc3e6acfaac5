"""Our copy of a subscription, always written from the object that was fetched under the tenant's lock.

Invariants: whoever brings the news, in whatever order and however often, the row says what Stripe says now; an object of a
customer that is not the payer's, or whose tenant cannot be told, changes nothing; a tenant has one subscription that lives.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import structlog
from django.db import transaction

from engagement.audit.actor import SYSTEM
from saas.core import clock
from saas.core.schemas import PUBLIC, enter_schema
from saas.events import publish
from tenants.models import Tenant

from .attempts import find_asker, finish_confirmed, finish_move
from .audit import record
from .entitling import write_entitlements
from .events import SubscriptionEnded, SubscriptionStarted
from .locks import holding_tenant
from .models import BillingAttempt, Payer, Subscription
from .reading import Told, id_of, read_subscription, unpaid_since, was_ever_paid
from .reminding import remind
from .stripe_api import asking_stripe, telling_stripe
from .trials import use_trial

log = structlog.get_logger(__name__)
EXPAND: Final = ("schedule", "customer")


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose a subscription is."""

    tenant: Tenant
    payer: Payer


@dataclass(frozen=True, slots=True)
class Unpaid:
    """Since when something is open, None for nothing; and whether nothing that was due after a trial was ever paid."""

    since: datetime | None
    is_first: bool


def refresh_subscription(*, stripe_id: str) -> Subscription | None:
    """Fetch the subscription, write our row and what follows from it; None where it is not ours or never began.

    Holds the tenant's billing lock while Stripe is asked, so that what is written last was fetched last. Idempotent, in any
    order. Publishes SubscriptionStarted, SubscriptionEnded, EntitlementsChanged and what `remind` tells.
    Raises StripeAwayError, BillingBusyError.
    """
    tenant_id = find_tenant(stripe_id=stripe_id)
    if tenant_id is None:
        return None
    with holding_tenant(tenant_id):
        return refresh_held(stripe_id=stripe_id)


def find_tenant(*, stripe_id: str) -> int | None:
    """The tenant of a subscription: by our row, else by what we wrote on the object when it was made."""
    with enter_schema(PUBLIC):
        known = Subscription.objects.filter(stripe_id=stripe_id).values_list("tenant_id", flat=True).first()
        if known is not None:
            return known
        data = fetch_subscription(stripe_id)
        told = _read(data) if data is not None else None
        owner = told and whose(told)
    return owner.tenant.pk if owner else None


def refresh_held(*, stripe_id: str) -> Subscription | None:
    """As `refresh_subscription`, for a caller that holds the tenant's lock and knows the tenant."""
    return look_held(stripe_id=stripe_id)[0]


def look_held(*, stripe_id: str) -> tuple[Subscription | None, dict[str, Any]]:
    """As `refresh_held`, with the object itself for whoever wants to change it."""
    data = fetch_subscription(stripe_id)
    told = None if data is None else _read(data)
    owner = None if told is None else whose(told)
    if data is None or told is None or owner is None:
        return None, {}
    return write_told(told, owner), data


def fetch_subscription(stripe_id: str) -> dict[str, Any] | None:
    """The object as plain data; None where Stripe knows none by this id. Raises StripeAwayError."""
    import stripe

    with asking_stripe() as client:
        try:
            found = client.v1.subscriptions.retrieve(stripe_id, {"expand": list(EXPAND)})
        except stripe.InvalidRequestError as error:
            if error.code != "resource_missing":
                raise
            log.warning("subscription_unknown_at_stripe", subscription=stripe_id)
            return None
    data: dict[str, Any] = found.to_dict()
    return data


def whose(told: Told) -> Owner | None:
    """Whose it is: by our row, else by its metadata, which counts only where we asked Stripe for a plan of that payer for that
    tenant. In both cases the object's customer must be the payer's."""
    row = Subscription.objects.select_related("tenant", "payer").filter(stripe_id=told.stripe_id).first()
    if row is not None:
        owner = Owner(row.tenant, row.payer)
    else:
        attempt = _find_attempt(told)
        if attempt is None:
            log.warning("subscription_of_nobody", subscription=told.stripe_id, customer=told.customer_id)
            return None
        owner = Owner(attempt.tenant, attempt.payer)
    if not told.customer_id or owner.payer.stripe_id != told.customer_id:
        log.error(
            "subscription_of_another",
            subscription=told.stripe_id,
            customer=told.customer_id,
            tenant=owner.tenant.pk,
        )
        return None
    return owner


def _find_attempt(told: Told) -> BillingAttempt | None:
    """What we asked Stripe for, of which this may be the outcome."""
    if told.tenant_id is None:
        return None
    asked = BillingAttempt.objects.select_related("tenant", "payer")
    return asked.filter(
        tenant_id=told.tenant_id, payer__key=told.payer_key, kind__in=("checkout", "invoice")
    ).first()


def write_told(told: Told, owner: Owner) -> Subscription | None:
    """Write the row from an object that was fetched under the tenant's lock, which the caller holds."""
    if told.status == "incomplete" or not _has_room(told, owner):
        return None
    with transaction.atomic():
        before = Subscription.objects.filter(stripe_id=told.stripe_id).first()
        row, made = Subscription.objects.update_or_create(
            stripe_id=told.stripe_id, defaults={**_facts(told), "tenant": owner.tenant, "payer": owner.payer}
        )
        if not owner.payer.currency:
            Payer.objects.filter(pk=owner.payer.pk, currency="").update(currency=told.currency)
        if told.trial_end is not None:
            use_trial(tenant=owner.tenant)
        _tell(before, row, made)
        if before is not None:
            finish_confirmed(before=before, row=row)
        write_entitlements(tenant_id=owner.tenant.pk)
        remind(subscription_id=row.pk)
    row.refresh_from_db()
    return row


def _facts(told: Told) -> dict[str, Any]:
    unpaid = _read_unpaid(told) if told.is_unpaid else Unpaid(None, False)
    return {
        "plan": told.plan,
        "interval": told.interval,
        "currency": told.currency,
        "quantity": told.quantity,
        "status": told.status,
        "by_invoice": told.by_invoice,
        "has_method": told.has_method,
        "period_start": told.period_start,
        "period_end": told.period_end,
        "trial_end": told.trial_end,
        "cancel_at": told.cancel_at,
        "ended_at": told.ended_at,
        "unpaid_since": unpaid.since,
        "first_unpaid": unpaid.is_first,
        "next_plan": told.next_plan,
        "next_interval": told.next_interval,
        "next_quantity": told.next_quantity,
        "schedule_id": told.schedule_id,
        "seen_at": clock.now(),
        "created_at": told.created_at,
    }


def _read_unpaid(told: Told) -> Unpaid:
    """From the invoices and not from when we heard of it: the grace is as long whenever the news comes."""
    since = unpaid_since(_list_invoices(told, "open")) or told.period_start or told.created_at
    is_first = told.trial_end is not None and not was_ever_paid(_list_invoices(told, "paid"))
    return Unpaid(since, is_first)


def _list_invoices(told: Told, status: Literal["open", "paid"]) -> list[dict[str, Any]]:
    """The newest hundred."""
    with asking_stripe() as client:
        listed = client.v1.invoices.list({"subscription": told.stripe_id, "status": status, "limit": 100})
        return [invoice.to_dict() for invoice in listed.data]


def _has_room(told: Told, owner: Owner) -> bool:
    """Whether this one may be the tenant's subscription that lives. Another that lived is looked at anew first.

    One that we made to replace the other ends it. Of two that nobody meant, the first stays and the later one is ended with
    its money credited; both cannot come from one checkout page, so somebody is told.
    """
    if told.is_over:
        return True
    others = Subscription.objects.filter(tenant=owner.tenant, ended_at=None).exclude(stripe_id=told.stripe_id)
    other = others.first()
    if other is None:
        return True
    data = fetch_subscription(other.stripe_id)
    standing = None if data is None else _read(data)
    if standing is None or standing.is_over:
        _bury(other, standing)
        return True
    if told.replaces == other.stripe_id:
        end_at_stripe(other.stripe_id, unpaid=standing.is_unpaid)
        finish_move(former=other, payer=owner.payer)
        return _bury_again(other)
    if standing.replaces != told.stripe_id and (told.created_at, told.stripe_id) < (
        standing.created_at,
        standing.stripe_id,
    ):
        log.error("subscription_twice", tenant=owner.tenant.pk, kept=told.stripe_id, ended=other.stripe_id)
        end_at_stripe(other.stripe_id)
        return _bury_again(other)
    log.error("subscription_twice", tenant=owner.tenant.pk, kept=other.stripe_id, ended=told.stripe_id)
    end_at_stripe(told.stripe_id)
    return False


def end_at_stripe(stripe_id: str, *, unpaid: bool = False) -> None:
    """End a subscription at once; what is left of its period becomes the customer's credit. Safe to repeat.

    `unpaid`: there is nothing left of what was never paid, and its open invoices are written off.
    """
    import stripe

    with telling_stripe() as client:
        try:
            client.v1.subscriptions.cancel(
                stripe_id,
                {"prorate": not unpaid, "invoice_now": not unpaid},
                {"idempotency_key": f"end-{stripe_id}-{'unpaid' if unpaid else 'paid'}"},
            )
        except stripe.InvalidRequestError as error:
            # Ended already, by an earlier try whose answer was lost.
            if error.code != "resource_missing":
                raise
    if unpaid:
        void_open_invoices(stripe_id)


def void_open_invoices(stripe_id: str) -> None:
    """Nobody is asked any more for what was not paid of a subscription that ended. Safe to repeat."""
    with asking_stripe() as stripe:
        invoices = stripe.v1.invoices.list({"subscription": stripe_id, "status": "open", "limit": 100})
        for invoice in invoices.data:
            stripe.v1.invoices.void_invoice(str(invoice.id))


def _bury_again(other: Subscription) -> bool:
    data = fetch_subscription(other.stripe_id)
    _bury(other, None if data is None else _read(data))
    return True


def _bury(other: Subscription, told: Told | None) -> None:
    """Our row of a subscription that ended at Stripe's. Entitlements follow from the one that comes after it."""
    if told is not None:
        Subscription.objects.filter(pk=other.pk).update(**_facts(told))
    else:
        Subscription.objects.filter(pk=other.pk).update(ended_at=clock.now(), status="canceled")
    row = Subscription.objects.get(pk=other.pk)
    _tell(other, row, made=False)


def _tell(before: Subscription | None, row: Subscription, made: bool) -> None:
    """The beginning and the end, in the community's audit log and as news; nothing for what we only saw again."""
    began = made and row.ended_at is None
    ended = row.ended_at is not None and before is not None and before.ended_at is None
    if not began and not ended:
        return
    news = SubscriptionStarted if began else SubscriptionEnded
    publish(news(tenant_id=row.tenant_id, plan=row.plan, interval=row.interval))
    record(
        tenant=row.tenant,
        actor=find_asker(tenant=row.tenant, payer=row.payer) if began else SYSTEM,
        action="plan.started" if began else "plan.ended",
        before={"plan": "free"} if began else {"plan": row.plan},
        after={"plan": row.plan, "interval": row.interval} if began else {"plan": "free"},
    )


def _read(data: dict[str, Any]) -> Told | None:
    try:
        return read_subscription(data)
    except LookupError:
        log.error("subscription_without_plan", subscription=id_of(data))
        return None
