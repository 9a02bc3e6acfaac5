"""The hours that boosts use up. Pure.

Walking through time, an hour begins whenever a boost runs at a moment that the hour before does not cover, and covers 60 minutes. So
overlapping boosts use an hour once, and two that follow each other within it use one. The boost that begins an hour names it. What
lies in the past never changes, so an hour that has begun is the same whenever it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

HOUR_MS: Final = 3_600_000


class UsedHour(NamedTuple):
    """`start` in milliseconds since 1970."""

    start: int
    boost_id: int


def hours_of(windows: Iterable[tuple[int, int, int]]) -> Iterator[UsedHour]:
    """The hours, in order, that these windows — (from, to before, boost) in milliseconds — use up."""
    covered = -HOUR_MS
    # Not by their ends: a stop must not change who began an hour of the past.
    for start, end, boost_id in sorted(windows, key=lambda window: (window[0], window[2])):
        moment = max(start, covered)
        while moment < end:
            yield UsedHour(moment, boost_id)
            moment += HOUR_MS
            covered = moment
