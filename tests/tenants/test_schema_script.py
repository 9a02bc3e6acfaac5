"""The cached script makes what the migrations make, and the catalogue reader copies what a migration may make."""

from __future__ import annotations

import pytest
from django.db import connection, transaction

from saas.core.schemas import enter_schema
from tenants.catalogue import PLACEHOLDER, read_schema
from tenants.errors import UnsupportedSchemaError
from tenants.grants import apply_grants
from tenants.models import SchemaScript, new_schema_name
from tenants.owner import app_role, as_owner
from tenants.provisioning import provision_tenant
from tenants.schema_script import get_script, migrate_schema, render
from tests.tenants.catalogue_reading import describe


@pytest.mark.parametrize("step_by_step", [False, True])
def test_a_provisioned_schema_equals_a_migrated_one(committed_db: None, step_by_step: bool) -> None:
    migrated = new_schema_name()
    provisioned = provision_tenant(slug="copy", name="Copy", statement_at_a_time=step_by_step).schema_name
    with as_owner():
        migrate_schema(migrated)
        with transaction.atomic(), connection.cursor() as cursor:
            apply_grants(cursor, schema=migrated, role=app_role())
        wanted, made = describe(migrated), describe(provisioned)
    assert wanted.keys() == made.keys()
    for part in wanted:
        assert made[part] == wanted[part], part
    assert len(wanted["relations"]) > 20  # The comparison looks at something.


def test_the_script_is_made_once(committed_db: None) -> None:
    SchemaScript.objects.all()  # readable as the app's role
    first = get_script()
    assert get_script() == first
    assert SchemaScript.objects.count() == 1


EVERYTHING = """
create sequence counter increment 5 start 10 cache 2;
create table "odd name" (
    id bigint generated always as identity primary key,
    serial_ish int not null default nextval('counter'),
    doubled int generated always as (serial_ish * 2) stored,
    word text collate "C" not null default 'it''s \\ %% {x}',
    amount numeric(10, 2) check (amount > 0),
    span tstzrange,
    parent_id bigint references "odd name" deferrable initially deferred,
    exclude using gist (span with &&)
) with (fillfactor = 70);
alter sequence counter owned by "odd name".serial_ish;
alter table "odd name" alter column word set statistics 500;
create unique index some_words on "odd name" (lower(word) desc nulls last) where amount is not null;
create function shout(t text) returns text language sql immutable as $$ select upper(t) || '!;' $$;
create function guard() returns trigger language plpgsql as $$ begin raise 'no; %%', tg_op; end $$;
create trigger keep before delete on "odd name" for each row execute function guard();
create view loud as select id, shout(word) as word from "odd name";
create statistics figures (dependencies) on serial_ish, amount from "odd name";
comment on table "odd name" is 'a "strange" \\ table';
insert into "odd name" (word, amount) values ('semi;colon', 1.50), (E'tab\\tand ''quote''', 2);
insert into "odd name" (word, parent_id) values ('child', 1);
"""


def test_the_reader_copies_everything_that_a_migration_may_make(committed_db: None) -> None:
    original, copy = new_schema_name(), new_schema_name()
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(f'create schema "{original}"')
        with enter_schema(original), connection.cursor() as inside:
            inside.execute(EVERYTHING.replace("%%", "%"))
        with transaction.atomic():
            statements = read_schema(cursor, original)
        assert not any(original in statement for statement in statements)
        cursor.execute(f'create schema "{copy}"')
        with enter_schema(copy), connection.cursor() as inside:
            for statement in render(statements, copy):
                inside.execute(statement)
        assert describe(copy) == describe(original)


@pytest.mark.parametrize(
    "statement",
    [
        "create type mood as enum ('good', 'bad')",
        "create table parts (id int) partition by range (id)",
        "create domain small as int check (value < 10)",
        "create table a (id int); create table b () inherits (a)",
        "create table secret (id int); alter table secret enable row level security",
    ],
)
def test_what_it_cannot_copy_it_refuses_by_name(committed_db: None, statement: str) -> None:
    schema = new_schema_name()
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(f'create schema "{schema}"')
        with enter_schema(schema), connection.cursor() as inside:
            inside.execute(statement)
        with transaction.atomic(), pytest.raises(UnsupportedSchemaError, match="cannot copy"):
            read_schema(cursor, schema)


def test_the_placeholder_is_no_schema_that_can_exist() -> None:
    assert new_schema_name() > PLACEHOLDER
