"""Reads one schema's catalogue and writes it as the DDL that makes an equal schema.

Needs no pg_dump. The statements name the schema as `placeholder`; names inside them follow the search_path otherwise. What a
migration may make: tables, columns with every default, identity and generated ones, sequences, constraints, indexes,
functions, triggers, views, comments, extended statistics, and rows. Anything else raises UnsupportedSchemaError rather
than being left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from saas.events.log import Cursor

from .errors import UnsupportedSchemaError

PLACEHOLDER = "t_00000000000000000000000000"


def quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A string constant that holds whatever standard_conforming_strings says."""
    return "'" + text.replace("'", "''") + "'" if "\\" not in text else "E'" + _escape(text) + "'"


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "''")


def read_schema(cursor: Cursor, schema: str, *, rows: bool = True) -> list[str]:
    """The statements, in an order that can be run. With `rows`, also every row and every sequence's position.

    Leaves the session's search_path on the schema for the rest of its transaction.
    """
    cursor.execute(f"set local search_path = {quote(schema)}, public")
    _refuse_unsupported(cursor, schema)
    parts: list[Iterator[str]] = [
        _functions(cursor, schema),
        _sequences(cursor, schema),
        _tables(cursor, schema),
        _sequence_owners(cursor, schema),
        _constraints(cursor, schema, "p", "u", "x", "c"),
        _indexes(cursor, schema),
        # Rows before foreign keys, so that their order need not be found out.
        *([_rows(cursor, schema), _positions(cursor, schema)] if rows else []),
        _constraints(cursor, schema, "f"),
        _views(cursor, schema),
        _triggers(cursor, schema),
        _statistics(cursor, schema),
        _comments(cursor, schema),
    ]
    return [statement.replace(schema, PLACEHOLDER) for part in parts for statement in part]


def _ask(cursor: Cursor, query: str, *parameters: Any) -> list[Any]:
    cursor.execute(query, list(parameters))
    return list(cursor.fetchall())


def _refuse_unsupported(cursor: Cursor, schema: str) -> None:
    found = _ask(
        cursor,
        "select 'relation ' || relname || ' of kind ' || relkind::text from pg_class"
        "  where relnamespace = %s::regnamespace and (relkind not in ('r', 'i', 'S', 'v', 'm') or relispartition"
        "  or relrowsecurity)"
        " union all select 'type ' || typname from pg_type where typnamespace = %s::regnamespace and typtype in ('e', 'd')"
        " union all select 'inheritance of ' || inhrelid::regclass from pg_inherits"
        "  join pg_class on oid = inhrelid and relkind = 'r' where relnamespace = %s::regnamespace"
        " union all select 'rule ' || rulename from pg_rewrite join pg_class c on c.oid = ev_class"
        "  where c.relnamespace = %s::regnamespace and rulename <> '_RETURN'"
        " union all select 'function ' || proname || ' of kind ' || prokind::text from pg_proc"
        "  where pronamespace = %s::regnamespace and prokind not in ('f', 'p')",
        *[quote(schema)] * 5,
    )
    if found:
        names = ", ".join(sorted(row[0] for row in found))
        raise UnsupportedSchemaError(
            f"A migration made what tenants/catalogue.py cannot copy into new tenants: {names}. Teach it, or leave it out."
        )


def _functions(cursor: Cursor, schema: str) -> Iterator[str]:
    for row in _ask(
        cursor,
        "select pg_get_functiondef(oid) from pg_proc where pronamespace = %s::regnamespace order by oid",
        quote(schema),
    ):
        yield row[0]


