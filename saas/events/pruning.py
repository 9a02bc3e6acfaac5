"""Old rows go: of the event log, and of tables whose rows each stand for one event of it.

Invariant: what a job names that is still to run stays, however old it is. A log is append-only for the app's role, so its rows
go as the owner's (tenants.owner); the caller sees to that.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import connection, transaction

from saas.core import clock

from .log import table_of

# Sockets resume within a session's two weeks, webhooks are replayed within a month; the rest is for whoever looks into a complaint.
EVENTS_KEPT: Final = timedelta(days=90)
AT_ONCE: Final = 2_000

# Ids follow time closely enough: the first slice in which nothing is old ends the run, so that a night reads little more than it
# deletes. Only jobs to do or being done are looked at, by their own small index.
_SLICE: Final = """
WITH slice AS MATERIALIZED (
    SELECT id, {event} AS event, {moment} < %(before)s AS old FROM {table} WHERE id > %(after)s ORDER BY id LIMIT %(limit)s
), gone AS (
    DELETE FROM {table} AS t USING slice AS s
    WHERE t.id = s.id AND s.old AND NOT EXISTS (
        SELECT 1 FROM public.procrastinate_jobs AS j
        WHERE j.status IN ('todo', 'doing') AND j.args ->> 'tenant' = %(schema)s AND j.args ->> 'event_id' = s.event::text
    )
    RETURNING t.id
)
SELECT (SELECT count(*) FROM gone), count(*) FILTER (WHERE old), max(id) FROM slice
"""


def has_old_events() -> bool:
    """Whether the log in hand begins with something to prune. One query, by the first row alone."""
    with connection.cursor() as cursor:
        cursor.execute(f"select occurred_at from {_log()} order by id limit 1")
        row = cursor.fetchone()
    return row is not None and row[0] < clock.now() - EVENTS_KEPT


def prune_events(*, at_once: int = AT_ONCE) -> int:
    """Forget what the log in hand has told 90 days ago. Answers how many rows went. Idempotent; as the owner's role."""
    return prune_rows(
        table=_log(), moment="occurred_at", event="id", before=clock.now() - EVENTS_KEPT, at_once=at_once
    )


def prune_rows(*, table: str, moment: str, event: str, before: datetime, at_once: int = AT_ONCE) -> int:
    """Delete the rows of `table` whose column `moment` is before `before`, a slice of `at_once` a transaction.

    `event` is its column with an event's id: a row stays while a job that names its event waits or runs. Answers how many went.
    """
    statement = _SLICE.format(table=table, moment=moment, event=event)
    schema: str = connection.schema_name  # type: ignore[attr-defined]
    total = after = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, {"before": before, "after": after, "limit": at_once, "schema": schema})
            gone, old, last = cursor.fetchone()
        total += int(gone)
        if not old:
            return total
        after = last


def _log() -> str:
    return table_of(connection.schema_name)  # type: ignore[attr-defined]
