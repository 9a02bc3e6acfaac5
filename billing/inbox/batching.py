"""Webhooks that come at once are stored at once: whoever is waiting shares one transaction, and with it one flush to disk.

Nobody is kept waiting for company: a webhook that comes alone is stored alone. It is answered when its transaction has committed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from django.db import close_old_connections, connection

from saas.core.schemas import PUBLIC, enter_schema

from .errors import UnreadableEventError
from .receiving import Incoming, store_incoming

MOST: Final = 100  # webhooks of one transaction
Stored = bool | BaseException


class InboxWriter:
    """Stores what `store` is given, from one event loop, one batch after another. The connection is kept between batches."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Incoming, asyncio.Future[bool]]] = []
        self._working: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="stripe-inbox")

    async def store(self, incoming: Incoming) -> bool:
        """True for a new one, False for one that was known. Raises UnreadableEventError, and what the database raises."""
        stored: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((incoming, stored))
        if self._working is None:
            self._working = asyncio.create_task(self._work())
        return await stored

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                answers = await loop.run_in_executor(
                    self._thread, _store, [incoming for incoming, _ in batch], not self._waiting
                )
                for (_, stored), answer in zip(batch, answers, strict=True):
                    if stored.cancelled():  # the caller went away; what it brought is stored all the same
                        continue
                    if isinstance(answer, BaseException):
                        stored.set_exception(answer)
                    else:
                        stored.set_result(answer)
        finally:
            self._working = None


def _store(incoming: Sequence[Incoming], last: bool) -> Sequence[Stored]:
    """In the writer's own thread. What one webhook holds is no reason to refuse its neighbours."""
    close_old_connections()
    try:
        with enter_schema(PUBLIC):
            try:
                return store_incoming(incoming)
            except UnreadableEventError:
                return [_store_one(one) for one in incoming]
    except Exception as error:
        return [error] * len(incoming)
    finally:
        if last:
            connection.close()  # back to the pool, whose places are few


def _store_one(incoming: Incoming) -> Stored:
    try:
        return store_incoming([incoming])[0]
    except UnreadableEventError as error:
        return error
