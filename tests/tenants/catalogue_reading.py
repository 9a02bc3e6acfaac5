"""A schema's catalogue, read independently of tenants/catalogue.py: what two equal schemas must agree on."""

from __future__ import annotations

from typing import Any

from django.db import connection

QUERIES = {
    "relations": "select c.relname, c.relkind, c.relpersistence, c.reloptions, c.relrowsecurity from pg_class c"
    " where c.relnamespace = %s::regnamespace",
    "columns": "select c.relname, row_number() over (partition by c.oid order by a.attnum), a.attname,"
    " format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated, a.attcollation, a.attstorage,"
    " a.attoptions, pg_get_expr(d.adbin, d.adrelid) from pg_attribute a join pg_class c on c.oid = a.attrelid"
    " left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum"
    " where c.relnamespace = %s::regnamespace and a.attnum > 0 and not a.attisdropped",
    "constraints": "select conrelid::regclass::text, conname, contype, condeferrable, condeferred, convalidated,"
    " pg_get_constraintdef(oid) from pg_constraint where connamespace = %s::regnamespace",
    "indexes": "select indexname, indexdef from pg_indexes where schemaname = trim('\"' from %s)",
    "sequences": "select sequencename, data_type::text, start_value, min_value, max_value, increment_by, cycle, cache_size,"
    " last_value from pg_sequences where schemaname = trim('\"' from %s)",
    "functions": "select proname, pg_get_functiondef(oid) from pg_proc where pronamespace = %s::regnamespace",
    "triggers": "select tgrelid::regclass::text, tgname, pg_get_triggerdef(g.oid) from pg_trigger g"
    " join pg_class c on c.oid = tgrelid where c.relnamespace = %s::regnamespace and not tgisinternal",
    "grants": "select table_name, grantee, privilege_type from information_schema.role_table_grants"
    " where table_schema = trim('\"' from %s) and grantee <> 'engagehub_owner'",
    "owners": "select distinct tableowner from pg_tables where schemaname = trim('\"' from %s)",
    "types": "select typname, typtype from pg_type where typnamespace = %s::regnamespace and typtype not in ('c', 'b')",
}


def describe(schema: str) -> dict[str, list[Any]]:
    """Everything above, with the schema's name taken out."""
    found = {}
    with connection.cursor() as cursor:
        for name, query in QUERIES.items():
            cursor.execute(query, [f'"{schema}"'])
            found[name] = sorted(repr(row).replace(schema, "SCHEMA") for row in cursor.fetchall())
        cursor.execute("select tablename from pg_tables where schemaname = %s order by 1", [schema])
        for (table,) in cursor.fetchall():
            columns = "app, name" if table == "django_migrations" else "*"
            cursor.execute(f'select {columns} from "{schema}"."{table}"')
            found[f"rows of {table}"] = sorted(repr(row) for row in cursor.fetchall())
    return found
