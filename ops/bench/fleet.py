"""What a release's migration costs a fleet: one AddField brought to every tenant by `migrate_fleet` — against a loop of the bare
statement, one commit a schema.

The schemas are whole ones, made as a founder's are but for the seeds' rows: every table, index and grant, and every migration recorded,
because both are looked at in each schema. The migration stands only in this process: a field that is
put on top of the app's last migration, another one each round.

The floor is psycopg on one connection of the owner's, with a statement written here; no recorder's rows, no grants, no look at what
stands there. The two take turns. `vs_ddl` is the whole run at the large fleet, what is worked out once included. `growth` is what one
more schema takes at the large fleet against the small one, each at its quickest, without what is worked out once: spread over few
schemas that would hide it. The two sizes are measured minutes apart, so where the floor became slower meanwhile (the disk is busy with
270 new schemas, or with somebody else) that share is the machine's and is taken out; both stand in `detail`.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from statistics import median
from typing import Final

import psycopg
from django.db import connections, migrations, models
from django.db.migrations.loader import MigrationLoader

from ops.bench.results import Result
from tenants.fleet import WORKERS, migrate_fleet
from tenants.models import User
from tenants.owner import as_owner, owner_database
from tenants.provisioning import provision_tenant
from tenants.selectors import list_tenant_schemas

SMALL: Final = 30
LARGE: Final = SMALL * 10
ROUNDS: Final = 7
LONGEST_REST: Final = 30.0
QUICK_COMMIT: Final = 0.001
APP: Final = "engagement"
MODEL, TABLE = "Member", "member"


@dataclass
class _Taken:
    """Seconds of one size of the fleet, an item a round: the whole run, the run after its first schema, and the floor."""

    whole: list[float] = field(default_factory=list)
    after_first: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)


class _Releases:
    """Migrations that this process alone knows of, as a newer version of the code would bring them: one more each time."""

    def __init__(self) -> None:
        ((_app, self.latest),) = MigrationLoader(None).graph.leaf_nodes(APP)
        self.count = 0
        load_disk = MigrationLoader.load_disk

        def load(loader: MigrationLoader) -> None:
            load_disk(loader)
            before = self.latest
            for number in range(self.count):
                name = f"99{number:02}_bench"
                assert loader.disk_migrations is not None
                loader.disk_migrations[APP, name] = _make_migration(name, before, f"bench_{number}")
                before = name

        setattr(MigrationLoader, "load_disk", load)  # noqa: B010

    def bring_another(self) -> None:
        self.count += 1


def _make_migration(name: str, after: str, column: str) -> migrations.Migration:
    figure: models.IntegerField[int, int] = models.IntegerField(db_default=0)
    body = {"dependencies": [(APP, after)], "operations": [migrations.AddField(MODEL, column, figure)]}
    made: migrations.Migration = type(name, (migrations.Migration,), body)(name, APP)
    return made


def run() -> list[Result]:
    owner = User.objects.create_user("bench-owner", "owner@example.com")
    _make_communities(owner, range(SMALL))
    releases = _Releases()
    with _connect() as connection:
        connection.execute("create table bench_disk (id int)")
        _let_disk_rest(connection)
        small = _measure(connection, releases, "small")
        _make_communities(owner, range(SMALL, LARGE))
        with as_owner():
            migrate_fleet()  # The new ones come up to the others' release, unmeasured.
        _let_disk_rest(connection)
        large = _measure(connection, releases, "large")
    connections.close_all()
    ratios = [mine / bare for mine, bare in zip(large.whole, large.floor, strict=True)]
    one_small, one_large = min(small.after_first) / (SMALL - 1), min(large.after_first) / (LARGE - 1)
    bare_small, bare_large = min(small.floor) / SMALL, min(large.floor) / LARGE
    growth = one_large / one_small / max(1.0, bare_large / bare_small)
    detail = {
        "schemas": LARGE,
        "fleet_s": round(median(large.whole), 2),
        "fleet_after_its_first_schema_s": round(median(large.after_first), 2),
        "ddl_s": round(median(large.floor), 2),
        "ratios": [round(ratio, 2) for ratio in sorted(ratios)],
        "one_schema_ms": {SMALL: round(one_small * 1e3, 2), LARGE: round(one_large * 1e3, 2)},
        "one_bare_ms": {SMALL: round(bare_small * 1e3, 2), LARGE: round(bare_large * 1e3, 2)},
        "workers": WORKERS,
        "rounds": ROUNDS,
        "left_out": "the seeds' rows and all others of a living community; a default that is constant rewrites no row",
    }
    return [
        Result("fleet", "vs_ddl", round(median(ratios), 3), "<=5", detail),
        Result("fleet", "growth", round(growth, 3), "<=1.5", detail),
    ]


def _make_communities(owner: User, numbers: range) -> None:
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(partial(_make_community, owner), numbers))


def _make_community(owner: User, number: int) -> None:
    provision_tenant(slug=f"bench-{number}", name=f"Bench {number}", owner=owner, live=False)
    connections.close_all()


def _let_disk_rest(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Until twenty commits in a row are quick, or for half a minute."""
    end = time.monotonic() + LONGEST_REST
    while time.monotonic() < end:
        began = time.perf_counter()
        for _ in range(20):
            connection.execute(b"insert into bench_disk values (1)")
        if time.perf_counter() - began < 20 * QUICK_COMMIT:
            return
        time.sleep(1)


def _measure(connection: psycopg.Connection[tuple[object, ...]], releases: _Releases, size: str) -> _Taken:
    schemas, taken = list_tenant_schemas(), _Taken()
    for number in range(ROUNDS):
        acts = [
            partial(_migrate, releases, taken, len(schemas)),
            partial(_alter, connection, schemas, f"bare_{size}_{number}", taken),
        ]
        # Whoever comes second finds the disk busy with the first one's catalogue: so they take turns at it.
        for act in acts if number % 2 else reversed(acts):
            act()
    return taken


def _migrate(releases: _Releases, taken: _Taken, schemas: int) -> None:
    releases.bring_another()
    marks: list[float] = []
    with as_owner():
        began = time.perf_counter()
        report = migrate_fleet(on_schema=lambda schema, how: marks.append(time.perf_counter()))
        ended = time.perf_counter()
    if report.replayed != schemas:
        raise RuntimeError(f"Of {schemas} schemas {report.replayed} were migrated: {report}.")
    taken.whole.append(ended - began)
    taken.after_first.append(ended - marks[0])


def _alter(
    connection: psycopg.Connection[tuple[object, ...]], schemas: list[str], column: str, taken: _Taken
) -> None:
    began = time.perf_counter()
    for schema in schemas:
        connection.execute(
            f'alter table "{schema}"."{TABLE}" add column "{column}" integer default 0 not null'.encode()
        )
    taken.floor.append(time.perf_counter() - began)


def _connect() -> psycopg.Connection[tuple[object, ...]]:
    given = owner_database()
    return psycopg.connect(
        dbname=given["NAME"],
        user=given["USER"],
        password=given["PASSWORD"] or None,
        host=given["HOST"] or None,
        port=given["PORT"] or None,
        autocommit=True,
    )
