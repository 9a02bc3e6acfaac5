"""`manage.py run_worker`: runs the jobs. Stops on SIGTERM or Ctrl-C after the jobs in hand."""

from __future__ import annotations

import asyncio
import logging
import signal
from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.contrib.django.utils import connector_params
from procrastinate.exceptions import ConnectorException
from prometheus_client import REGISTRY
from psycopg import Error as PsycopgError

from engagement.kinds.jobs import QUEUE as PROVISIONING
from integrations.discord.jobs import sweep_level_roles
from ops.health.backlog import BacklogCollector
from ops.health.process import serve_health
from saas.events.housekeeping import QUEUE as HOUSEKEEPING
from saas.events.jobs import PUBLIC, defer, list_jobs
from tenants.routing import get_routing

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Runs deferred and periodic jobs until it is stopped. Start as many as are needed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--queues", default="", help="Comma-separated; all queues when left out.")
        parser.add_argument(
            "--concurrency", type=int, default=8, help="Jobs run at once (threads). Default 8."
        )
        parser.add_argument(
            "--stop-after", type=float, default=20, help="Seconds a job may go on after a stop."
        )
        parser.add_argument("--until-empty", action="store_true", help="End when no job is due.")

    def handle(
        self,
        *args: Any,
        queues: str,
        concurrency: int,
        stop_after: float,
        until_empty: bool,
        verbosity: int,
        **options: Any,
    ) -> None:
        if verbosity < 2:
            # Two long lines a job would drown what needs attention; failures are logged as errors all the same.
            logging.getLogger("procrastinate").setLevel(logging.WARNING)
        jobs = list_jobs()
        names = _choose_queues(queues, {job.queue for job in jobs.values()})
        logger.info("The worker serves %s with %s jobs known.", names or "every queue", len(jobs))
        routing = get_routing()
        backlog = BacklogCollector()
        REGISTRY.register(backlog)
        if not until_empty:
            # What was missed while no worker ran; workers that start together defer one sweep.
            defer(sweep_level_roles, tenant=PUBLIC, queueing_lock="at start")
        try:
            with serve_health("worker") as health:
                asyncio.run(
                    _work(names or None, concurrency, stop_after, wait=not until_empty, beat=health.beat)
                )
        finally:
            REGISTRY.unregister(backlog)
            routing.stop()


def _choose_queues(wanted: str, known: set[str]) -> list[str]:
    """The queues to serve; none named: every queue. Schemas are made with the owner's role: a worker that was not given it
    leaves that queue to those that were, instead of failing what they could do."""
    names = [name.strip() for name in wanted.split(",") if name.strip()]
    if not names and not settings.DATABASE_OWNER_URL:
        logger.warning("DATABASE_OWNER_URL is not set: this worker makes no communities.")
        return sorted({*known, HOUSEKEEPING} - {PROVISIONING})
    return names


async def _work(
    queues: list[str] | None, concurrency: int, stop_after: float, *, wait: bool, beat: Callable[[], None]
) -> None:
    """Jobs run in threads; a loop that beats is one that can still fetch them."""
    pulse = asyncio.create_task(_keep_beating(beat))
    try:
        await _fetch(queues, concurrency, stop_after, wait=wait)
    finally:
        pulse.cancel()


async def _keep_beating(beat: Callable[[], None]) -> None:
    while True:
        beat()
        await asyncio.sleep(5)


async def _fetch(queues: list[str] | None, concurrency: int, stop_after: float, *, wait: bool) -> None:
    """Serve until stopped. A worker whose database went away ends; it is started anew until the database is back."""
    stop = asyncio.Event()
    _listen_for_signals(stop)
    while not stop.is_set():
        serving = asyncio.create_task(_serve(queues, concurrency, stop_after, wait=wait))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if stop.is_set():
            serving.cancel()  # It lets the jobs in hand end.
        try:
            await serving
        except asyncio.CancelledError:
            return
        except (ConnectorException, PsycopgError) as error:
            logger.warning("The worker lost its database (%s).", error.__cause__ or error)
        if not wait:
            return
        await _wait_for_database(stop)
        logger.warning("The worker starts again.")


async def _wait_for_database(stop: asyncio.Event) -> None:
    """Asks each second: a pool that is opened while the database is away waits longer and longer between its tries."""
    parameters = connector_params()
    while True:
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), 1)
            return
        with suppress(PsycopgError):
            found = await asyncio.to_thread(psycopg.connect, **{**parameters, "connect_timeout": 2})
            found.close()
            return


def _listen_for_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(RuntimeError):  # Not in the main thread: whoever started it stops it otherwise.
            loop.add_signal_handler(number, stop.set)


async def _serve(queues: list[str] | None, concurrency: int, stop_after: float, *, wait: bool) -> None:
    connector = cast(DjangoConnector, app.connector).get_worker_connector()
    with app.replace_connector(connector) as worker_app:
        async with worker_app.open_async():
            await worker_app.run_worker_async(
                queues=queues,  # type: ignore[arg-type]  # None: every queue
                concurrency=concurrency,
                shutdown_graceful_timeout=stop_after,
                fetch_job_polling_interval=1,
                install_signal_handlers=False,
                wait=wait,
            )
