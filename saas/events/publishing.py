"""publish(): one row in the log and one job a handler, in the caller's transaction.

Who handles what stands in saas/wiring.py alone, which sits on the roof; settings.EVENT_HANDLERS names it, so that this
floor needs not import upwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache

from django.conf import settings
from django.db import connection, transaction
from django.utils.module_loading import import_string

from saas.core import clock

from . import jobs, wake
from .base import DomainEvent
from .log import Cursor, append_rows


class NotInTransactionError(RuntimeError):
    """An event was published outside atomic(): it could be logged while the change it tells of is not kept."""


@cache
def get_handlers() -> Mapping[str, tuple[str, ...]]:
    """Event type → names of the jobs that handle it."""
    return import_string(settings.EVENT_HANDLERS)  # type: ignore[no-any-return]


def publish(event: DomainEvent) -> int:
    """Log `event` in the schema in hand and defer its handlers' jobs. Returns the row's id.

    Both happen in the caller's transaction, which must be open; sockets are woken after its commit.
    Raises NotInTransactionError.
    """
    if not connection.in_atomic_block:
        raise NotInTransactionError(
            f"{event.type} was published outside a transaction. Wrap the change and its publish() in atomic()."
        )
    schema: str = connection.schema_name  # type: ignore[attr-defined]
    with connection.cursor() as cursor:
        ids = append_events(cursor, [event], schema=schema)
    transaction.on_commit(lambda: wake.announce(schema, ids[-1]))
    return ids[-1]


def append_events(
    cursor: Cursor, events: Sequence[DomainEvent], *, schema: str, occurred_at: datetime | None = None
) -> list[int]:
    """`publish` for many events in two statements, for ingest. Returns the rows' ids, in order.

    `cursor` is in the caller's transaction with `schema` in hand; waking the sockets afterwards is the caller's.
    """
    moment = occurred_at or clock.now()
    payloads = [event.to_data() for event in events]
    rows = [(event.type, data, moment) for event, data in zip(events, payloads, strict=True)]
    ids = append_rows(cursor, rows, schema=schema)
    handlers = get_handlers()
    jobs.defer_rows(
        cursor,
        [
            jobs.JobRow(name, schema, {"event_id": row, "event": data})
            for event, data, row in zip(events, payloads, ids, strict=True)
            for name in handlers.get(event.type, ())
        ],
    )
    return ids
