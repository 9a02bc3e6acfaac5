"""What a retainer's terms are, how they stand at Stripe's, and how they are read back from there.

A retainer's price is its own: made of its terms, it carries plan and places as metadata, so that what a subscription bills says what it
is for. Terms that begin with the next period are on the subscription already, without proration: Stripe bills them with the next invoice.
Until then the subscription's metadata holds those that are still in force, and from when on they are not.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final

from billing.errors import PlanNotForSaleError
from billing.models import Retainer
from billing.plans import CURRENCIES, FREE, INTERVALS, get_plan
from billing.stripe_api import telling_stripe
from saas.core import clock
from saas.core.errors import InvalidInputError

MARK: Final = "retainer"  # metadata[kind] of the subscription at Stripe's
FROM: Final = "terms_from"
BEFORE: Final = "terms_before"
NOT_STARTED: Final = "not_started"  # Stripe's word for a schedule whose day is ahead
MOST_DAYS: Final = 90
MOST_PLACES: Final = 1_000
MOST: Final = 99_999_999  # minor units: what Stripe takes of an amount
AGREED: Final = (
    "plan", "interval", "currency", "amount", "places", "days_until_due", "starts_at", "ends_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Terms:
    """`amount`: minor units for each month or year, for all communities together. `starts_at` None: at once; `ends_at` None: it renews
    until it is ended."""

    plan: str
    interval: str
    currency: str
    amount: int
    places: int
    days_until_due: int = 30
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Deal:
    """The part of the terms that can change while it runs. `price`: Stripe's id, empty where none was made yet."""

    plan: str
    amount: int
    places: int
    days_until_due: int
    price: str = ""

    def is_same(self, other: Deal) -> bool:
        return replace(self, price="") == replace(other, price="")

    def to_data(self) -> dict[str, Any]:
        return asdict(self)


def check_terms(terms: Terms) -> None:
    """Raises InvalidInputError, PlanNotFoundError."""
    check_deal(deal_of(terms))
    if terms.interval not in INTERVALS:
        raise InvalidInputError("A retainer is paid by the month or by the year.", field="interval")
    if terms.currency not in CURRENCIES:
        raise InvalidInputError(f"The currency is one of {', '.join(CURRENCIES)}.", field="currency")
    now = clock.now()
    if terms.starts_at is not None and terms.starts_at <= now:
        raise InvalidInputError(
            "Its first day has to be ahead. Choose a later day, or none to begin at once.", field="starts_at"
        )
    if terms.ends_at is not None and terms.ends_at <= (terms.starts_at or now):
        raise InvalidInputError(
            "Its end has to be ahead, and after its first day. Choose a later day, or none.", field="ends_at"
        )


def check_deal(deal: Deal) -> None:
    """Raises InvalidInputError, PlanNotFoundError."""
    if get_plan(deal.plan).key == FREE:
        raise InvalidInputError("A retainer is for a plan that costs something.", field="plan")
    if not 1 <= deal.amount <= MOST:
        raise InvalidInputError("The price is from 0.01 to 999,999.99.", field="amount")
    if not 1 <= deal.places <= MOST_PLACES:
        raise InvalidInputError(f"A retainer covers 1 to {MOST_PLACES:,} communities.", field="places")
    if not 1 <= deal.days_until_due <= MOST_DAYS:
        raise InvalidInputError(f"An invoice is due in 1 to {MOST_DAYS} days.", field="days_until_due")


def deal_of(terms: Terms | Retainer) -> Deal:
    """Those in force, of a row."""
    return Deal(terms.plan, terms.amount, terms.places, terms.days_until_due)


def planned_of(row: Retainer) -> Deal | None:
    """Those from the next period on."""
    return Deal(**row.planned) if row.planned else None


def most_places(row: Retainer) -> int:
    """How many may be covered: no more than will be, once what is planned is in force."""
    planned = planned_of(row)
    return min(row.places, planned.places) if planned else row.places


def version_of(row: Retainer) -> str:
    """What a form began from: different as soon as anything about the terms is."""
    facts = "|".join(
        str(one)
        for one in (row.key, row.revision, row.status, row.cancel_at, row.period_start, row.starts_at)
    )
    return hashlib.sha256(facts.encode()).hexdigest()[:16]


def digest_of(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:16]


def make_price(row: Retainer, deal: Deal) -> str:
    """A price of this retainer alone, for just these terms; what its product is called stands on the invoice. Asked twice, Stripe makes
    one. Raises as telling_stripe."""
    plan = get_plan(deal.plan)
    if plan.is_free:
        raise PlanNotForSaleError("A retainer is for a plan that costs something.", field="plan")
    name = f"{plan.name} for {deal.places} {'community' if deal.places == 1 else 'communities'}"
    with telling_stripe() as stripe:
        made = stripe.v1.prices.create(
            {
                "currency": row.currency,
                "unit_amount": deal.amount,
                "recurring": {"interval": "year" if row.interval == "year" else "month"},
                "product_data": {"name": name},
                "metadata": {
                    "kind": MARK,
                    "retainer": row.key,
                    "retainer_plan": deal.plan,
                    "places": str(deal.places),
                },
            },
            {"idempotency_key": f"retainer-price-{row.key}-{digest_of(deal.plan, deal.amount, deal.places)}"},
        )
    return str(made.id)


def about(row: Retainer) -> dict[str, str]:
    """What stands on the subscription, by which it is known again."""
    return {"kind": MARK, "payer": row.payer.key, "retainer": row.key}


def is_retainer(data: Mapping[str, Any]) -> bool:
    """Whether a subscription of Stripe's is one."""
    return bool((data.get("metadata") or {}).get("kind") == MARK)


def read_deals(row: Retainer, data: Mapping[str, Any]) -> tuple[Deal, Deal | None]:
    """(in force, planned) of a subscription's plain data. `row` says what a price of former releases does not."""
    item, metadata = data["items"]["data"][0], data.get("metadata") or {}
    price = item["price"]
    facts = price.get("metadata") or {}
    places = str(facts.get("places") or "")
    held = Deal(
        plan=str(facts.get("retainer_plan") or row.plan),
        amount=price.get("unit_amount") or row.amount,
        places=int(places) if places.isdecimal() else row.places,
        days_until_due=data.get("days_until_due") or row.days_until_due,
        price=price["id"],
    )
    before, since = metadata.get(BEFORE), str(metadata.get(FROM) or "")
    if before and since.isdecimal() and int(since) > item["current_period_start"]:
        return Deal(**json.loads(before)), held
    return held, None
