"""What a change of plan will cost, before anybody confirms it: Stripe's own figures for just this change at just this second."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from saas.core import clock
from saas.core.schemas import PUBLIC, enter_schema

from .checkout import get_open_tenant
from .choosing import Choice, check_choice, find_price
from .errors import NoSubscriptionError, NothingToChangeError, PaymentOverdueError, PlanEndsError
from .mirror import fetch_subscription
from .models import Subscription
from .reading import UNPAID, moment
from .shifts import Kind, is_same, item_changes, kind_of, version_of
from .stripe_api import asking_stripe

if TYPE_CHECKING:
    from stripe.params import InvoiceCreatePreviewParams

Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of what is due now. Negative: a credit."""

    text: str
    amount: int


@dataclass(frozen=True, slots=True)
class ChangePreview:
    """Amounts are minor units of `currency`. `proration_date` and `version` come back with the confirmation, so that what was shown
    is what is charged."""

    kind: Kind
    choice: Choice
    currency: str
    effective_at: datetime
    due_now: int
    credit: int  # what is left of the period that was paid for, as a positive number
    tax: int  # within due_now
    lines: tuple[Line, ...]
    left_over: int  # of that credit, what the change does not use up: it pays what comes after
    next_amount: int
    next_at: datetime | None
    proration_date: int
    version: str


def preview_change(*, tenant_id: int, plan: str, interval: str, quantity: int = 1) -> ChangePreview:
    """Nothing is changed. Raises PlanNotFoundError, PlanNotForSaleError, NoSubscriptionError, NothingToChangeError,
    PaymentOverdueError, PlanEndsError, NotOpenError, StripeAwayError."""
    row, choice = check_change(tenant_id=tenant_id, plan=plan, interval=interval, quantity=quantity)
    kind = kind_of(row, choice)
    now = clock.now()
    data = fetch_subscription(row.stripe_id)
    if data is None:
        raise NoSubscriptionError
    price = find_price(choice)
    items = item_changes(data["items"]["data"], price, choice.quantity)
    at = _proration_date(row, now)
    due = _ask(row.stripe_id, items, {"proration_date": at}) if kind == "now" else None
    next_at = _next_at(row, choice, due)
    coming = _ask_coming(row, data, items, kind=kind, at=next_at or now)
    credit = -min(due["starting_balance"] + due["total"], 0) if due else -min(coming["starting_balance"], 0)
    lines = read_lines(due) if due else ()
    return ChangePreview(
        kind=kind,
        choice=choice,
        currency=row.currency,
        effective_at=now if kind != "later" else row.period_end or now,
        due_now=max(due["amount_due"], 0) if due else 0,
        credit=-sum(line.amount for line in lines if line.amount < 0),
        tax=read_tax(due) if due else 0,
        lines=lines,
        left_over=credit if due else 0,
        next_amount=max(coming["total"] - credit, 0),
        next_at=next_at,
        proration_date=at,
        version=version_of(row),
    )


def check_change(*, tenant_id: int, plan: str, interval: str, quantity: int) -> tuple[Subscription, Choice]:
    """The subscription as it stands and the choice, checked. Raises as `preview_change`."""
    tenant = get_open_tenant(tenant_id)
    row = get_live(tenant_id)
    choice = check_choice(
        tenant=tenant,
        plan=plan,
        interval=interval,
        currency=row.currency,
        quantity=quantity,
        by_invoice=row.by_invoice,
    )
    if row.status in UNPAID:
        raise PaymentOverdueError
    if row.cancel_at is not None:
        raise PlanEndsError
    if is_same(row, choice):
        raise NothingToChangeError(choice.plan.name)
    return row, choice


def get_live(tenant_id: int) -> Subscription:
    """The tenant's subscription that has not ended. Raises NoSubscriptionError."""
    with enter_schema(PUBLIC):
        rows = Subscription.objects.select_related("tenant", "payer__user")
        row = rows.filter(tenant_id=tenant_id, ended_at=None).first()
    if row is None:
        raise NoSubscriptionError
    return row


def _proration_date(row: Subscription, now: datetime) -> int:
    """Within the period that was paid for, or Stripe refuses it."""
    began, ends = row.period_start or now, row.period_end or now
    return int(min(max(now, began), ends).timestamp())


def _ask(stripe_id: str, items: list[dict[str, Any]], details: Data, **more: Any) -> dict[str, Any]:
    """With `proration_date` the invoice that the change makes at once, else the first one after it."""
    behavior = "always_invoice" if "proration_date" in details else "none"
    how = {"items": items, "proration_behavior": behavior, **details}
    wanted = cast(
        "InvoiceCreatePreviewParams", {"subscription": stripe_id, "subscription_details": how, **more}
    )
    with asking_stripe() as stripe:
        data: dict[str, Any] = stripe.v1.invoices.create_preview(wanted).to_dict()
    return data


def _ask_coming(
    row: Subscription, data: Data, items: list[dict[str, Any]], *, kind: Kind, at: datetime
) -> dict[str, Any]:
    """The first whole period that is paid after the change, which is billed at `at`: with the discounts that run then, and without
    what was planned for the end of the period, because the change takes its place."""
    planned = data.get("schedule") and row.status != "trialing"
    details = {"billing_cycle_anchor": {"type": "now"}} if planned else {}
    discounts = _running_discounts(data, at, billed_before=kind == "now")
    more = {} if discounts is None else {"discounts": discounts or ""}
    return _ask(row.stripe_id, items, details, **more)


def _running_discounts(data: Data, at: datetime, *, billed_before: bool) -> list[dict[str, str]] | None:
    """Those of the subscription that still take something off at that moment; None where it has none at all. One that counts once
    is used up by the bill of the change."""
    if not data.get("discounts"):
        return None
    with asking_stripe() as stripe:
        found = stripe.v1.subscriptions.retrieve(
            data["id"], {"expand": ["discounts.source.coupon"]}
        ).to_dict()
    return [
        {"discount": one["id"]}
        for one in found["discounts"]
        if (one["end"] is None or one["end"] > at.timestamp())
        and not (billed_before and one["source"]["coupon"]["duration"] == "once")
    ]


def read_lines(invoice: Mapping[str, Any]) -> tuple[Line, ...]:
    return tuple(
        Line(line.get("description") or "", line["amount"])
        for line in invoice["lines"]["data"]
        if line["amount"]
    )


def read_tax(invoice: Mapping[str, Any]) -> int:
    return sum(tax["amount"] for tax in invoice.get("total_taxes") or ())


def _next_at(row: Subscription, choice: Choice, due: Mapping[str, Any] | None) -> datetime | None:
    """The period's end; where the interval changes at once, the end of the period that begins now."""
    if due is None or choice.interval == row.interval:
        return row.trial_end if row.status == "trialing" else row.period_end
    ends = [line["period"]["end"] for line in due["lines"]["data"] if line["amount"] > 0]
    return moment(max(ends)) if ends else None
