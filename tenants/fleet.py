"""Migrating public and every tenant (DESIGN section 4.8).

Tenants that stand at the same migration are one group. A group's SQL is collected once from Django and replayed per schema,
with the recorder's rows and the grants, one commit a schema: a stopped run goes on where it was. A group's first schema goes alone;
once it is through, several workers replay the others, each on a connection of its own. Steps that are Python, or that may not run in
a transaction, go through Django schema by schema, one at a time: Django's own work is this process' CPU, and threads gain nothing.

A schema that fails is told of and stops no other; where many fail, the migration is at fault and the rest is left alone. One run at a
time (`hold_fleet`). Everything needs `as_owner`.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from django.apps import apps
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, OperationalError, connection, transaction
from django.db.migrations.loader import MigrationLoader
from django_tenants.postgresql_backend.base import DatabaseWrapper

from saas.core.schemas import PUBLIC

from .errors import FleetBusyError
from .grants import apply_grants
from .models import Tenant
from .owner import app_role, as_owner, owner_database
from .replaying import Script, collect, make_plan, needs_django, read_applied, read_rights_of, replay
from .schema_script import migrate_schema
from .selectors import list_tenant_schemas

WORKERS: Final = 4
MOST_FAILURES: Final = 20
PATIENCE: Final = 600.0  # seconds that a second run waits for the first
TRIES: Final = 3
# A change of a table waits for whoever uses it, and everybody else waits behind: better to let them pass and to try again.
LOCK_TIMEOUT: Final = "10s"
_FLEET_LOCK: Final = 0x464C4545  # pg_advisory_lock: one run at a time


@dataclass(frozen=True, slots=True)
class FailedSchema:
    schema: str
    error: str


@dataclass(frozen=True, slots=True)
class FleetReport:
    """How many schemas were up to date, replayed from collected SQL, and migrated by Django itself; which failed, and how many were
    left alone because too many had."""

    current: int = 0
    replayed: int = 0
    migrated: int = 0
    failed: tuple[FailedSchema, ...] = ()
    left: int = 0


@dataclass(slots=True)
class _Run:
    """What the workers of one run share."""

    most_failures: int
    on_schema: Callable[[str, str], None] | None
    counts: dict[str, int] = field(default_factory=lambda: {"current": 0, "replayed": 0, "migrated": 0})
    failed: list[FailedSchema] = field(default_factory=list)
    gone: int = 0
    stopped: bool = False
    guard: threading.Lock = field(default_factory=threading.Lock)

    @property
    def is_over(self) -> bool:
        return self.stopped or len(self.failed) >= self.most_failures

    def note(self, schema: str, how: str) -> None:
        with self.guard:
            self.counts[how] += 1
            if self.on_schema:
                self.on_schema(schema, how)

    def fail(self, schema: str, error: Exception) -> None:
        text = (str(error).strip() or type(error).__name__).splitlines()[0][:300]
        with self.guard:
            self.failed.append(FailedSchema(schema, text))
            if self.on_schema:
                self.on_schema(schema, f"failed: {text}")


def migrate_fleet(
    *,
    workers: int = WORKERS,
    most_failures: int = MOST_FAILURES,
    on_schema: Callable[[str, str], None] | None = None,
) -> FleetReport:
    """Bring every tenant's schema to this release's migrations. `on_schema(schema, how)` is told of each one changed or failed, one call
    at a time, from any of the `workers` threads.

    Idempotent and resumable: a failed or stopped run is repeated. Locks: an advisory lock per schema; whoever starts runs holds
    `hold_fleet` besides. A schema that fails is tried three times where it waited for a lock or lost its connection; after
    `most_failures` of them nothing more is begun.
    """
    run = _Run(most_failures, on_schema)
    schemas = list_tenant_schemas()
    for applied, group in _group(run, schemas).items():
        rest = _begin_group(run, applied, deque(group))
        if rest is not None:
            _replay(run, rest, workers)
    done = sum(run.counts.values()) + len(run.failed) + run.gone
    failed = tuple(sorted(run.failed, key=lambda one: one.schema))
    return FleetReport(**run.counts, failed=failed, left=max(0, len(schemas) - done) if failed else 0)


@contextmanager
def hold_fleet(*, patience: float = PATIENCE, on_wait: Callable[[], None] | None = None) -> Iterator[None]:
    """Only one run at a time migrates, public included. Waits `patience` seconds for another, of which `on_wait` is told once.

    The lock is a connection's own, so that a run that was killed holds nothing. Raises FleetBusyError, OwnerRoleMissingError.
    """
    holder = DatabaseWrapper(owner_database(), DEFAULT_DB_ALIAS)
    end = time.monotonic() + patience
    try:
        while not _try_lock(holder):
            if on_wait:
                on_wait()
                on_wait = None
            if time.monotonic() >= end:
                raise FleetBusyError(patience)
            time.sleep(min(1, max(0.01, end - time.monotonic())))
        yield
    finally:
        holder.close()


def _try_lock(holder: DatabaseWrapper) -> bool:
    with holder.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(%s)", [_FLEET_LOCK])
        return bool(cursor.fetchone()[0])


def list_behind() -> list[str]:
    """Schemas that lack a migration of this release, public first. Reads only, as either role."""
    nodes = set(MigrationLoader(None).graph.nodes)
    labels = {apps.get_app_config(label).label: apps.get_app_config(label).name for label, _ in nodes}
    of_tenants = {node for node in nodes if labels[node[0]] in settings.TENANT_APPS}
    behind = [] if nodes - of_tenants <= _read_recorded(PUBLIC) else [PUBLIC]
    return behind + [schema for schema in list_tenant_schemas() if not of_tenants <= _read_recorded(schema)]


def _read_recorded(schema: str) -> frozenset[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(f'select app, name from "{schema}".django_migrations')
        return frozenset(cursor.fetchall())


@dataclass(frozen=True, slots=True)
class _Batch:
    """Schemas of one group, which get the same script; None: Django itself migrates them."""

    schemas: deque[str]
    script: Script | None


def _group(run: _Run, schemas: list[str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for schema in schemas:
        try:
            groups[read_applied(schema)].append(schema)
        except Exception as error:
            _note_failure(run, schema, error)
    return groups


def _begin_group(run: _Run, applied: str, schemas: deque[str]) -> _Batch | None:
    """Migrate the first schema that can be: what it shows to be wrong goes wrong before many hold locks. None: nothing is left to do."""
    while schemas and not run.is_over:
        first = schemas.popleft()
        try:
            plan = make_plan(first)
            if not plan.migrations:
                run.counts["current"] += 1 + len(schemas)
                return None
            script = None if needs_django(plan) else collect(first, applied, plan)
            _try_one(first, script)
            if script is not None:
                script = replace(script, rights=read_rights_of(first))
        except Exception as error:
            _note_failure(run, first, error)
            continue
        run.note(first, _how(script))
        return _Batch(schemas, script)
    return None


def _replay(run: _Run, batch: _Batch, workers: int) -> None:
    """The others of a group, shared between threads; what a thread cannot go on with, such as an interruption, ends all of them."""
    count = 1 if batch.script is None else max(1, min(workers, len(batch.schemas)))
    with ThreadPoolExecutor(count, thread_name_prefix="fleet") as pool:
        works = [pool.submit(_work, run, batch) for _ in range(count)]
        try:
            for work in works:
                work.result()
        except BaseException:
            run.stopped = True
            raise


def _work(run: _Run, batch: _Batch) -> None:
    with as_owner():
        while not run.is_over:
            try:
                schema = batch.schemas.popleft()
            except IndexError:
                return
            try:
                _try_one(schema, batch.script)
            except Exception as error:
                _note_failure(run, schema, error)
            else:
                run.note(schema, _how(batch.script))


def _how(script: Script | None) -> str:
    return "migrated" if script is None else "replayed"


def _note_failure(run: _Run, schema: str, error: Exception) -> None:
    """One that was deleted meanwhile has not failed."""
    connection.close()  # whatever state it is in
    if Tenant.objects.filter(schema_name=schema).exists():
        run.fail(schema, error)
    else:
        run.gone += 1


def _try_one(schema: str, script: Script | None) -> None:
    for attempt in range(1, TRIES + 1):
        try:
            _migrate_one(schema, script)
        except OperationalError:
            connection.close()
            if attempt == TRIES:
                raise
            time.sleep(attempt)
        else:
            return


def _migrate_one(schema: str, script: Script | None) -> None:
    if script is not None:
        replay(schema, script, lock_timeout=LOCK_TIMEOUT)
        return
    with connection.cursor() as cursor:
        cursor.execute("select set_config('lock_timeout', %s, false)", [LOCK_TIMEOUT])
    migrate_schema(schema)
    with transaction.atomic(), connection.cursor() as cursor:
        apply_grants(cursor, schema=schema, role=app_role())
