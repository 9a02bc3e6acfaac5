"""Everything that the database holds, as one value per table: what a refused attempt must leave as it was.

Jobs and domain events are tables like any other, so that "nothing was sent" is part of it.
"""

from __future__ import annotations

from typing import Final

from django.db import connection

# What a refused attempt may write: the log of refusals, and the session that it was made with.
LEFT_OUT: Final = {"audit_entry", "audit_seal", "django_session", "usersessions_usersession"}


class Snapshot:
    """Compiled once for the schemas at hand; `take` is one query."""

    def __init__(self, *schemas: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "select schemaname, tablename from pg_tables where schemaname = any(%s) order by 1, 2",
                [list(schemas)],
            )
            tables = [(schema, table) for schema, table in cursor.fetchall() if table not in LEFT_OUT]
        self.query = " union all ".join(
            f"select '{schema}.{table}', md5(string_agg(h, '' order by h))"
            f' from (select md5(t::text) as h from "{schema}"."{table}" t) as rows'
            for schema, table in tables
        )

    def take(self) -> dict[str, str]:
        with connection.cursor() as cursor:
            cursor.execute(self.query)
            return dict(cursor.fetchall())


def differing(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """The tables that are no longer what they were."""
    return [table for table in before if before[table] != after[table]]
