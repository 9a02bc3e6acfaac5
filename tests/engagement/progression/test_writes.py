"""The statement that every batch sends stays one that psycopg translates once."""

from __future__ import annotations

from psycopg._queries import MAX_CACHED_STATEMENT_LENGTH, MAX_CACHED_STATEMENT_PARAMS

from engagement.ledger.statements import in_schema
from engagement.progression.writes import _WRITE
from tenants.models import new_schema_name


def test_the_batch_statement_is_translated_once() -> None:
    statement = in_schema(_WRITE, new_schema_name())
    assert statement.count("%s") <= MAX_CACHED_STATEMENT_PARAMS
    assert len(statement) <= MAX_CACHED_STATEMENT_LENGTH
