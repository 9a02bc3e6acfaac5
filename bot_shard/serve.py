"""Runs the whole bot: the process of bot_shard.process with its desk and cogs, until a signal ends it.

SIGTERM and SIGINT stop as planned. SIGHUP, or a message on the Redis channel `cogs:reload`, takes over the cogs' code as
it is on disk, without a restart and without a gap in hearing.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial

import aiohttp
import discord
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from integrations.discord.presence import KEPT_SECONDS, TELL_SECONDS, encode_presence, presence_field
from integrations.discord.presence import KEY as PRESENCE_KEY
from tenants.routing import Routing

from .bot import Bot
from .calls import Calls
from .desk import Desk
from .guild_news import GuildNews
from .limits import CommandLimiter
from .process import BotOptions, BotProcess

log = structlog.get_logger(__name__)

RELOAD_CHANNEL = "cogs:reload"
ROUTING_SECONDS = 0.2
CONFIRM_SECONDS = 10.0
LOOK_SECONDS = 0.5
FINISH_SECONDS = 1.0  # for answers that were begun before a stop


class BotService:
    """What `manage.py run_shards` runs, and the tests."""

    def __init__(self, options: BotOptions, routing: Routing, *, site: str) -> None:
        self.routing = routing
        self.calls = Calls()
        self.process: BotProcess[Bot] = BotProcess(options, routing, client=Bot)
        self.bot = self.process.client
        desk = Desk(
            routing=routing,
            calls=self.calls,
            limiter=CommandLimiter(self.process.cache),
            stats=self.process.stats,
            site=site,
        )
        self.bot.sit(desk)
        self.process.before_close = partial(desk.finish, FINISH_SECONDS)
        self.news = GuildNews(self.calls, routing, self._is_gone)
        self.process.ears.on_guild_left = self.news.leave
        self.process.ears.on_guild_heard = self.news.hear
        self.process.ears.on_guilds_promised = self.news.promise
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, stop: asyncio.Event, *, beat: Callable[[], None] = lambda: None) -> None:
        """Until `stop` is set. Waits for the map of linked guilds first: what is heard without it would be dropped."""
        await self._wait_for_routing(stop)
        helpers = [
            asyncio.create_task(work)
            for work in (self._follow_reloads(), _beat(beat), self.news.run(), self._tell_presence())
        ]
        try:
            if not stop.is_set():
                await self.process.run(stop)
        finally:
            await _end(helpers)
            await asyncio.to_thread(self.calls.close)

    async def _wait_for_routing(self, stop: asyncio.Event) -> None:
        warned = False
        while self.routing.loaded_at is None and not stop.is_set():
            if not warned:
                log.info(
                    "waiting_for_routing", effect="The shards connect once the linked servers are known."
                )
                warned = True
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), ROUTING_SECONDS)

    # --- reloading

    def reload_soon(self) -> None:
        self._keep(asyncio.create_task(self._reload()))

    async def _reload(self) -> None:
        await self.bot.reload_cogs()

    async def _follow_reloads(self) -> None:
        while True:
            try:
                async with Redis.from_url(self.process.options.cache_url) as redis, redis.pubsub() as heard:
                    await heard.subscribe(RELOAD_CHANNEL)
                    async for message in heard.listen():
                        if message["type"] == "message":
                            await self._reload()
            except (RedisError, OSError) as error:
                log.info("reload_channel_away", problem=str(error))
                await asyncio.sleep(2.0)

    async def _tell_presence(self) -> None:
        """What the pages show of each shard: every few seconds, and at once when one comes or goes.

        That Redis may be away: then nobody knows, and nothing else happens.
        """
        told_at, known = 0.0, ""
        while True:
            now = "".join("01"[session.connected] for session in self.process.sessions.values())
            if now != known or time.monotonic() - told_at > TELL_SECONDS:
                told_at, known = time.monotonic(), now
                try:
                    async with self.process.cache.pipeline() as pipe:
                        for field, value in self._describe_shards():
                            pipe.hset(PRESENCE_KEY, field, value)
                        pipe.expire(PRESENCE_KEY, KEPT_SECONDS)
                        await pipe.execute()
                except (RedisError, OSError) as error:
                    log.info("presence_untold", problem=str(error))
            await asyncio.sleep(LOOK_SECONDS)

    def _describe_shards(self) -> Iterator[tuple[str, bytes]]:
        commands = [command.name for command in self.bot.tree.get_commands()]
        for shard_id, session in self.process.sessions.items():
            yield (
                presence_field(shard_id, self.process.options.shard_count),
                encode_presence(
                    is_connected=session.connected,
                    members_intent=self.bot.intents.members,
                    commands=commands,
                ),
            )

    async def _is_gone(self, guild_id: int) -> bool | None:
        """Only Discord's word counts: a link's end stops the community's points. None: it does not say now."""
        try:
            await asyncio.wait_for(self.bot.fetch_guild(guild_id, with_counts=False), CONFIRM_SECONDS)
        except (discord.NotFound, discord.Forbidden):
            return True
        except (discord.HTTPException, OSError, aiohttp.ClientError, TimeoutError) as error:
            log.warning("guild_unconfirmed", guild=guild_id, problem=str(error))
            return None
        return False

    def _keep(self, task: asyncio.Task[None]) -> None:
        """Hold it until it is done, and log what it could not do."""
        self._tasks.add(task)

        def done(task: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            if not task.cancelled() and (error := task.exception()) is not None:
                log.error("background_work_failed", exc_info=error)

        task.add_done_callback(done)


async def _beat(beat: Callable[[], None]) -> None:
    while True:
        beat()
        await asyncio.sleep(1.0)


async def serve(service: BotService, *, beat: Callable[[], None] = lambda: None) -> None:
    """`service.run` under this process' signals."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, service.reload_soon)
    await service.run(stop, beat=beat)


async def _end(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel until all have ended: a library in between may swallow a cancellation that comes at the wrong moment."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _done, pending = await asyncio.wait(pending, timeout=1.0)
