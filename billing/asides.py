"""What is planned for the end of the period is set aside while a bank is asked on Stripe's page, and planned again unless it says yes.

Stripe's page changes no subscription that a schedule holds. Invariants: what is set aside is written down and committed before Stripe is
told, so that it is planned again whatever happens: when whoever went there comes back, else by a job an hour later; nothing is set
aside that would begin before a worker that was away for a day could plan it again; whoever decides something else about the plan
meanwhile has decided about this as well. A race that is tolerated: a bank's yes between Stripe's making of the new schedule and its
next answer, some milliseconds in which nobody who is back from that page presses its button.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from datetime import timedelta
from typing import Final

import structlog

from engagement.audit.actor import SYSTEM, Actor
from saas.core import clock
from saas.core.schemas import PUBLIC, enter_schema

from .acts import plan_later, release_schedule
from .attempts import State, drop_asides, settle
from .audit import record
from .choosing import Choice
from .errors import BillingBusyError, PlannedFirstError, StripeAwayError, StripeRefusedError
from .letters import write_plan_dropped
from .locks import holding_tenant
from .mirror import look_held, refresh_held
from .models import BillingAttempt, Subscription
from .plans import get_plan
from .wording import describe_standing

SET_ASIDE_FOR: Final = timedelta(hours=1)
LEAST_LEFT: Final = timedelta(days=1)
KIND: Final = BillingAttempt.Kind.ASIDE
log = structlog.get_logger(__name__)


def set_aside(*, row: Subscription, actor: Actor) -> None:
    """Let the subscription go of its schedule, if it has one; what that planned is kept. Idempotent: asked again, it is kept for
    longer.

    Holds the tenant's billing lock. Raises PlannedFirstError, StripeRefusedError, StripeAwayError, BillingBusyError: then what was
    planned stands, or stands again soon.
    """
    with holding_tenant(row.tenant_id):
        attempt = _write(row, actor)
    try:
        with holding_tenant(row.tenant_id):
            found, data = look_held(stripe_id=row.stripe_id)
            if found is None or not data.get("schedule"):
                return
            if found.next_plan and (attempt is None or attempt.wanted["plan"] != found.next_plan):
                raise BillingBusyError  # Somebody planned it in this very moment, and it was not written down.
            key = f"aside-{attempt.key}" if attempt else f"free-{data['schedule']['id']}"
            release_schedule(key=key, data=data)
            refresh_held(stripe_id=row.stripe_id)
    except (StripeAwayError, StripeRefusedError, BillingBusyError):
        put_back_soon(tenant_id=row.tenant_id)
        raise


def put_back_soon(*, tenant_id: int) -> None:
    """Nobody went to the bank after all: now, or where Stripe does not answer with the next job."""
    with enter_schema(PUBLIC):
        rows = BillingAttempt.objects.filter(tenant_id=tenant_id, kind=KIND, state=State.OPEN)
        rows.update(expires_at=clock.now())
    with suppress(StripeAwayError, BillingBusyError):
        put_back(tenant_id=tenant_id)


def put_back(*, tenant_id: int) -> bool:
    """Plan again what was set aside, unless the bank said yes or somebody decided something else meanwhile; whether it stands again.

    Holds the tenant's billing lock; idempotent, and so is each request by the key of what was set aside. Recorded in the community's
    audit log. Where Stripe takes it no more, payer and owner are written to. Raises StripeAwayError, BillingBusyError.
    """
    with enter_schema(PUBLIC):
        if not BillingAttempt.objects.filter(tenant_id=tenant_id, kind=KIND, state=State.OPEN).exists():
            return False
    try:
        with holding_tenant(tenant_id):
            return _put_back_held(tenant_id)
    except StripeRefusedError as error:
        log.error("planned_change_lost", tenant=tenant_id, error=str(error.__cause__))
    with holding_tenant(tenant_id):
        row = Subscription.objects.filter(tenant_id=tenant_id, ended_at=None).first()
        if drop_asides(tenant_id=tenant_id) and row is not None:
            write_plan_dropped(row)
    return False


def list_due_asides() -> list[int]:
    """Communities in which what was set aside is to be planned again by now."""
    with enter_schema(PUBLIC):
        rows = BillingAttempt.objects.filter(kind=KIND, state=State.OPEN, expires_at__lte=clock.now())
        return list(rows.order_by("tenant_id").values_list("tenant_id", flat=True).distinct())


def _write(row: Subscription, actor: Actor) -> BillingAttempt | None:
    """What is planned, written down; None where nothing is. The tenant's lock is held."""
    found, _ = look_held(stripe_id=row.stripe_id)
    if found is None:
        return None
    rows = BillingAttempt.objects.filter(tenant_id=row.tenant_id, kind=KIND, state=State.OPEN)
    standing = rows.order_by("-pk").first()
    if not found.next_plan and standing is None:
        return None
    if found.period_end is None or found.period_end - clock.now() < LEAST_LEFT:
        raise PlannedFirstError
    wanted = {
        "stripe_id": found.stripe_id,
        "plan": found.next_plan,
        "interval": found.next_interval,
        "quantity": found.next_quantity or found.quantity,
        "currency": found.currency,
        "standing": [found.plan, found.interval, found.quantity],
    }
    until = clock.now() + SET_ASIDE_FOR
    if standing is not None and (not found.next_plan or standing.wanted == wanted):
        rows.filter(pk=standing.pk).update(expires_at=until)
        return standing
    drop_asides(tenant_id=row.tenant_id)
    return BillingAttempt.objects.create(
        tenant=found.tenant,
        payer=found.payer,
        kind=KIND,
        wanted=wanted,
        actor=asdict(actor),
        expires_at=until,
    )


def _put_back_held(tenant_id: int) -> bool:
    rows = BillingAttempt.objects.filter(tenant_id=tenant_id, kind=KIND, state=State.OPEN)
    attempt = rows.order_by("-pk").first()
    if attempt is None:
        return False
    wanted = attempt.wanted
    row, data = look_held(stripe_id=wanted["stripe_id"])
    over = row is None or row.ended_at is not None or row.cancel_at is not None or row.next_plan
    if row is None or over or [row.plan, row.interval, row.quantity] != wanted["standing"]:
        drop_asides(tenant_id=tenant_id)
        return False
    choice = Choice(get_plan(wanted["plan"]), wanted["interval"], wanted["currency"], wanted["quantity"])
    began = row.period_start.timestamp() if row.period_start else 0
    planned = plan_later(key=f"{attempt.key}-{began:.0f}", data=data, choice=choice)
    after = refresh_held(stripe_id=row.stripe_id)
    if settle(attempt, State.DONE if planned else State.FAILED) and planned and after is not None:
        record(
            tenant=row.tenant,
            actor=SYSTEM,
            action="plan.change_planned",
            after={"plan": describe_standing(after)},
            note="It was set aside while a bank was asked.",
        )
    return planned
