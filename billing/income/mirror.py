"""Our copy of a support, and the community's, always written from objects that were fetched under the lock of that member's support.

Invariants: whoever brings the news, in whatever order and however often, the rows say what Stripe says now; an object whose customer
is not the member's, or that no checkout of ours asked for, changes nothing. One that can't stand — the member supports already, was
deleted, or the community was — is ended at once and its money given back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import structlog
from django.db import transaction

from billing.locks import holding_support
from billing.mirror import fetch_subscription
from billing.reading import OVER, id_of
from billing.stripe_api import asking_stripe, telling_stripe
from engagement.audit.actor import SYSTEM, Actor
from engagement.members.errors import MemberDeletedError, MemberNotFoundError
from engagement.supporters.errors import SecondSupportError, TierNotFoundError
from engagement.supporters.mirroring import PaymentFacts, write_payment, write_support
from engagement.supporters.selectors import list_dispute_states
from saas.core import clock
from saas.core.schemas import PUBLIC, enter_schema
from tenants.context import TenantContext, enter_tenant
from tenants.models import Tenant

from .dispute_letters import write_dispute_letter
from .disputes import fetch_disputes, has_to_end, move_money
from .models import SupportCheckout, SupportCustomer, SupportSubscription
from .reading import (
    LOST,
    OPEN,
    Told,
    dispute_state,
    intents_of,
    is_support,
    payment_facts,
    read_support,
    support_facts,
)

PAGE: Final = 100
_IMPOSSIBLE: Final = (SecondSupportError, TierNotFoundError, MemberNotFoundError, MemberDeletedError)
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Money:
    """A support's invoices, its customer's charges, and the disputes of what paid those invoices, as plain data."""

    invoices: list[dict[str, Any]]
    charges: list[dict[str, Any]]
    disputes: list[dict[str, Any]] = field(default_factory=list)


def refresh_support(*, stripe_id: str) -> SupportSubscription | None:
    """Fetch a support and all that was paid for it, and write both; None where it is none of ours, or never began.

    Holds the lock of that member's support. Idempotent, in any order. Publishes what write_support publishes. Raises StripeAwayError,
    BillingBusyError.
    """
    customer = find_customer(stripe_id=stripe_id)
    if customer is None:
        return None
    with holding_support(customer.tenant_id, customer.member_id):
        return refresh_held(stripe_id=stripe_id)


def find_customer(*, stripe_id: str) -> SupportCustomer | None:
    """Whose support it is: by our row, else by the checkout that it names, whose customer must be the object's."""
    with enter_schema(PUBLIC):
        row = (
            SupportSubscription.objects.select_related("customer__tenant").filter(stripe_id=stripe_id).first()
        )
        if row is not None:
            return row.customer
        data = fetch_subscription(stripe_id)
        if data is None or not is_support(data):
            return None
        return _whose(read_support(data))


def refresh_held(
    *, stripe_id: str, actor: Actor = SYSTEM, why: str = "asked", payments: bool = True
) -> SupportSubscription | None:
    """As `refresh_support`, for a caller that holds the lock.

    Without `payments` it only looks, for who is about to tell Stripe something: the row that is answered is not saved, so that the next
    full look finds what was paid. Booking points takes the community's ledger lock, which nobody may hold while Stripe takes its time.
    """
    data = fetch_subscription(stripe_id)
    if data is None or not is_support(data):
        return None
    told = read_support(data)
    customer = _whose(told)
    row = SupportSubscription.objects.filter(stripe_id=stripe_id).first()
    if customer is None or (
        row is None and (told.status in {"incomplete", "incomplete_expired"} or not payments)
    ):
        return None
    money = _fetch_money(told) if payments or told.state == "late" else Money([], [])
    settled: dict[str, str] | None = None
    if payments:
        settled = move_money(money.charges, money.disputes)
        if has_to_end(told, money.disputes):
            end_at_stripe(stripe_id)
            told = read_support(fetch_subscription(stripe_id) or data)
        if settled:
            money = _fetch_money(told)  # a fee that went back is none
    paid = payment_facts(told, money.invoices, money.charges, money.disputes) if payments else None
    began = row is None
    row = row or SupportSubscription(stripe_id=stripe_id)
    for name, value in _facts(told, customer, paid, money).items():
        setattr(row, name, value)
    if settled is not None:
        row.disputes = settled
    if payments:
        row.save()
    if row.refused:
        return row if told.status in OVER else _refuse(row, told)
    if began and customer.tenant.state == Tenant.State.DELETED:
        return _refuse(row, told)
    try:
        _write_to_community(customer, told, money, paid or [], actor, why)
    except _IMPOSSIBLE as error:
        log.error("support_refused", support=stripe_id, tenant=customer.tenant_id, why=error.code)
        return _refuse(row, told)
    return row


