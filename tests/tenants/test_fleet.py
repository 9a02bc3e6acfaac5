"""Migrating the fleet: SQL collected once and replayed, Python steps by Django, a stopped run goes on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection, migrations, models, transaction
from django.db.migrations.loader import MigrationLoader

from tenants import fleet
from tenants.context import TenantContext, enter_tenant
from tenants.fleet import migrate_fleet
from tenants.owner import as_owner
from tests.tenants.catalogue_reading import describe

real_load = MigrationLoader.load_disk


def latest(app: str) -> str:
    ((_app, name),) = MigrationLoader(None).graph.leaf_nodes(app)
    return name


def count_early(apps: Any, editor: Any) -> None:
    """A step in Python, on the models of its time."""
    apps.get_model("engagement", "Early").objects.create(word="from python")


class Early(migrations.Migration):
    """A table with everything that has to reach every tenant: index, constraint, grants."""

    dependencies: list[tuple[str, str]] = []
    operations = [
        migrations.CreateModel(
            "Early",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("word", models.CharField(max_length=40, db_index=True, default="")),
            ],
            options={"db_table": "early"},
        ),
        migrations.RunSQL("insert into early (word) values ('100 % sql; really')", "delete from early"),
        migrations.AddField("Early", "figure", models.IntegerField(default=3)),
    ]


class Pythonic(Early):
    operations = [*Early.operations, migrations.RunPython(count_early, migrations.RunPython.noop)]


@pytest.fixture
def release(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Adds a migration to this release, as a newer version of the code would bring it."""

    def add(made: type[migrations.Migration]) -> None:
        after = latest("engagement")

        def load(self: MigrationLoader) -> None:
            real_load(self)
            migration = made("9999_early", "engagement")
            migration.dependencies = [("engagement", after)]
            self.disk_migrations["engagement", "9999_early"] = migration

        monkeypatch.setattr(MigrationLoader, "load_disk", load)

    return add


def words(context: TenantContext) -> list[str]:
    with enter_tenant(context), connection.cursor() as cursor:
        cursor.execute("select word from early order by word")
        return [row[0] for row in cursor.fetchall()]


def test_a_fleet_that_is_up_to_date_is_left_alone(committed_db: None) -> None:
    with as_owner():
        assert migrate_fleet() == fleet.FleetReport(current=2, replayed=0, migrated=0)


@pytest.mark.parametrize(("made", "way"), [(Early, "replayed"), (Pythonic, "migrated")])
def test_every_tenant_gets_it_and_the_app_may_use_it(
    committed_db: None, acme: TenantContext, globex: TenantContext, release: Any, made: Any, way: str
) -> None:
    release(made)
    try:
        with as_owner():
            report = migrate_fleet()
            assert getattr(report, way) == 2
            assert migrate_fleet().current == 2  # Repeating it changes nothing.
            assert describe(acme.schema)["columns"] == describe(globex.schema)["columns"]
        for context in (acme, globex):
            assert "100 % sql; really" in words(context)
            assert ("from python" in words(context)) == (way == "migrated")
    finally:
        undo(acme, globex)


def test_a_run_that_stopped_goes_on(
    committed_db: None,
    acme: TenantContext,
    globex: TenantContext,
    release: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    release(Early)
    real = fleet._migrate_one

    def stop_at_the_second(schema: str, *rest: Any) -> None:
        if schema == globex.schema:
            raise KeyboardInterrupt
        real(schema, *rest)

    monkeypatch.setattr(fleet, "_migrate_one", stop_at_the_second)
    try:
        with as_owner(), pytest.raises(KeyboardInterrupt):
            migrate_fleet()
        assert words(acme) == ["100 % sql; really"]
        with pytest.raises(ProgrammingError, match="does not exist"), transaction.atomic():
            words(globex)
        monkeypatch.setattr(fleet, "_migrate_one", real)
        with as_owner():
            assert migrate_fleet() == fleet.FleetReport(current=1, replayed=1, migrated=0)
        assert words(globex) == ["100 % sql; really"]
    finally:
        undo(acme, globex)


def undo(*contexts: TenantContext) -> None:
    with as_owner():
        for context in contexts:
            with enter_tenant(context), connection.cursor() as cursor:
                cursor.execute("drop table if exists early")
                cursor.execute("delete from django_migrations where name = '9999_early'")


def test_who_is_behind_is_seen_by_the_apps_role(
    committed_db: None, acme: TenantContext, release: Any
) -> None:
    assert fleet.list_behind() == []
    release(Early)
    behind = fleet.list_behind()
    assert acme.schema in behind
    assert "public" not in behind
    with as_owner():
        migrate_fleet()
    assert fleet.list_behind() == []


def test_waiting_changes_nothing_and_ends(committed_db: None, release: Any) -> None:
    call_command("migrate_fleet", wait=0)
    release(Early)
    with pytest.raises(CommandError, match="not migrated"):
        call_command("migrate_fleet", wait=0.1)
