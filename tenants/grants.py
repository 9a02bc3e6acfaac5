"""What the app's database role may do in a schema (DESIGN section 4.6).

It reads and writes rows, and it has no DDL. A model with `append_only = True` gives a table whose rows it may only add and read
(the ledger, audit and event logs); one with `read_only = True` only read. A superuser ignores grants and an owner can
give them back to itself: hence two roles.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from django.apps import apps
from django.conf import settings

from saas.core.schemas import PUBLIC
from saas.events.log import Cursor

from .catalogue import quote


def list_tables(schema: str, flag: str) -> list[str]:
    """Tables of the schema's apps whose model says `flag = True`."""
    wanted = settings.SHARED_APPS if schema == PUBLIC else settings.TENANT_APPS
    return sorted(
        model._meta.db_table
        for model in apps.get_models(include_auto_created=True)
        if getattr(model, flag, False) and model._meta.app_config.name in wanted
    )


def list_append_only_tables(schema: str) -> list[str]:
    return list_tables(schema, "append_only")


def grant_statements(
    schema: str, role: str, *, existing: Collection[str], name: str | None = None
) -> Iterator[str]:
    """Statements that give `role` its rights in `schema`, which has the tables `existing`; repeating them changes nothing.

    `name` is what the statements call the schema, when that differs (the script's placeholder). A model whose table is
    still to come, or gone, is passed over: old and new code both run while the fleet is migrated.
    """
    space, person = quote(name or schema), quote(role)
    yield f"grant usage on schema {space} to {person}"
    yield f"grant select, insert, update, delete on all tables in schema {space} to {person}"
    yield f"grant usage, select on all sequences in schema {space} to {person}"
    for table in list_append_only_tables(schema):
        if table in existing:
            yield f"revoke update, delete, truncate on {space}.{quote(table)} from {person}"
    for table in [*list_tables(schema, "read_only"), "django_migrations"]:
        if table in existing:
            yield f"revoke insert, update, delete, truncate on {space}.{quote(table)} from {person}"


def apply_grants(cursor: Cursor, *, schema: str, role: str) -> None:
    """Give `role` its rights in a schema that exists. Needs the owner's role; in the caller's transaction."""
    for statement in grant_statements(schema, role, existing=read_tables(cursor, schema)):
        cursor.execute(statement)


def read_tables(cursor: Cursor, schema: str) -> set[str]:
    cursor.execute("select tablename from pg_tables where schemaname = %s", [schema])
    return {row[0] for row in cursor.fetchall()}
