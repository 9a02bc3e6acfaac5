"""Telling Stripe what an attempt is about, once, and writing down what came of it.

Invariants: the attempt was committed before; each call to Stripe carries the attempt's key, so that a repeat changes nothing more;
the tenant's lock is held from the last look at the subscription until our row is written; where an answer is lost, a job asks
again with the same key until it is known.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Final

import structlog

from saas.core import clock
from saas.core.errors import EngageHubError
from saas.core.schemas import PUBLIC, enter_schema
from saas.events.jobs import defer

from .acts import ACTS
from .attempts import REUSED_FOR, State, actor_of, drop_asides, settle
from .audit import record
from .errors import (
    BillingBusyError,
    CardDeclinedError,
    NoSubscriptionError,
    PlanChangedError,
    StripeAwayError,
    StripeRefusedError,
    StripeUnsureError,
)
from .locks import holding_tenant
from .mirror import look_held, refresh_held
from .models import BillingAttempt, Subscription
from .shifts import version_of
from .wording import describe_standing

_ASK_AGAIN: Final = timedelta(seconds=20)
log = structlog.get_logger(__name__)


def perform(attempt: BillingAttempt, *, is_new: bool) -> Subscription:
    """Do what the attempt says, and answer the subscription as it stands then. Idempotent.

    `is_new`: it was not sent before, so that where Stripe cannot be asked nothing was told either, and the attempt is over: a person
    who read that nothing was changed is not surprised later.

    Raises PlanChangedError where the plan is no longer what the attempt began from, CardDeclinedError, StripeRefusedError: then
    nothing was changed and the attempt has failed. StripeAwayError: nothing was changed, and it may be tried again.
    StripeUnsureError: a job finds out.
    """
    try:
        with holding_tenant(attempt.tenant_id):
            row, error = _perform_held(attempt)
    except StripeUnsureError:
        _ask_later(attempt)
        raise
    except (StripeAwayError, BillingBusyError):
        if is_new:
            settle(attempt, State.FAILED)
        raise
    except (CardDeclinedError, StripeRefusedError, NoSubscriptionError) as failed:
        log.info("billing_attempt_failed", attempt=attempt.key, kind=attempt.kind, error=failed.code)
        _give_up(attempt)
        raise
    if error is not None:
        raise error
    assert row is not None
    return row


def settle_attempt(*, attempt_id: int) -> bool:
    """Ask again about an attempt whose answer was lost; whether it is settled now. Nothing is sent any more after an hour: then
    what Stripe says of the subscription stands. Raises StripeAwayError, for another try."""
    with enter_schema(PUBLIC):
        rows = BillingAttempt.objects.select_related("tenant", "payer").filter(kind__in=ACTS)
        attempt = rows.filter(pk=attempt_id, state=State.OPEN).first()
    if attempt is None:
        return True
    if clock.now() >= attempt.created_at + REUSED_FOR:
        with holding_tenant(attempt.tenant_id):
            row = refresh_held(stripe_id=attempt.wanted["stripe_id"])
            reached = row is not None and is_reached(row, attempt)
            return settle(attempt, State.DONE if reached else State.FAILED)
    try:
        perform(attempt, is_new=False)
    except (StripeAwayError, BillingBusyError):
        raise
    except EngageHubError as error:
        log.warning("billing_attempt_failed", attempt=attempt.key, kind=attempt.kind, error=error.code)
    return True


def list_open_attempts() -> list[int]:
    """Ids of the changes that have been open for two minutes."""
    with enter_schema(PUBLIC):
        before = clock.now() - timedelta(minutes=2)
        rows = BillingAttempt.objects.filter(kind__in=ACTS, state=State.OPEN, created_at__lte=before)
        return list(rows.order_by("pk").values_list("pk", flat=True))


def _perform_held(attempt: BillingAttempt) -> tuple[Subscription | None, PlanChangedError | None]:
    """What is to be raised comes back as a value where our row was written, so that its transaction is kept."""
    attempt.refresh_from_db()
    # The last look before anything is told: with Stripe away it ends here, and nothing was changed.
    before, data = look_held(stripe_id=attempt.wanted["stripe_id"])
    if before is None or (before.ended_at is not None and attempt.kind != "cancel"):
        raise NoSubscriptionError
    if is_reached(before, attempt):
        # By an earlier try whose answer was lost, or by somebody else who wanted the same and is in the log with it.
        other = _last_done(attempt)
        if settle(attempt, State.DONE):
            drop_asides(tenant_id=attempt.tenant_id)
            if not (other and _is_alike(other, attempt)):
                _record(attempt, None, before)
        return before, None
    began_from = {attempt.wanted["version"], attempt.wanted["between"]} - {""}
    if attempt.state != State.OPEN or version_of(before) not in began_from:
        settle(attempt, State.FAILED)
        other = _last_done(attempt)
        return None, PlanChangedError(describe_standing(before), other.actor["name"] if other else "")
    try:
        ACTS[attempt.kind](attempt, data)
        after = refresh_held(stripe_id=before.stripe_id)
    except StripeUnsureError:
        raise
    except StripeAwayError as error:
        # One of several requests may have been taken before this one was turned away.
        raise StripeUnsureError from error
    assert after is not None
    if settle(attempt, State.DONE):
        drop_asides(tenant_id=attempt.tenant_id)
        _record(attempt, before, after)
    return after, None


def _give_up(attempt: BillingAttempt) -> None:
    """It came to nothing; what Stripe says now is looked at once more, since asking may have renewed a schedule."""
    settle(attempt, State.FAILED)
    with suppress(StripeAwayError, BillingBusyError), holding_tenant(attempt.tenant_id):
        refresh_held(stripe_id=attempt.wanted["stripe_id"])


def is_reached(row: Subscription, attempt: BillingAttempt) -> bool:
    """Whether the subscription stands as the attempt wanted it."""
    wanted = attempt.wanted
    if attempt.kind == "cancel":
        return row.cancel_at is not None or row.ended_at is not None
    if attempt.kind == "resume":
        return row.cancel_at is None
    if attempt.kind == "undo":
        return not row.next_plan
    goal = (wanted["plan"], wanted["interval"], wanted["quantity"])
    if wanted["when"] == "later":
        return (row.next_plan, row.next_interval, row.next_quantity) == goal
    return (row.plan, row.interval, row.quantity) == goal and not row.next_plan


def _last_done(attempt: BillingAttempt) -> BillingAttempt | None:
    """What was done last about this community's plan within the hour, by anybody."""
    done = BillingAttempt.objects.filter(
        tenant_id=attempt.tenant_id, state=State.DONE, settled_at__gt=clock.now() - REUSED_FOR
    )
    return done.filter(kind__in=_ACTIONS).exclude(pk=attempt.pk).order_by("-settled_at", "-pk").first()


def _is_alike(one: BillingAttempt, other: BillingAttempt) -> bool:
    goals = [[each.wanted.get(name) for name in ("plan", "interval", "quantity")] for each in (one, other)]
    return one.kind == other.kind and goals[0] == goals[1]


def _record(attempt: BillingAttempt, before: Subscription | None, after: Subscription) -> None:
    action = _ACTIONS[attempt.kind]
    if attempt.kind == "change" and attempt.wanted["when"] == "later":
        action = "plan.change_planned"
    record(
        tenant=attempt.tenant,
        actor=actor_of(attempt),
        action=action,
        before={"plan": describe_standing(before)} if before else None,
        after={"plan": describe_standing(after)},
    )


def _ask_later(attempt: BillingAttempt) -> None:
    from .jobs import settle_one_attempt

    defer(
        settle_one_attempt,
        tenant=PUBLIC,
        attempt_id=attempt.pk,
        run_at=clock.now() + _ASK_AGAIN,
        queueing_lock=f"settle {attempt.pk}",
    )


_ACTIONS: Final = {
    "change": "plan.changed",
    "cancel": "plan.cancelled",
    "resume": "plan.resumed",
    "undo": "plan.change_undone",
}
