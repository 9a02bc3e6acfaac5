"""Reads of boosts: what ingest compiles, the lists that people see, and the hours used."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from engagement.rules.boosting import BoostTimeline, build_timeline
from saas.core import clock
from tenants.context import TenantContext

from .errors import BoostNotFoundError
from .hours import UsedHour, hours_of
from .models import Boost
from .scope import compile_boost
from .windows import PLANNED, RUNNING, Span, current_or_next, milliseconds, moment_of, state_of, windows_of

PAGE: Final = 20
_TIMES: Final = ("starts_at", "ends_at", "timezone", "repeats_until", "stopped_at", "pauses")


@dataclass(frozen=True, slots=True)
class BoostLine:
    """A boost as people see it. `from_at` and `until_at` are of the window that runs, else of the next, else of the last one."""

    boost: Boost
    state: str
    from_at: datetime
    until_at: datetime

    @property
    def factor(self) -> str:
        return factor_text(self.boost.percent)


def factor_text(percent: int) -> str:
    """×2, ×1.5, ×1.25."""
    return f"×{percent / 100:g}"


def load_timeline() -> BoostTimeline | None:
    """What runs when, for evaluation; None where there never was a boost. One query."""
    columns = ("id", "name", "percent", "scope")
    windows = []
    for boost in Boost.objects.only(*columns, *_TIMES):
        live = compile_boost(boost.pk, boost.name, boost.percent, boost.scope)
        windows += [(span.start, span.end, live) for span in windows_of(boost)]
    return build_timeline(windows)


def get_boost(*, boost_id: int) -> Boost:
    """Raises BoostNotFoundError."""
    boost = Boost.objects.filter(pk=min(boost_id, 2**31 - 1)).first()
    if boost is None:
        raise BoostNotFoundError
    return boost


def find_boost(*, key: str) -> Boost | None:
    """What that request made, if it was here before."""
    return Boost.objects.filter(key=key[:100]).first()


def line_of(boost: Boost, now: datetime) -> BoostLine:
    span = current_or_next(boost, now) if boost.stopped_at is None else None
    if span is None:
        spans = windows_of(boost)
        span = spans[-1] if spans else Span(milliseconds(boost.starts_at), milliseconds(boost.ends_at))
    return BoostLine(boost, state_of(boost, now), moment_of(span.start), moment_of(span.end))


def list_boosts(*, limit: int = PAGE, offset: int = 0) -> list[BoostLine]:
    """The newest first by when they were to begin. One query."""
    now = clock.now()
    return [
        line_of(boost, now) for boost in Boost.objects.order_by("-starts_at", "-pk")[offset : offset + limit]
    ]


def list_boosts_after(*, before_id: int | None = None, limit: int = PAGE) -> list[BoostLine]:
    """The newest first by when they were planned; `before_id` is the last one of the page before. One query."""
    now = clock.now()
    found = Boost.objects.order_by("-pk")
    if before_id is not None:
        found = found.filter(pk__lt=before_id)
    return [line_of(boost, now) for boost in found[:limit]]


def count_boosts() -> int:
    return Boost.objects.count()


def list_live_boosts(*, now: datetime | None = None) -> list[BoostLine]:
    """What runs or is still to run, in the order of its next beginning. One query."""
    moment = now or clock.now()
    lines = [line_of(boost, moment) for boost in Boost.objects.filter(stopped_at=None).order_by("pk")]
    return sorted(
        (line for line in lines if line.state in (RUNNING, PLANNED)),
        key=lambda line: (line.from_at, line.boost.pk),
    )


def list_running_boosts(*, now: datetime | None = None) -> list[BoostLine]:
    """What runs, the highest first. One query."""
    lines = [line for line in list_live_boosts(now=now) if line.state == RUNNING]
    return sorted(lines, key=lambda line: (-line.boost.percent, line.boost.pk))


def list_hours(*, until: datetime, extra: Sequence[tuple[int, int, int]] = ()) -> list[UsedHour]:
    """The hours that boosts use up and that begin before `until`, planned ones too; `extra` are windows of what is only thought of.
    One query."""
    end = milliseconds(until)
    windows = [*_windows(Boost.objects.only("id", *_TIMES)), *extra]
    return [hour for hour in hours_of(windows) if hour.start < end]


def list_started_hours(*, start: datetime, end: datetime) -> list[UsedHour]:
    """The hours that began from `start` to before `end`, and have begun. One query."""
    first = milliseconds(start)
    return [hour for hour in list_hours(until=min(end, clock.now())) if hour.start >= first]


def hours_used(context: TenantContext, start: datetime, end: datetime) -> int:
    """How many hours of boosts began from `start` to before `end`, those to come left out. The tenant's schema is in hand.

    What overlaps is counted once; what was stopped, until then; shadow mode counts, because its points stay.
    """
    return len(list_started_hours(start=start, end=end))


def _windows(boosts: Iterable[Boost]) -> list[tuple[int, int, int]]:
    return [(span.start, span.end, boost.pk) for boost in boosts for span in windows_of(boost)]
