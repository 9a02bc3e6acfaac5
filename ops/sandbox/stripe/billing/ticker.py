"""The background of the server: time goes by for everything that has no test clock, and test clocks arrive."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from ..routes import BACKGROUND
from ..store import Store
from . import clocks
from .ticking import next_due, run_until

log = logging.getLogger(__name__)


class Ticker:
    """Looks after the time: often for test clocks that were sent off, every second for the rest."""

    def __init__(self, store: Store, *, clocks_every: float = 0.02, world_every: float = 1.0) -> None:
        self._store = store
        self._clocks_every, self._world_every = clocks_every, world_every
        self._task: asyncio.Task[None] | None = None
        self._seen = -1  # the store's writes when it was last looked through
        self._next: int | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    def tick_clocks(self) -> None:
        for id in clocks.advancing(self._store):
            clocks.finish(self._store, id)

    def tick_world(self) -> int:
        """Let everything happen that is due by now. Returns how many things did."""
        now = self._store.now()
        if self._seen == self._store.writes and (self._next is None or now < self._next):
            return 0
        happened = run_until(self._store, now)
        self._seen, self._next = self._store.writes, next_due(self._store)
        return happened

    async def _run(self) -> None:
        since = self._world_every
        while True:
            try:
                self.tick_clocks()
                if since >= self._world_every:
                    since = 0.0
                    self.tick_world()
            except Exception:
                log.exception("A moment of the local Stripe failed.")
            await asyncio.sleep(self._clocks_every)
            since += self._clocks_every


BACKGROUND.append(Ticker)
