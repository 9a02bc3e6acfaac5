"""Snowflakes: ids that carry their time, as Discord makes them.

Invariant: ids made by one maker rise strictly, and an id's upper bits are its moment in milliseconds since 2015.
"""

from __future__ import annotations

import time

EPOCH_MS = 1_420_070_400_000
_PER_MILLISECOND = 1 << 22


def snowflake_ms(snowflake: int) -> int:
    """The moment of an id, in milliseconds since 1970."""
    return (snowflake >> 22) + EPOCH_MS


def snowflake_at(moment_ms: int, increment: int = 0) -> int:
    return ((moment_ms - EPOCH_MS) << 22) | increment


def now_ms() -> int:
    return int(time.time() * 1000)


class SnowflakeMaker:
    """Makes ids. More than four million in one millisecond borrow from the next, which keeps them rising."""

    def __init__(self) -> None:
        self._last = 0

    def make(self) -> int:
        made = snowflake_at(now_ms())
        self._last = made if made > self._last else self._last + 1
        return self._last

    def advance_to(self, snowflake: int) -> None:
        """Never hand out an id at or below this one: used after state is loaded from a file."""
        self._last = max(self._last, snowflake)


def iso_from_ms(moment_ms: int) -> str:
    """ISO 8601 with microseconds and offset, as Discord prints it."""
    seconds, rest = divmod(moment_ms, 1000)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{stamp}.{rest:03d}000+00:00"


def seeded_id(kind: int, number: int, created_ms: int = 1_704_067_200_000) -> int:
    """A deterministic id for seeds: the same kind and number give the same id on every machine."""
    return snowflake_at(created_ms + kind * 60_000_000 + number * 1001, kind & 0xFFF)
