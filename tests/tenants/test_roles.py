"""The app's database role: no DDL anywhere, and rows of append-only tables stay as they were written."""

from __future__ import annotations

import pytest
from django.db import ProgrammingError, connection, transaction

from saas.core.schemas import PUBLIC
from tenants.context import TenantContext, enter_tenant
from tenants.grants import list_append_only_tables


def refused(statement: str) -> None:
    with (
        pytest.raises(ProgrammingError, match=r"permission denied|must be owner"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def test_the_logs_and_the_ledger_are_append_only() -> None:
    assert {"ledger_entry", "domain_event"} <= set(list_append_only_tables("t_"))
    assert list_append_only_tables(PUBLIC) == ["public_event"]


def test_no_row_of_an_append_only_table_is_changed(db: None, acme: TenantContext) -> None:
    with enter_tenant(acme):
        for table in list_append_only_tables(acme.schema):
            refused(f"update {table} set id = id")
            refused(f"delete from {table}")
            refused(f"truncate {table}")
            refused(f"drop table {table}")
            refused(f"alter table {table} add column extra int")
            refused(f"alter table {table} disable trigger all")
    refused("update public_event set type = 'x'")


def test_no_ddl(db: None, acme: TenantContext) -> None:
    refused("create schema t_mine")
    refused("create table public.mine (id int)")
    refused(f'create table "{acme.schema}".mine (id int)')
    refused(f'drop schema "{acme.schema}" cascade')
    refused("create extension hstore")


def test_what_is_run_as_the_owner_cannot_be_written(db: None, acme: TenantContext) -> None:
    refused("insert into schema_script (key, statements, created_at) values ('x', '[]', now())")
    refused("delete from schema_script")
    refused(f'delete from "{acme.schema}".django_migrations')
    refused("delete from public.django_migrations")
