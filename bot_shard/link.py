"""One shard for as long as the process lives: connects, RESUMEs, hands its dispatches to the ears.

Invariants: a session is given up only when Discord says that it is over; a dispatch is handled once; while the queue is
full only commands are handled, and what was passed over is asked for again by RESUME.
"""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING, Any

import aiohttp
import discord
import structlog

from .errors import GatewayLostError, GatewayRefusedError
from .session import ShardSession

if TYPE_CHECKING:
    from .gateway import GatewayClient, ShardSocket

log = structlog.get_logger(__name__)

RESUMABLE = 4000  # the code we close with: any but 1000 and 1001 keeps the session
CLOSE_SECONDS = 3.0
HOLE_SECONDS = 3.0  # how long a missing number may come late before we ask for it again
HOLE_TRIES = 2
HANDSHAKE_SECONDS = 20.0  # how long READY or RESUMED may take
LONGEST_PAUSE = 30.0
FALLBACK_AFTER = 3  # failed connections to the session's own address before the general one is tried


class ShardLink:
    """One shard for as long as the process lives: connects, RESUMEs, hands dispatches to the ears."""

    def __init__(self, client: GatewayClient, session: ShardSession) -> None:
        self.session = session
        self.socket: ShardSocket | None = None
        self._client = client
        self._ears = client.ears
        self._stats = client.stats
        self._interactions = client.parse_interaction
        self.stopping = False
        self._failures = 0
        self._opened_at = 0.0
        self._suspect_since: float | None = None
        self._hole: tuple[int, int] = (
            -1,
            0,
        )  # where a number is missing, and how often it was asked for again
        session.quiet_seconds = lambda: self.socket.quiet_seconds() if self.socket else 0.0

    # --- the life of a connection

    async def run(self) -> None:
        """Until `stop`. Raises GatewayRefusedError when trying again would be no use."""
        while not self.stopping:
            try:
                await self._connect()
                assert self.socket is not None
                await self.socket.pump()
            except GatewayLostError as end:
                if not end.resume:
                    self.session.forget("Discord no longer knew the session")
                    await asyncio.sleep(random.uniform(1.0, 3.0) if self._failures else 0)  # noqa: S311
            except discord.LoginFailure as failure:
                raise GatewayRefusedError(4004) from failure
            except (OSError, aiohttp.ClientError, TimeoutError, discord.DiscordException) as error:
                log.warning(
                    "gateway_away", shard=self.session.shard_id, problem=f"{type(error).__name__}: {error}"
                )
            self.session.disconnected()
            if self._failures and not self.stopping:
                pause = min(LONGEST_PAUSE, 0.5 * 2 ** min(self._failures, 6))
                await asyncio.sleep(random.uniform(pause / 2, pause))  # noqa: S311
            self._failures += 1

    async def _connect(self) -> None:
        session = self.session
        await self._drop_socket()
        if session.session_id is None:
            address, limit = await self._client.fetch_start_limit()
            async with self._client.lease.held(session.shard_id, limit):
                self.socket = await self._open(address, resume=False)
            self._stats.identifies += 1
            return
        address = session.resume_url or ""
        if not address or self._failures >= FALLBACK_AFTER:
            address, _ = await self._client.fetch_start_limit()
        number = session.watermark.restart()
        self.socket = await self._open(address, resume=True, number=number)
        self._stats.resumes += 1
        log.info("resume_sent", shard=session.shard_id, sequence=number)

    async def _open(self, address: str, *, resume: bool, number: int | None = None) -> ShardSocket:
        socket = await self._client.open_socket(self.session, address, resume=resume, number=number)
        socket.link = self
        self._suspect_since = None
        self._opened_at = time.monotonic()
        return socket

    async def _drop_socket(self) -> None:
        """Close what is open with a code that keeps the session, and do not wait long for the other side."""
        socket, self.socket = self.socket, None
        if socket is None or not socket.open:
            return
        try:
            await asyncio.wait_for(socket.close(RESUMABLE), CLOSE_SECONDS)
        except (TimeoutError, OSError, aiohttp.ClientError):
            log.info("gateway_close_unanswered", shard=self.session.shard_id)

    async def stop(self) -> None:
        """A planned stop: the session stays resumable."""
        self.stopping = True
        self.session.disconnected()
        await self._drop_socket()

    async def reopen(self, reason: str) -> None:
        """Leave and RESUME from what is safe."""
        log.info("gateway_reopen", shard=self.session.shard_id, reason=reason)
        if self.session.connected:
            self._failures = 0
        if self.socket is not None:
            try:
                await asyncio.wait_for(self.socket.close(RESUMABLE), CLOSE_SECONDS)
            except TimeoutError:
                log.info("gateway_close_unanswered", shard=self.session.shard_id)

    # --- dispatches

    def dispatch(self, socket: ShardSocket, payload: dict[str, Any]) -> None:
        """One numbered event. Never raises for what it contains."""
        session = self.session
        name, number = payload["t"], payload["s"]
        if name == "READY":
            self._ready(socket, payload)
            return
        watermark = session.watermark
        if not watermark.hear(number):
            self._stats.repeated += 1
            return
        if socket.sequence is None or number > socket.sequence:
            socket.sequence = number
        self._stats.heard[name] += 1
        try:
            handler = self._ears.handlers.get(name)
            if handler is not None:
                if watermark.pinned or self._ears.queue.full:
                    watermark.pin(number)
                    self._stats.discarded += 1
                else:
                    handler(session, number, payload["d"])
            elif name == "INTERACTION_CREATE":
                self._interactions(payload["d"])
            elif name == "RESUMED":
                self._resumed()
        except Exception as error:
            self._stats.unreadable += 1
            log.warning(
                "dispatch_unreadable", shard=session.shard_id, dispatch=name, sequence=number,
                problem=f"{type(error).__name__}: {error}",
            )  # fmt: skip

    def _ready(self, socket: ShardSocket, payload: dict[str, Any]) -> None:
        data, number = payload["d"], payload["s"]
        session = self.session
        socket.sequence, socket.session_id = number, data["session_id"]
        session.begin(data["session_id"], data["resume_gateway_url"], number)
        session.watermark.hear(number)
        self._ears.record_start(session, number, {guild["id"] for guild in data["guilds"]})
        self._settled("READY")

    def _resumed(self) -> None:
        self.session.resumed()
        self._settled("RESUMED")

    def _settled(self, how: str) -> None:
        self._failures = 0
        log.info(
            "shard_connected", shard=self.session.shard_id, how=how, sequence=self.session.watermark.heard
        )
        self._client.shard_settled()

    # --- what went missing

    def garbled(self) -> None:
        self._stats.garbled += 1
        self._suspect_since = self._suspect_since or time.monotonic()

    async def look_after(self) -> None:
        """Called every second or so: RESUME when dispatches are missing, or after the queue was full."""
        watermark, session = self.session.watermark, self.session
        if self.socket is None:
            return
        if watermark.pinned and session.connected:
            if not self._client.stream_is_away() and len(self._ears.queue) * 2 < self._ears.queue.capacity:
                await self.reopen("the stream takes records again")
            return
        now = time.monotonic()
        if not session.connected and now - self._opened_at > HANDSHAKE_SECONDS:
            self._suspect_since = self._suspect_since or self._opened_at
        if watermark.holed:
            self._suspect_since = self._suspect_since or now
        if self._suspect_since is None or now - self._suspect_since < HOLE_SECONDS:
            return
        self._suspect_since = None
        position, tries = self._hole
        self._hole = (watermark.heard, tries + 1 if position == watermark.heard else 1)
        if self._hole[1] <= HOLE_TRIES or session.session_id is None:
            await self.reopen("a dispatch is missing")
            return
        lost = watermark.give_up_hole()
        self._stats.lost += lost
        log.error("dispatches_lost", shard=session.shard_id, count=lost)
        if not session.connected:
            # Only the RESUMED itself can be what is missing: whatever was replayed has been heard.
            self._resumed()
