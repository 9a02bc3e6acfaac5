"""Statements that a hot path runs again and again, prepared on Django's own connection and in its transaction.

Django binds parameters itself and has every statement planned anew, which costs more than the short ones take. Names are qualified
with the schema, for which {s} stands, so that a plan belongs to one tenant whatever the search_path.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import psycopg
from django.db import connection

from .statements import in_schema

# A few statements a tenant on each connection; the oldest are given up beyond it.
_PREPARED_MAX: Final = 400


def ask(sql: str, parameters: Sequence[Any] | Mapping[str, Any], *, schema: str) -> tuple[Any, ...] | None:
    """The first row of what the statement returns, or None where it returns none. Errors come as Django's."""
    cursor = prepared_cursor()
    with connection.wrap_database_errors:
        return cursor.execute(_encoded(sql, schema), parameters).fetchone()


@lru_cache(maxsize=8192)
def _encoded(sql: str, schema: str) -> bytes:
    return in_schema(sql, schema).encode()


def prepared_cursor() -> psycopg.Cursor[tuple[Any, ...]]:
    """On Django's connection, whatever transaction it is in."""
    connection.ensure_connection()
    raw: psycopg.Connection[tuple[Any, ...]] = connection.connection
    if raw.prepare_threshold is None:
        raw.prepare_threshold, raw.prepared_max = 1, _PREPARED_MAX
    return psycopg.Cursor(raw)
