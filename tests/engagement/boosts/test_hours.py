"""Hours are used once, whatever overlaps, and never change once they have begun."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from engagement.boosts.hours import HOUR_MS, hours_of

HOUR = 60


def hours(*windows: tuple[int, int, int]) -> list[tuple[int, int]]:
    """In minutes."""
    ms = [(start * 60_000, end * 60_000, boost) for start, end, boost in windows]
    return [(hour.start // 60_000, hour.boost_id) for hour in hours_of(ms)]


def test_a_started_hour_counts_whole() -> None:
    assert hours((0, 90, 1)) == [(0, 1), (60, 1)]
    assert hours((0, 60, 1)) == [(0, 1)]


def test_what_overlaps_is_counted_once() -> None:
    assert hours((0, 180, 1), (30, 120, 2), (60, 240, 3)) == [(0, 1), (60, 1), (120, 1), (180, 3)]


def test_two_that_follow_within_the_hour_use_one() -> None:
    assert hours((0, 10, 1), (40, 60, 2)) == [(0, 1)]
    assert hours((0, 10, 1), (40, 70, 2)) == [(0, 1), (60, 2)]


def test_a_pause_longer_than_the_hour_begins_another() -> None:
    assert hours((0, 10, 1), (75, 80, 1)) == [(0, 1), (75, 1)]


# Each boost has one window here, and its place in the list for an id.
windows = st.lists(st.tuples(st.integers(0, 600), st.integers(1, 300)), max_size=5).map(
    lambda drawn: [(start, start + lasts, number) for number, (start, lasts) in enumerate(drawn, 1)]
)


@given(windows)
def test_every_moment_of_a_boost_is_covered_and_no_hour_overlaps_another(
    given_windows: list[tuple[int, int, int]],
) -> None:
    found = hours(*given_windows)

    starts = [start for start, _boost in found]
    assert all(later - earlier >= HOUR for earlier, later in itertools.pairwise(starts))
    by_id = {boost: (start, end) for start, end, boost in given_windows}
    for start, boost in found:
        assert by_id[boost][0] <= start < by_id[boost][1]
    for begin, end, _boost in given_windows:
        assert all(any(start <= minute < start + HOUR for start in starts) for minute in range(begin, end))


@given(windows, windows, st.integers(0, 700))
def test_what_is_stopped_or_planned_later_changes_no_hour_that_has_begun(
    known: list[tuple[int, int, int]], more: list[tuple[int, int, int]], now: int
) -> None:
    later = [(max(start, now), max(end, now + 1), boost + 10) for start, end, boost in more]
    cut = [
        (start, max(min(end, now), start + 1) if start < now else end, boost) for start, end, boost in known
    ]

    before = [hour for hour in hours(*known) if hour[0] < now]

    assert [hour for hour in hours(*known, *later) if hour[0] < now] == before
    assert [hour for hour in hours(*cut, *later) if hour[0] < now] == before


def test_hours_are_sixty_minutes() -> None:
    assert HOUR_MS == HOUR * 60_000
