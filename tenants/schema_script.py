"""The cached script that makes a tenant's schema (DESIGN section 4.8).

Generated once for a set of migrations, by migrating a scratch schema and reading its catalogue, then kept in the public
table `schema_script` under the migrations' hash. A new tenant replays it: no migration runs, and its `django_migrations`
already tells Django so.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from io import StringIO
from typing import Any

import django
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from saas.core import clock
from saas.core.schemas import PUBLIC, is_tenant_schema

from . import catalogue, grants
from .catalogue import PLACEHOLDER, quote, read_schema
from .grants import apply_grants, grant_statements, list_tables, read_relations
from .models import SchemaScript, new_schema_name
from .owner import app_role, as_owner

_LOCK = 0x454E4748  # pg_advisory_lock: one generation at a time.
SCRIPTS_KEPT = timedelta(days=30)


@cache
def migrations_key() -> str:
    """A hash of every migration's source and of what else the script depends on."""
    digest = hashlib.sha256()
    flags = [list_tables(PLACEHOLDER, flag) for flag in ("append_only", "read_only")]
    digest.update(repr((django.VERSION, settings.TENANT_APPS, app_role(), flags)).encode())
    for module in (catalogue, grants):
        digest.update(inspect.getsource(module).encode())
    migrations = MigrationLoader(None).disk_migrations
    assert migrations is not None
    for key in sorted(migrations):
        digest.update(repr(key).encode())
        if apps.get_app_config(key[0]).name in settings.TENANT_APPS:
            digest.update(inspect.getsource(inspect.getmodule(type(migrations[key]))).encode())  # type: ignore[arg-type]
    return digest.hexdigest()


def get_script() -> list[str]:
    """The statements for this release's migrations, with PLACEHOLDER for the schema; generated when there are none yet.

    Locks: an advisory lock while generating, so that two processes make it once. Raises OwnerRoleMissingError.
    """
    key = migrations_key()
    found = SchemaScript.objects.filter(key=key).first()
    if found is None:
        with as_owner():
            found = _generate(key)
    return list(found.statements)


def prune_scripts() -> int:
    """Forget scripts of earlier releases, made 30 days ago; this release's stays. Answers how many went. Idempotent; as the owner's role.

    A release that is gone back to makes its own anew.
    """
    old = SchemaScript.objects.filter(created_at__lt=clock.now() - SCRIPTS_KEPT)
    return old.exclude(key=migrations_key()).delete()[0]


def render(statements: list[str], schema: str) -> list[str]:
    """The script for one schema. The name is a generated one, so it needs no quoting inside literals."""
    assert is_tenant_schema(schema)
    return [statement.replace(PLACEHOLDER, schema) for statement in statements]


def _generate(key: str) -> SchemaScript:
    with _advisory_lock():
        found = SchemaScript.objects.filter(key=key).first()
        if found is not None:
            return found
        statements = [f"create schema {quote(PLACEHOLDER)}", *_dump_scratch()]
        return SchemaScript.objects.create(key=key, statements=statements)


def _dump_scratch() -> list[str]:
    scratch = new_schema_name()
    try:
        migrate_schema(scratch)
        with transaction.atomic(), connection.cursor() as cursor:
            statements = read_schema(cursor, scratch)
            relations = read_relations(cursor, scratch)
        return statements + list(grant_statements(PLACEHOLDER, app_role(), relations=relations))
    finally:
        connection.set_schema_to_public()  # type: ignore[attr-defined]
        with connection.cursor() as cursor:
            cursor.execute(f"drop schema if exists {quote(scratch)} cascade")


def migrate_schema(schema: str, **options: Any) -> None:
    """Make `schema` if need be and migrate it with Django itself. Needs `as_owner`."""
    connection.set_schema_to_public()  # type: ignore[attr-defined]
    with connection.cursor() as cursor:
        cursor.execute(f"create schema if not exists {quote(schema)}")
    try:
        # Without public in the path, so that the recorder makes its table here and does not find public's.
        connection.set_schema(schema, include_public=False)  # type: ignore[attr-defined]
        MigrationRecorder(connection).ensure_schema()
        connection.set_schema(schema)  # type: ignore[attr-defined]
        _plain_migrate(**options)
    finally:
        connection.set_schema_to_public()  # type: ignore[attr-defined]


def _plain_migrate(**options: Any) -> None:
    """Django's own migrate, in whatever schema the connection has (django-tenants replaces the command by name)."""
    from django.core.management.commands.migrate import Command

    call_command(Command(), interactive=False, stdout=StringIO(), verbosity=0, **options)


def migrate_public() -> None:
    """Migrate the public schema and give the app's role its rights there. Needs `as_owner`."""
    connection.set_schema_to_public()  # type: ignore[attr-defined]
    _plain_migrate()
    with transaction.atomic(), connection.cursor() as cursor:
        apply_grants(cursor, schema=PUBLIC, role=app_role())


@contextmanager
def _advisory_lock() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_lock(%s)", [_LOCK])
        try:
            yield
        finally:
            cursor.execute("select pg_advisory_unlock(%s)", [_LOCK])
