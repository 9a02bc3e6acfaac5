"""A retainer is agreed, begun at Stripe, mirrored and ended.

What is agreed is committed before Stripe is told, and its key is the idempotency key there: whatever becomes of the answer, asking
again with the same terms changes nothing twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from billing.choosing import check_currency
from billing.errors import StripeRefusedError
from billing.locks import holding_payer
from billing.mirror import end_at_stripe
from billing.models import Payer, Retainer
from billing.payers import add_company, obtain_customer
from billing.plans import CURRENCIES, FREE, INTERVALS, get_plan
from billing.reading import OVER, UNPAID, id_of, moment, unpaid_since
from billing.stripe_api import asking_stripe, telling_stripe
from engagement.audit.actor import SYSTEM, Actor
from saas.core import clock
from saas.core.errors import InvalidInputError
from saas.core.schemas import PUBLIC, enter_schema
from saas.core.text import clean_line
from tenants.models import User

from .covering import lock_retainer, release_all, rewrite_covered
from .errors import RetainerEndedError, RetainerStandsError
from .selectors import get_retainer

MARK: Final = "retainer"  # metadata[kind] of the subscription at Stripe's
MOST_DAYS: Final = 90
MOST_PLACES: Final = 1_000
MOST: Final = 99_999_999  # minor units: what Stripe takes of an amount
_TERMS: Final = ("plan", "interval", "currency", "amount", "places", "days_until_due", "ends_at")


@dataclass(frozen=True, slots=True)
class Terms:
    """`amount`: minor units for each month or year, for all communities together. `ends_at` None: it renews until it is ended."""

    plan: str
    interval: str
    currency: str
    amount: int
    places: int
    days_until_due: int = 30
    ends_at: datetime | None = None


def agree_retainer(*, user: User, company: str, email: str, terms: Terms, note: str = "") -> Retainer:
    """Begin a retainer that `user`'s company pays by invoice, from now on. The same terms asked again are the same retainer.

    Holds the payer's lock while Stripe is told. Raises InvalidInputError, PlanNotFoundError, PlanNotForSaleError, RetainerStandsError,
    StripeAwayError, StripeRefusedError, StripeUnsureError, BillingBusyError (ask again).
    """
    _check(terms)
    payer = add_company(user=user, name=company, email=email)
    check_currency(payer, terms.currency)
    obtain_customer(payer=payer)
    wanted = {name: getattr(terms, name) for name in _TERMS}
    with enter_schema(PUBLIC), transaction.atomic():
        Payer.objects.select_for_update().get(pk=payer.pk)
        row = Retainer.objects.filter(payer=payer, ended_at=None).first()
        if row is None:
            row = Retainer.objects.create(payer=payer, note=clean_line(note, limit=200), **wanted)
        elif wanted != {name: getattr(row, name) for name in _TERMS}:
            raise RetainerStandsError(str(payer), row.key)
    # It is committed now.
    if row.stripe_id:
        return row
    try:
        with holding_payer(payer.pk):
            return _begin(row)
    except StripeRefusedError:
        Retainer.objects.filter(pk=row.pk, stripe_id=None).update(ended_at=clock.now(), status="refused")
        raise


def end_retainer(*, key: str, at_once: bool = False, actor: Actor = SYSTEM) -> Retainer:
    """It renews no more and ends with what was paid for; `at_once`: now, and what is left becomes the payer's credit. Idempotent.

    Holds the payer's lock while Stripe is told. Raises RetainerNotFoundError, StripeAwayError, StripeUnsureError.
    """
    row = get_retainer(key=key)
    with holding_payer(row.payer_id):
        row = _get_held(row.pk)
        if row.ended_at is not None or not row.stripe_id:
            return row
        if at_once:
            end_at_stripe(row.stripe_id, unpaid=row.unpaid_since is not None)
        elif row.cancel_at is None:
            with telling_stripe() as stripe:
                stripe.v1.subscriptions.update(row.stripe_id, {"cancel_at_period_end": True})
        return _refresh(row, actor)


def renew_retainer(*, key: str) -> Retainer:
    """Take its end back, also the one that was agreed: it renews again. Idempotent. Raises as end_retainer, and RetainerEndedError."""
    row = get_retainer(key=key)
    with holding_payer(row.payer_id):
        row = _get_held(row.pk)
        if row.ended_at is not None or not row.stripe_id:
            raise RetainerEndedError
        if row.cancel_at is not None:
            with telling_stripe() as stripe:
                stripe.v1.subscriptions.update(row.stripe_id, {"cancel_at": ""})
            Retainer.objects.filter(pk=row.pk).update(ends_at=None)
        return _refresh(_get_held(row.pk), SYSTEM)


def is_retainer(data: dict[str, Any]) -> bool:
    """Whether a subscription of Stripe's is one."""
    return bool((data.get("metadata") or {}).get("kind") == MARK)


