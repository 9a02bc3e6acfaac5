"""One Redis subscription a process, whatever the number of sockets; it wakes the rooms.

Invariants: a room exists exactly while somebody watches its tenant; Redis away costs liveliness, not truth, because rooms
also look without being woken; after every reconnect all rooms look, since wake-ups were missed meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from weakref import WeakKeyDictionary

from django.conf import settings
from redis.asyncio import Redis
from redis.exceptions import RedisError

from frontend_api.live.limits import SocketLimits
from frontend_api.live.rooms import Room, Watcher
from saas.events.wake import PATTERN
from tenants.context import TenantContext

logger = logging.getLogger(__name__)
RECONNECT = 1.0


class Hub:
    """The rooms of one event loop."""

    def __init__(self) -> None:
        self.limits = SocketLimits()
        self._rooms: dict[str, Room] = {}
        self._task: asyncio.Task[None] | None = None
        # The listener that is wanted. One that is not ends by itself: the Redis client can swallow a cancellation.
        self._wanted = 0

    def enter(self, context: TenantContext, watcher: Watcher) -> Room:
        """Put a watcher in its tenant's room; the first one opens the room and starts listening."""
        room = self._rooms.get(context.schema)
        if room is None:
            room = self._rooms[context.schema] = Room(context)
        room.context = context  # its newest facts: a changed name or colour shows from here on
        room.join(watcher)
        if self._task is None or self._task.done():
            self._wanted += 1
            self._task = asyncio.get_running_loop().create_task(self._listen(self._wanted), name="live hub")
        return room

    def leave(self, room: Room, watcher: Watcher) -> None:
        room.leave(watcher)
        if not room.watchers and self._rooms.get(room.context.schema) is room:
            del self._rooms[room.context.schema]
        if not self._rooms and self._task is not None:
            self._wanted += 1
            self._task.cancel()
            self._task = None

    async def _listen(self, number: int) -> None:
        while number == self._wanted:
            try:
                await self._follow(number)
            except (RedisError, OSError) as error:
                logger.warning("Live pages hear no wake-ups (%s); they look every few seconds.", error)
            await asyncio.sleep(RECONNECT)

    async def _follow(self, number: int) -> None:
        client = Redis.from_url(settings.REDIS_URL, socket_connect_timeout=2, health_check_interval=15)
        subscription = client.pubsub(ignore_subscribe_messages=True)
        try:
            await subscription.psubscribe(PATTERN)
            for room in list(self._rooms.values()):
                room.wake()
            while number == self._wanted:
                message = await subscription.get_message(timeout=1.0)
                if message is not None:
                    self._pass_on(message["channel"], message["data"])
        finally:
            with suppress(RedisError, OSError):
                await subscription.aclose()  # type: ignore[no-untyped-call]
                await client.aclose()

    def _pass_on(self, channel: bytes, data: bytes) -> None:
        room = self._rooms.get(channel.decode().partition(":")[2])
        if room is not None:
            room.wake(int(data) if data.isdigit() else 0)


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def get_hub() -> Hub:
    """The hub of the running event loop."""
    return _hubs.setdefault(asyncio.get_running_loop(), Hub())
