"""A payer's subscription for use: begun with the first unit that is charged, mirrored, ended with the last plan."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

import structlog

from billing.errors import StripeRefusedError
from billing.locks import holding_payer
from billing.models import Payer, Subscription, UsageSubscription
from billing.plans import METERS
from billing.reading import OVER, UNPAID, id_of, moment
from billing.stripe_api import asking_stripe
from saas.core import clock
from saas.core.schemas import PUBLIC, enter_schema

from .models import MeterReport
from .months import month_of

MARK: Final = "usage"  # metadata[kind] of the subscription at Stripe's
DAYS_TO_PAY: Final = 14  # where the plan is paid by invoice
log = structlog.get_logger(__name__)


def ensure_usage_subscription(*, payer_id: int) -> UsageSubscription | None:
    """The payer's subscription for use as Stripe has it now, begun where there is none; None where no plan of theirs lives.

    Holds the payer's lock while Stripe is asked. Idempotent: asked twice, Stripe makes one. Raises StripeAwayError,
    StripeRefusedError, BillingBusyError.
    """
    with enter_schema(PUBLIC), holding_payer(payer_id):
        row = _living(payer_id)
        if row is not None:
            row = refresh_usage_held(row)
        if row is not None and row.ended_at is None:
            return row
        plan = _plan_of(payer_id)
        return None if plan is None else _begin(plan)


def refresh_usage_subscription(*, stripe_id: str) -> UsageSubscription | None:
    """Mirror it; None where it is none of ours. Holds the payer's lock. Raises StripeAwayError, BillingBusyError."""
    with enter_schema(PUBLIC):
        row = UsageSubscription.objects.filter(stripe_id=stripe_id).first()
        if row is None:
            return None
        with holding_payer(row.payer_id):
            return refresh_usage_held(row)


def end_idle_usage() -> int:
    """End those whose payer pays for no plan any more, once everything was reported; what was used is billed. Answers how many.

    Raises StripeAwayError, StripeRefusedError, BillingBusyError.
    """
    with enter_schema(PUBLIC):
        plans = Subscription.objects.filter(ended_at=None).values("payer_id")
        waiting = MeterReport.objects.filter(state=MeterReport.State.WAITING, payer_id__isnull=False).values(
            "payer_id"
        )
        living = UsageSubscription.objects.filter(ended_at=None)
        idle = list(living.exclude(payer_id__in=plans).exclude(payer_id__in=waiting))
        for row in idle:
            with holding_payer(row.payer_id):
                _end(row)
    return len(idle)


def is_usage(data: dict[str, Any]) -> bool:
    """Whether a subscription of Stripe's is one for use."""
    return bool((data.get("metadata") or {}).get("kind") == MARK)


def refresh_usage_held(row: UsageSubscription) -> UsageSubscription:
    """As refresh_usage_subscription, for a caller that holds the payer's lock."""
    with asking_stripe() as stripe:
        data = stripe.v1.subscriptions.retrieve(row.stripe_id).to_dict()
    return _mirror(row.payer_id, data)


def is_overdue(row: UsageSubscription | None) -> bool:
    """Whether what was used before is not paid, so that nothing more is sold."""
    return row is not None and row.ended_at is None and row.status in UNPAID


def _living(payer_id: int) -> UsageSubscription | None:
    return UsageSubscription.objects.filter(payer_id=payer_id, ended_at=None).first()


def _plan_of(payer_id: int) -> Subscription | None:
    """The oldest plan of the payer's that lives: use is paid as it is."""
    living = Subscription.objects.select_related("payer").filter(payer_id=payer_id, ended_at=None)
    return living.exclude(status="paused").order_by("pk").first()


def _begin(plan: Subscription) -> UsageSubscription:
    """From now on, in calendar months. Nothing is due before something was used."""
    now = clock.now()
    # Who had one before and ended it gets another; who lost an answer gets the same.
    former = UsageSubscription.objects.filter(payer_id=plan.payer_id).count()
    with asking_stripe() as stripe:
        standing = _find_at_stripe(stripe, plan.payer.stripe_id or "")
        if standing is not None:
            return _mirror(plan.payer_id, standing)
        paid = stripe.v1.subscriptions.retrieve(plan.stripe_id).to_dict()
        asked: dict[str, Any] = {
            "customer": plan.payer.stripe_id or "",
            "items": [{"price": price} for price in _prices(stripe, plan.currency)],
            "currency": plan.currency,
            "billing_cycle_anchor": int(month_of(now)[1].timestamp()),
            "proration_behavior": "none",
            "metadata": {"kind": MARK, "payer": plan.payer.key},
            **_way_to_pay(paid),
        }
        key = f"usage-{plan.payer.key}-{former}-{plan.stripe_id}-{now:%Y-%m}"
        made = stripe.v1.subscriptions.create(asked, {"idempotency_key": key})  # type: ignore[arg-type]
    return _mirror(plan.payer_id, made.to_dict())


def _find_at_stripe(stripe: Any, customer: str) -> dict[str, Any] | None:
    """One that was made by a process which died before it could say so, however long ago: two would bill everything twice."""
    listed = stripe.v1.subscriptions.list({"customer": customer, "limit": 100})
    found = (one.to_dict() for one in listed.auto_paging_iter())
    return next((data for data in found if is_usage(data) and data["status"] not in OVER), None)


def _prices(stripe: Any, currency: str) -> list[str]:
    """Of all meters, billed by the month. Raises StripeRefusedError where `sync_plans` has not run."""
    keys = [meter.lookup_key("month") for meter in METERS.values()]
    listed = stripe.v1.prices.list({"lookup_keys": keys, "active": True, "limit": 10})
    found = {price.lookup_key: price.id for price in listed.data}
    missing = sorted(set(keys) - found.keys())
    if missing:
        log.error(
            "prices_missing_at_stripe", lookup_keys=missing, currency=currency, remedy="manage.py sync_plans"
        )
        raise StripeRefusedError
    return [found[key] for key in keys]


def _way_to_pay(paid: dict[str, Any]) -> dict[str, Any]:
    """As the plan is paid."""
    if paid.get("collection_method") == "send_invoice":
        return {
            "collection_method": "send_invoice",
            "days_until_due": paid.get("days_until_due") or DAYS_TO_PAY,
        }
    method = id_of(paid.get("default_payment_method"))
    return {"default_payment_method": method} if method else {}


def _end(row: UsageSubscription) -> None:
    row = refresh_usage_held(row)
    if row.ended_at is None:
        with asking_stripe() as stripe:
            ended = stripe.v1.subscriptions.cancel(
                row.stripe_id,
                {"invoice_now": True, "prorate": False},
                {"idempotency_key": f"end-{row.stripe_id}"},
            )
        _mirror(row.payer_id, ended.to_dict())


def _mirror(payer_id: int, data: dict[str, Any]) -> UsageSubscription:
    start, end = _period_of(data["items"]["data"])
    over = data["status"] in OVER
    row, _ = UsageSubscription.objects.update_or_create(
        stripe_id=data["id"],
        defaults={
            "payer": Payer(pk=payer_id),
            "currency": data["currency"],
            "status": data["status"],
            "period_start": datetime.fromtimestamp(start, UTC),
            "period_end": datetime.fromtimestamp(end, UTC),
            "began_at": datetime.fromtimestamp(data["created"], UTC),
            "ended_at": (moment(data.get("ended_at")) or clock.now()) if over else None,
            "seen_at": clock.now(),
        },
    )
    return row


def _period_of(items: Iterable[dict[str, Any]]) -> tuple[int, int]:
    item = next(iter(items))
    return item["current_period_start"], item["current_period_end"]
