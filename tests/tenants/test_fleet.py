"""Migrating the fleet: SQL collected once and replayed by several at once, Python steps by Django, a failure told and passed by, a stopped
run goes on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection, migrations, models, transaction
from django.db.migrations.loader import MigrationLoader

from tenants import fleet
from tenants.context import TenantContext, enter_tenant
from tenants.errors import FleetBusyError
from tenants.fleet import hold_fleet, migrate_fleet
from tenants.models import Tenant, User
from tenants.owner import app_role, as_owner
from tenants.provisioning import provision_tenant
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


class Touching(Early):
    """Changes a table that members' doings use."""

    operations = [
        *Early.operations,
        migrations.RunSQL("alter table member add column early int; alter table member drop column early"),
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


@pytest.fixture
def fleet_of_four(
    committed_db: None, acme: TenantContext, globex: TenantContext
) -> Iterator[list[TenantContext]]:
    """Acme and Globex, and two more behind them."""
    owner = User.objects.earliest("pk")
    made = [
        provision_tenant(slug=f"more-{number}", name="More", kind="creator", owner=owner)
        for number in range(2)
    ]
    contexts = [acme, globex, *(replace(acme, schema=one.schema_name, tenant_id=one.pk) for one in made)]
    yield contexts
    undo(*contexts)


def break_schema(context: TenantContext) -> None:
    """Something by the new table's name stands there already."""
    with as_owner(), enter_tenant(context), connection.cursor() as cursor:
        cursor.execute("create table early (oddity int)")


@pytest.mark.parametrize(("made", "broken"), [(Early, 0), (Early, 2), (Pythonic, 2)])
def test_one_that_fails_stops_no_other(
    fleet_of_four: list[TenantContext], release: Any, made: Any, broken: int
) -> None:
    odd = fleet_of_four[broken]
    break_schema(odd)
    release(made)
    with as_owner():
        report = migrate_fleet(workers=3)
    assert report.replayed + report.migrated == 3
    assert [one.schema for one in report.failed] == [odd.schema]
    assert "already exists" in report.failed[0].error
    assert all("100 % sql; really" in words(one) for one in fleet_of_four if one != odd)
    # Mended, the next run has only that one to do.
    undo(odd)
    with as_owner():
        again = migrate_fleet()
    assert (again.current, again.replayed + again.migrated, again.failed) == (3, 1, ())


def test_the_command_names_what_failed_and_ends_with_an_error(
    fleet_of_four: list[TenantContext], release: Any
) -> None:
    break_schema(fleet_of_four[1])
    release(Early)
    said = StringIO()
    with pytest.raises(CommandError) as raised:
        call_command("migrate_fleet", stdout=said, workers=2)
    assert raised.value.returncode == 1
    assert f"{fleet_of_four[1].schema} (globex): relation" in str(raised.value)
    assert "run migrate_fleet again" in str(raised.value)
    assert "3 tenants migrated" in said.getvalue()
    undo(fleet_of_four[1])
    call_command("migrate_fleet", stdout=said)
    assert "1 tenants migrated (0 of them by Django step by step), 3 were up to date." in said.getvalue()


def test_rights_that_differ_are_mended_where_it_is_replayed(
    fleet_of_four: list[TenantContext], release: Any
) -> None:
    """Given one where the app may do less than it should, and one where it may do more."""
    first, less, more, _last = (one.schema for one in fleet_of_four)
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(f'revoke all on "{less}".member, "{less}".member_id_seq from {app_role()}')
        cursor.execute(f'revoke usage on schema "{less}" from {app_role()}')
        cursor.execute(f'grant delete, truncate on "{more}".ledger_entry to {app_role()}')
        assert describe(more)["grants"] != describe(first)["grants"]
    release(Early)
    with as_owner():
        assert migrate_fleet().replayed == 4
        for schema in (less, more):
            assert describe(schema)["grants"] == describe(first)["grants"]
    assert words(fleet_of_four[1]) == ["100 % sql; really"]
    with enter_tenant(fleet_of_four[1]), connection.cursor() as cursor:
        cursor.execute("select nextval('member_id_seq')")


def test_where_all_fail_the_rest_is_left_alone(fleet_of_four: list[TenantContext], release: Any) -> None:
    for one in fleet_of_four:
        break_schema(one)
    release(Early)
    with as_owner():
        report = migrate_fleet(most_failures=2)
    assert (len(report.failed), report.left, report.replayed) == (2, 2, 0)


def test_several_are_replayed_at_once(
    fleet_of_four: list[TenantContext], release: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given three workers, each waits in its schema until the other two are in theirs; the first schema goes alone."""
    meeting = threading.Barrier(3, timeout=30)
    alone: list[str] = []
    real = fleet._migrate_one

    def meet(schema: str, *rest: Any) -> None:
        if alone:
            meeting.wait()
        alone.append(schema)
        real(schema, *rest)

    release(Early)
    monkeypatch.setattr(fleet, "_migrate_one", meet)
    with as_owner():
        assert migrate_fleet(workers=3).replayed == 4
    assert alone[0] == fleet_of_four[0].schema


def test_a_table_in_use_is_waited_for_briefly_and_then_tried_again(
    fleet_of_four: list[TenantContext], release: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = fleet_of_four[2]
    monkeypatch.setattr(fleet, "LOCK_TIMEOUT", "50ms")
    holding = threading.Event()
    tried: list[str] = []
    real = fleet._migrate_one

    def touch_member(schema: str, *rest: Any) -> None:
        tried.append(schema)
        if schema == busy.schema and tried.count(schema) == 2:
            holding.set()
            holder.join()
        real(schema, *rest)

    def hold() -> None:
        with as_owner(), enter_tenant(busy), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("lock table member in share mode")
            begun.set()
            holding.wait(30)

    begun = threading.Event()
    holder = threading.Thread(target=hold)
    holder.start()
    begun.wait(30)
    release(Touching)
    monkeypatch.setattr(fleet, "_migrate_one", touch_member)
    try:
        with as_owner():
            report = migrate_fleet()
        assert (report.replayed, report.failed) == (4, ())
        assert tried.count(busy.schema) == 2
    finally:
        holding.set()
        holder.join()


def test_two_runs_at_once_are_kept_apart(committed_db: None) -> None:
    waited: list[bool] = []
    with (
        hold_fleet(),
        pytest.raises(FleetBusyError, match="goes on where it stopped"),
        hold_fleet(patience=0, on_wait=lambda: waited.append(True)),
    ):
        pass
    assert waited == [True]
    with hold_fleet(patience=0):
        pass


def test_a_community_that_is_deleted_meanwhile_has_not_failed(
    fleet_of_four: list[TenantContext], release: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = fleet_of_four.pop()
    real = fleet._migrate_one

    def drop(schema: str, *rest: Any) -> None:
        if schema == gone.schema:
            with connection.cursor() as cursor:
                cursor.execute(f'drop schema "{schema}" cascade')
            Tenant.objects.filter(schema_name=schema).delete()
        real(schema, *rest)

    release(Early)
    monkeypatch.setattr(fleet, "_migrate_one", drop)
    with as_owner():
        report = migrate_fleet()
    assert (report.replayed, report.failed, report.left) == (3, (), 0)


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
