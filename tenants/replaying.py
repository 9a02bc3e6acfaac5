"""A group's migrations as SQL: collected once from Django, then sent to each schema (tenants.fleet).

Names are unqualified: the path decides which schema is meant. What is done schema by schema reads that schema's part of the catalogue by an
index and stays a handful of messages: a look through the whole catalogue would make each schema dearer the more there are.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psycopg
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.migration import Migration
from psycopg.errors import DivisionByZero

from saas.core.schemas import PUBLIC, check_schema, enter_schema

from .catalogue import literal, quote
from .grants import Rights, apply_grants, mend_grants, read_rights
from .owner import app_role


@dataclass(frozen=True, slots=True)
class Script:
    """What brings a schema from the migrations `applied` (a digest) to this release: `text` is one message, the recorder's rows
    included. `rights` is what the app's role has afterwards; None: not known yet, and given from scratch."""

    applied: str
    text: str
    rights: Rights | None = None


def read_applied(schema: str) -> str:
    """Of the migrations that are recorded in a schema: how many, a space and a digest."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select concat(count(*), ' ', sum(hashtextextended(app || '.' || name, 0))) "
            f'from "{schema}".django_migrations'
        )
        return str(cursor.fetchone()[0])


@dataclass(frozen=True, slots=True)
class Plan:
    """The migrations that a group lacks, in their order, and Django's executor that found them."""

    migrations: list[Migration]
    executor: MigrationExecutor


def make_plan(schema: str) -> Plan:
    with enter_schema(schema):
        executor = MigrationExecutor(connection)
        found = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return Plan([migration for migration, _ in found], executor)


def needs_django(plan: Plan) -> bool:
    """Whether a step of a tenant's app is more than SQL in a transaction."""
    return any(
        not migration.atomic or not operation.reduces_to_sql
        for migration in plan.migrations
        if apps.get_app_config(migration.app_label).name in settings.TENANT_APPS
        for operation in migration.operations
    )


def collect(schema: str, applied: str, plan: Plan) -> Script:
    """The plan's SQL, as Django writes it for a schema of this group, and the recorder's rows."""
    with enter_schema(schema):
        loader = plan.executor.loader
        state = loader.project_state(list(loader.applied_migrations))
        state.apps  # noqa: B018 - rendered here once, as Django's executor does; else once before and once after the first step
        statements: list[str] = []
        for migration in plan.migrations:
            with connection.schema_editor(collect_sql=True, atomic=migration.atomic) as editor:
                state = migration.apply(state, editor, collect_sql=True)
            statements += [sql for sql in editor.collected_sql if not sql.startswith("--")]
    return Script(applied, "\n".join([*statements, _write_records(plan.migrations)]))


def _write_records(plan: list[Migration]) -> str:
    """Django's recorder would look for its table first, among those of all tenants, for each row."""
    rows = ", ".join(f"({literal(one.app_label)}, {literal(one.name)}, now())" for one in plan)
    return f"insert into django_migrations (app, name, applied) values {rows}"


def replay(schema: str, script: Script, *, lock_timeout: str) -> None:
    """Bring one schema of the group to this release, in one transaction; nothing, where another run was here first.

    Two messages, the second of which commits: the way there and back, and what Django does around each, is most of what so small a
    change takes. Raises what the statements raise; then nothing was changed.
    """
    connection.ensure_connection()
    session: Any = connection.connection
    with connection.wrap_database_errors, session.cursor() as cursor:
        try:
            _send(cursor, schema, _begin(schema, script, lock_timeout), script)
            session.commit()
        except BaseException as error:
            with suppress(psycopg.Error):  # a connection that broke took the transaction along
                session.rollback()
            if not isinstance(error, DivisionByZero) or read_applied(schema) == script.applied:
                raise


def _begin(schema: str, script: Script, lock_timeout: str) -> str:
    """The schema had the group's migrations a moment ago. Another run would have added to them: that is divided by zero."""
    return (
        f"begin;set local search_path = {quote(check_schema(schema))}, {PUBLIC};"
        f"set local lock_timeout = {literal(lock_timeout)};"
        f"select pg_advisory_xact_lock(hashtext({literal(f'migrate {schema}')}));"
        f"select 1 / (count(*) = {script.applied.partition(' ')[0]})::int from django_migrations;"
    )


def _send(cursor: Any, schema: str, begin: str, script: Script) -> None:
    if script.rights is None:
        cursor.execute(f"{begin}{script.text}")
        apply_grants(cursor, schema=schema, role=app_role())
    elif _read_last(cursor, f"{begin}{script.text};{script.rights.query}") != script.rights.digest:
        mend_grants(cursor, schema=schema, role=app_role(), model=script.rights)


def read_rights_of(schema: str) -> Rights:
    """What the app's role has in a schema that was brought to this release: the model for the others of its group."""
    with enter_schema(schema), connection.cursor() as cursor:
        return read_rights(cursor, schema=schema, role=app_role())


def _read_last(cursor: Any, message: str) -> str:
    """The one value that a message's last statement answers."""
    cursor.execute(message)
    while cursor.nextset():
        pass
    return str(cursor.fetchone()[0])
