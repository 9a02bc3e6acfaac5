"""The local Stripe in a thread of its own, for code that is not asynchronous."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from .config import Config
from .server import LocalStripe
from .store import Store

_T = TypeVar("_T")


class LocalStripeThread:
    """`with LocalStripeThread(Config()) as stripe:` serves until the block ends."""

    def __init__(self, config: Config | None = None) -> None:
        self._config = config
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="local-stripe", daemon=True)
        self.server: LocalStripe

    def __enter__(self) -> LocalStripeThread:
        self._thread.start()
        self.server = LocalStripe(self._config)
        self._wait(self.server.start())
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(Exception):
            self._wait(self.server.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        self._loop.close()

    @property
    def url(self) -> str:
        return self.server.url

    def call(self, function: Callable[[], _T]) -> _T:
        """Run a function on the server's loop and wait for it."""

        async def work() -> _T:
            return function()

        return self._wait(work())

    def write(self, function: Callable[[Store], _T]) -> _T:
        """Run a function on the store as one transaction."""

        def work() -> _T:
            with self.server.store.transaction():
                return function(self.server.store)

        return self.call(work)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _wait(self, work: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=60)
