"""The log read in commit order: nothing lost while others write."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg
import pytest
from django.db import connection

from saas.events.log import START, Position, append_rows, get_end, read_after
from tenants.context import TenantContext, enter_tenant
from tests.stack import TestStack

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def append_raw(writer: psycopg.Connection, schema: str, name: str) -> None:
    writer.execute(
        f'insert into "{schema}".domain_event (type, data, occurred_at) values (%s, %s, %s)',
        [name, "{}", NOON],
    )


def read_naively(last_id: int) -> list[tuple[int, str]]:
    """What a reader does that trusts serial ids."""
    with connection.cursor() as cursor:
        cursor.execute("select id, type from domain_event where id > %s order by id", [last_id])
        return list(cursor.fetchall())


@pytest.fixture
def writers(committed_db: None, test_stack: TestStack):  # type: ignore[no-untyped-def]
    with (
        test_stack.postgres.connect(test_stack.database) as slow,
        test_stack.postgres.connect(test_stack.database) as quick,
    ):
        slow.autocommit = quick.autocommit = False
        yield slow, quick


@pytest.mark.race
def test_paging_by_id_loses_a_row_and_paging_by_position_does_not(writers, acme: TenantContext) -> None:  # type: ignore[no-untyped-def]
    slow, quick = writers
    with enter_tenant(acme):
        # Given a transaction that took its id first and commits last
        append_raw(slow, acme.schema, "First")
        append_raw(quick, acme.schema, "Second")
        quick.commit()
        naive = read_naively(0)
        careful = read_after(START)
        slow.commit()
        # When both readers go on from where they were
        naive_rest = read_naively(naive[-1][0])
        rest = read_after(careful[-1].position if careful else START)
    # Then the naive one never saw First: its check is not vacuous
    assert [kind for _, kind in naive + naive_rest] == ["Second"]
    assert careful == []
    assert [row.type for row in rest] == ["First", "Second"]


def test_a_reader_pages_through_everything_once(committed_db: None, acme: TenantContext) -> None:
    with enter_tenant(acme):
        with connection.cursor() as cursor:
            ids = append_rows(cursor, [(f"E{n}", {"n": n}, NOON) for n in range(7)])
            ids += append_rows(cursor, [("Last", {}, NOON)])
        assert ids == sorted(ids)
        seen, position = [], START
        while page := read_after(position, limit=3):
            seen += [row.type for row in page]
            position = page[-1].position
    assert seen == [f"E{n}" for n in range(7)] + ["Last"]
    assert page == []


def test_a_reader_from_the_end_sees_only_what_comes(committed_db: None, acme: TenantContext) -> None:
    with enter_tenant(acme), connection.cursor() as cursor:
        append_rows(cursor, [("Old", {}, NOON)])
        end = get_end()
        append_rows(cursor, [("New", {}, NOON)])
        assert [row.type for row in read_after(end)] == ["New"]


def test_a_position_reads_back_from_its_text_and_refuses_nonsense() -> None:
    assert Position.parse(str(Position(12, 34))) == Position(12, 34)
    for text in ("", "12", "-3", "a-b", "1-2-3", "1- 2"):
        with pytest.raises(ValueError, match="no position"):
            Position.parse(text)


def test_rows_are_ordered_by_number_where_a_transaction_id_gains_a_digit(
    committed_db: None, acme: TenantContext, test_stack: TestStack
) -> None:
    # Given two rows whose transactions are 9 and 10
    with test_stack.postgres.connect(test_stack.database) as superuser:
        superuser.execute(
            f'insert into "{acme.schema}".domain_event (xid, type, data, occurred_at)'
            " values ('10', 'Second', '{}', now()), ('9', 'First', '{}', now())"
        )
    # When a reader pages through them
    with enter_tenant(acme):
        seen = [row.type for row in read_after(START) if row.position.xid in (9, 10)]
    # Then the smaller number comes first
    assert seen == ["First", "Second"]
