"""Another plan, the end of one, and what takes either back.

Invariants: nothing is done but from what the person saw (the version in the form); of two who act at once the first counts and the
second is told what stands; what a preview showed is what is charged, because its moment comes along; where a payment fails,
everything stays as it was.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from engagement.audit.actor import Actor
from saas.core import clock

from .attempts import write_attempt
from .checkout import require_uncovered
from .locks import holding_tenant
from .models import Subscription
from .performing import perform
from .previews import check_change, get_live
from .shifts import kind_of, version_of, version_without_plan

SHOWN_FOR: Final = timedelta(hours=1)  # a preview's moment is charged as it was shown for so long


def change_plan(
    *,
    tenant_id: int,
    plan: str,
    interval: str,
    quantity: int = 1,
    proration_date: int,
    version: str,
    actor: Actor,
) -> Subscription:
    """Change the plan as `preview_change` showed it: more at once, less at the end of the period. A planned change is replaced.

    Holds the tenant's billing lock while Stripe is told; idempotency key: the attempt's, and the same form sent again within
    the hour is the same attempt. Raises as preview_change, and PlanChangedError, CardDeclinedError, StripeRefusedError,
    StripeUnsureError, BillingBusyError.
    """
    row, choice = check_change(tenant_id=tenant_id, plan=plan, interval=interval, quantity=quantity)
    wanted = {
        **choice.to_data(),
        "when": kind_of(row, choice),
        "proration_date": _check_date(row, proration_date),
        "by_invoice": row.by_invoice,
        # To be planned again where the payment fails.
        "planned": [row.next_plan, row.next_interval, row.next_quantity] if row.next_plan else [],
    }
    return _attempt("change", row, wanted, version, actor)


def cancel_subscription(*, tenant_id: int, version: str, actor: Actor) -> Subscription:
    """End the plan when what was paid for is used up; at once where its payment failed. A planned change falls.

    Lock, idempotency and errors as change_plan.
    """
    return _attempt("cancel", get_live(tenant_id), {}, version, actor)


def resume_subscription(*, tenant_id: int, version: str, actor: Actor) -> Subscription:
    """Take a cancellation back that has not taken effect. Lock, idempotency and errors as change_plan, and CoveredError where a
    retainer pays meanwhile."""
    row = get_live(tenant_id)
    require_uncovered(row.tenant)
    return _attempt("resume", row, {}, version, actor)


def undo_planned_change(*, tenant_id: int, version: str, actor: Actor) -> Subscription:
    """Take back what was planned for the end of the period. Lock, idempotency and errors as change_plan."""
    return _attempt("undo", get_live(tenant_id), {}, version, actor)


def _attempt(
    kind: str, row: Subscription, wanted: dict[str, Any], version: str, actor: Actor
) -> Subscription:
    version = version[:16]
    # What our own first request, taking the planned change back, makes of it: an attempt that got no further may go on from there.
    between = version_without_plan(row) if version == version_of(row) else ""
    wanted = {**wanted, "stripe_id": row.stripe_id, "version": version, "between": between}
    with holding_tenant(row.tenant_id):
        attempt, is_new = write_attempt(
            tenant=row.tenant, payer=row.payer, kind=kind, wanted=wanted, actor=actor
        )
    # It is committed now: whatever becomes of Stripe's answer, the next try sends the same key.
    return perform(attempt, is_new=is_new)


def _check_date(row: Subscription, proration_date: int) -> int:
    """A moment that a preview can have shown; else now. Nobody prorates back to the period's start."""
    now = int(clock.now().timestamp())
    began = int(row.period_start.timestamp()) if row.period_start else now
    shown = now - int(SHOWN_FOR.total_seconds())
    return proration_date if max(began, shown) <= proration_date <= now else max(now, began)
