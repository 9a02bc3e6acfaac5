"""Jobs: work done later, exactly once in effect, deferred in the caller's transaction.

Invariants: a job names its tenant's schema or PUBLIC, else it refuses to run; its function is synchronous and runs with that
schema in hand; its row exists exactly when the caller's transaction committed. A job may run more than once (a worker
killed between effect and acknowledgement), so its function is idempotent.

procrastinate's tables live in the public schema. They are written with their schema's name, so that any tenant's
transaction can defer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import orjson
import structlog
from django.conf import settings
from django.db import connection
from procrastinate.contrib.django import app

from saas.core.schemas import PUBLIC, BadSchemaNameError, check_schema, enter_schema

from .log import Cursor
from .retries import Backoff, PermanentJobError

__all__ = ["PUBLIC", "Job", "JobRow", "defer", "defer_rows", "get_job", "job", "list_jobs", "periodic_job"]

JobFunction = Callable[..., None]
_JOBS: dict[str, Job] = {}
# Where jobs.py files are looked for; bot_shard and frontend_api have none.
_PACKAGES = ("tenants", "billing", "engagement", "integrations", "ops")


class UnknownJobError(LookupError):
    """No function of this release is registered under that name."""


class TenantNotNamedError(PermanentJobError):
    """A job names neither a tenant's schema nor PUBLIC, or a tenant that is gone."""


@dataclass(frozen=True)
class Job:
    """A registered function. Calling it runs it at once, in the schema that `tenant` names."""

    name: str
    function: JobFunction
    queue: str
    priority: int
    lock: str | None

    def __call__(self, *, tenant: str, **arguments: Any) -> None:
        _run(self, tenant=tenant, **arguments)


@dataclass(frozen=True, slots=True)
class JobRow:
    """One job to be deferred. `lock`: jobs of one lock run one after another. `queueing_lock`: waits at most once."""

    name: str
    tenant: str
    arguments: dict[str, Any] = field(default_factory=dict)
    run_at: datetime | None = None
    lock: str | None = None
    queueing_lock: str | None = None


def job(
    *,
    queue: str,
    name: str | None = None,
    retry: Backoff | None = None,
    priority: int = 0,
    lock: str | None = None,
) -> Callable[[JobFunction], Job]:
    """Register `function(*, tenant, **arguments)` as a job. With `lock`, a tenant's jobs of that lock run one by one.

    Its name is its module (without `.jobs`) and its own; rows that wait in the database refer to it, so it is not renamed.
    """

    def register(function: JobFunction) -> Job:
        full = name or f"{function.__module__.removesuffix('.jobs')}.{function.__name__}"
        made = Job(full, function, queue, priority, lock)

        def run(tenant: object = None, **arguments: Any) -> None:
            _run(made, tenant=tenant, **arguments)

        app.task(name=full, queue=queue, priority=priority, retry=retry or Backoff())(run)
        _JOBS[full] = made
        return made

    return register


def periodic_job(*, cron: str, queue: str) -> Callable[[JobFunction], Job]:
    """Register `function(*, tenant, timestamp)` to run in PUBLIC at `cron`'s times, once over all workers.

    Work of each tenant is deferred from it, one job a tenant.
    """

    def register(function: JobFunction) -> Job:
        made = job(queue=queue)(function)
        task = app.tasks[made.name]
        app.periodic(cron=cron, task_kwargs={"tenant": PUBLIC}, queueing_lock=made.name)(task)
        return made

    return register


def _run(made: Job, *, tenant: object, **arguments: Any) -> None:
    schema = _check_tenant(made, tenant)
    with structlog.contextvars.bound_contextvars(tenant=schema, job=made.name), enter_schema(schema):
        made.function(tenant=schema, **arguments)


def _check_tenant(made: Job, tenant: object) -> str:
    """The schema to run in. Raises TenantNotNamedError, which is never tried again."""
    try:
        schema = check_schema(tenant)
    except BadSchemaNameError as error:
        raise TenantNotNamedError(f"{made.name} refused to run: {error}") from error
    with connection.cursor() as cursor:
        cursor.execute("select 1 from pg_namespace where nspname = %s", [schema])
        if cursor.fetchone() is None:
            raise TenantNotNamedError(f"{made.name} refused to run: the schema {schema} no longer exists.")
    return schema


@cache
def load_jobs() -> None:
    """Import every jobs.py of the house, which registers its jobs."""
    root = Path(settings.BASE_DIR)
    import_module("saas.events.housekeeping")
    for package in _PACKAGES:
        for path in sorted((root / package).rglob("jobs.py")):
            import_module(".".join(path.relative_to(root).with_suffix("").parts))


def get_job(name: str) -> Job:
    """Raises UnknownJobError."""
    if name not in _JOBS:
        _load_jobs_of(name)
    if name not in _JOBS:
        load_jobs()
    try:
        return _JOBS[name]
    except KeyError:
        raise UnknownJobError(f"No job is named {name!r}. Its jobs.py registers it with @job.") from None


def _load_jobs_of(name: str) -> None:
    """Import the one module that a job of this name stands in, as names go: all of them are 20 MB in a process that defers one."""
    package = name.rpartition(".")[0].replace(".", "/")
    if package.partition("/")[0] in _PACKAGES and (Path(settings.BASE_DIR) / package / "jobs.py").exists():
        import_module(f"{package.replace('/', '.')}.jobs")


def list_jobs() -> dict[str, Job]:
    """Every job of the house by name."""
    load_jobs()
    return dict(_JOBS)


def defer(
    job: Job,
    *,
    tenant: str,
    run_at: datetime | None = None,
    lock: str | None = None,
    queueing_lock: str | None = None,
    **arguments: Any,
) -> None:
    """Defer one job in the caller's transaction; without one, at once.

    With a queueing_lock of which one job waits already, nothing is added. Raises BadSchemaNameError.
    """
    with connection.cursor() as cursor:
        defer_rows(cursor, [JobRow(job.name, tenant, arguments, run_at, lock, queueing_lock)])


def defer_rows(cursor: Cursor, rows: Iterable[JobRow]) -> int:
    """Defer many jobs in one statement on the caller's cursor. Returns how many were added.

    Locks are the tenant's own: two tenants' locks of one name do not meet.
    """
    columns: list[list[Any]] = [[], [], [], [], [], [], []]
    for row in rows:
        made = get_job(row.name)
        tenant = check_schema(row.tenant)
        lock = row.lock or made.lock
        values = (
            made.queue,
            made.name,
            made.priority,
            lock and f"{tenant}:{lock}",
            row.queueing_lock and f"{tenant}:{row.queueing_lock}",
            orjson.dumps({**row.arguments, "tenant": tenant}).decode(),
            row.run_at,
        )
        for column, value in zip(columns, values, strict=True):
            column.append(value)
    if not columns[0]:
        return 0
    cursor.execute(
        "with added as (insert into public.procrastinate_jobs"
        " (queue_name, task_name, priority, lock, queueing_lock, args, scheduled_at)"
        " select q, t, p, l, k, a::jsonb, s from unnest(%s::text[], %s::text[], %s::int[], %s::text[], %s::text[],"
        " %s::text[], %s::timestamptz[]) as r(q, t, p, l, k, a, s)"
        " on conflict do nothing returning 1) select count(*) from added",
        columns,
    )
    return int(cursor.fetchone()[0])
