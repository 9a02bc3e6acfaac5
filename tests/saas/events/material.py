"""Events and jobs that only the tests know."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection

from saas.core import clock
from saas.events import DomainEvent
from saas.events.jobs import job
from saas.events.log import append_rows
from saas.events.retries import Backoff, PermanentJobError

SEEN: list[tuple[str, dict[str, Any]]] = []


@dataclass(frozen=True)
class TeaServed(DomainEvent):
    cups: int
    guest: str = "nobody"


@job(queue="tests", name="tests.note")
def note(*, tenant: str, **arguments: Any) -> None:
    """Remembers the schema that its queries really see."""
    with connection.cursor() as cursor:
        cursor.execute("select current_schema()")
        SEEN.append((str(cursor.fetchone()[0]), {"tenant": tenant, **arguments}))


@job(queue="tests", name="tests.dawdle")
def dawdle(*, tenant: str, seconds: float, until: str = "") -> None:
    """Tells when it begins and when it ends, in the tenant's log. It ends early once there is a file `until`."""
    for word in ("Begun", "Ended"):
        with connection.cursor() as cursor:
            append_rows(cursor, [(word, {}, clock.now())])
        end = time.monotonic() + seconds
        while word == "Begun" and time.monotonic() < end and not (until and Path(until).exists()):
            time.sleep(0.02)


@job(queue="tests", name="tests.fail", retry=Backoff(tries=2, first=0))
def fail(*, tenant: str, **arguments: Any) -> None:
    raise RuntimeError("not this time")


@job(queue="tests", name="tests.refuse")
def refuse(*, tenant: str, **arguments: Any) -> None:
    raise PermanentJobError("never")


def read_jobs(order: str = "id") -> list[dict[str, Any]]:
    """The job table as it stands, read by this thread's connection."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select id, queue_name, task_name, args, status::text, attempts, lock, queueing_lock, scheduled_at"
            f" from public.procrastinate_jobs order by {order}"
        )
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return [{**row, "args": json.loads(row["args"])} for row in rows]
