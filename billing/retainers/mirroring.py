"""Our copy of a retainer, always written from what Stripe says under the payer's lock; and its first day, when Stripe has made its
subscription.

Invariants: whoever brings the news, in whatever order and however often, the row says what Stripe says now; what follows for the
communities is written in the same transaction.
"""

from __future__ import annotations

from typing import Any

from billing.audit import record
from billing.locks import holding_payer
from billing.mirror import fetch_subscription
from billing.models import Payer, Retainer, RetainerPlace
from billing.reading import OVER, UNPAID, id_of, moment, unpaid_since
from billing.stripe_api import asking_stripe, telling_stripe
from billing.wording import plan_name
from engagement.audit.actor import SYSTEM, Actor
from saas.core import clock
from saas.core.schemas import PUBLIC, enter_schema

from .covering import lock_retainer, release_all, rewrite_covered
from .terms import NOT_STARTED, is_retainer, read_deals


def refresh_retainer(*, stripe_id: str) -> Retainer | None:
    """Mirror it, and what its communities may do; None where it is none of ours. One that was agreed ahead is known by what stands on
    the subscription that Stripe made on its day. Holds the payer's lock. Idempotent, in any order.

    Raises StripeAwayError, BillingBusyError."""
    with enter_schema(PUBLIC):
        row = Retainer.objects.filter(stripe_id=stripe_id).first() or _find_ahead(stripe_id)
    if row is None:
        return None
    with holding_payer(row.payer_id):
        row = get_held(row.pk)
        return refresh_held(row, SYSTEM) if row.stripe_id else adopt_held(row, stripe_id)


def refresh_ahead(*, key: str) -> Retainer:
    """Ask Stripe whether one that was agreed ahead has begun, or was called off there. Holds the payer's lock. Idempotent."""
    with enter_schema(PUBLIC):
        payer_id = Retainer.objects.values_list("payer_id", flat=True).get(key=key)
    with holding_payer(payer_id):
        row = Retainer.objects.select_related("payer__user").get(key=key)
        return refresh_ahead_held(row, SYSTEM)


def refresh_ahead_held(row: Retainer, actor: Actor) -> Retainer:
    """As refresh_ahead, for a caller that holds the payer's lock."""
    if row.ended_at is not None or row.stripe_id or not row.schedule_id:
        return row
    with asking_stripe() as stripe:
        schedule = stripe.v1.subscription_schedules.retrieve(row.schedule_id).to_dict()
    begun = id_of(schedule.get("subscription")) or str(schedule.get("released_subscription") or "")
    if begun:
        return adopt_held(row, begun)
    if schedule["status"] in {"released", "canceled", "completed"}:
        row = lock_retainer(row.key)
        row.status, row.ended_at, row.seen_at = "called_off", clock.now(), clock.now()
        row.save(update_fields=["status", "ended_at", "seen_at"])
        release_all(row, actor)
    return row


def adopt_held(row: Retainer, stripe_id: str) -> Retainer:
    """Its day has come: from now on it is its subscription, which the schedule lets go, with its agreed end. Safe to repeat: the row
    knows it only when all of it is done. The payer's lock is held."""
    with telling_stripe() as stripe:
        data = stripe.v1.subscriptions.retrieve(stripe_id).to_dict()
        schedule = id_of(data.get("schedule"))
        if schedule:
            stripe.v1.subscription_schedules.release(schedule, {}, {"idempotency_key": f"adopt-{schedule}"})
        ends = row.ends_at
        if ends is not None and ends > clock.now() and data["status"] not in OVER and not data["cancel_at"]:
            stripe.v1.subscriptions.update(
                stripe_id, {"cancel_at": int(ends.timestamp())}, {"idempotency_key": f"ends-{stripe_id}"}
            )
    if not row.payer.currency:
        Payer.objects.filter(pk=row.payer_id, currency="").update(currency=row.currency)
    row.stripe_id = stripe_id
    row.save(update_fields=["stripe_id"])
    return refresh_held(row, SYSTEM)


def refresh_held(row: Retainer, actor: Actor) -> Retainer:
    """As refresh_retainer, for a caller that holds the payer's lock. What follows for the communities is in the same transaction."""
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
    former = _write_terms(row, data)
    row.save()
    if over:
        release_all(row, actor)
    else:
        rewrite_covered(row)
        if former != row.plan:
            _tell_plan(row, former, actor)
    return row


def get_held(row_id: int) -> Retainer:
    return Retainer.objects.select_related("payer__user").get(pk=row_id)


def _write_terms(row: Retainer, data: dict[str, Any]) -> str:
    """On the row, which the caller saves; answers the plan that it named before."""
    former = row.plan
    before = (row.plan, row.amount, row.places, row.days_until_due, row.planned)
    held, planned = read_deals(row, data)
    row.plan, row.amount, row.places = held.plan, held.amount, held.places
    row.days_until_due, row.planned = held.days_until_due, planned.to_data() if planned else {}
    if before != (row.plan, row.amount, row.places, row.days_until_due, row.planned):
        row.revision += 1
    return former


def _tell_plan(row: Retainer, former: str, actor: Actor) -> None:
    """In the log of each community whose plan is another now."""
    places = RetainerPlace.objects.select_related("tenant").filter(retainer=row, left_at=None)
    for place in places.order_by("tenant_id"):
        record(
            tenant=place.tenant,
            actor=actor,
            action="plan.cover_changed",
            before={"plan": plan_name(former)},
            after={"plan": plan_name(row.plan), "payer": str(row.payer)},
        )


def _find_ahead(stripe_id: str) -> Retainer | None:
    """One whose first day was ahead, by what we wrote on its schedule; the customer must be its payer's."""
    ahead = Retainer.objects.select_related("payer").filter(stripe_id=None, ended_at=None, status=NOT_STARTED)
    if not ahead.exists():
        return None
    data = fetch_subscription(stripe_id)
    if data is None or not is_retainer(data):
        return None
    row = ahead.filter(key=str(data["metadata"].get("retainer") or "")[:26]).first()
    return row if row is not None and row.payer.stripe_id == id_of(data["customer"]) else None
