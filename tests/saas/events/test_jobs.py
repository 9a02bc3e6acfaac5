"""Deferring: in the caller's transaction, with a tenant, once where a queueing lock says so."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, transaction
from procrastinate.contrib.django import app
from procrastinate.jobs import Job as StoredJob

from saas.core.schemas import BadSchemaNameError
from saas.events.jobs import (
    PUBLIC,
    JobRow,
    TenantNotNamedError,
    UnknownJobError,
    defer,
    defer_rows,
    list_jobs,
)
from saas.events.retries import Backoff, PermanentJobError, RetryLaterError
from saas.wiring import HANDLERS
from tenants.context import TenantContext, enter_tenant
from tests.saas.events.material import SEEN, note, read_jobs


def test_from_any_schema_a_job_lands_in_the_one_job_table(db: None, acme: TenantContext) -> None:
    with enter_tenant(acme):
        defer(note, tenant=acme.schema, cups=1)
    defer(note, tenant=PUBLIC, cups=2)
    assert [(job["queue_name"], job["args"]) for job in read_jobs()] == [
        ("tests", {"tenant": acme.schema, "cups": 1}),
        ("tests", {"tenant": "public", "cups": 2}),
    ]


def test_a_rollback_leaves_no_job(committed_db: None, acme: TenantContext) -> None:
    with pytest.raises(RuntimeError), enter_tenant(acme), transaction.atomic():  # noqa: PT012
        defer(note, tenant=acme.schema)
        raise RuntimeError
    assert read_jobs() == []


@pytest.mark.parametrize("tenant", ["", "acme", "a,b", "public,t_x", "t_0", None])
def test_a_job_without_a_tenant_is_not_deferred(db: None, tenant: Any) -> None:
    with pytest.raises(BadSchemaNameError):
        defer(note, tenant=tenant)


def test_a_stored_job_without_a_tenant_refuses_to_run(db: None) -> None:
    for arguments in ({}, {"tenant": None}, {"tenant": "t_00000000000000000000000000"}):
        with pytest.raises(TenantNotNamedError, match="refused to run"):
            app.tasks["tests.note"].func(**arguments)


def test_a_job_runs_in_its_tenants_schema_and_leaves_the_callers_alone(
    db: None, acme: TenantContext, globex: TenantContext
) -> None:
    SEEN.clear()
    with enter_tenant(globex):
        note(tenant=acme.schema, cups=1)
        note(tenant=PUBLIC)
        assert connection.schema_name == globex.schema
    assert [schema for schema, _ in SEEN] == [acme.schema, "public"]


def test_locks_belong_to_their_tenant_and_a_queueing_lock_keeps_one_waiting(
    db: None, acme: TenantContext, globex: TenantContext
) -> None:
    for context in (acme, globex, acme):
        defer(note, tenant=context.schema, lock="tea", queueing_lock="kettle")
    jobs = read_jobs()
    assert [job["queueing_lock"] for job in jobs] == [f"{acme.schema}:kettle", f"{globex.schema}:kettle"]
    assert jobs[0]["lock"] == f"{acme.schema}:tea"


def test_many_rows_go_in_one_statement(db: None, acme: TenantContext, django_assert_num_queries: Any) -> None:
    moment = datetime(2030, 1, 1, tzinfo=UTC)
    rows = [JobRow(note.name, acme.schema, {"n": n}, run_at=moment) for n in range(500)]
    read_jobs()  # The search_path is set by a connection's first query.
    with django_assert_num_queries(1), connection.cursor() as cursor:
        assert defer_rows(cursor, rows) == 500
        assert defer_rows(cursor, []) == 0
    assert {job["scheduled_at"] for job in read_jobs()} == {moment}


def test_an_unknown_job_is_named(db: None) -> None:
    with connection.cursor() as cursor, pytest.raises(UnknownJobError, match="named 'no-such'"):
        defer_rows(cursor, [JobRow("no-such", PUBLIC)])


def test_every_wired_handler_is_a_job_of_the_house() -> None:
    known = list_jobs()
    missing = {name for names in HANDLERS.values() for name in names} - known.keys()
    assert not missing


def stored(attempts: int) -> StoredJob:
    return StoredJob(id=1, queue="tests", lock=None, queueing_lock=None, task_name="x", attempts=attempts)


def test_pauses_double_and_end() -> None:
    policy = Backoff(tries=4, first=10, longest=30)
    waits = []
    for attempts in range(3):
        decision = policy.get_retry_decision(exception=RuntimeError(), job=stored(attempts))
        assert decision is not None
        assert decision.retry_at is not None
        waits.append((decision.retry_at - datetime.now(UTC)).total_seconds())
    for wait, low in zip(waits, (10, 20, 30), strict=True):
        assert low - 1 <= wait <= low * 1.25 + 2
    assert policy.get_retry_decision(exception=RuntimeError(), job=stored(3)) is None


def test_a_job_can_say_never_and_later() -> None:
    assert Backoff().get_retry_decision(exception=PermanentJobError(), job=stored(0)) is None
    decision = Backoff(first=1).get_retry_decision(
        exception=RetryLaterError("busy", seconds=100), job=stored(0)
    )
    assert decision is not None
    assert decision.retry_at is not None
    assert (decision.retry_at - datetime.now(UTC)).total_seconds() > 98


def test_deferring_does_not_need_the_worker(db: None) -> None:
    """The names in saas/wiring.py resolve in a process that imported nothing yet."""
    code = "import django; django.setup();from saas.events.jobs import list_jobs; print(len(list_jobs()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
