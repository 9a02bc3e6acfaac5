"""What keeps the inbox right: lost jobs are deferred again, failed events replayed, old ones forgotten."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import connection, transaction
from django.db.models import Q

from billing.models import StripeEvent
from saas.core import clock
from saas.events.jobs import PUBLIC, JobRow, defer_rows

from .errors import ReplayRefusedError, StripeEventNotFoundError
from .receiving import job_row

COMPARISON: Final = "billing.inbox.reconcile"  # by name, as the inbox is below it
UNSETTLED: Final = timedelta(minutes=2)
KEPT: Final = timedelta(days=90)
SWEPT_AT_ONCE: Final = 500
PRUNED_AT_ONCE: Final = 5_000
State = StripeEvent.State


def sweep_unsettled() -> int:
    """Defer the jobs of events that were stored a while ago, are in nobody's hands and have no job. Answers how many.

    A job that waits, also for its next try, stays as it is: one of an event waits at most.
    """
    now = clock.now()
    lost = (
        StripeEvent.objects.filter(state=State.RECEIVED, received_at__lte=now - UNSETTLED)
        .filter(Q(claimed_until=None) | Q(claimed_until__lte=now))
        .order_by("pk")
        .values_list("pk", flat=True)[:SWEPT_AT_ONCE]
    )
    with transaction.atomic(), connection.cursor() as cursor:
        return defer_rows(cursor, [job_row(pk) for pk in lost])


def replay_event(*, event_id: int) -> StripeEvent:
    """Work a settled event off once more, its tries counted anew. What it is about is fetched again, so nothing counts twice.

    Raises StripeEventNotFoundError, ReplayRefusedError for one that waits already.
    """
    with transaction.atomic():
        changed = _wake(Q(pk=event_id))
        event = StripeEvent.objects.filter(pk=event_id).first()
        if event is None:
            raise StripeEventNotFoundError
        if not changed:
            raise ReplayRefusedError
        return event


def replay_failed() -> int:
    """Work all failed events off once more. Answers how many."""
    with transaction.atomic():
        return len(_wake(Q(state=State.FAILED)))


def prune_events() -> int:
    """Forget what was settled 90 days ago. Answers how many rows went."""
    gone = 0
    while True:
        old = StripeEvent.objects.filter(settled_at__lte=clock.now() - KEPT).exclude(state=State.RECEIVED)
        count, _ = StripeEvent.objects.filter(
            pk__in=list(old.values_list("pk", flat=True)[:PRUNED_AT_ONCE])
        ).delete()
        gone += count
        if count < PRUNED_AT_ONCE:
            return gone


def defer_comparison() -> None:
    """Have everything compared with Stripe soon. One waits at most."""
    with connection.cursor() as cursor:
        defer_rows(cursor, [JobRow(COMPARISON, PUBLIC, queueing_lock="reconcile")])


def _wake(which: Q) -> list[int]:
    """Claims by conditional update: two who press the button at once wake each event once."""
    found = list(
        StripeEvent.objects.select_for_update()
        .filter(which)
        .exclude(state=State.RECEIVED)
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    StripeEvent.objects.filter(pk__in=found).update(
        state=State.RECEIVED, tries=0, error="", settled_at=None, claimed_until=None
    )
    with connection.cursor() as cursor:
        defer_rows(cursor, [job_row(pk) for pk in found])
    return found
