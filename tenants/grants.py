"""What the app's database role may do in a schema (DESIGN section 4.6).

It reads and writes rows, and it has no DDL. A model with `append_only = True` gives a table whose rows it may only add and read
(the ledger, audit and event logs); one with `read_only = True` only read. A superuser ignores grants and an owner can
give them back to itself: hence two roles.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.apps import apps
from django.conf import settings

from saas.core.schemas import PUBLIC
from saas.events.log import Cursor

from .catalogue import literal, quote

_ROWS: Final = "select, insert, update, delete"
_COUNTERS: Final = "usage, select"
_KINDS: Final = "relkind in ('r', 'p', 'v', 'm', 'f', 'S')"

Relations = dict[str, bool]  # a table's, view's or sequence's name → whether it is a sequence


@dataclass(frozen=True, slots=True)
class Right:
    """What the app's role may do with one table, view or sequence, as the catalogue writes it."""

    is_sequence: bool
    given: frozenset[str]


@dataclass(frozen=True, slots=True)
class Rights:
    """Of a whole schema. `query` answers, for the schema in the path, `digest` where the catalogue says the very same of it; where it
    answers something else, the rights may still be alike, and `mend_grants` sees."""

    of: dict[str, Right]
    query: str
    digest: str


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
    schema: str, role: str, *, relations: Relations, name: str | None = None
) -> Iterator[str]:
    """Statements that give `role` its rights in `schema`, which has the `relations`; repeating them changes nothing.

    `name` is what the statements call the schema, when that differs (the script's placeholder). A model whose table is
    still to come, or gone, is passed over: old and new code both run while the fleet is migrated. Each table is named: Postgres finds
    "all tables in schema" by reading the catalogue of all tenants, six times.
    """
    space, person = quote(name or schema), quote(role)
    yield f"grant usage on schema {space} to {person}"
    for kind, rights, is_sequence in (("table", _ROWS, False), ("sequence", _COUNTERS, True)):
        wanted = [relation for relation in relations if relations[relation] is is_sequence]
        if wanted:
            of_ours = ", ".join(f"{space}.{quote(one)}" for one in wanted)
            yield f"grant {rights} on {kind} {of_ours} to {person}"
    for table in list_append_only_tables(schema):
        if table in relations:
            yield f"revoke update, delete, truncate on {space}.{quote(table)} from {person}"
    for table in [*list_tables(schema, "read_only"), "django_migrations"]:
        if table in relations:
            yield f"revoke insert, update, delete, truncate on {space}.{quote(table)} from {person}"


def apply_grants(cursor: Cursor, *, schema: str, role: str) -> None:
    """Give `role` its rights in a schema that exists. Needs the owner's role; in the caller's transaction."""
    statements = grant_statements(schema, role, relations=read_relations(cursor, schema))
    cursor.execute(";\n".join(statements))


def mend_grants(cursor: Cursor, *, schema: str, role: str, model: Rights) -> None:
    """Give `role` the rights that it has in another schema of the same tables, `model`, where it lacks them or has more.

    Reads this schema's part of the catalogue only. Needs the owner's role; in the caller's transaction.
    """
    cursor.execute(_read_given(schema, list(model.of)))
    found = _to_rights(cursor, role)
    differing = [name for name, right in model.of.items() if found.get(name) not in (None, right)]
    space, person = quote(schema), quote(role)
    statements = [
        f"revoke all on {'sequence' if model.of[name].is_sequence else 'table'} {space}.{quote(name)} from {person}"
        for name in differing
    ]
    relations = {name: model.of[name].is_sequence for name in differing}
    cursor.execute(";\n".join([*statements, *grant_statements(schema, role, relations=relations)]))


def read_rights(cursor: Cursor, *, schema: str, role: str) -> Rights:
    """What `role` may do with each table, view and sequence of a schema, which is in the path. Reads the catalogue of all tenants."""
    cursor.execute(_read_given(schema))
    of = _to_rights(cursor, role)
    query = _digest_given(list(of))
    cursor.execute(query)
    return Rights(of, query, str(cursor.fetchone()[0]))


def _read_given(schema: str, names: list[str] | None = None) -> str:
    # By name: so is the catalogue's index.
    known = "" if names is None else f" and {_is_one_of(names)}"
    return (
        f"select relname, relkind = 'S', relacl::text[] from pg_class "
        f"where relnamespace = {literal(quote(schema))}::regnamespace and {_KINDS}{known}"
    )


def _digest_given(names: list[str]) -> str:
    return (
        "select concat((select nspacl from pg_namespace where nspname = current_schema()), ' ', count(*), ' ', "
        "sum(hash_array_extended(relacl, hashtext(relname::text)))) from pg_class "
        f"where relnamespace = current_schema()::regnamespace and {_KINDS} and {_is_one_of(names)}"
    )


def _is_one_of(names: list[str]) -> str:
    return f"relname = any(array[{', '.join(map(literal, names))}]::name[])"


def _to_rights(cursor: Cursor, role: str) -> dict[str, Right]:
    ours = (f"{role}=", f"{quote(role)}=")  # The catalogue quotes a name only where it must.
    return {
        name: Right(is_sequence, frozenset(item for item in items or () if item.startswith(ours)))
        for name, is_sequence, items in cursor.fetchall()
    }


def read_relations(cursor: Cursor, schema: str) -> Relations:
    """Every table, view and sequence of a schema. Reads the catalogue of all tenants."""
    cursor.execute(_read_given(schema))
    return {name: is_sequence for name, is_sequence, _given in cursor.fetchall()}