def _sequences(cursor: Cursor, schema: str) -> Iterator[str]:
    """Those made by themselves or by a serial column; identity columns bring their own."""
    for name, kind, start, low, high, step, cache, cycle in _ask(
        cursor,
        "select c.relname, format_type(s.seqtypid, null), seqstart, seqmin, seqmax, seqincrement, seqcache, seqcycle"
        " from pg_sequence s join pg_class c on c.oid = s.seqrelid where c.relnamespace = %s::regnamespace and not exists"
        " (select 1 from pg_depend d where d.objid = c.oid and d.classid = 'pg_class'::regclass and d.deptype = 'i')"
        " order by c.oid",
        quote(schema),
    ):
        yield (
            f"create sequence {quote(schema)}.{quote(name)} as {kind} increment {step} minvalue {low} maxvalue {high}"
            f" start {start} cache {cache}{' cycle' if cycle else ''}"
        )


def _sequence_owners(cursor: Cursor, schema: str) -> Iterator[str]:
    for name, table, column in _ask(
        cursor,
        "select c.relname, t.relname, a.attname from pg_class c join pg_depend d on d.objid = c.oid and d.deptype = 'a'"
        " and d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass"
        " join pg_class t on t.oid = d.refobjid join pg_attribute a on a.attrelid = t.oid and a.attnum = d.refobjsubid"
        " where c.relkind = 'S' and c.relnamespace = %s::regnamespace order by c.oid",
        quote(schema),
    ):
        yield f"alter sequence {quote(schema)}.{quote(name)} owned by {quote(schema)}.{quote(table)}.{quote(column)}"


def _tables(cursor: Cursor, schema: str) -> Iterator[str]:
    for oid, name, persistence, options in _ask(
        cursor,
        "select oid::bigint, relname, relpersistence, reloptions from pg_class"
        " where relkind = 'r' and relnamespace = %s::regnamespace order by oid",
        quote(schema),
    ):
        columns = ", ".join(_columns(cursor, oid))
        unlogged = "unlogged " if persistence == "u" else ""
        tail = f" with ({', '.join(options)})" if options else ""
        yield f"create {unlogged}table {quote(schema)}.{quote(name)} ({columns}){tail}"
        yield from _column_settings(cursor, oid, schema, name)


def _columns(cursor: Cursor, table: int) -> Iterator[str]:
    for name, kind, collation, identity, generated, default, required, dropped in _ask(
        cursor,
        "select a.attname, format_type(a.atttypid, a.atttypmod),"
        " case when a.attcollation not in (0, t.typcollation) then a.attcollation::regcollation::text end,"
        " a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid), a.attnotnull, a.attisdropped"
        " from pg_attribute a left join pg_type t on t.oid = a.atttypid"
        " left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum"
        " where a.attrelid = %s and a.attnum > 0 order by a.attnum",
        table,
    ):
        if dropped:
            continue
        text = f"{quote(name)} {kind}"
        if collation:
            text += f" collate {collation}"
        if identity:
            text += f" generated {'always' if identity == 'a' else 'by default'} as identity"
        elif generated:
            text += f" generated always as ({default}) stored"
        elif default is not None:
            text += f" default {default}"
        yield text + (" not null" if required else "")


def _column_settings(cursor: Cursor, table: int, schema: str, name: str) -> Iterator[str]:
    for column, target, storage, options in _ask(
        cursor,
        "select a.attname, coalesce(a.attstattarget, -1), case when a.attstorage <> t.typstorage then a.attstorage end,"
        " a.attoptions from pg_attribute a join pg_type t on t.oid = a.atttypid"
        " where a.attrelid = %s and a.attnum > 0 and not a.attisdropped order by a.attnum",
        table,
    ):
        start = f"alter table {quote(schema)}.{quote(name)} alter column {quote(column)} set"
        if target >= 0:
            yield f"{start} statistics {target}"
        if storage:
            yield f"{start} storage {({'p': 'plain', 'e': 'external', 'm': 'main', 'x': 'extended'})[storage]}"
        if options:
            yield f"{start} ({', '.join(options)})"


