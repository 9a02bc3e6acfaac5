"""The activity stream in Redis: one stream a partition, one entry an activity, read by one consumer group.

Keys on REDIS_STREAM_URL:
    activities:<partition>          the stream; entries hold one field, `a`
    ingest:lease:<partition>        which process reads it now, as `<process>:<token>`
    ingest:tokens                   counter of fencing tokens
    gaps                            spells in which a shard heard nothing, written by the bot
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from redis import Redis
from redis.exceptions import ResponseError

from .messages import Activity, encode_activity, partition_of, stream_key

GROUP: Final = "ingest"
GAPS_KEY: Final = "gaps"


class StreamEntry(NamedTuple):
    """An entry as read: its place on the stream and the bytes of its activity."""

    partition: int
    entry_id: bytes
    data: bytes

    @property
    def key(self) -> str:
        """Names the entry for ever."""
        return f"{stream_key(self.partition)}/{self.entry_id.decode()}"


def append_activities(redis: Redis, activities: Iterable[Activity], *, partitions: int) -> list[bytes]:
    """Append in one round trip; the answer comes once Redis has them on disk. Raises redis.RedisError: then some may be there,
    and appending all again is safe, because ingest books each source_id once."""
    pipe = redis.pipeline(transaction=False)
    for activity in activities:
        pipe.xadd(stream_key(partition_of(activity.source, partitions)), {"a": encode_activity(activity)})
    return list(pipe.execute())


def ensure_group(redis: Redis, key: str) -> None:
    """The consumer group of a stream, from its first entry on. Idempotent."""
    try:
        redis.xgroup_create(key, GROUP, id="0", mkstream=True)
    except ResponseError as error:
        if not str(error).startswith("BUSYGROUP"):
            raise


def read_entries(
    redis: Redis, partitions: Sequence[int], *, count: int, block_ms: int, pending: bool
) -> list[StreamEntry]:
    """The next entries of these partitions, at most `count` of each; with `pending`, those that were read before and never
    acknowledged. Each partition has one consumer name, so whoever holds its lease finds what its forerunner left."""
    start = "0" if pending else ">"
    found: Any = redis.xreadgroup(
        GROUP,
        "consumer",
        {stream_key(partition): start for partition in partitions},
        count=count,
        block=None if pending else block_ms,
    )
    entries: list[StreamEntry] = []
    for key, rows in found or ():
        partition = int(key.rpartition(b":")[2])
        # An entry that was deleted but is still pending has no fields; acknowledging it is all that is left to do.
        entries.extend(
            StreamEntry(partition, entry_id, (fields or {}).get(b"a", b"")) for entry_id, fields in rows
        )
    return entries


def acknowledge(redis: Redis, entries: Iterable[StreamEntry]) -> None:
    """Booked or set aside: take the entries off the pending list and off the stream, in one round trip."""
    by_partition: dict[int, list[bytes]] = {}
    for entry in entries:
        by_partition.setdefault(entry.partition, []).append(entry.entry_id)
    pipe = redis.pipeline(transaction=False)
    for partition, ids in by_partition.items():
        pipe.xack(stream_key(partition), GROUP, *ids)
        pipe.xdel(stream_key(partition), *ids)
    pipe.execute()


def backlog(redis: Redis, partitions: int) -> dict[int, int]:
    """Entries waiting on each partition, read or not."""
    pipe = redis.pipeline(transaction=False)
    for partition in range(partitions):
        pipe.xlen(stream_key(partition))
    return dict(enumerate(pipe.execute()))
