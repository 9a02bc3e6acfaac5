"""`manage.py run_ingest`: books activities from the stream. Stops on SIGTERM or Ctrl-C after the batch in hand."""

from __future__ import annotations

import signal
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from engagement.activity.consumer import Consumer, calm_collector
from ops.health.process import serve_health
from ops.heap import keep_one_heap
from saas.core.redis_clients import cache_redis, stream_redis
from tenants.routing import get_routing


class Command(BaseCommand):
    help = "Reads the activity stream and books points until it is stopped. Start as many as are needed."
    # They would import every page of the web; the schema map is checked when the apps are ready.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--most-partitions",
            type=int,
            default=None,
            help="Read at most this many partitions, so that several processes share them. Default: all that are free.",
        )

    def handle(self, *args: Any, most_partitions: int | None, **options: Any) -> None:
        keep_one_heap()
        routing = get_routing()
        with serve_health("ingest", stream_required=True) as health:
            consumer = Consumer(
                stream=stream_redis(),
                cache=cache_redis(),
                routing=routing,
                partitions=settings.ACTIVITY_PARTITIONS,
                most_partitions=most_partitions,
                beat=health.beat,
            )
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: consumer.stop())
            calm_collector()
            consumer.run()
        routing.stop()
