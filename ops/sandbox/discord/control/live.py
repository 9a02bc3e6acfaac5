"""Happenings for the page, as server-sent events.

Invariant: a page sees what everybody sees plus what is meant for anybody (it can post as any member); when more
happens than a page can show, the oldest dispatches of that moment are left out and counted.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

import orjson
from aiohttp import web

from ..state.world import Happening

if TYPE_CHECKING:
    from ..server import LocalDiscord

_PAUSE = 0.1
_KEEP_ALIVE = 15.0
_MOST = 150


class Live:
    def __init__(self, discord: LocalDiscord) -> None:
        self._clients: set[_Client] = set()
        discord.world.listeners.append(self._hear)

    def _hear(self, happening: Happening) -> None:
        for client in self._clients:
            client.add(happening)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One page's stream, until it goes away."""
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        await response.prepare(request)
        await response.write(b"retry: 1000\n\n")
        client = _Client()
        self._clients.add(client)
        try:
            while True:
                await response.write(await client.take())
        except (ConnectionError, asyncio.CancelledError):
            return response
        finally:
            self._clients.discard(client)


class _Client:
    def __init__(self) -> None:
        self._waiting: deque[Happening] = deque(maxlen=_MOST)
        self._left_out = 0
        self._some = asyncio.Event()

    def add(self, happening: Happening) -> None:
        if len(self._waiting) == _MOST:
            self._left_out += 1
        self._waiting.append(happening)
        self._some.set()

    async def take(self) -> bytes:
        """The next events as bytes; a comment when nothing happens for a while."""
        try:
            await asyncio.wait_for(self._some.wait(), _KEEP_ALIVE)
        except TimeoutError:
            return b": still here\n\n"
        self._some.clear()
        rows = [
            {
                "type": happening.type,
                "guild_id": _text(happening.guild_id),
                "channel_id": _text(happening.channel_id),
                "only_user": _text(happening.only_user),
                "data": happening.data,
            }
            for happening in self._waiting
        ]
        self._waiting.clear()
        if self._left_out:
            rows.append({"type": "SANDBOX_SKIPPED", "data": {"count": self._left_out}})
            self._left_out = 0
        await asyncio.sleep(_PAUSE)
        return b"data: " + orjson.dumps(rows) + b"\n\n"


def _text(value: int | None) -> str | None:
    return None if value is None else str(value)
