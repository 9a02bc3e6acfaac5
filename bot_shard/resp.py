"""One pipelined Redis connection: bytes of many commands out, as many replies back.

The writer packs its own commands: at thousands of records a second the general client's packing and parsing would
cost more than the rest of the message path together. Addresses, passwords, TLS and Unix sockets follow the same
`redis://`, `rediss://` and `unix://` URLs that the general client takes.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

import hiredis
from redis.asyncio.connection import parse_url

CONNECT_SECONDS = 5.0
READ_BYTES = 256 * 1024


class StreamAwayError(ConnectionError):
    """Redis did not take the commands: not there, cut off, or silent for too long."""


def pack(*words: bytes | str | int) -> bytes:
    """One command as Redis reads it."""
    packed: bytes = hiredis.pack_command(words)  # type: ignore[arg-type]  # its stub knows one word only
    return packed


class RespPipe:
    """Connects when first used. After an error it is closed, and the next use connects anew."""

    def __init__(self, url: str, *, timeout: float = 30.0) -> None:
        self.url = url
        self.timeout = timeout
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._replies = hiredis.Reader()

    async def exchange(self, commands: bytes, count: int) -> list[Any]:
        """Send the packed commands and return their `count` replies, errors among them as objects.

        Raises StreamAwayError; some of the commands may have been carried out by then.
        """
        try:
            async with asyncio.timeout(self.timeout):
                if self._writer is None:
                    await self._connect()
                assert self._writer is not None
                self._writer.write(commands)
                await self._writer.drain()
                return await self._read(count)
        except (OSError, EOFError, TimeoutError, hiredis.ProtocolError) as error:
            self.close()
            raise StreamAwayError(
                f"Redis at {self._place()} is away: {error or type(error).__name__}"
            ) from error
        except asyncio.CancelledError:
            self.close()
            raise

    async def _read(self, count: int) -> list[Any]:
        assert self._reader is not None
        replies: list[Any] = []
        parser = self._replies
        while True:
            while (reply := parser.gets()) is not False:
                replies.append(reply)
                if len(replies) == count:
                    return replies
            data = await self._reader.read(READ_BYTES)
            if not data:
                raise EOFError("the connection was closed")
            parser.feed(data)

    async def _connect(self) -> None:
        options: dict[str, Any] = dict(parse_url(self.url))
        self._replies = hiredis.Reader()
        async with asyncio.timeout(CONNECT_SECONDS):
            if path := options.get("path"):
                self._reader, self._writer = await asyncio.open_unix_connection(path)
            else:
                secure = ssl.create_default_context() if self.url.startswith("rediss:") else None
                self._reader, self._writer = await asyncio.open_connection(
                    options.get("host", "127.0.0.1"), options.get("port", 6379), ssl=secure
                )
        greeting = []
        if password := options.get("password"):
            user = options.get("username")
            greeting.append(pack("AUTH", user, password) if user else pack("AUTH", password))
        if database := options.get("db"):
            greeting.append(pack("SELECT", database))
        if greeting:
            self._writer.write(b"".join(greeting))
            for reply in await self._read(len(greeting)):
                if isinstance(reply, hiredis.ReplyError):
                    raise OSError(f"it refused us: {reply}")

    def _place(self) -> str:
        return self.url.rsplit("@", 1)[-1]

    def close(self) -> None:
        """Drop the connection; half-read replies are forgotten with it."""
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None
