"""One tenant's watchers: reads the log when woken, renders each view once, hands it to all who watch it.

Invariants: a watcher is never sent a part older than one it was sent before; everything logged after the position it came with
leads to a part rendered later; two looks lie at least PAUSE apart, however often the room is woken.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from contextlib import suppress

from django.db import Error as DatabaseError

from frontend_api.live import calls
from frontend_api.live.calls import View
from saas.events.log import Position
from tenants.context import TenantContext

logger = logging.getLogger(__name__)
PAUSE = 0.5  # seconds between two looks: at most two parts a second reach a page
RECHECK = 0.5  # a row that a wake-up named may wait for an older transaction to end …
RECHECK_LONGEST = 8.0  # … which is looked for again at doubling pauses
POLL = 20.0  # wake-ups may be lost: look without one


class Watcher:
    """One socket's place in a room: what it shows, how far it is, and the newest part it has not sent yet."""

    def __init__(self, view: View, position: Position) -> None:
        self.view = view
        self.position = position
        self._part: tuple[Position, str] | None = None
        self._ready = asyncio.Event()

    def offer(self, position: Position, html: str) -> None:
        """The newest part. One that was not fetched yet is replaced: a slow reader skips, it does not lag."""
        self.position = max(self.position, position)
        self._part = (position, html)
        self._ready.set()

    async def fetch(self) -> tuple[Position, str]:
        """Wait for the next part."""
        await self._ready.wait()
        self._ready.clear()
        assert self._part is not None
        part, self._part = self._part, None
        return part


class Room:
    """All watchers of one tenant, and the task that serves them while there are any."""

    def __init__(self, context: TenantContext) -> None:
        self.context = context
        self.watchers: set[Watcher] = set()
        self._woken = asyncio.Event()
        self._newest = 0  # the highest event id that a wake-up named
        self._task: asyncio.Task[None] | None = None

    def join(self, watcher: Watcher) -> None:
        self.watchers.add(watcher)
        self.wake()
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(
                self._serve(), name=f"room {self.context.slug}"
            )

    def leave(self, watcher: Watcher) -> None:
        """The last one ends the task."""
        self.watchers.discard(watcher)
        if not self.watchers and self._task is not None:
            self._task.cancel()
            self._task = None

    def wake(self, event_id: int = 0) -> None:
        self._newest = max(self._newest, event_id)
        self._woken.set()

    async def _serve(self) -> None:
        wait = POLL
        while self.watchers:
            with suppress(TimeoutError):
                # Not wait_for: Python 3.11's loses a cancellation that meets the event.
                async with asyncio.timeout(wait):
                    await self._woken.wait()
            self._woken.clear()
            try:
                seen = await self._look()
            except DatabaseError as error:
                logger.warning("The live pages of %s wait for the database: %s", self.context.slug, error)
                seen = False
            except Exception:
                logger.exception("A look for the live pages of %s failed", self.context.slug)
                seen = True
            wait = POLL if seen else min(RECHECK_LONGEST, RECHECK if wait == POLL else wait * 2)
            await asyncio.sleep(PAUSE)

    async def _look(self) -> bool:
        """Serve whoever is behind. False when the row that a wake-up named cannot be read yet."""
        start = min(watcher.position for watcher in self.watchers)
        newest = self._newest
        news = await calls.call(calls.read_news, self.context, start, newest)
        behind: dict[View, list[Watcher]] = defaultdict(list)
        for watcher in self.watchers:
            if watcher.position < news.end:
                behind[watcher.view].append(watcher)
        for view, watchers in behind.items():
            position, html = await calls.call(calls.render_view, self.context, view)
            for watcher in watchers:
                watcher.offer(max(position, news.end), html)
        if news.reached and self._newest == newest:
            self._newest = 0
        return news.reached
