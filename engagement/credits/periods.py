"""Days, weeks and months of a community: the period that holds a moment. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

DAY: Final = "day"
WEEK: Final = "week"
MONTH: Final = "month"
PERIODS: Final = (DAY, WEEK, MONTH)


@dataclass(frozen=True, slots=True)
class Span:
    """From `starts_at` to before `ends_at`; `first` is its first local day."""

    first: date
    starts_at: datetime
    ends_at: datetime


def period_of(moment: datetime, period: str, *, timezone: str, first_weekday: int) -> Span:
    """The community's own day, week or month around `moment`. Raises KeyError for another word."""
    zone = ZoneInfo(timezone)
    day = moment.astimezone(zone).date()
    first = {
        DAY: day,
        WEEK: day - timedelta(days=(day.weekday() - first_weekday) % 7),
        MONTH: day.replace(day=1),
    }[period]
    after = {
        DAY: first + timedelta(days=1),
        WEEK: first + timedelta(days=7),
        MONTH: (first + timedelta(days=32)).replace(day=1),
    }[period]
    return Span(first, _midnight(first, zone), _midnight(after, zone))


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)
