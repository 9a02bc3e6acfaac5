"""The job table as people look at it: what waits, what runs, what failed; and running something again.

Read and changed in the public schema, whichever is in hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from django.db import connection
from procrastinate.contrib.django import app
from procrastinate.exceptions import ConnectorException

from saas.core import clock
from saas.core.errors import ConflictError, NotFoundError

STATES: Final = ("failed", "doing", "todo", "succeeded", "cancelled", "aborted")
MAX_SHOWN: Final = 100
_ROWS: Final = """
SELECT j.id, j.task_name, j.queue_name, j.status::text, j.attempts, j.args, j.scheduled_at,
  (SELECT max(e.at) FROM public.procrastinate_events e WHERE e.job_id = j.id) AS changed_at
FROM public.procrastinate_jobs j WHERE {where} ORDER BY j.id DESC LIMIT %s
"""


class JobNotFoundError(NotFoundError):
    code = "job_not_found"

    def __init__(self, job_id: int) -> None:
        super().__init__(f"There is no job {job_id}. Those that succeeded are forgotten after a day.")


class JobNotFailedError(ConflictError):
    """Only what failed can be run again, only what waits can be cancelled."""

    code = "job_in_other_state"


@dataclass(frozen=True, slots=True)
class QueuedJob:
    """One row. `tenant` is the schema that it names, or public; `changed_at` the moment of its last event."""

    job_id: int
    name: str
    queue: str
    state: str
    attempts: int
    tenant: str
    arguments: dict[str, Any]
    due_at: datetime | None
    changed_at: datetime | None


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """A queue: how many wait and are due, run and failed, and for how many seconds the oldest due one has been."""

    queue: str
    waiting: int
    running: int
    failed: int
    oldest_seconds: int


def list_queues() -> list[QueueFigures]:
    """Every queue in which something waits, runs or failed. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT queue_name, count(*) FILTER (WHERE status = 'todo'), count(*) FILTER (WHERE status = 'doing'), "
            "count(*) FILTER (WHERE status = 'failed'), coalesce(extract(epoch FROM now() - min(coalesce(scheduled_at, "
            "(SELECT min(e.at) FROM public.procrastinate_events e WHERE e.job_id = j.id))) FILTER (WHERE status = 'todo' "
            "AND coalesce(scheduled_at, now()) <= now())), 0)::bigint "
            "FROM public.procrastinate_jobs j WHERE status IN ('todo', 'doing', 'failed') GROUP BY 1 ORDER BY 1"
        )
        return [
            QueueFigures(queue, waiting, running, failed, max(0, int(oldest)))
            for queue, waiting, running, failed, oldest in cursor.fetchall()
        ]


def list_queued(*, state: str = "failed", tenant: str = "", name: str = "") -> list[QueuedJob]:
    """The newest MAX_SHOWN jobs in that state, of one tenant's schema and whose name contains `name`, where given."""
    where, values = (
        ["j.status = %s::public.procrastinate_job_status"],
        [state if state in STATES else "failed"],
    )
    if tenant:
        where.append("j.args->>'tenant' = %s")
        values.append(tenant[:63])
    if name:
        where.append("strpos(j.task_name, %s) > 0")
        values.append(name.replace("\x00", "")[:200])
    with connection.cursor() as cursor:
        cursor.execute(_ROWS.format(where=" AND ".join(where)), [*values, MAX_SHOWN])
        return [_read(row) for row in cursor.fetchall()]


def get_queued(*, job_id: int) -> QueuedJob:
    """Raises JobNotFoundError."""
    with connection.cursor() as cursor:
        cursor.execute(_ROWS.format(where="j.id = %s"), [job_id, 1])
        row = cursor.fetchone()
    if row is None:
        raise JobNotFoundError(job_id)
    return _read(row)


def retry_failed_job(*, job_id: int) -> QueuedJob:
    """Let a failed job wait again, due now. Every job is idempotent, so running it once more is safe.

    Raises JobNotFoundError, and JobNotFailedError for one in another state or whose like waits already.
    """
    found = get_queued(job_id=job_id)
    if found.state != "failed":
        raise JobNotFailedError(
            f"Job {job_id} is {found.state}, not failed, so there is nothing to run again."
        )
    try:
        app.job_manager.retry_job_by_id(job_id, retry_at=clock.now())
    except ConnectorException as error:
        raise JobNotFailedError(
            f"Job {job_id} cannot be run again: {str(error.__cause__ or error).strip()}"
        ) from error
    return found


def cancel_waiting_job(*, job_id: int) -> QueuedJob:
    """Take a waiting job out. What it would have done stays undone. Raises JobNotFoundError, JobNotFailedError."""
    found = get_queued(job_id=job_id)
    if found.state != "todo" or not app.job_manager.cancel_job_by_id(job_id):
        raise JobNotFailedError(f"Job {job_id} no longer waits, so it cannot be cancelled.")
    return found


def _read(row: tuple[Any, ...]) -> QueuedJob:
    job_id, name, queue, state, attempts, arguments, due_at, changed_at = row
    facts = dict(orjson.loads(arguments) if isinstance(arguments, str) else arguments or {})
    tenant = str(facts.pop("tenant", ""))
    return QueuedJob(job_id, name, queue, state, attempts, tenant, facts, due_at, changed_at)