def _write_to_community(
    customer: SupportCustomer, told: Told, money: Money, paid: list[PaymentFacts], actor: Actor, why: str
) -> None:
    """All of it or nothing."""
    context = TenantContext.of(customer.tenant)
    with enter_tenant(context), transaction.atomic():
        facts = support_facts(told, customer.member_id, money.invoices)
        write_support(context=context, facts=facts, actor=actor, why=why)
        held = list_dispute_states(reference=told.stripe_id)
        for payment in paid:
            write_payment(context=context, facts=payment)
    for payment in paid:
        if payment.dispute != held.get(payment.reference, ""):
            write_dispute_letter(customer.tenant, payment, money.disputes)


def _whose(told: Told) -> SupportCustomer | None:
    row = (
        SupportSubscription.objects.select_related("customer__tenant")
        .filter(stripe_id=told.stripe_id)
        .first()
    )
    if row is not None:
        customer = row.customer
    else:
        asked = (
            SupportCheckout.objects.select_related("customer__tenant")
            .filter(key=told.checkout or None)
            .first()
        )
        if asked is None:
            log.warning("support_of_nobody", support=told.stripe_id, customer=told.customer_id)
            return None
        customer = asked.customer
    if not told.customer_id or customer.stripe_id != told.customer_id:
        log.error(
            "support_of_another", support=told.stripe_id, customer=told.customer_id, tenant=customer.tenant_id
        )
        return None
    return customer


def _fetch_money(told: Told) -> Money:
    with asking_stripe() as stripe:
        invoices = stripe.v1.invoices.list(
            {"subscription": told.stripe_id, "limit": PAGE, "expand": ["data.payments"]}
        )
        expand = ["data.application_fee", "data.transfer"]
        charges = stripe.v1.charges.list({"customer": told.customer_id, "limit": PAGE, "expand": expand})
        money = Money(
            [one.to_dict() for one in invoices.auto_paging_iter()],
            [one.to_dict() for one in charges.auto_paging_iter()],
        )
    mine = {id_ for invoice in money.invoices for id_ in intents_of(invoice)}
    disputed = [one for one in money.charges if id_of(one.get("payment_intent")) in mine]
    return Money(money.invoices, money.charges, fetch_disputes(disputed))


def _facts(
    told: Told, customer: SupportCustomer, paid: list[PaymentFacts] | None, money: Money
) -> dict[str, Any]:
    sums = {
        "gross": sum(one.amount for one in paid or ()),
        "fees": sum(one.fee for one in paid or ()),
        "refunded": sum(one.refunded + min(one.disputed, one.amount - one.refunded) for one in paid or ()),
    }
    return {
        **({} if paid is None else sums),
        "customer": customer,
        "tenant": customer.tenant,
        "account_id": told.account_id,
        "status": told.status,
        "tier": told.tier,
        "next_tier": told.next_tier,
        "amount": told.amount,
        "currency": told.currency,
        "interval": told.interval,
        "fee": told.fee,
        "period_end": told.period_end,
        "cancel_at": told.cancel_at,
        "late_since": support_facts(told, 0, money.invoices).late_since,
        "ended_at": told.ended_at,
        "seen_at": clock.now(),
        "created_at": told.begun_at,
    }


def _refuse(row: SupportSubscription, told: Told) -> SupportSubscription:
    """Give back what was paid for it, and end it. Safe to repeat: while it runs it is refused again, and what was given back is seen
    as such; so the end comes last."""
    SupportSubscription.objects.filter(pk=row.pk).update(refused=True)
    money = _fetch_money(told)
    mine = {id_ for invoice in money.invoices for id_ in intents_of(invoice)}
    taken = {id_of(one["charge"]) for one in money.disputes if dispute_state(one) in (OPEN, LOST)}
    for charge in money.charges:
        if charge["id"] in taken:
            continue  # the bank has it back already
        if charge.get("payment_intent") in mine and charge.get("paid") and not charge.get("refunded"):
            give_back(charge["id"], key=f"refuse-{charge['id']}")
    end_at_stripe(row.stripe_id)
    data = fetch_subscription(row.stripe_id)
    if data is not None:
        after = read_support(data)
        SupportSubscription.objects.filter(pk=row.pk).update(status=after.status, ended_at=after.ended_at)
    row.refresh_from_db()
    return row


def end_at_stripe(stripe_id: str) -> None:
    """End a support now; nothing is prorated, and invoices that were not paid are written off. Safe to repeat."""
    import stripe

    with telling_stripe() as client:
        try:
            client.v1.subscriptions.cancel(stripe_id, {"prorate": False, "invoice_now": False})
        except stripe.InvalidRequestError as error:
            # Ended already, by an earlier try whose answer was lost.
            if error.code != "resource_missing":
                raise
    with asking_stripe() as client:
        for invoice in client.v1.invoices.list(
            {"subscription": stripe_id, "status": "open", "limit": PAGE}
        ).data:
            client.v1.invoices.void_invoice(str(invoice.id))


def give_back(charge_id: str, *, key: str) -> None:
    """All that is left of a charge, and with it the transfer and the fee. Safe to repeat."""
    import stripe

    with telling_stripe() as client:
        try:
            client.v1.refunds.create(
                {"charge": charge_id, "reverse_transfer": True, "refund_application_fee": True},
                {"idempotency_key": key},
            )
        except stripe.InvalidRequestError as error:
            if error.code != "charge_already_refunded":
                raise
