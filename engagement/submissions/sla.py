"""What time does: reviewers are reminded of what waits, admins of what waits too long, and members are told the outcome.

A type's promise is `sla_hours`. Step 1: half of it is over; step 2: all of it; step 3: a day more, and it goes to the admins. Each
submission passes each step once. The steps of a tenant are looked at together, every TICK at most, so that a queue that piles up
makes one reminder and not hundreds.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Final

from django.db import connection, transaction

from saas.core import clock
from saas.events import publish
from saas.events.jobs import JobRow, defer_rows
from tenants.context import TenantContext

from .events import SubmissionDecided, SubmissionOverdue
from .models import Submission
from .states import DECIDED, PENDING

REMIND: Final = "engagement.submissions.remind_reviewers"
TELL: Final = "engagement.submissions.tell_outcome"
TICK: Final = timedelta(minutes=10)
ESCALATE_AFTER: Final = timedelta(days=1)
MAX_IDS: Final = 100
_EPOCH: Final = datetime.fromisoformat("2020-01-01T00:00:00+00:00")
_PASS: Final = f"""
WITH due AS (
  SELECT s.id, CASE WHEN s.due_at + interval '{ESCALATE_AFTER.days} day' <= %(now)s THEN 3 WHEN s.due_at <= %(now)s THEN 2 ELSE 1 END AS step
  FROM submission s JOIN submission_type t ON t.id = s.type_id
  WHERE s.state = '{PENDING}' AND s.due_at IS NOT NULL
    AND s.due_at - coalesce(t.sla_hours, 0) * interval '30 minutes' <= %(now)s
), passed AS (
  UPDATE submission s SET reminded = due.step FROM due
  WHERE s.id = due.id AND s.state = '{PENDING}' AND s.reminded < due.step
  RETURNING s.id, s.type_id, s.reminded, s.due_at
)
SELECT p.id, p.type_id, p.reminded, p.due_at, t.name FROM passed p JOIN submission_type t ON t.id = p.type_id
ORDER BY p.due_at, p.id"""


def watch(*, due_at: datetime, sla_hours: int, context: TenantContext) -> None:
    """Have reviewers reminded at each step of what was handed in, in the caller's transaction."""
    steps = (due_at - timedelta(hours=sla_hours) / 2, due_at, due_at + ESCALATE_AFTER)
    with connection.cursor() as cursor:
        defer_rows(cursor, [_tick(context.schema, moment) for moment in steps])


@transaction.atomic
def remind_reviewers() -> int:
    """Pass the steps that are due, each once, and answer how many there were. Publishes SubmissionOverdue, one for each type and step.

    Locks what it passes; idempotent by conditional update.
    """
    with connection.cursor() as cursor:
        cursor.execute(_PASS, {"now": clock.now()})
        rows = cursor.fetchall()
    groups: dict[tuple[int, int], list[tuple[int, datetime, str]]] = defaultdict(list)
    for pk, type_id, step, due_at, name in rows:
        groups[type_id, step].append((pk, due_at, name))
    for (type_id, step), passed in groups.items():
        _first, due_at, name = passed[0]
        ids = [pk for pk, _due, _name in passed[:MAX_IDS]]
        publish(SubmissionOverdue(type_id, name, step, len(passed), due_at.isoformat(), ids))
    return len(rows)


@transaction.atomic
def tell_outcome(*, submission_id: int, context: TenantContext) -> bool:
    """Let the member be told of a decision that stands, once; answers whether it was now. Publishes SubmissionDecided.

    Locks the row, so that a decision that is taken back at this moment either was told or is not.
    """
    found = (
        Submission.objects.select_for_update(of=("self",))
        .select_related("type")
        .filter(pk=submission_id)
        .first()
    )
    if found is None or found.told_after is None or found.told_at is not None or found.state not in DECIDED:
        return False
    now = clock.now()
    if found.told_after > now:  # decided again meanwhile, which has a job of its own; or two clocks differ
        tell_later(found, found.told_after + timedelta(seconds=1), context)
        return False
    found.told_at = now
    found.save(update_fields=["told_at"])
    publish(
        SubmissionDecided(
            submission_id=found.pk,
            member_id=found.member_id,
            type_id=found.type_id,
            state=found.state,
            points=found.points,
            reason=found.reason,
            title=found.title,
            type_name=found.type.name,
            decided_by=found.decided_by,
        )
    )
    return True


def tell_later(submission: Submission, moment: datetime, context: TenantContext) -> None:
    row = JobRow(
        TELL,
        context.schema,
        {"submission_id": submission.pk},
        run_at=moment,
        queueing_lock=f"tell submission {submission.pk} at {int(moment.timestamp())}",
    )
    with connection.cursor() as cursor:
        defer_rows(cursor, [row])


def _tick(schema: str, moment: datetime) -> JobRow:
    at = _ceiled(moment)
    return JobRow(REMIND, schema, run_at=at, queueing_lock=f"remind reviewers {at:%Y-%m-%dT%H:%M}")


def _ceiled(moment: datetime) -> datetime:
    return moment + (-(moment - _EPOCH) % TICK)
