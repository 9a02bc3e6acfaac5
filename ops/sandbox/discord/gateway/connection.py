"""One gateway socket: HELLO, heartbeats, IDENTIFY or RESUME, and then the stream of dispatches.

Invariant: dispatches are written in the session's order (but for shuffles asked for); a close with 1000 or 1001 from
the client ends the session, anything else leaves it to be resumed. Close codes are Discord's.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import WSMsgType, web

from . import intents, requests
from .frames import ENCODERS, Encoder
from .session import Session

if TYPE_CHECKING:
    from .hub import Hub

_BATCH = 256
_HIGH_WATER = 1 << 20
_MAX_PAYLOAD = 4096
_NO_RESUME = (1000, 1001)
# As far away as a near gateway: discord.py notes the moment of a heartbeat after sending it, and an answer that is
# quicker than that looks to it like one that is a whole interval late.
_ACK_SECONDS = 0.03
_LOOK_SECONDS = 0.5  # how often a silent client is looked for at least


class CloseSocket(Exception):
    """Close with one of Discord's codes."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Connection:
    def __init__(
        self, hub: Hub, socket: web.WebSocketResponse, transport: asyncio.Transport, encoder: Encoder
    ) -> None:
        self.hub = hub
        self.session: Session | None = None
        self._socket = socket
        self._transport = transport
        self._encoder = encoder
        self._closed_here = False
        self._position = 0
        self._sender: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._beat_at = time.monotonic()
        self._sends: deque[float] = deque()

    # --- writing ---

    def send(self, op: int, data: Any) -> None:
        """Send one message that is no dispatch."""
        self._write([orjson.dumps({"op": op, "d": data, "s": None, "t": None})])

    def _write(self, messages: list[bytes]) -> None:
        if not self._transport.is_closing() and not self._closed_here:
            frame = self._encoder.frame
            self._transport.write(b"".join([frame(message) for message in messages]))

    def abort(self) -> None:
        self._transport.abort()

    def close_soon(self, code: int, reason: str) -> None:
        self._closing = asyncio.ensure_future(self._close(code, reason))

    async def _close(self, code: int, reason: str) -> None:
        self._closed_here = True
        await self._socket.close(code=code, message=reason.encode())

    async def _send_dispatches(self, session: Session) -> None:
        while not self._transport.is_closing():
            if self._position + 1 < session.first:
                # Too slow: what it has not read is no longer kept. The session is over, as on Discord.
                self.hub.end_session(session)
                self.abort()
                return
            batch = session.after(self._position, _BATCH)
            if not batch:
                session.wake.clear()
                await session.wake.wait()
                continue
            self._position += len(batch)
            delay = self.hub.faults.gateway.delay
            if delay:
                await asyncio.sleep(delay)
            self._write(self.hub.faults.bend(batch, binary=self._encoder.binary))
            await asyncio.sleep(0)
            await self._wait_for_reader()

    async def _wait_for_reader(self) -> None:
        """A client that reads slowly holds its own stream back, and nobody else's. Transports have no event for it."""
        while self._transport.get_write_buffer_size() > _HIGH_WATER:  # noqa: ASYNC110
            await asyncio.sleep(0.002)

    # --- reading ---

    async def run(self) -> None:
        """Serve the socket until it closes."""
        self.send(
            10, {"heartbeat_interval": int(self.hub.config.heartbeat_interval * 1000), "_trace": ["local"]}
        )
        watch = asyncio.create_task(self._watch_heartbeat())
        try:
            await self._read()
        except CloseSocket as close:
            await self._close(close.code, close.reason)
        finally:
            watch.cancel()
            await self._detach()

    async def _read(self) -> None:
        async for message in self._socket:
            if message.type is WSMsgType.ERROR:
                break
            data = message.data if isinstance(message.data, bytes) else str(message.data).encode()
            if len(data) > _MAX_PAYLOAD:
                raise CloseSocket(4002, "Error while decoding payload: larger than 4096 bytes.")
            try:
                payload = orjson.loads(data)
                op, body = payload["op"], payload.get("d")
            except (orjson.JSONDecodeError, TypeError, KeyError) as error:
                raise CloseSocket(4002, "Error while decoding payload.") from error
            self._count_send()
            self._handle(op, body)

    def _count_send(self) -> None:
        now = time.monotonic()
        self._sends.append(now)
        while self._sends and now - self._sends[0] > 60:
            self._sends.popleft()
        if len(self._sends) > self.hub.config.gateway_sends:
            raise CloseSocket(4008, "You are being rate limited.")

    def _handle(self, op: object, body: Any) -> None:
        if op == 1:
            self._beat_at = time.monotonic()
            if not self.hub.faults.gateway.mute_heartbeats:
                asyncio.get_running_loop().call_later(_ACK_SECONDS, self.send, 11, None)
        elif op == 2:
            self._identify(body)
        elif op == 6:
            self._resume(body)
        elif op in (3, 4, 8, 31):
            if self.session is None:
                raise CloseSocket(4003, "Not authenticated.")
            requests.handle_request(self.hub, self.session, int(op), body)
        else:
            raise CloseSocket(4001, "Unknown opcode.")

    def _identify(self, body: Any) -> None:
        if self.session is not None:
            raise CloseSocket(4005, "Already authenticated.")
        hub = self.hub
        if not isinstance(body, dict) or "token" not in body or "properties" not in body:
            raise CloseSocket(
                4002, "Error while decoding payload: IDENTIFY needs token, properties and intents."
            )
        self._check_token(body["token"])
        shard_id, shard_count = self._check_shard(body.get("shard", [0, 1]))
        wanted = self._check_intents(body.get("intents"))
        if not hub.bucket_is_free(shard_id):
            self.send(9, False)
            return
        if hub.limit_left()[0] <= 0:
            hub.exhaust_limit()
            return
        session = hub.start_session(shard_id=shard_id, shard_count=shard_count, wanted=wanted)
        if isinstance(body.get("presence"), dict):
            session.presence = body["presence"]
        self._attach(session, 0)

    def _check_token(self, token: object) -> None:
        plain = str(token).removeprefix("Bot ")
        if not self.hub.token_valid or plain != self.hub.config.bot_token:
            raise CloseSocket(4004, "Authentication failed.")

    def _check_shard(self, shard: Any) -> tuple[int, int]:
        if not isinstance(shard, list) or len(shard) != 2 or not all(isinstance(part, int) for part in shard):
            raise CloseSocket(4010, "Invalid shard.")
        shard_id, shard_count = shard
        if not 0 <= shard_id < shard_count:
            raise CloseSocket(4010, "Invalid shard.")
        if len(self.hub.guilds_of(shard_id, shard_count)) > self.hub.config.guilds_per_shard:
            raise CloseSocket(4011, "Sharding required.")
        return shard_id, shard_count

    def _check_intents(self, wanted: Any) -> int:
        if not isinstance(wanted, int) or wanted < 0 or wanted & ~intents.KNOWN:
            raise CloseSocket(4013, "Invalid intent(s).")
        if wanted & intents.PRIVILEGED & ~self.hub.config.privileged_intents:
            raise CloseSocket(4014, "Disallowed intent(s).")
        return wanted

    def _resume(self, body: Any) -> None:
        if self.session is not None:
            raise CloseSocket(4005, "Already authenticated.")
        try:
            token, session_id, sequence = body["token"], str(body["session_id"]), int(body["seq"] or 0)
        except (KeyError, TypeError, ValueError) as error:
            raise CloseSocket(
                4002, "Error while decoding payload: RESUME needs token, session_id and seq."
            ) from error
        self._check_token(token)
        session = self.hub.find_session(session_id)
        if session is None or not session.can_replay_after(min(sequence, session.sequence)):
            self.send(9, False)
            return
        if sequence > session.sequence:
            raise CloseSocket(4007, "Invalid seq.")
        self.hub.resumes += 1
        for other in list(self.hub.connections):
            if other is not self and other.session is session:
                other.session = None
                other.abort()
        self._attach(session, sequence)
        session.dispatch("RESUMED", b'{"_trace":["local"]}')

    def _attach(self, session: Session, position: int) -> None:
        self.session = session
        session.connected = True
        self._position = position
        self._sender = asyncio.create_task(self._send_dispatches(session))

    async def _detach(self) -> None:
        if self._sender is not None:
            self._sender.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sender
        if self.session is not None:
            if self._socket.close_code in _NO_RESUME and not self._closed_here:
                self.hub.end_session(self.session)
            else:
                self.hub.detach(self.session)

    async def _watch_heartbeat(self) -> None:
        """Close a socket whose client went silent for more than two intervals."""
        interval = self.hub.config.heartbeat_interval
        while True:
            await asyncio.sleep(min(interval / 2, _LOOK_SECONDS))
            if time.monotonic() - self._beat_at > interval * 2:
                await self._close(4009, "Session timed out.")
                return


async def serve_gateway(request: web.Request, hub: Hub) -> web.StreamResponse:
    """The handler of the gateway's address."""
    if hub.faults.in_outage or request.transport is None:
        return web.Response(status=503, text="upstream connect error")
    encoder = ENCODERS.get(request.query.get("compress", ""))
    if encoder is None or request.query.get("encoding", "json") != "json":
        return web.Response(
            status=400, text="This gateway speaks JSON, plain or in zlib-stream or zstd-stream."
        )
    socket = web.WebSocketResponse(compress=False, autoping=True, max_msg_size=1 << 20)
    await socket.prepare(request)
    if request.query.get("v", "10") != "10":
        await socket.close(code=4012, message=b"Invalid API version.")
        return socket
    connection = Connection(hub, socket, request.transport, encoder())
    hub.connections.add(connection)
    try:
        await connection.run()
    finally:
        hub.connections.discard(connection)
    return socket
