"""Invoices, asked of Stripe when somebody looks: its links to pages and PDFs last for a while only, so nothing of them is kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, cast

from saas.core.schemas import PUBLIC, enter_schema
from tenants.models import Tenant

from .models import Payer, Retainer, Subscription, UsageSubscription
from .reading import id_of, moment
from .stripe_api import asking_stripe

if TYPE_CHECKING:
    from stripe.params import InvoiceListParams

MOST: Final = 100
_SHOWN: Final = ("open", "paid", "uncollectible", "void")


@dataclass(frozen=True, slots=True)
class Invoice:
    """Amounts are minor units of `currency`. `status` is Stripe's word: open, paid, void, uncollectible."""

    stripe_id: str
    number: str
    status: str
    currency: str
    total: int
    tax: int
    paid: int
    refunded: int
    created_at: datetime
    due_at: datetime | None
    period_start: datetime | None
    period_end: datetime | None
    page_url: str
    pdf_url: str
    subscription_id: str
    tenant_id: int | None
    tenant_name: str
    plan: str
    kind: str = "plan"  # or retainer, use: what a payer pays for together


def list_invoices(
    *, tenant: Tenant | None = None, payer: Payer | None = None, limit: int = 24
) -> list[Invoice]:
    """The newest first, at most `limit` up to 100: of one community, whoever paid them, or of one payer, with the community of each.
    Drafts are left out; refunds are shown. Raises StripeAwayError, BillingOffError."""
    limit = min(limit, MOST)
    rows = _known_rows(tenant, payer)
    found: dict[str, Invoice] = {}
    if payer is not None and payer.stripe_id:
        together = _known_together(payer)
        for data, refunds in _ask({"customer": payer.stripe_id, "limit": limit}):
            one = _read(data, rows, refunds)
            found[data["id"]] = replace(one, **cast("Any", together.get(one.subscription_id, {})))
    if tenant is not None:
        for stripe_id in rows:
            for data, refunds in _ask({"subscription": stripe_id, "limit": limit}):
                found[data["id"]] = _read(data, rows, refunds)
    newest = sorted(found.values(), key=lambda one: (one.created_at, one.stripe_id), reverse=True)
    return newest[:limit]


def _known_rows(tenant: Tenant | None, payer: Payer | None) -> dict[str, Subscription]:
    with enter_schema(PUBLIC):
        rows = Subscription.objects.select_related("tenant").order_by("-pk")
        rows = rows.filter(tenant=tenant) if tenant is not None else rows.filter(payer=payer)
        return {row.stripe_id: row for row in rows}


def _known_together(payer: Payer) -> dict[str, dict[str, str]]:
    """What of a payer's subscriptions is no community's alone, by Stripe's id."""
    with enter_schema(PUBLIC):
        bundles = Retainer.objects.filter(payer=payer, stripe_id__isnull=False)
        found = {row.stripe_id or "": {"kind": "retainer", "plan": row.plan} for row in bundles}
        used = UsageSubscription.objects.filter(payer=payer).values_list("stripe_id", flat=True)
        return found | {stripe_id: {"kind": "use"} for stripe_id in used}


def _ask(wanted: Mapping[str, Any]) -> Iterable[tuple[dict[str, Any], dict[str, int]]]:
    with asking_stripe() as stripe:
        listed = stripe.v1.invoices.list(cast("InvoiceListParams", {**wanted, "expand": ["data.payments"]}))
        invoices = [invoice.to_dict() for invoice in listed.data]
        refunds: dict[str, int] = {}
        for customer in {id_of(invoice.get("customer")) for invoice in invoices} - {""}:
            for charge in stripe.v1.charges.list({"customer": customer, "limit": MOST}).data:
                if charge.amount_refunded and charge.payment_intent:
                    refunds[id_of(charge.payment_intent)] = charge.amount_refunded
    return [(invoice, refunds) for invoice in invoices if invoice.get("status") in _SHOWN]


def _read(data: Mapping[str, Any], rows: Mapping[str, Subscription], refunds: Mapping[str, int]) -> Invoice:
    details = (data.get("parent") or {}).get("subscription_details") or {}
    subscription_id = id_of(details.get("subscription"))
    row = rows.get(subscription_id)
    created_at = moment(data["created"])
    assert created_at is not None
    return Invoice(
        stripe_id=data["id"],
        number=data.get("number") or "",
        status=data["status"],
        currency=data["currency"],
        total=data["total"],
        tax=sum(tax["amount"] for tax in data.get("total_taxes") or ()),
        paid=data["amount_paid"],
        refunded=refunded_of(data, refunds),
        created_at=created_at,
        due_at=moment(data.get("due_date")),
        period_start=moment(data.get("period_start")),
        period_end=moment(data.get("period_end")),
        page_url=data.get("hosted_invoice_url") or "",
        pdf_url=data.get("invoice_pdf") or "",
        subscription_id=subscription_id,
        tenant_id=row.tenant_id if row else None,
        tenant_name=row.tenant.name if row else "",
        plan=row.plan if row else "",
    )


def refunded_of(data: Mapping[str, Any], refunds: Mapping[str, int]) -> int:
    """What of an invoice, fetched with its payments, was given back. `refunds`: by payment intent."""
    intents = [
        id_of((payment.get("payment") or {}).get("payment_intent"))
        for payment in ((data.get("payments") or {}).get("data") or ())
    ]
    return sum(refunds.get(intent, 0) for intent in intents if intent)
