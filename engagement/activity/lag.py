"""How far ingest is behind, partition by partition. For people: asks Redis each time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from redis import Redis
from redis.exceptions import ResponseError

from .messages import stream_key
from .stream import GROUP


@dataclass(frozen=True, slots=True)
class PartitionLag:
    """`waiting` entries are in the stream and not booked yet; the oldest came `seconds` ago. `reader` holds the lease."""

    partition: int
    waiting: int
    pending: int
    seconds: float
    reader: str


def read_lag(redis: Redis, *, partitions: int) -> list[PartitionLag]:
    """One round trip for all. Raises redis.RedisError."""
    pipe = redis.pipeline(transaction=False)
    for partition in range(partitions):
        stream = stream_key(partition)
        pipe.xlen(stream)
        pipe.xrange(stream, count=1)
        pipe.xpending(stream, GROUP)
        pipe.get(f"ingest:lease:{partition}")
    answers: list[Any] = pipe.execute(raise_on_error=False)
    now = time.time() * 1000
    return [_read(number, answers[number * 4 : number * 4 + 4], now) for number in range(partitions)]


def _read(partition: int, answers: list[Any], now: float) -> PartitionLag:
    length, oldest, pending, lease = answers
    for answer in (length, oldest, lease):
        if isinstance(answer, Exception):
            raise answer
    if isinstance(pending, ResponseError):  # nobody ever read this partition
        pending = {"pending": 0}
    elif isinstance(pending, Exception):
        raise pending
    seconds = 0.0
    if oldest:
        seconds = max(0.0, (now - int(oldest[0][0].partition(b"-")[0])) / 1000)
    reader = lease.decode().rpartition(":")[0] if isinstance(lease, bytes) else ""
    return PartitionLag(partition, int(length), int(pending["pending"]), round(seconds, 1), reader)
