"""Invoices put together: a bill of lines becomes a draft, or a preview, added up with discounts, tax and balance."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from ..engine.discounts import take_off
from ..engine.dunning import DRAFT_SECONDS
from ..engine.totals import add_up, tax_on
from ..ids import new_id
from ..store import Json, Store
from .lines import Line, line_object, tax_part
from .saving import list_object

TAX_RATE: Final = "txr_localFlatRate"
TAX_PERCENT: Final = Decimal(20)


# What follows from an invoice's lines.
ADDED_UP: Final = (
    "amount_due", "amount_remaining", "starting_balance", "subtotal", "subtotal_excluding_tax", "total",
    "total_discount_amounts", "total_excluding_tax", "total_pretax_credit_amounts", "total_taxes",
)  # fmt: skip


@dataclass(slots=True)
class Bill:
    """What an invoice is made of."""

    customer: Json
    currency: str
    lines: list[Line]
    reason: str
    now: int
    subscription: Json | None = None
    discounts: list[tuple[str, Json]] = field(default_factory=list)
    collection_method: str = "charge_automatically"
    days_until_due: int | None = None
    automatic_tax: bool = False
    default_payment_method: str | None = None
    metadata: Json = field(default_factory=dict)
    description: str | None = None
    footer: str | None = None
    proration_date: int | None = None


def bill_subscription(
    store: Store,
    subscription: Json,
    lines: list[Line],
    reason: str,
    now: int,
    coupons: list[tuple[str, Json]],
    *,
    customer: Json | None = None,
) -> Bill:
    """The bill of a subscription, with its settings."""
    return Bill(
        customer=customer or store.get("customer", subscription["customer"]),
        currency=subscription["currency"],
        lines=lines,
        reason=reason,
        now=now,
        subscription=subscription,
        discounts=coupons,
        collection_method=subscription["collection_method"],
        days_until_due=subscription["days_until_due"],
        automatic_tax=subscription["automatic_tax"]["enabled"],
        default_payment_method=None,
        description=subscription["description"],
    )


def compose(bill: Bill) -> Json:
    """A draft, not stored. A preview is the same."""
    id = new_id("in")
    discountable = [line.amount if line.discountable else 0 for line in bill.lines]
    taken = take_off(discountable, [line.product for line in bill.lines], bill.discounts, bill.currency)
    offs = [sum(amount for _, amount in one) for one in taken]
    rate = TAX_RATE if _is_taxed(bill) else ""
    taxable = [line.amount - off for line, off in zip(bill.lines, offs, strict=True)]
    taxes = [tax_on(amount, TAX_PERCENT) if rate else 0 for amount in taxable]
    totals = add_up(
        [line.amount for line in bill.lines], offs, taxes, bill.customer["balance"], bill.currency
    )
    lines = [
        line_object(line, id, bill.currency, one, tax, rate)
        for line, one, tax in zip(bill.lines, taken, taxes, strict=True)
    ]
    by_discount = {
        name: sum(amount for one in taken for other, amount in one if other == name)
        for name, _ in bill.discounts
    }
    start, end = _covered(bill)
    return _blank(id, bill) | {
        "amount_due": totals.amount_due,
        "amount_remaining": totals.amount_due,
        "discounts": [name for name, _ in bill.discounts],
        "lines": list_object(f"/v1/invoices/{id}/lines", lines, counted=True),
        "period_end": end,
        "period_start": start,
        "starting_balance": bill.customer["balance"],
        "subtotal": totals.subtotal,
        "subtotal_excluding_tax": totals.subtotal,
        "total": totals.total,
        "total_discount_amounts": [
            {"amount": amount, "discount": name} for name, amount in by_discount.items()
        ],
        "total_excluding_tax": totals.total - totals.tax,
        "total_pretax_credit_amounts": [
            {"amount": amount, "discount": name, "type": "discount"} for name, amount in by_discount.items()
        ],
        "total_taxes": [tax_part(totals.tax, sum(taxable), rate)] if rate else [],
        "_ending_balance": totals.ending_balance,
    }


def _is_taxed(bill: Bill) -> bool:
    return bill.automatic_tax and bill.customer.get("tax_exempt", "none") == "none"


def _covered(bill: Bill) -> tuple[int, int]:
    """The time in which what is billed came about: for a subscription the period that ended."""
    if bill.subscription is None or bill.reason in ("subscription_create", "subscription_update", "manual"):
        return bill.now, bill.now
    ended = bill.subscription.get("_ended_period")
    return (ended["start"], ended["end"]) if ended else (bill.now, bill.now)


def _blank(id: str, bill: Bill) -> Json:
    subscription = bill.subscription
    parent = None
    if subscription is not None:
        details: Json = {"metadata": dict(subscription["metadata"]), "subscription": subscription["id"]}
        if bill.proration_date is not None:
            details["subscription_proration_date"] = bill.proration_date
        parent = {"type": "subscription_details", "quote_details": None, "subscription_details": details}
    customer = bill.customer
    return {
        "id": id,
        "object": "invoice",
        "account_country": "US",
        "account_name": "EngageHub (local Stripe)",
        "account_tax_ids": None,
        "amount_due": 0,
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_remaining": 0,
        "amount_shipping": 0,
        "application": None,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": True,
        "automatic_tax": {
            "disabled_reason": None,
            "enabled": bill.automatic_tax,
            "liability": {"type": "self"} if bill.automatic_tax else None,
            "provider": "stripe" if bill.automatic_tax else None,
            "status": "complete" if bill.automatic_tax else None,
        },
        "automatically_finalizes_at": None,
        "billing_reason": bill.reason,
        "collection_method": bill.collection_method,
        "created": bill.now,
        "currency": bill.currency,
        "custom_fields": None,
        "customer": customer["id"],
        "customer_account": None,
        "customer_address": customer.get("address"),
        "customer_email": customer.get("email"),
        "customer_name": customer.get("name"),
        "customer_phone": customer.get("phone"),
        "customer_shipping": customer.get("shipping"),
        "customer_tax_exempt": customer.get("tax_exempt", "none"),
        "customer_tax_ids": [],
        "default_payment_method": bill.default_payment_method,
        "default_source": None,
        "default_tax_rates": [],
        "description": bill.description,
        "discounts": [],
        "due_date": None,
        "effective_at": None,
        "ending_balance": None,
        "footer": bill.footer,
        "from_invoice": None,
        "hosted_invoice_url": None,
        "invoice_pdf": None,
        "issuer": {"type": "self"},
        "last_finalization_error": None,
        "latest_revision": None,
        "livemode": False,
        "metadata": bill.metadata,
        "next_payment_attempt": None,
        "number": None,
        "on_behalf_of": (subscription or {}).get("on_behalf_of"),
        "parent": parent,
        "payment_settings": {
            "default_mandate": None,
            "payment_method_options": None,
            "payment_method_types": None,
        },
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "receipt_number": None,
        "rendering": None,
        "shipping_cost": None,
        "shipping_details": None,
        "statement_descriptor": None,
        "status": "draft",
        "status_transitions": {
            "finalized_at": None,
            "marked_uncollectible_at": None,
            "paid_at": None,
            "voided_at": None,
        },
        "test_clock": customer.get("test_clock"),
        "threshold_reason": None,
        "webhooks_delivered_at": None,
        "_days_until_due": bill.days_until_due,
    }


def create_draft(store: Store, bill: Bill, *, advance: bool = True, waits: bool = True) -> Json:
    """Store a draft. With `waits` it is finalized an hour later by itself, without `advance` never."""
    invoice = compose(bill)
    customer_tax_ids = store.list("tax_id", customer=bill.customer["id"])
    invoice["customer_tax_ids"] = [
        {"type": one["type"], "value": one["value"]} for one in reversed(customer_tax_ids)
    ]
    invoice["auto_advance"] = advance
    if advance and waits:
        invoice["automatically_finalizes_at"] = bill.now + DRAFT_SECONDS
        if bill.collection_method == "charge_automatically":
            invoice["next_payment_attempt"] = bill.now + DRAFT_SECONDS
    store.put(invoice)
    for line in bill.lines:
        if line.invoice_item:
            item = store.get("invoiceitem", line.invoice_item)
            store.put(item | {"invoice": invoice["id"]})
    store.emit("invoice.created", invoice)
    return invoice
