"""A gateway session: its shard, its intents and its numbered dispatches.

Invariant: `kept[i]` is the dispatch with sequence `first + i`. A session outlives its socket by the resume window.
Dispatches are kept for ten minutes, and never more than a count and a size: what is older cannot be resumed.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import deque

_BYTES_KEPT = 192 * 1024 * 1024
_SECONDS_KEPT = 600.0
_MARK_EVERY = 500


class Session:
    def __init__(self, *, shard_id: int, shard_count: int, intents: int, replay_limit: int) -> None:
        self.id = secrets.token_hex(16)
        self.shard_id = shard_id
        self.shard_count = shard_count
        self.intents = intents
        self.sequence = 0
        self.first = 1
        self.kept: list[bytes] = []
        self.wake = asyncio.Event()
        self.connected = False
        self.expires_at = 0.0
        self.presence: dict[str, object] = {}
        self._replay_limit = replay_limit
        self._bytes = 0
        self._marks: deque[tuple[int, float]] = deque()

    def hears_guild(self, guild_id: int) -> bool:
        return (guild_id >> 22) % self.shard_count == self.shard_id

    def dispatch(self, type: str, data: bytes) -> int:
        """Number a dispatch, keep it, and wake the socket. Returns the sequence."""
        self.sequence += 1
        frame = b'{"t":"%b","s":%d,"op":0,"d":%b}' % (type.encode(), self.sequence, data)
        self.kept.append(frame)
        self._bytes += len(frame)
        if len(self.kept) > self._replay_limit or self._bytes > _BYTES_KEPT:
            self._forget(max(len(self.kept) // 10, 1))
        if not self.sequence % _MARK_EVERY:
            self._forget_old(time.monotonic())
        self.wake.set()
        return self.sequence

    def _forget_old(self, now: float) -> None:
        self._marks.append((self.sequence, now))
        while now - self._marks[0][1] > _SECONDS_KEPT:
            sequence, _ = self._marks.popleft()
            if sequence >= self.first:
                self._forget(sequence - self.first + 1)

    def _forget(self, count: int) -> None:
        self._bytes -= sum(map(len, self.kept[:count]))
        del self.kept[:count]
        self.first += count

    def can_replay_after(self, sequence: int) -> bool:
        """Is everything after that sequence still kept?"""
        return self.first <= sequence + 1 <= self.sequence + 1

    def after(self, sequence: int, limit: int) -> list[bytes]:
        """Up to `limit` dispatches that follow a sequence."""
        start = max(sequence + 1 - self.first, 0)
        return self.kept[start : start + limit]
