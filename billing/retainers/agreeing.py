"""A retainer is agreed, begun at Stripe at once or on a later day, called off before, and ended.

What is agreed is committed before Stripe is told, and its key is the idempotency key there: whatever becomes of the answer, asking
again with the same terms changes nothing twice. One that begins on a later day is a schedule at Stripe's, which makes the subscription
on its day; nothing is billed before.
"""

from __future__ import annotations

from typing import Any, cast

from django.db import transaction

from billing.choosing import check_currency
from billing.errors import StripeRefusedError
from billing.locks import holding_payer
from billing.mirror import end_at_stripe
from billing.models import Payer, Retainer
from billing.payers import add_company, obtain_customer
from billing.stripe_api import telling_stripe
from engagement.audit.actor import SYSTEM, Actor
from saas.core import clock
from saas.core.schemas import PUBLIC, enter_schema
from saas.core.text import clean_line
from tenants.models import User

from .errors import PlannedTermsError, RetainerBegunError, RetainerEndedError, RetainerStandsError
from .mirroring import get_held, refresh_ahead_held, refresh_held
from .selectors import get_retainer
from .terms import AGREED, NOT_STARTED, Terms, about, check_terms, deal_of, make_price


def agree_retainer(*, user: User, company: str, email: str, terms: Terms, note: str = "") -> Retainer:
    """Begin a retainer that `user`'s company pays by invoice, from now on or from the day agreed. The same terms asked again are the
    same retainer.

    Holds the payer's lock while Stripe is told. Raises InvalidInputError, PlanNotFoundError, PlanNotForSaleError, RetainerStandsError,
    StripeAwayError, StripeRefusedError, StripeUnsureError, BillingBusyError (ask again).
    """
    check_terms(terms)
    payer = add_company(user=user, name=company, email=email)
    check_currency(payer, terms.currency)
    obtain_customer(payer=payer)
    wanted = {name: getattr(terms, name) for name in AGREED}
    with enter_schema(PUBLIC), transaction.atomic():
        Payer.objects.select_for_update().get(pk=payer.pk)
        row = Retainer.objects.filter(payer=payer, ended_at=None).first()
        if row is None:
            row = Retainer.objects.create(payer=payer, note=clean_line(note, limit=200), **wanted)
        elif wanted != {name: getattr(row, name) for name in AGREED}:
            raise RetainerStandsError(str(payer), row.key)
    # It is committed now.
    if row.stripe_id or row.schedule_id:
        return row
    try:
        with holding_payer(payer.pk):
            return _begin(row)
    except StripeRefusedError:
        unbegun = Retainer.objects.filter(pk=row.pk, stripe_id=None, schedule_id="")
        unbegun.update(ended_at=clock.now(), status="refused")
        raise


def call_off_retainer(*, key: str, actor: Actor = SYSTEM) -> Retainer:
    """It never begins, and nobody is covered by it. Idempotent.

    Holds the payer's lock while Stripe is told. Raises RetainerNotFoundError; RetainerBegunError where its day has come, which changes
    nothing; StripeAwayError, StripeUnsureError.
    """
    row = get_retainer(key=key)
    with holding_payer(row.payer_id):
        row = refresh_ahead_held(get_held(row.pk), actor)
        if row.ended_at is not None:
            return row
        if row.schedule_id and not row.stripe_id:
            with telling_stripe() as stripe:
                # Let go, not cancelled: had it begun in this very moment, its subscription would stay as it is.
                stripe.v1.subscription_schedules.release(
                    row.schedule_id, {}, {"idempotency_key": f"call-off-{row.key}"}
                )
            row = refresh_ahead_held(row, actor)
        if row.ended_at is not None:
            return row
        begun = row.key
    raise RetainerBegunError(begun)


