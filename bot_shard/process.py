"""One bot process: puts the parts together, runs its shards, stops them so that nothing is missed.

A planned stop closes the sockets with 4000 (the sessions stay resumable), waits until the stream has everything that
was heard, stores the watermark, and only then ends. The next process RESUMEs from there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import aiohttp
import discord
import structlog
from redis.asyncio import Redis

from .gateway import GatewayClient, tune_collector, use_addresses
from .hearing import Ears, LinkedGuilds
from .identify import IdentifyLease
from .memory import recall
from .queue import CAPACITY, RecordQueue
from .records import Recorder, cdn_of
from .resp import RespPipe
from .session import ShardSession, now_ms
from .stats import Stats
from .writer import StreamWriter

log = structlog.get_logger(__name__)

VOICE_SECONDS = 5.0
DRAIN_SECONDS = 2.0  # a supervisor may kill us a second later; what is left is replayed


@dataclass(frozen=True)
class BotOptions:
    """What a process is told from outside."""

    token: str
    api_url: str
    stream_url: str
    cache_url: str
    partitions: int
    shard_ids: tuple[int, ...]
    shard_count: int
    queue_capacity: int = CAPACITY


async def _nothing() -> None:
    """The default of `before_close`."""


C = TypeVar("C", bound=GatewayClient)


class BotProcess(Generic[C]):
    """`await BotProcess(options, links, client=GatewayClient).run(stop)` until `stop` is set."""

    def __init__(self, options: BotOptions, links: LinkedGuilds, *, client: type[C]) -> None:
        cdn = cdn_of(options.api_url)
        use_addresses(options.api_url, cdn)
        self.options = options
        self.stats = Stats()
        self.queue = RecordQueue(options.queue_capacity)
        self.sessions = {
            shard_id: ShardSession(shard_id, options.shard_count) for shard_id in options.shard_ids
        }
        self.ears = Ears(
            queue=self.queue,
            links=links,
            recorder=Recorder(cdn),
            stats=self.stats,
            partitions=options.partitions,
        )
        self.writer = StreamWriter(
            RespPipe(options.stream_url), self.queue, list(self.sessions.values()), self.stats
        )
        self.cache: Redis = Redis.from_url(options.cache_url)
        self.lease = IdentifyLease(self.cache, bot="")
        self.client: C = client(
            sessions=self.sessions, shard_count=options.shard_count, ears=self.ears, lease=self.lease,
            stats=self.stats,
        )  # fmt: skip
        self.client.stream_is_away = lambda: self.writer.away
        self.ready = False
        # What else must be done between the last dispatch and the end of REST.
        self.before_close: Callable[[], Awaitable[None]] = _nothing

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set or Discord refuses us for good (GatewayRefusedError, discord.LoginFailure)."""
        async with self.client:
            stopping = asyncio.create_task(stop.wait())
            try:
                if await self._unless(stopping, self._prepare()):
                    await self._work(stopping)
            finally:
                stopping.cancel()
                await self.cache.aclose()

    @staticmethod
    async def _unless(stopping: asyncio.Task[Any], work: Coroutine[Any, Any, None]) -> bool:
        """Do the work, but leave it when the stop comes first. True if it was done."""
        task = asyncio.create_task(work)
        await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
            return True
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return False

    async def _prepare(self) -> None:
        await self._log_in()
        await self._recall()
        tune_collector()

    async def _log_in(self) -> None:
        """Waits while Discord is away; a refused token is not tried again."""
        pause = 0.5
        while True:
            try:
                await self.client.login(self.options.token)
                await self.client.use_granted_intents()
                return
            except (OSError, TimeoutError, aiohttp.ClientError, discord.DiscordServerError) as error:
                log.warning("discord_away", problem=f"{type(error).__name__}: {error}")
                await self.client.forget_login()
            await asyncio.sleep(pause)
            pause = min(pause * 2, 15.0)

    async def _work(self, stopping: asyncio.Task[Any]) -> None:
        background = [
            asyncio.create_task(work)
            for work in (self.writer.run(), self._count_voice(), self._announce_readiness())
        ]
        gateway = asyncio.create_task(self.client.connect())
        try:
            await asyncio.wait({gateway, stopping, *background}, return_when=asyncio.FIRST_COMPLETED)
            for task in (gateway, *background):
                if task.done() and not task.cancelled():
                    task.result()
        finally:
            self.ready = False
            await self._finish(gateway, background)

    async def _recall(self) -> None:
        bot = str(self.client.user.id) if self.client.user else ""
        self.lease.bot = bot
        for session in self.sessions.values():
            session.bot = bot
        async with Redis.from_url(self.options.stream_url, decode_responses=True) as redis:
            await recall(redis, self.sessions.values(), self.ears)

    async def _finish(self, gateway: asyncio.Task[None], background: list[asyncio.Task[None]]) -> None:
        await self.client.stop_shards()
        await self.before_close()
        if not await self.writer.drain(DRAIN_SECONDS):
            log.error("stopped_with_records_waiting", count=len(self.queue), effect="Discord replays them.")
        for task in (gateway, *background):
            task.cancel()
        await asyncio.gather(gateway, *background, return_exceptions=True)
        await self.writer.save()

    async def _count_voice(self) -> None:
        while True:
            await asyncio.sleep(VOICE_SECONDS)
            for session in self.sessions.values():
                self.ears.count_voice(session, now_ms())

    async def _announce_readiness(self) -> None:
        await self.client.all_settled.wait()
        self.ready = True
        log.info("shards_ready", shards=list(self.sessions))
        await asyncio.Event().wait()

    # --- for the outside

    def problems(self) -> list[str]:
        """Why the process is not ready, in words; empty when it is."""
        found = [
            f"shard {shard_id} is not connected to Discord"
            for shard_id, session in self.sessions.items()
            if not session.connected
        ]
        if self.writer.away:
            found.append("the stream's Redis takes no records")
        return found

    def gauges(self) -> Iterator[tuple[str, str, tuple[str, ...], list[tuple[tuple[str, ...], float]]]]:
        sessions = list(self.sessions.values())
        yield "queue_records", "Records waiting for the stream.", (), [((), float(len(self.queue)))]
        yield "guilds", "Guilds of this process.", (), [((), float(len(self.ears.guilds)))]
        yield "voice_members", "Members in voice channels.", (), [((), float(self.ears.voice.count()))]
        yield (
            "shard_connected",
            "1 while a shard hears Discord.",
            ("shard",),
            [((str(session.shard_id),), float(session.connected)) for session in sessions],
        )
        yield (
            "shard_pinned",
            "1 while records are discarded because the queue was full.",
            ("shard",),
            [((str(session.shard_id),), float(session.watermark.pinned)) for session in sessions],
        )
        yield (
            "shard_unsafe_dispatches",
            "Dispatches heard but not yet safe in the stream.",
            ("shard",),
            [
                ((str(session.shard_id),), float(session.watermark.heard - session.watermark.value))
                for session in sessions
            ],
        )
        yield (
            "shard_latency_seconds",
            "Heartbeat to acknowledgement.",
            ("shard",),
            [
                ((str(shard_id),), link.socket.latency)
                for shard_id, link in self.client.links.items()
                if link.socket is not None
            ],
        )
