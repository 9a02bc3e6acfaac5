"""A worker as a process: it ends its job when asked to stop, and what it was killed over is done by another."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connection

from saas.events import housekeeping
from saas.events.jobs import defer
from saas.events.models import TenantEvent
from tenants.context import TenantContext, enter_tenant
from tests.saas.events.material import dawdle, read_jobs
from tests.saas.events.test_worker import run_task
from tests.stack import TestStack


@pytest.fixture
def start(committed_db: None) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    running: list[subprocess.Popen[bytes]] = []

    def run(*words: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen([sys.executable, "-m", "tests.saas.events.worker_process", *words])
        running.append(process)
        return process

    yield run
    for process in running:
        process.kill()
        process.wait()


def said(context: TenantContext) -> list[str]:
    with enter_tenant(context):
        return list(TenantEvent.objects.order_by("pk").values_list("type", flat=True))


def wait_for(holds: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "what was waited for did not happen in time"
        time.sleep(0.05)


def test_asked_to_stop_it_ends_the_job_in_hand_and_takes_no_other(
    start: Callable[..., subprocess.Popen[bytes]], acme: TenantContext, tmp_path: Path
) -> None:
    enough = tmp_path / "enough"
    for _ in range(2):
        defer(dawdle, tenant=acme.schema, seconds=200, until=str(enough), lock="one by one")
    worker = start("--queues=tests")
    wait_for(lambda: said(acme) == ["Begun"])
    worker.send_signal(signal.SIGTERM)
    time.sleep(1)  # it has heard by then; the job in hand goes on
    enough.touch()
    assert worker.wait(60) == 0
    assert said(acme) == ["Begun", "Ended"]
    assert [job["status"] for job in read_jobs() if job["queue_name"] == "tests"] == ["succeeded", "todo"]


def test_what_a_killed_worker_had_in_hand_another_does(
    start: Callable[..., subprocess.Popen[bytes]], acme: TenantContext
) -> None:
    defer(dawdle, tenant=acme.schema, seconds=60)
    worker = start("--queues=tests")
    wait_for(lambda: said(acme) == ["Begun"])
    worker.kill()
    worker.wait()
    with connection.cursor() as cursor:
        # The half minute without a heartbeat, made short; and a job that need not dawdle again.
        cursor.execute("update procrastinate_workers set last_heartbeat = now() - interval '31 seconds'")
        cursor.execute(
            "update procrastinate_jobs set args = args || '{\"seconds\": 0}' where task_name = 'tests.dawdle'"
        )
        # A new worker sweeps dead ones away; the job must be found all the same.
        cursor.execute("delete from procrastinate_workers")
    # The minute's tick of the periodic care, without waiting for the minute.
    asyncio.run(run_task(housekeeping.retry_stalled_jobs.name))
    start(f"--queues=tests,{housekeeping.QUEUE}")
    wait_for(lambda: said(acme) == ["Begun", "Begun", "Ended"])


def test_a_worker_whose_connections_broke_goes_on(
    start: Callable[..., subprocess.Popen[bytes]], acme: TenantContext, test_stack: TestStack
) -> None:
    """What a restart of Postgres looks like from here."""
    defer(dawdle, tenant=acme.schema, seconds=0)
    worker = start("--queues=tests")
    wait_for(lambda: said(acme) == ["Begun", "Ended"])
    for _ in range(2):
        with test_stack.postgres.connect(test_stack.database) as superuser:
            superuser.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and usename = 'engagehub_app'"
            )
        connection.close()
        time.sleep(0.5)
    defer(dawdle, tenant=acme.schema, seconds=0)
    # One whose periodic jobs broke off lets those in hand end, for 20 s at most, before it begins anew.
    wait_for(lambda: said(acme) == ["Begun", "Ended"] * 2, seconds=60)
    assert worker.poll() is None