def refresh_retainer(*, stripe_id: str) -> Retainer | None:
    """Mirror it, and what its communities may do; None where it is none of ours. Holds the payer's lock. Idempotent, in any order.

    Raises StripeAwayError, BillingBusyError."""
    with enter_schema(PUBLIC):
        row = Retainer.objects.filter(stripe_id=stripe_id).first()
    if row is None:
        return None
    with holding_payer(row.payer_id):
        return _refresh(_get_held(row.pk), SYSTEM)


def _check(terms: Terms) -> None:
    plan = get_plan(terms.plan)
    if plan.key == FREE:
        raise InvalidInputError("A retainer is for a plan that costs something.", field="plan")
    if terms.interval not in INTERVALS:
        raise InvalidInputError("A retainer is paid by the month or by the year.", field="interval")
    if terms.currency not in CURRENCIES:
        raise InvalidInputError(f"The currency is one of {', '.join(CURRENCIES)}.", field="currency")
    if not 1 <= terms.amount <= MOST:
        raise InvalidInputError("The price is from 0.01 to 999,999.99.", field="amount")
    if not 1 <= terms.places <= MOST_PLACES:
        raise InvalidInputError(f"A retainer covers 1 to {MOST_PLACES:,} communities.", field="places")
    if not 1 <= terms.days_until_due <= MOST_DAYS:
        raise InvalidInputError(f"An invoice is due in 1 to {MOST_DAYS} days.", field="days_until_due")
    if terms.ends_at is not None and terms.ends_at <= clock.now():
        raise InvalidInputError("Its end has to be ahead. Choose a later day, or none.", field="ends_at")


def _begin(row: Retainer) -> Retainer:
    """The payer's lock is held."""
    row = _get_held(row.pk)
    if row.stripe_id:
        return row
    asked: dict[str, Any] = {
        "customer": row.payer.stripe_id or "",
        "currency": row.currency,
        "items": [{"price": _make_price(row), "quantity": 1}],
        "collection_method": "send_invoice",
        "days_until_due": row.days_until_due,
        "metadata": {"kind": MARK, "payer": row.payer.key, "retainer": row.key},
    }
    if row.ends_at is not None:
        asked |= {"cancel_at": int(row.ends_at.timestamp())}
    with telling_stripe() as stripe:
        made = stripe.v1.subscriptions.create(asked, {"idempotency_key": f"retainer-{row.key}"})  # type: ignore[arg-type]
    if not row.payer.currency:
        Payer.objects.filter(pk=row.payer_id, currency="").update(currency=row.currency)
    row.stripe_id = made.id
    row.save(update_fields=["stripe_id"])
    return _refresh(row, SYSTEM)


def _make_price(row: Retainer) -> str:
    """A price of this retainer alone; what its product is called stands on the invoice."""
    name = f"{get_plan(row.plan).name} for {row.places} communities"
    with telling_stripe() as stripe:
        made = stripe.v1.prices.create(
            {
                "currency": row.currency,
                "unit_amount": row.amount,
                "recurring": {"interval": row.interval},
                "product_data": {"name": name},
                "metadata": {"kind": MARK, "retainer": row.key},
            },
            {"idempotency_key": f"retainer-price-{row.key}"},
        )
    return str(made.id)


def _refresh(row: Retainer, actor: Actor) -> Retainer:
    """The payer's lock is held. What follows for the communities is in the same transaction."""
    with asking_stripe() as stripe:
        data = stripe.v1.subscriptions.retrieve(row.stripe_id or "").to_dict()
        late = data["status"] in UNPAID
        listed = (
            stripe.v1.invoices.list({"subscription": row.stripe_id or "", "status": "open"}) if late else None
        )
    if id_of(data["customer"]) != row.payer.stripe_id:
        return row  # Somebody moved it at Stripe's; ours stays as it was until that is put right.
    row = lock_retainer(row.key)
    item = data["items"]["data"][0]
    row.status, over = data["status"], data["status"] in OVER
    row.period_start = moment(item.get("current_period_start"))
    row.period_end = moment(item.get("current_period_end"))
    row.cancel_at = None if over else moment(data.get("cancel_at"))
    if row.cancel_at is None and data.get("cancel_at_period_end") and not over:
        row.cancel_at = row.period_end
    if listed is not None:
        row.unpaid_since = unpaid_since([one.to_dict() for one in listed.data]) or row.period_start
    elif not over:
        row.unpaid_since = None  # once it is over it stays, because what was not paid has no second grace
    row.ended_at = (moment(data.get("ended_at")) or clock.now()) if over else None
    row.seen_at = clock.now()
    row.save()
    if over:
        release_all(row, actor)
    else:
        rewrite_covered(row)
    return row


def _get_held(row_id: int) -> Retainer:
    return Retainer.objects.select_related("payer__user").get(pk=row_id)
