"""What was invoiced to a payer in a period, community by community, for their own books.

Asked of Stripe when somebody wants it; nothing of it is kept. Amounts are minor units with their currency beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from saas.core.errors import InvalidInputError
from saas.core.schemas import PUBLIC, enter_schema

from .models import Payer, Retainer, Subscription
from .reading import id_of, moment, plan_of_price
from .stripe_api import asking_stripe
from .wording import plan_name

MOST: Final = 5_000  # invoices in one file
_TOLD: Final = frozenset({"open", "paid", "uncollectible"})


@dataclass(frozen=True, slots=True)
class Cost:
    """One invoice. `community` is empty for what is billed for all of a payer's communities together."""

    invoiced_at: datetime
    number: str
    community: str
    address: str
    plan: str
    period_start: datetime | None
    period_end: datetime | None
    currency: str
    net: int
    tax: int
    total: int
    state: str


def list_costs(*, payer: Payer, start: datetime, end: datetime) -> list[Cost]:
    """Invoices of `start` ≤ date < `end`, the oldest first; drafts and what was written off are left out.

    Raises InvalidInputError for a period that is none or holds too much, StripeAwayError, BillingOffError.
    """
    if end <= start:
        raise InvalidInputError("The period ends before it begins. Choose a later end.", field="until")
    if not payer.stripe_id:
        return []
    with enter_schema(PUBLIC):
        rows = Subscription.objects.select_related("tenant").filter(payer=payer)
        known = {row.stripe_id: row for row in rows}
        bundles = dict(Retainer.objects.filter(payer=payer).values_list("stripe_id", "plan"))
    found = []
    with asking_stripe() as stripe:
        listed = stripe.v1.invoices.list(
            {
                "customer": payer.stripe_id,
                "created": {"gte": int(start.timestamp()), "lt": int(end.timestamp())},
                "limit": 100,
            }
        )
        for invoice in listed.auto_paging_iter():
            if invoice.status in _TOLD:
                found.append(_read(invoice.to_dict(), known, bundles))
            if len(found) > MOST:
                raise InvalidInputError(
                    f"More than {MOST:,} invoices: choose a shorter period.", field="until"
                )
    return sorted(found, key=lambda one: (one.invoiced_at, one.number))


def _read(
    data: Mapping[str, Any], known: Mapping[str, Subscription], bundles: Mapping[str | None, str]
) -> Cost:
    """`bundles`: the plan of each retainer, which is for no community alone."""
    details = (data.get("parent") or {}).get("subscription_details") or {}
    subscription_id = id_of(details.get("subscription"))
    row = known.get(subscription_id)
    usual = plan_name(row.plan) if row else ""
    if subscription_id in bundles:
        usual = f"Retainer: {plan_name(bundles[subscription_id])}"
    invoiced_at = moment(data["created"])
    assert invoiced_at is not None
    tax = sum(one["amount"] for one in data.get("total_taxes") or ())
    start, end = _period(data)
    return Cost(
        invoiced_at=invoiced_at,
        number=data.get("number") or "",
        community=row.tenant.name if row else "",
        address=row.tenant.slug if row else "",
        plan=_plan(data) or usual,
        period_start=start,
        period_end=end,
        currency=data["currency"],
        net=data["total"] - tax,
        tax=tax,
        total=data["total"],
        state=data["status"],
    )


def _period(data: Mapping[str, Any]) -> tuple[datetime | None, datetime | None]:
    """What the invoice is for: the time that its lines cover."""
    lines = (data.get("lines") or {}).get("data") or []
    starts = [line["period"]["start"] for line in lines if line.get("period")]
    ends = [line["period"]["end"] for line in lines if line.get("period")]
    return (moment(min(starts)), moment(max(ends))) if starts else (None, None)


def _plan(data: Mapping[str, Any]) -> str:
    """The plan that the invoice was for then, which may be another now."""
    for line in reversed((data.get("lines") or {}).get("data") or []):
        price = ((line.get("pricing") or {}).get("price_details") or {}).get("price")
        found = plan_of_price(price) if isinstance(price, Mapping) else None
        if found is not None and line.get("amount", 0) >= 0:
            return plan_name(found[0])
    return ""
