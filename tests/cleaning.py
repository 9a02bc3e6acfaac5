"""Puts a test database back to what its template held, after a test that committed.

Quicker than cloning again: only tables with rows are emptied, and the seeded ones are filled from a copy taken once.
"""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
from psycopg import sql

from ops.devstack.postgres import PostgresServer

Connection = psycopg.Connection[tuple[object, ...]]


@dataclass(frozen=True)
class _Seed:
    """What the template holds: each table's rows, each sequence's state, the schemas."""

    rows: dict[tuple[str, str], bytes]
    sequences: dict[tuple[str, str], tuple[int, bool]]
    schemas: frozenset[str]


_seeds: dict[str, _Seed] = {}


def restore_database(postgres: PostgresServer, database: str) -> None:
    """As a superuser: drop schemas that the test made, empty what it filled, put the seeds back."""
    seed = _seeds[database]
    with postgres.connect(database) as connection:
        _end_others(connection)
        for schema in _schemas(connection) - seed.schemas:
            connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(schema)))
        with connection.transaction():
            filled = _filled(connection) | seed.rows.keys()
            if filled:
                connection.execute(
                    sql.SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(
                        sql.SQL(", ").join(sql.Identifier(*table) for table in sorted(filled))
                    )
                )
            _fill(connection, seed)


def remember_seed(postgres: PostgresServer, database: str) -> None:
    """Call on a freshly cloned database."""
    with postgres.connect(database) as connection:
        rows = {}
        for table in sorted(_filled(connection)):
            with (
                connection.cursor() as cursor,
                cursor.copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(*table))) as copy,
            ):
                rows[table] = b"".join(bytes(block) for block in copy)
        sequences = {
            (str(schema), str(name)): (int(str(last)), True)
            for schema, name, last in connection.execute(
                "SELECT schemaname, sequencename, last_value FROM pg_sequences WHERE last_value IS NOT NULL"
            )
        }
        _seeds[database] = _Seed(rows, sequences, frozenset(_schemas(connection)))


def _fill(connection: Connection, seed: _Seed) -> None:
    connection.execute("SET LOCAL session_replication_role = replica")  # foreign keys in any order
    for table, data in seed.rows.items():
        with (
            connection.cursor() as cursor,
            cursor.copy(sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(*table))) as copy,
        ):
            copy.write(data)
    for sequence, (last, called) in seed.sequences.items():
        connection.execute(
            "SELECT setval(%s::regclass, %s, %s)", ['"{}"."{}"'.format(*sequence), last, called]
        )


def _end_others(connection: Connection) -> None:
    """Threads that a test forgot would hold the tables."""
    connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'"
    )


def _schemas(connection: Connection) -> set[str]:
    return {
        str(row[0])
        for row in connection.execute(
            r"SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'"
        )
    }


def _tables(connection: Connection) -> list[tuple[str, str]]:
    return [
        (str(row[0]), str(row[1]))
        for row in connection.execute(
            r"SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            r"WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition "
            r"AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
        )
    ]


def _filled(connection: Connection) -> set[tuple[str, str]]:
    """The tables with rows, asked in one message: hundreds of them would be most of a cleaning's time."""
    tables = _tables(connection)
    asked = [
        sql.SQL("SELECT {} WHERE EXISTS (SELECT 1 FROM {})").format(
            sql.Literal(number), sql.Identifier(*table)
        )
        for number, table in enumerate(tables)
    ]
    found = connection.execute(sql.SQL(" UNION ALL ").join(asked)).fetchall()
    return {tables[int(str(row[0]))] for row in found}
