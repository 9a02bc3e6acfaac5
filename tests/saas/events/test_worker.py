"""The worker: jobs run in their tenants, failures are retried or given up, stalled ones run again, old rows go."""

from __future__ import annotations

import asyncio

from django.core.management import call_command
from django.db import connection
from procrastinate.contrib.django import app

from saas.events import housekeeping
from saas.events.jobs import PUBLIC, defer
from tenants.context import TenantContext
from tests.saas.events.material import SEEN, fail, note, read_jobs, refuse
from tests.stack import TestStack


def work(queue: str = "tests") -> None:
    call_command("run_worker", queues=queue, until_empty=True, concurrency=4)


def test_jobs_run_in_their_own_tenants_side_by_side(
    committed_db: None, acme: TenantContext, globex: TenantContext
) -> None:
    SEEN.clear()
    for number in range(20):
        defer(note, tenant=acme.schema, n=number)
        defer(note, tenant=globex.schema, n=number)
        defer(note, tenant=PUBLIC, n=number)
    work()
    assert len(SEEN) == 60
    assert all(schema == arguments["tenant"] for schema, arguments in SEEN)
    assert {job["status"] for job in read_jobs() if job["queue_name"] == "tests"} == {"succeeded"}


def test_a_failure_is_tried_again_and_a_refusal_is_not(committed_db: None) -> None:
    defer(fail, tenant=PUBLIC)
    defer(refuse, tenant=PUBLIC)
    work()
    statuses = {
        job["task_name"]: (job["status"], job["attempts"])
        for job in read_jobs()
        if job["queue_name"] == "tests"
    }
    # `fail` waits for its second try; `refuse` is over.
    assert statuses == {"tests.fail": ("todo", 1), "tests.refuse": ("failed", 1)}


def test_a_job_whose_worker_died_runs_again(committed_db: None, test_stack: TestStack) -> None:
    SEEN.clear()
    defer(note, tenant=PUBLIC)
    # Given a worker that took the job and then gave no heartbeat for an hour
    with connection.cursor() as cursor:
        cursor.execute(
            "with dead as (insert into procrastinate_workers (last_heartbeat) values (now() - interval '1 hour') returning id)"
            " update procrastinate_jobs set status = 'doing', worker_id = (select id from dead)"
        )
    work()
    assert SEEN == []
    # When the periodic care runs
    asyncio.run(run_task(housekeeping.retry_stalled_jobs.name))
    work(housekeeping.QUEUE)
    work()
    assert len(SEEN) == 1


def test_finished_rows_are_pruned_and_fresh_ones_kept(committed_db: None, test_stack: TestStack) -> None:
    SEEN.clear()
    defer(note, tenant=PUBLIC, n=1)
    work()
    with connection.cursor() as cursor:
        cursor.execute("update procrastinate_events set at = now() - interval '25 hours'")
    defer(note, tenant=PUBLIC, n=2)
    work()
    asyncio.run(run_task(housekeeping.prune_jobs.name))
    work(housekeeping.QUEUE)
    left = [job["args"].get("n") for job in read_jobs() if job["task_name"] == "tests.note"]
    assert left == [2]


async def run_task(name: str) -> None:
    """Defer one of procrastinate's own periodic tasks, as its clock would."""
    await app.configure_task(name, task_kwargs={"timestamp": 0}).defer_async()
