"""What was invoiced to a payer in a period, community by community, for their own books.

Asked of Stripe when somebody wants it; nothing of it is kept. Amounts are minor units with their currency beside them, never summed over
currencies; a sum is that of the lines that are shown, and of nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, cast

from saas.core.errors import InvalidInputError
from saas.core.schemas import PUBLIC, enter_schema

from .invoices import refunded_of
from .models import Payer, Retainer, Subscription
from .reading import id_of, moment, plan_of_price
from .stripe_api import asking_stripe
from .wording import plan_name

if TYPE_CHECKING:
    from stripe.params import ChargeListParams

MOST: Final = 5_000  # invoices in one file
_TOLD: Final = frozenset({"open", "paid", "uncollectible"})


@dataclass(frozen=True, slots=True)
class Cost:
    """One invoice. `community` is empty for what is billed for several of a payer's communities together: `kind` retainer, or use.
    `refunded`: what of it was given back."""

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
    kind: str = "plan"
    refunded: int = 0
    payer: str = ""


@dataclass(frozen=True, slots=True)
class CostSum:
    """Of some invoices in one currency; `community` and `address` where they are one community's."""

    currency: str
    invoices: int
    net: int
    tax: int
    total: int
    refunded: int
    community: str = ""
    address: str = ""
    kind: str = ""


def add_up_costs(costs: Iterable[Cost]) -> list[CostSum]:
    """A sum for each currency, by its code. Pure."""
    by_currency: dict[str, list[Cost]] = {}
    for one in costs:
        by_currency.setdefault(one.currency, []).append(one)
    return [_sum(currency, lines) for currency, lines in sorted(by_currency.items())]


def add_up_clients(costs: Iterable[Cost]) -> list[CostSum]:
    """A sum for each community and currency, by the community's name; what is billed for several together comes last. Pure."""
    by_client: dict[tuple[str, str, str, str], list[Cost]] = {}
    for one in costs:
        by_client.setdefault((one.community, one.address, one.kind, one.currency), []).append(one)
    order = sorted(by_client, key=lambda key: (not key[0], key[0].casefold(), *key))
    return [_sum(key[3], by_client[key], *key[:3]) for key in order]


def _sum(currency: str, lines: list[Cost], community: str = "", address: str = "", kind: str = "") -> CostSum:
    return CostSum(
        currency,
        len(lines),
        sum(one.net for one in lines),
        sum(one.tax for one in lines),
        sum(one.total for one in lines),
        sum(one.refunded for one in lines),
        community,
        address,
        kind,
    )


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
        since = {"customer": payer.stripe_id, "created": {"gte": int(start.timestamp())}, "limit": 100}
        refunds = {
            id_of(charge.payment_intent): charge.amount_refunded
            for charge in stripe.v1.charges.list(cast("ChargeListParams", since)).auto_paging_iter()
            if charge.amount_refunded and charge.payment_intent
        }
        listed = stripe.v1.invoices.list(
            {
                "customer": payer.stripe_id,
                "created": {"gte": int(start.timestamp()), "lt": int(end.timestamp())},
                "limit": 100,
                "expand": ["data.payments"],
            }
        )
        for invoice in listed.auto_paging_iter():
            if invoice.status in _TOLD:
                data = invoice.to_dict()
                one = _read(data, known, bundles)
                found.append(replace(one, refunded=refunded_of(data, refunds), payer=str(payer)))
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
    kind = "plan" if row else "retainer" if subscription_id in bundles else "use"
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
        kind=kind,
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
