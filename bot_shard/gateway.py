"""Everything of ours that touches discord.py's private parts, and nothing else does.

What is replaced, and why:

- **dispatch**: payloads go to bot_shard.hearing without building discord.py's objects; only INTERACTION_CREATE reaches
  discord.py. No guild, member or message is cached.
- **supervision**: discord.py forgets a session whenever connecting fails, ends it (1000) on close, and cannot take one
  over from an earlier process. Here each shard has one task that RESUMEs as long as Discord allows.
- **IDENTIFY** is guarded by a lease over all processes.

The contract test (tests/bot_shard/test_contract.py) holds a digest of every function relied on. When a new discord.py
changes one, the test names it: read the change, adapt, and renew the digest.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import aiohttp
import discord
import orjson
import structlog
import yarl
import zstandard
from discord import utils as discord_utils
from discord.ext import commands
from discord.gateway import DiscordWebSocket, ReconnectWebSocket
from discord.http import HTTPClient, Route

from .errors import FATAL, GatewayLostError, GatewayRefusedError
from .hearing import Ears
from .identify import IdentifyLease, StartLimit
from .link import RESUMABLE, ShardLink
from .session import ShardSession
from .stats import Stats

log = structlog.get_logger(__name__)

SESSION_OVER = frozenset({4007, 4009})  # Discord: bad sequence, timed out. Start a new session.
CONNECT_SECONDS = 60.0
LIMIT_SECONDS = 4.0

# The bot speaks in no voice channel, so what discord.py would need for that is nothing to warn of.
discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False


def use_addresses(api_url: str, cdn_url: str) -> None:
    """Point discord.py at an API other than Discord's. Before any client exists."""
    Route.BASE = api_url.rstrip("/")
    discord.asset.Asset.BASE = cdn_url