def _constraints(cursor: Cursor, schema: str, *kinds: str) -> Iterator[str]:
    """One ALTER each: Citus refuses several in one. Not-null ones stand with their columns."""
    for table, name, definition in _ask(
        cursor,
        "select t.relname, c.conname, pg_get_constraintdef(c.oid) from pg_constraint c join pg_class t on t.oid = c.conrelid"
        " where t.relnamespace = %s::regnamespace and c.contype = any(%s) order by c.oid",
        quote(schema),
        list(kinds),
    ):
        yield f"alter table {quote(schema)}.{quote(table)} add constraint {quote(name)} {definition}"


def _indexes(cursor: Cursor, schema: str) -> Iterator[str]:
    for row in _ask(
        cursor,
        "select pg_get_indexdef(i.indexrelid) from pg_index i join pg_class c on c.oid = i.indexrelid"
        " where c.relnamespace = %s::regnamespace and i.indisvalid and not exists"
        " (select 1 from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x')) order by c.oid",
        quote(schema),
    ):
        yield row[0]


def _views(cursor: Cursor, schema: str) -> Iterator[str]:
    for name, kind, definition in _ask(
        cursor,
        "select relname, relkind, pg_get_viewdef(oid) from pg_class where relkind in ('v', 'm')"
        " and relnamespace = %s::regnamespace order by oid",
        quote(schema),
    ):
        materialised = "materialized " if kind == "m" else ""
        yield f"create {materialised}view {quote(schema)}.{quote(name)} as {definition.rstrip(';')}"


def _triggers(cursor: Cursor, schema: str) -> Iterator[str]:
    for row in _ask(
        cursor,
        "select pg_get_triggerdef(g.oid) from pg_trigger g join pg_class t on t.oid = g.tgrelid"
        " where t.relnamespace = %s::regnamespace and not g.tgisinternal order by g.oid",
        quote(schema),
    ):
        yield row[0]


def _statistics(cursor: Cursor, schema: str) -> Iterator[str]:
    for row in _ask(
        cursor,
        "select pg_get_statisticsobjdef(oid) from pg_statistic_ext where stxnamespace = %s::regnamespace order by oid",
        quote(schema),
    ):
        yield row[0]


def _comments(cursor: Cursor, schema: str) -> Iterator[str]:
    for table, column, text in _ask(
        cursor,
        "select c.relname, a.attname, d.description from pg_description d join pg_class c on c.oid = d.objoid"
        " left join pg_attribute a on a.attrelid = c.oid and a.attnum = d.objsubid and d.objsubid > 0"
        " where d.classoid = 'pg_class'::regclass and c.relkind = 'r' and c.relnamespace = %s::regnamespace"
        " order by c.oid, d.objsubid",
        quote(schema),
    ):
        target = f"{quote(schema)}.{quote(table)}"
        target = f"column {target}.{quote(column)}" if column else f"table {target}"
        yield f"comment on {target} is {literal(text)}"


def _rows(cursor: Cursor, schema: str) -> Iterator[str]:
    for table, columns in _ask(
        cursor,
        "select c.relname, array_agg(a.attname order by a.attnum) from pg_class c join pg_attribute a on a.attrelid = c.oid"
        " where c.relkind = 'r' and c.relnamespace = %s::regnamespace and a.attnum > 0 and not a.attisdropped"
        " and a.attgenerated = '' group by c.oid, c.relname order by c.oid",
        quote(schema),
    ):
        target = f"{quote(schema)}.{quote(table)}"
        found = _ask(cursor, f"select json_agg(to_json(r))::text from {target} r")[0][0]
        if found:
            names = ", ".join(quote(column) for column in columns)
            yield (
                f"insert into {target} ({names}) overriding system value select {names}"
                f" from json_populate_recordset(null::{target}, {literal(found)})"
            )


def _positions(cursor: Cursor, schema: str) -> Iterator[str]:
    for (name,) in _ask(
        cursor,
        "select relname from pg_class where relkind = 'S' and relnamespace = %s::regnamespace order by oid",
        quote(schema),
    ):
        sequence = f"{quote(schema)}.{quote(name)}"
        last, called = _ask(cursor, f"select last_value, is_called from {sequence}")[0]
        if called:
            yield f"select setval({literal(sequence)}, {last})"
