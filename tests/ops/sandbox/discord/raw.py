"""A gateway client of a few lines, for what discord.py never does by itself."""

from __future__ import annotations

import zlib
from types import TracebackType
from typing import Any

import aiohttp
import orjson
import zstandard

from ops.sandbox.discord import LocalDiscord

GUILDS, MEMBERS, MESSAGES, CONTENT, DIRECT = 1, 1 << 1, 1 << 9, 1 << 15, 1 << 12


class RawGateway:
    """`async with RawGateway(server) as gateway:` has read HELLO."""

    def __init__(self, server: LocalDiscord, *, compress: str = "", version: str = "10") -> None:
        self._server = server
        self._compress = compress
        self._version = version
        self._zlib = zlib.decompressobj()
        self._zstd = zstandard.ZstdDecompressor().decompressobj()
        self.socket: aiohttp.ClientWebSocketResponse
        self.hello: dict[str, Any] = {}

    async def __aenter__(self) -> RawGateway:
        self._http = aiohttp.ClientSession()
        query = f"?v={self._version}&encoding=json" + (
            f"&compress={self._compress}" if self._compress else ""
        )
        self.socket = await self._http.ws_connect(self._server.gateway_url + query, max_msg_size=0)
        if self._version == "10":
            self.hello = await self.take()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.socket.close(code=4000)
        await self._http.close()

    async def send(self, op: int, data: Any) -> None:
        await self.socket.send_str(orjson.dumps({"op": op, "d": data}).decode())

    async def take(self) -> dict[str, Any]:
        """The next message; `{"op": "close", "d": code}` when the server closed."""
        message = await self.socket.receive(timeout=20)
        if message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING):
            return {"op": "close", "d": self.socket.close_code}
        raw = message.data if isinstance(message.data, bytes) else message.data.encode()
        if self._compress == "zlib-stream":
            assert raw.endswith(b"\x00\x00\xff\xff")
            raw = self._zlib.decompress(raw)
        elif self._compress == "zstd-stream":
            raw = self._zstd.decompress(raw)
        parsed: dict[str, Any] = orjson.loads(raw)
        return parsed

    async def take_dispatch(self, type: str) -> dict[str, Any]:
        """The next dispatch of a type, passing over others."""
        while True:
            message = await self.take()
            if message.get("t") == type:
                return message
            assert message["op"] != "close", message

    async def identify(
        self, *, shard: list[int] | None = None, intents: int = GUILDS | MESSAGES | CONTENT
    ) -> None:
        await self.send(
            2,
            {
                "token": self._server.config.bot_token,
                "properties": {"os": "linux", "browser": "raw", "device": "raw"},
                "intents": intents,
                "shard": shard or [0, 1],
            },
        )

    async def resume(self, session_id: str, sequence: int) -> None:
        data = {"token": self._server.config.bot_token, "session_id": session_id, "seq": sequence}
        await self.send(6, data)
