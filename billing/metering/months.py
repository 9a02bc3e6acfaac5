"""Calendar months in UTC, in which everything that is sold by use is counted."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta


def month_of(moment: datetime) -> tuple[datetime, datetime]:
    """The month's first moment, and the next one's."""
    start = moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return start, following(start)


def following(start: datetime) -> datetime:
    return start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)


def before(start: datetime) -> datetime:
    """The first moment of the month before."""
    return month_of(start - timedelta(days=1))[0]


def start_of(month: date) -> datetime:
    return datetime(month.year, month.month, 1, tzinfo=UTC)
