"""When a boost runs: its windows, from its fields. Pure.

Weeks are counted on the community's clock: what begins on Saturday at ten begins on every Saturday at ten, summer time or not. A time
that the clock skips is the moment at which it skips; of a time that comes twice, the first counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple, Protocol
from zoneinfo import ZoneInfo

WEEK: Final = timedelta(days=7)
_SECOND: Final = timedelta(seconds=1)
PLANNED, RUNNING, OVER, STOPPED = "planned", "running", "over", "stopped"
STATES: Final = (RUNNING, PLANNED, OVER, STOPPED)


class Scheduled(Protocol):
    """What of a boost says when it runs."""

    @property
    def starts_at(self) -> datetime: ...
    @property
    def ends_at(self) -> datetime: ...
    @property
    def timezone(self) -> str: ...
    @property
    def repeats_until(self) -> date | None: ...
    @property
    def stopped_at(self) -> datetime | None: ...
    @property
    def stopped_by(self) -> str: ...
    @property
    def pauses(self) -> list[list[int]]: ...


class Span(NamedTuple):
    """From `start` to before `end`, in milliseconds since 1970."""

    start: int
    end: int


def windows_of(boost: Scheduled) -> list[Span]:
    """Every span in which it runs, in order: without what was stopped and what a stop that was taken back left out."""
    end = None if boost.stopped_at is None else milliseconds(boost.stopped_at)
    spans: list[Span] = []
    for start, stop in occurrences(boost):
        pieces = [Span(start, stop if end is None else min(stop, end))]
        for pause_start, pause_end in boost.pauses:
            pieces = [
                piece
                for whole in pieces
                for piece in (
                    Span(whole.start, min(whole.end, pause_start)),
                    Span(max(whole.start, pause_end), whole.end),
                )
            ]
            pieces = [piece for piece in pieces if piece.start < piece.end]
        spans += [piece for piece in pieces if piece.start < piece.end]
    return spans


def occurrences(boost: Scheduled) -> Iterator[Span]:
    """As it was planned, one a week."""
    yield Span(milliseconds(boost.starts_at), milliseconds(boost.ends_at))
    if boost.repeats_until is None:
        return
    zone = ZoneInfo(boost.timezone)
    start, end = (moment.astimezone(zone).replace(tzinfo=None) for moment in (boost.starts_at, boost.ends_at))
    if end <= start:  # across the hour that comes twice
        end = start + (boost.ends_at - boost.starts_at)
    while (start := start + WEEK).date() <= boost.repeats_until:
        end += WEEK
        span = Span(milliseconds(resolve(start, zone)), milliseconds(resolve(end, zone)))
        if span.start < span.end:
            yield span


def state_of(boost: Scheduled, now: datetime) -> str:
    """planned also between two weeks; over when nothing is left; stopped when somebody ended it before that."""
    if boost.stopped_at is not None:
        return STOPPED
    moment = milliseconds(now)
    spans = windows_of(boost)
    if not spans or moment >= spans[-1].end:
        return OVER
    return RUNNING if any(span.start <= moment < span.end for span in spans) else PLANNED


def current_or_next(boost: Scheduled, now: datetime) -> Span | None:
    """The window that runs, else the next one."""
    moment = milliseconds(now)
    return next((span for span in windows_of(boost) if moment < span.end), None)


def resolve(local: datetime, zone: ZoneInfo) -> datetime:
    """The moment, in UTC, at which the clock shows `local`, which is without a zone."""
    before = local.replace(tzinfo=zone, fold=0)
    moment = before.astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == local:
        return moment
    # The clock skips it. The skip lies between the readings by the later and by the earlier offset.
    low, high = local.replace(tzinfo=zone, fold=1).astimezone(UTC), moment
    if low > high:
        low, high = high, low
    offset = low.astimezone(zone).utcoffset()
    while high - low > _SECOND:
        middle = low + (high - low) // 2
        if middle.astimezone(zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)


def milliseconds(moment: datetime) -> int:
    """Exact, unlike a float."""
    return (moment - _EPOCH) // _MILLISECOND


def moment_of(ms: int) -> datetime:
    return _EPOCH + ms * _MILLISECOND


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