def tune_collector() -> None:
    """Let the garbage collector look rarely, and never again at what start-up made: nearly everything on the
    message path dies by reference count."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


class ShardSocket(DiscordWebSocket):
    """One connection. `pump` reads until it ends, which it says by raising GatewayLostError or GatewayRefusedError."""

    link: ShardLink | None = None

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, *, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(socket, loop=loop)
        inflater = self._decompressor
        # discord.py's zstd context decodes to text, which orjson would encode again.
        self._inflate: Callable[[bytes], bytes | str | None] = (
            inflater.decompressor.decompress  # type: ignore[attr-defined]
            if inflater.COMPRESSION_TYPE == "zstd-stream"
            else inflater.decompress
        )

    async def pump(self) -> None:
        assert self.link is not None
        receive = self.socket.receive
        dispatch = self.link.dispatch
        inflate = self._inflate
        loads = orjson.loads
        binary, text = aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT
        while True:
            message = await receive()
            if message.type is binary:
                try:
                    data = inflate(message.data)
                except zstandard.ZstdError:
                    # A compressed stream that broke cannot be read any further.
                    self.link.garbled()
                    raise GatewayLostError from None
            elif message.type is text:
                data = message.data
            else:
                raise await self._closed()
            if data is None:
                continue
            keep_alive = self._keep_alive
            if keep_alive is not None:
                keep_alive.tick()
            try:
                payload = loads(data)
                operation = payload["op"]
            except (ValueError, TypeError, KeyError):
                self.link.garbled()
                continue
            if operation == 0:
                dispatch(self, payload)
            else:
                # Heartbeats, op 7 and op 9 are discord.py's own business.
                try:
                    await self.received_message(data if isinstance(data, str) else data.decode())
                except ReconnectWebSocket as signal:
                    raise GatewayLostError(resume=signal.resume) from None

    async def _closed(self) -> Exception:
        if self._keep_alive:
            self._keep_alive.stop()
            self._keep_alive = None
        code = self._close_code or self.socket.close_code
        await self.socket.close(code=RESUMABLE)
        if code in SESSION_OVER:
            return GatewayLostError(resume=False)
        if code in FATAL:
            return GatewayRefusedError(code)
        return GatewayLostError()

    def quiet_seconds(self) -> float:
        """How long nothing has come over this connection."""
        keep_alive = self._keep_alive
        return 0.0 if keep_alive is None else max(0.0, time.perf_counter() - keep_alive._last_recv)


class GatewayClient(commands.AutoShardedBot):
    """discord.py's bot, with our shards under it. Commands are app commands; there is no message prefix."""

    def __init__(
        self,
        *,
        sessions: Mapping[int, ShardSession],
        shard_count: int,
        ears: Ears,
        lease: IdentifyLease,
        stats: Stats,
        tree_cls: type[discord.app_commands.CommandTree[Any]] = discord.app_commands.CommandTree,
        intents: discord.Intents | None = None,
    ) -> None:
        self.ears = ears
        self.lease = lease
        self.stats = stats
        super().__init__(
            command_prefix=(),
            help_command=None,
            tree_cls=tree_cls,
            intents=intents or base_intents(),
            shard_ids=sorted(sessions),
            shard_count=shard_count,
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
        )
        self.parse_interaction = self._connection.parsers["INTERACTION_CREATE"]
        self._connection.parsers = {}
        self.links = {shard_id: ShardLink(self, session) for shard_id, session in sessions.items()}
        self.all_settled = asyncio.Event()
        self._limit_lock = asyncio.Lock()
        self._limit: tuple[str, StartLimit] | None = None
        self._limit_at = 0.0
        # Whether the stream's Redis takes nothing at the moment; the application knows.
        self.stream_is_away: Callable[[], bool] = lambda: False

    async def open_socket(
        self, session: ShardSession, address: str, *, resume: bool, number: int | None = None
    ) -> ShardSocket:
        """Connect, and IDENTIFY or RESUME. Raises what `explain_failure` understands."""
        try:
            return await asyncio.wait_for(
                ShardSocket.from_client(
                    self,
                    gateway=yarl.URL(address),
                    shard_id=session.shard_id,
                    session=session.session_id,
                    sequence=number,
                    resume=resume,
                ),
                CONNECT_SECONDS,
            )
        except ReconnectWebSocket as signal:
            raise GatewayLostError(resume=signal.resume) from None
        except discord.ConnectionClosed as closed:
            raise GatewayRefusedError(closed.code) from closed

    async def fetch_start_limit(self) -> tuple[str, StartLimit]:
        """Where the gateway is, and how many sessions may still be started.

        One answer serves all shards for some seconds: Discord allows the question twice in five.
        """
        async with self._limit_lock:
            if self._limit is None or time.monotonic() - self._limit_at > LIMIT_SECONDS:
                _, address, limit = await self.http.get_bot_gateway()
                self._limit_at = time.monotonic()
                self._limit = (
                    address,
                    StartLimit(
                        limit["total"], limit["remaining"], limit["reset_after"], limit["max_concurrency"]
                    ),
                )
            return self._limit

    async def forget_login(self) -> None:
        """After a login that failed: the next one opens a connection pool of its own."""
        await self.http.close()
        self.http.connector = discord_utils.MISSING

    async def use_granted_intents(self) -> None:
        """Ask for the members intent where the application has it. Call between login and connect."""
        flags = (await self.application_info()).flags
        granted = flags.gateway_guild_members or flags.gateway_guild_members_limited
        self._connection._intents.members = granted
        if not granted:
            log.warning(
                "members_intent_missing", effect="Joins, departures and role changes are learned late."
            )

    async def connect(self, *, reconnect: bool = True) -> None:
        """Run every shard until `close`, or until Discord refuses one for good."""
        self._connection.shard_count = self.shard_count
        self._connection.shard_ids = list(self.links)
        work: list[Awaitable[None]] = [link.run() for link in self.links.values()]
        tasks = [asyncio.ensure_future(each) for each in [*work, self._look_after_links()]]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _look_after_links(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            for link in self.links.values():
                await link.look_after()

    def shard_settled(self) -> None:
        if all(link.session.connected for link in self.links.values()):
            self.all_settled.set()
            self._ready.set()

    async def stop_shards(self) -> None:
        """Stop hearing. Sessions stay resumable; REST goes on working until `close`."""
        await asyncio.gather(*(link.stop() for link in self.links.values()))

    async def close(self) -> None:
        await self.stop_shards()
        await super().close()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Nothing to wait for: the lease was taken before connecting."""

    def _get_websocket(self, guild_id: int | None = None, *, shard_id: int | None = None) -> DiscordWebSocket:
        if shard_id is None:
            shard_id = ((guild_id or 0) >> 22) % (self.shard_count or 1)
        socket = self.links[shard_id].socket
        if socket is None:
            raise discord.ClientException(f"Shard {shard_id} is not connected.")
        return socket


class OfflineBot(commands.Bot):
    """The commands without a gateway, to publish them. Cogs ask it for a desk that nobody sits at."""

    desk: Any = None

    def __init__(self) -> None:
        super().__init__(command_prefix=(), help_command=None, intents=base_intents())


async def fetch_commands(http: HTTPClient, application_id: int) -> list[dict[str, Any]]:
    """What Discord knows, with all languages. discord.py's own call leaves them out."""
    route = Route("GET", "/applications/{application_id}/commands", application_id=application_id)
    found: list[dict[str, Any]] = await http.request(route, params={"with_localizations": "true"})
    return found


def role_ids_of(user: discord.User | discord.Member) -> tuple[int, ...]:
    """The roles that an interaction's payload tells. `Member.roles` knows only those of cached guilds: none."""
    return tuple(getattr(user, "_roles", ()))


def base_intents() -> discord.Intents:
    """What the product hears without asking for privileges."""
    intents = discord.Intents.none()
    intents.guilds = True
    intents.guild_messages = True
    intents.guild_reactions = True
    intents.voice_states = True
    intents.auto_moderation_execution = True
    return intents


def compression() -> str:
    """What the gateway is asked to compress with."""
    return str(discord_utils._ActiveDecompressionContext.COMPRESSION_TYPE)
