"""The bounded way from the socket to the stream.

Invariant: `put` never waits. A full queue answers False; the caller then pins its watermark, and the record comes
back by RESUME. So the shard goes on reading, heartbeating and answering commands however slow Redis is.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import NamedTuple

from .watermark import Watermark

CAPACITY = 20_000  # records; about 10 MB


class Record(NamedTuple):
    """What has to reach the stream's Redis because of one dispatch: packed commands, acknowledged together.

    `watermark` is None for a record that no dispatch caused, such as a minute in a voice channel.
    """

    watermark: Watermark | None
    number: int
    commands: tuple[bytes, ...]


class RecordQueue:
    """First in, first out, for one writer. Lives on the event loop."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self.capacity = capacity
        self._records: deque[Record] = deque()
        self._filled = asyncio.Event()

    def __len__(self) -> int:
        return len(self._records)

    @property
    def full(self) -> bool:
        return len(self._records) >= self.capacity

    def put(self, record: Record, *, force: bool = False) -> bool:
        """Take the record, or answer False because the queue is full. `force` is for the one record of a READY,
        which no RESUME brings back."""
        records = self._records
        if len(records) >= self.capacity and not force:
            return False
        if record.watermark is not None:
            record.watermark.opened(record.number)
        records.append(record)
        if len(records) == 1:
            self._filled.set()
        return True

    async def wait(self, seconds: float) -> bool:
        """Until a record is there, or the time is over. True if one is there."""
        if self._records:
            return True
        self._filled.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._filled.wait()
        except TimeoutError:
            return False
        return True

    def take(self, limit: int) -> list[Record]:
        """Up to `limit` records, oldest first."""
        records = self._records
        if len(records) <= limit:
            batch = list(records)
            records.clear()
            return batch
        return [records.popleft() for _ in range(limit)]
