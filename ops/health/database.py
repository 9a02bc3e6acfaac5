"""The doctor's look at Postgres, as the app's role and as the owner's. Plain psycopg: it works while Django does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, LiteralString

import psycopg

from saas.settings.env import BadSettingError, Environment

from .findings import Finding, bad, ok, warn

CONNECT_SECONDS = 5
OLDEST_VERSION = 150_000
LOCKS_NEEDED = 1024
# Rows of these are only ever added: what was earned, done and announced stays.
APPEND_ONLY = ("ledger_entry", "domain_event", "public_event", "audit_entry")


def check_databases(values: Mapping[str, str]) -> Iterator[Finding]:
    app_role = None
    try:
        with _connect(values, "DATABASE_URL") as connection:
            app_role = str(_one(connection, "SELECT current_user"))
            yield from _check_server(connection)
            yield from _check_app_role(connection, app_role)
    except (psycopg.Error, BadSettingError) as error:
        yield _unreachable("DATABASE_URL", error)
    if not values.get("DATABASE_OWNER_URL", "").strip():
        return
    try:
        with _connect(values, "DATABASE_OWNER_URL") as connection:
            yield from _check_owner(connection, app_role)
    except (psycopg.Error, BadSettingError) as error:
        yield _unreachable("DATABASE_OWNER_URL", error)


def _connect(values: Mapping[str, str], name: str) -> psycopg.Connection[tuple[Any, ...]]:
    parts = Environment(values).database(name, "postgresql://engagehub_app@/engagehub")
    options = dict(parts["OPTIONS"])  # type: ignore[call-overload]
    return psycopg.connect(
        dbname=str(parts["NAME"]),
        user=str(parts["USER"]) or None,
        password=str(parts["PASSWORD"]) or None,
        host=str(parts["HOST"]) or None,
        port=str(parts["PORT"]) or None,
        connect_timeout=CONNECT_SECONDS,
        autocommit=True,
        **options,
    )


def _unreachable(name: str, error: Exception) -> Finding:
    message = " ".join(str(error).split())
    fix = "Check that the server runs and that its address, user, password and database are right."
    if "password authentication failed" in message:
        fix = "The server is there; the user or the password is wrong."
    elif "does not exist" in message:
        fix = "The server is there; create what it says is missing, or name another."
    elif "No such file or directory" in message:
        fix = "No server listens there. Start Postgres, or start the local stack with `make run`."
    return bad(name, f"cannot be reached: {message}", fix)


def _check_server(connection: psycopg.Connection[tuple[Any, ...]]) -> Iterator[Finding]:
    version = connection.info.server_version
    if version < OLDEST_VERSION:
        yield bad("DATABASE_URL", f"leads to Postgres {version // 10000}.", "Use Postgres 15 or newer.")
    else:
        yield ok("DATABASE_URL", f"reaches Postgres {version // 10000}.")
    locks = int(str(_one(connection, "SHOW max_locks_per_transaction")))
    if locks < LOCKS_NEEDED:
        yield bad(
            "max_locks_per_transaction",
            f"is {locks} on the server; making or dropping a community needs about 600 locks at once.",
            f"Set max_locks_per_transaction = {LOCKS_NEEDED} in postgresql.conf and restart Postgres.",
        )
    else:
        yield ok("max_locks_per_transaction", f"is {locks}.")


def _check_app_role(connection: psycopg.Connection[tuple[Any, ...]], role: str) -> Iterator[Finding]:
    superuser = _one(connection, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    if superuser:
        yield bad(
            "DATABASE_URL",
            f"uses the superuser {role}, whom no grant stops from rewriting the ledger.",
            "Create a role of its own for the app: CREATE ROLE engagehub_app LOGIN NOSUPERUSER.",
        )
        return
    owned = _one(
        connection,
        "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^(pg_|information_schema)' AND pg_has_role(c.relowner, 'MEMBER')",
    )
    if owned:
        yield bad(
            "DATABASE_URL",
            f"uses {role}, which owns {owned} tables and could give itself every right.",
            "Let DATABASE_OWNER_URL's role own the tables and use another role here.",
        )
        return
    yield ok("the app's role", f"is {role}, neither owner nor superuser.")
    yield from _check_ledger(connection, role)


def _check_ledger(connection: psycopg.Connection[tuple[Any, ...]], role: str) -> Iterator[Finding]:
    rows = connection.execute(
        "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE c.relkind IN ('r', 'p') AND c.relname = ANY(%s) "
        "AND has_table_privilege(c.oid, 'UPDATE, DELETE, TRUNCATE') ORDER BY 1, 2",
        [list(APPEND_ONLY)],
    ).fetchall()
    if rows:
        schema, table = rows[0]
        yield bad(
            "the app's role",
            f"{role} may change or delete rows of {schema}.{table}"
            + (
                f" and of {len(rows) - 1} more tables that only grow."
                if len(rows) > 1
                else ", which only grows."
            ),
            f'As the owner: REVOKE UPDATE, DELETE, TRUNCATE ON "{schema}"."{table}" FROM {role}.',
        )
    else:
        yield ok("the ledger", "can be added to and not changed by the app's role.")


def _check_owner(connection: psycopg.Connection[tuple[Any, ...]], app_role: str | None) -> Iterator[Finding]:
    role = str(_one(connection, "SELECT current_user"))
    if role == app_role:
        yield bad(
            "DATABASE_OWNER_URL",
            f"uses the same role as DATABASE_URL, {role}.",
            "Two roles are needed: the owner migrates and provisions, the app may not (DESIGN section 4.6).",
        )
        return
    if not _one(connection, "SELECT has_database_privilege(current_database(), 'CREATE')"):
        yield bad(
            "DATABASE_OWNER_URL",
            f"uses {role}, which may not create schemas in this database.",
            f"ALTER DATABASE {connection.info.dbname} OWNER TO {role}.",
        )
        return
    yield ok("DATABASE_OWNER_URL", f"reaches Postgres as {role}, which may create schemas.")
    if _one(connection, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
        yield warn(
            "DATABASE_OWNER_URL",
            f"uses the superuser {role}; it needs to own this database, nothing more.",
            "Create a role without SUPERUSER and make it the database's owner.",
        )


def _one(connection: psycopg.Connection[tuple[Any, ...]], query: LiteralString) -> object:
    row = connection.execute(query).fetchone()
    return row[0] if row else None
