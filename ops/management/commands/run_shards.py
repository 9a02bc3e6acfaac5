"""`manage.py run_shards`: hears Discord and answers commands. Stops on SIGTERM or Ctrl-C so that nothing is missed."""

from __future__ import annotations

import asyncio
from argparse import ArgumentParser
from typing import Any

import discord
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from prometheus_client import REGISTRY

from bot_shard.errors import FATAL, GatewayRefusedError
from bot_shard.process import BotOptions
from bot_shard.serve import BotService, serve
from bot_shard.stats import StatsCollector
from ops.health.process import serve_health
from ops.heap import keep_one_heap
from tenants.routing import get_routing


def choose_shards(
    given: str | None, count: int | None, *, pod: str, per_process: int, default_count: int
) -> tuple[tuple[int, ...], int]:
    """The shards of this process and the number of all. Raises CommandError.

    `given` is like 0-1 or 0,2; left out, the number at the end of the pod's name (bot-3) picks the range.
    """
    total = count or default_count
    if given:
        shards = _parse(given)
    else:
        ordinal = pod.rsplit("-", 1)[-1]
        first = int(ordinal) * per_process if ordinal.isdecimal() else 0
        last = first + per_process if ordinal.isdecimal() else total
        shards = tuple(range(first, min(last, total)))
    if not shards or max(shards) >= total:
        raise CommandError(
            f"There are {total} shards, 0 to {total - 1}, and this process would run {given or pod or 'none'}. "
            "Give --shards within them, or raise --shard-count (DISCORD_SHARD_COUNT)."
        )
    return shards, total


def _parse(text: str) -> tuple[int, ...]:
    shards: set[int] = set()
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if not first.isdecimal() or (last and not last.isdecimal()):
            raise CommandError(f"--shards {text!r} is no range. Write it like 0-1 or 0,2,5-7.")
        shards.update(range(int(first), int(last or first) + 1))
    return tuple(sorted(shards))


class Command(BaseCommand):
    help = "Connects shards to Discord's gateway. SIGHUP reloads the commands' code without a restart."
    # They would import every page of the web; the schema map is checked when the apps are ready.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--shards", help="Such as 0-1. Left out: by the ordinal at the end of POD_NAME, else all."
        )
        parser.add_argument(
            "--shard-count", type=int, help="Of all processes together. Left out: DISCORD_SHARD_COUNT."
        )

    def handle(self, *args: Any, shards: str | None, shard_count: int | None, **options: Any) -> None:
        if not settings.DISCORD_BOT_TOKEN:
            raise CommandError(
                "DISCORD_BOT_TOKEN is not set. Copy it from the Developer Portal, or use `make run`, which brings "
                "a Discord of its own."
            )
        shard_ids, total = choose_shards(
            shards,
            shard_count,
            pod=settings.POD_NAME,
            per_process=settings.DISCORD_SHARDS_PER_PROCESS,
            default_count=settings.DISCORD_SHARD_COUNT,
        )
        keep_one_heap()
        routing = get_routing()
        try:
            with serve_health("bot", stream_required=True) as health:
                asyncio.run(_run(shard_ids, total, health))
        except GatewayRefusedError as error:
            raise CommandError(str(error)) from error
        except discord.LoginFailure as error:
            raise CommandError(FATAL[4004]) from error
        finally:
            routing.stop()


async def _run(shard_ids: tuple[int, ...], total: int, health: Any) -> None:
    service = BotService(
        BotOptions(
            token=settings.DISCORD_BOT_TOKEN,
            api_url=settings.DISCORD_API_URL,
            stream_url=settings.REDIS_STREAM_URL,
            cache_url=settings.REDIS_URL,
            partitions=settings.ACTIVITY_PARTITIONS,
            shard_ids=shard_ids,
            shard_count=total,
        ),
        get_routing(),
        site=settings.BASE_URL,
    )
    health.problems = service.process.problems
    collector = StatsCollector(service.process.stats, service.process.gauges)
    REGISTRY.register(collector)
    try:
        await serve(service, beat=health.beat)
    finally:
        REGISTRY.unregister(collector)
