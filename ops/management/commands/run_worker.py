"""`manage.py run_worker`: runs the jobs. Stops on SIGTERM or Ctrl-C after the jobs in hand."""

from __future__ import annotations

import asyncio
import logging
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any, cast

from django.core.management.base import BaseCommand
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector
from prometheus_client import REGISTRY

from integrations.discord.jobs import sweep_level_roles
from ops.health.backlog import BacklogCollector
from ops.health.process import serve_health
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
        names = [name.strip() for name in queues.split(",") if name.strip()]
        jobs = list_jobs()
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
    connector = cast(DjangoConnector, app.connector).get_worker_connector()
    with app.replace_connector(connector) as worker_app:
        async with worker_app.open_async():
            await worker_app.run_worker_async(
                queues=queues,  # type: ignore[arg-type]  # None: every queue
                concurrency=concurrency,
                shutdown_graceful_timeout=stop_after,
                fetch_job_polling_interval=1,
                wait=wait,
            )
