"""The event log: append in bulk, read in commit order without losing a row.

Serial ids commit out of order: a reader that pages by id alone sees 2, then 1 and 2, and has lost 1. So every row carries
the id of its transaction, and readers page by (xid, id) strictly below the oldest transaction still running. A row
becomes readable once every older transaction of the server has ended; a long transaction anywhere delays readers
and loses nothing.

Transaction ids belong to one database cluster: rows restored from a dump into a younger cluster stay unreadable until
its ids have passed theirs, so a restore has to lower them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol

import orjson
from django.db import connection

from saas.core.schemas import PUBLIC, check_schema

_LAST_ID = 2**63 - 1


class Cursor(Protocol):
    """What Django's and psycopg's cursors share."""

    def execute(self, query: Any, params: Any = None) -> Any: ...
    def fetchone(self) -> Any: ...
    def fetchall(self) -> Any: ...


class Position(NamedTuple):
    """A place in a log: everything up to and including this row was read. Text form: `<xid>-<id>`."""

    xid: int
    id: int

    def __str__(self) -> str:
        return f"{self.xid}-{self.id}"

    @classmethod
    def parse(cls, text: str) -> Position:
        """Raises ValueError when the text is no position."""
        xid, separator, row = text.partition("-")
        if not (separator and xid.isdecimal() and row.isdecimal()):
            raise ValueError(f"{text!r} is no position in an event log; it looks like 1234-56.")
        return cls(min(int(xid), _LAST_ID), min(int(row), _LAST_ID))


START = Position(0, 0)

# For a set-based writer that puts its news into one statement with everything else: a tenant's schema for {s}, then arrays of
# types and of their JSON. Only for events without handlers, since nothing defers their jobs.
APPEND_CLAUSE = (
    "INSERT INTO {s}.domain_event (type, data, occurred_at) SELECT type, data::jsonb, now() "
    "FROM unnest(%s::text[], %s::text[]) AS u(type, data) RETURNING id"
)


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    position: Position
    type: str
    data: dict[str, Any]
    occurred_at: datetime

    @property
    def id(self) -> int:
        """Unique within its log; what a handler is idempotent on."""
        return self.position.id


def table_of(schema: str) -> str:
    """The log's table: public's and the tenants' differ in name, so that one is never read for the other."""
    return "public_event" if schema == PUBLIC else "domain_event"


def append_rows(
    cursor: Cursor, rows: Iterable[tuple[str, dict[str, Any], datetime]], *, schema: str | None = None
) -> list[int]:
    """Append (type, data, occurred_at) rows to the log of `schema` (default: the one in hand), in one statement.

    The rows' ids come back in the rows' order. The caller's transaction decides whether they exist. The table is named with its
    schema, so that none has to be in hand.
    """
    types, data, moments = [], [], []
    for kind, values, moment in rows:
        types.append(kind)
        data.append(orjson.dumps(values).decode())
        moments.append(moment)
    if not types:
        return []
    schema = check_schema(schema or connection.schema_name)  # type: ignore[attr-defined]
    cursor.execute(
        f'insert into "{schema}".{table_of(schema)} (type, data, occurred_at)'
        " select type, data::jsonb, occurred_at"
        " from unnest(%s::text[], %s::text[], %s::timestamptz[]) with ordinality as r(type, data, occurred_at, place)"
        " order by place returning id",
        [types, data, moments],
    )
    return [row[0] for row in cursor.fetchall()]


def read_after(position: Position = START, limit: int = 100) -> list[LoggedEvent]:
    """The next rows of the log of the schema in hand, oldest commit first, at most `limit`."""
    with connection.cursor() as cursor:
        cursor.execute(
            # Named apart from the column: ORDER BY prefers an output's name, and text puts 1000 before 999.
            "select xid::text as xid_text, id, type, data::text, occurred_at"
            f" from {table_of(connection.schema_name)}"  # type: ignore[attr-defined]
            " where (xid, id) > (%s::text::xid8, %s) and xid < pg_snapshot_xmin(pg_current_snapshot())"
            " order by xid, id limit %s",
            [str(position.xid), position.id, limit],
        )
        return [
            LoggedEvent(Position(int(xid), row), kind, orjson.loads(data), moment)
            for xid, row, kind, data, moment in cursor.fetchall()
        ]


def get_end() -> Position:
    """Where a reader starts who wants only what is still to come: everything readable now lies before it."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_snapshot_xmin(pg_current_snapshot())::text")
        row = cursor.fetchone()
    return Position(int(row[0]) - 1, _LAST_ID)


def is_readable(event_id: int) -> bool:
    """Whether the row has become readable: until every older transaction ended, `read_after` leaves it out."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"select exists (select 1 from {table_of(connection.schema_name)}"  # type: ignore[attr-defined]
            " where id = %s and xid < pg_snapshot_xmin(pg_current_snapshot()))",
            [event_id],
        )
        return bool(cursor.fetchone()[0])


def get_moment(event_id: int) -> datetime | None:
    """When the row of the log in hand was published; None where it is no longer kept."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"select occurred_at from {table_of(connection.schema_name)} where id = %s",  # type: ignore[attr-defined]
            [event_id],
        )
        row = cursor.fetchone()
    return None if row is None else row[0]