def end_retainer(*, key: str, at_once: bool = False, actor: Actor = SYSTEM) -> Retainer:
    """It renews no more and ends with what was paid for; `at_once`: now, and what is left becomes the payer's credit. One that has not
    begun is called off. Idempotent.

    Holds the payer's lock while Stripe is told. Raises RetainerNotFoundError, PlannedTermsError at once where other terms are planned,
    StripeAwayError, StripeUnsureError.
    """
    row = get_retainer(key=key)
    if row.status == NOT_STARTED and not row.stripe_id:
        return call_off_retainer(key=key, actor=actor)
    with holding_payer(row.payer_id):
        row = get_held(row.pk)
        if row.ended_at is not None or not row.stripe_id:
            return row
        if at_once:
            if row.planned:
                raise PlannedTermsError
            end_at_stripe(row.stripe_id, unpaid=row.unpaid_since is not None)
        elif row.cancel_at is None:
            with telling_stripe() as stripe:
                stripe.v1.subscriptions.update(row.stripe_id, {"cancel_at_period_end": True})
        return refresh_held(row, actor)


def renew_retainer(*, key: str, actor: Actor = SYSTEM) -> Retainer:
    """Take its end back, also the one that was agreed: it renews again. Idempotent. Raises as end_retainer, and RetainerEndedError."""
    row = get_retainer(key=key)
    with holding_payer(row.payer_id):
        row = get_held(row.pk)
        if row.ended_at is not None or not row.stripe_id:
            raise RetainerEndedError
        if row.cancel_at is not None:
            with telling_stripe() as stripe:
                stripe.v1.subscriptions.update(row.stripe_id, {"cancel_at": ""})
            Retainer.objects.filter(pk=row.pk).update(ends_at=None)
        return refresh_held(get_held(row.pk), actor)


def _begin(row: Retainer) -> Retainer:
    """The payer's lock is held."""
    row = get_held(row.pk)
    if row.stripe_id or row.schedule_id:
        return row
    price = make_price(row, deal_of(row))
    if row.starts_at is not None:
        return _begin_ahead(row, price)
    asked: dict[str, Any] = {
        "customer": row.payer.stripe_id or "",
        "currency": row.currency,
        "items": [{"price": price, "quantity": 1}],
        "collection_method": "send_invoice",
        "days_until_due": row.days_until_due,
        "metadata": about(row),
    }
    if row.ends_at is not None:
        asked |= {"cancel_at": int(row.ends_at.timestamp())}
    with telling_stripe() as stripe:
        made = stripe.v1.subscriptions.create(asked, {"idempotency_key": f"retainer-{row.key}"})  # type: ignore[arg-type]
    if not row.payer.currency:
        Payer.objects.filter(pk=row.payer_id, currency="").update(currency=row.currency)
    row.stripe_id = made.id
    row.save(update_fields=["stripe_id"])
    return refresh_held(row, SYSTEM)


def _begin_ahead(row: Retainer, price: str) -> Retainer:
    """A schedule whose day is ahead. Stripe makes the subscription then; its news, or the hourly comparison, bring it here."""
    with telling_stripe() as stripe:
        made = stripe.v1.subscription_schedules.create(
            cast("Any", describe_schedule(row, price)), {"idempotency_key": f"retainer-{row.key}"}
        )
    row.schedule_id, row.status, row.seen_at = made.id, NOT_STARTED, clock.now()
    row.save(update_fields=["schedule_id", "status", "seen_at"])
    return row


def describe_schedule(row: Retainer, price: str) -> dict[str, Any]:
    assert row.starts_at is not None
    return {
        "customer": row.payer.stripe_id or "",
        "start_date": int(row.starts_at.timestamp()),
        "end_behavior": "release",
        "metadata": about(row),
        "default_settings": {
            "collection_method": "send_invoice",
            "invoice_settings": {"days_until_due": row.days_until_due},
        },
        "phases": [describe_phase(row, price, row.days_until_due)],
    }


def describe_phase(row: Retainer, price: str, days: int) -> dict[str, Any]:
    """Its first period; the schedule lets the subscription go before that is over."""
    return {
        "items": [{"price": price, "quantity": 1}],
        "currency": row.currency,
        "metadata": about(row),
        "collection_method": "send_invoice",
        "invoice_settings": {"days_until_due": days},
        "duration": {"interval": row.interval, "interval_count": 1},
    }
