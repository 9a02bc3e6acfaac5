"""Migrating public and every tenant (DESIGN section 4.8).

Tenants that stand at the same migration are one group. A group's SQL is collected once from Django and replayed per schema,
with the recorder's rows and the grants, one commit a schema: a stopped run goes on where it was. Steps that are Python, or
that may not run in a transaction, go through Django schema by schema. Everything needs `as_owner`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.migration import Migration
from django.db.migrations.recorder import MigrationRecorder

from saas.core.schemas import PUBLIC, enter_schema

from .grants import apply_grants
from .owner import app_role
from .schema_script import migrate_schema
from .selectors import list_tenant_schemas

Applied = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class FleetReport:
    """How many schemas were up to date, replayed from collected SQL, and migrated by Django itself."""

    current: int
    replayed: int
    migrated: int


def migrate_fleet(*, on_schema: Callable[[str, str], None] | None = None) -> FleetReport:
    """Bring every tenant's schema to this release's migrations. `on_schema(schema, how)` is told of each one changed.

    Idempotent and resumable. Two runs at once are kept apart by an advisory lock per schema; the second finds nothing to do.
    """
    groups: dict[Applied, list[str]] = defaultdict(list)
    for schema in list_tenant_schemas():
        groups[_read_applied(schema)].append(schema)
    counts = {"current": 0, "replayed": 0, "migrated": 0}
    for applied, schemas in groups.items():
        plan = _plan_for(schemas[0])
        if not plan:
            counts["current"] += len(schemas)
            continue
        statements = None if _needs_django(plan) else _collect(schemas[0], plan)
        for schema in schemas:
            how = "migrated" if statements is None else "replayed"
            _migrate_one(schema, applied, plan, statements)
            counts[how] += 1
            if on_schema:
                on_schema(schema, how)
    return FleetReport(**counts)


def list_behind() -> list[str]:
    """Schemas that lack a migration of this release, public first. Reads only, as either role."""
    nodes = set(MigrationLoader(None).graph.nodes)
    labels = {apps.get_app_config(label).label: apps.get_app_config(label).name for label, _ in nodes}
    of_tenants = {node for node in nodes if labels[node[0]] in settings.TENANT_APPS}
    behind = [] if nodes - of_tenants <= _read_applied(PUBLIC) else [PUBLIC]
    return behind + [schema for schema in list_tenant_schemas() if not of_tenants <= _read_applied(schema)]


def _read_applied(schema: str) -> Applied:
    with connection.cursor() as cursor:
        cursor.execute(f'select app, name from "{schema}".django_migrations')
        return frozenset(cursor.fetchall())


def _plan_for(schema: str) -> list[Migration]:
    with enter_schema(schema):
        executor = MigrationExecutor(connection)
        return [migration for migration, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]


def _needs_django(plan: list[Migration]) -> bool:
    """Whether a step of a tenant's app is more than SQL in a transaction."""
    return any(
        not migration.atomic or not operation.reduces_to_sql
        for migration in plan
        if apps.get_app_config(migration.app_label).name in settings.TENANT_APPS
        for operation in migration.operations
    )


def _collect(schema: str, plan: list[Migration]) -> list[str]:
    """The plan's SQL, as Django writes it for a schema of this group. Names are unqualified: the path decides."""
    with enter_schema(schema):
        executor = MigrationExecutor(connection)
        state = executor.loader.project_state(list(executor.loader.applied_migrations))
        statements: list[str] = []
        for migration in plan:
            with connection.schema_editor(collect_sql=True, atomic=migration.atomic) as editor:
                state = migration.apply(state, editor, collect_sql=True)
            statements += [sql for sql in editor.collected_sql if not sql.startswith("--")]
        return statements


def _migrate_one(schema: str, applied: Applied, plan: list[Migration], statements: list[str] | None) -> None:
    if statements is None:
        migrate_schema(schema)
    with enter_schema(schema), transaction.atomic(), connection.cursor() as cursor:
        if statements is not None:
            cursor.execute("select pg_advisory_xact_lock(hashtext(%s))", [f"migrate {schema}"])
            if _read_applied(schema) != applied:
                return  # Another run was here first.
            if statements:
                cursor.execute("\n".join(statements))
            recorder = MigrationRecorder(connection)
            for migration in plan:
                recorder.record_applied(migration.app_label, migration.name)
        apply_grants(cursor, schema=schema, role=app_role())
