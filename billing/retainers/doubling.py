"""Communities that are paid for twice: by a plan of their own and by a retainer. Found once an hour, told to staff, and ended.

Invariant: of two payments for one community one ends, with credit for what is left of it. Who bought on a page that was opened before
the community was covered, meant what the retainer pays by now: the purchase ends. Who bought while the retainer was about to end, or
was not paid, chose a plan deliberately: the community leaves the retainer, whose place is free again.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from billing.audit import record
from billing.letters import write_bought_twice
from billing.locks import holding_tenant
from billing.mirror import end_at_stripe, refresh_held
from billing.models import BillingAttempt, RetainerPlace, Subscription
from billing.wording import plan_name
from engagement.audit.actor import SYSTEM
from saas.core.schemas import PUBLIC, enter_schema

from .covering import leave_for_own_plan, lock_retainer
from .selectors import goes_on

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Double:
    """`stays`: what goes on being paid, retainer or plan."""

    tenant_id: int
    stripe_id: str
    stays: str


def list_doubles() -> list[Double]:
    """Communities whose own plan goes on while a retainer pays for them and goes on as well. Two queries, and one for each found."""
    with enter_schema(PUBLIC):
        places = RetainerPlace.objects.select_related("retainer").filter(left_at=None)
        own = {
            row.tenant_id: row
            for row in Subscription.objects.filter(
                ended_at=None, cancel_at=None, tenant_id__in=places.values("tenant_id")
            )
        }
        found = []
        for place in places.filter(tenant_id__in=own).order_by("pk"):
            if goes_on(place.retainer):
                row = own[place.tenant_id]
                found.append(Double(place.tenant_id, row.stripe_id, _what_stays(place, row)))
    return found


def end_double(*, tenant_id: int) -> str:
    """End what is paid in vain; answers what stays, empty where nothing is paid twice any more. Idempotent.

    Holds the tenant's billing lock, then the retainer's row. Recorded in the community's audit log; whose purchase ended is written
    to. Raises StripeAwayError, StripeUnsureError, BillingBusyError.
    """
    with holding_tenant(tenant_id):
        place = (
            RetainerPlace.objects.select_related("retainer").filter(tenant_id=tenant_id, left_at=None).first()
        )
        row = _own_plan(tenant_id)
        if place is None or row is None or not goes_on(place.retainer):
            return ""
        stays = _what_stays(place, row)
        log.error("plan_paid_twice", tenant=tenant_id, subscription=row.stripe_id, stays=stays)
        if stays == "plan":
            retainer = lock_retainer(place.retainer.key)
            held = RetainerPlace.objects.filter(pk=place.pk, retainer=retainer, left_at=None).first()
            if held is not None:
                leave_for_own_plan(held, SYSTEM)
            return stays
        end_at_stripe(row.stripe_id)
        refresh_held(stripe_id=row.stripe_id)
        record(
            tenant=row.tenant,
            actor=SYSTEM,
            action="plan.cancelled",
            before={"plan": plan_name(row.plan)},
            after={"plan": plan_name(place.retainer.plan), "payer": str(place.retainer.payer)},
            note="It was bought although a retainer pays for the community.",
        )
        write_bought_twice(row, place)
    return stays


def _own_plan(tenant_id: int) -> Subscription | None:
    rows = Subscription.objects.select_related("tenant", "payer__user")
    return rows.filter(tenant_id=tenant_id, ended_at=None, cancel_at=None).first()


def _what_stays(place: RetainerPlace, row: Subscription) -> str:
    """By when somebody was let onto the page, not by when they paid there: since it is covered, only who chose is."""
    asked = BillingAttempt.objects.filter(
        tenant_id=place.tenant_id, payer_id=row.payer_id, kind__in=("checkout", "invoice")
    )
    attempt = asked.order_by("-pk").first()
    chosen = attempt is not None and attempt.created_at > place.joined_at
    return "plan" if chosen else "retainer"
