"""Billing periods: where they begin and end, counted from an anchor.

Invariant: a boundary is always counted from the anchor and never from the boundary before it, so that an anchor on the 31st
bills on 28 February and on 31 March. Periods follow each other without a gap and without an overlap.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

DAY: Final = 86_400
INTERVALS: Final = ("day", "week", "month", "year")
# Stripe's limit: no price bills less often than every three years.
LONGEST: Final = {"day": 1095, "week": 156, "month": 36, "year": 3}


class Period(NamedTuple):
    """From `start`, which belongs to it, to `end`, which does not."""

    start: int
    end: int

    @property
    def seconds(self) -> int:
        return self.end - self.start


def boundary(anchor: int, interval: str, count: int, number: int) -> int:
    """The `number`-th boundary after the anchor (0: the anchor itself; below it: before)."""
    at = datetime.fromtimestamp(anchor, UTC)
    steps = count * number
    if interval == "day":
        return int((at + timedelta(days=steps)).timestamp())
    if interval == "week":
        return int((at + timedelta(weeks=steps)).timestamp())
    return int(_add_months(at, steps * (12 if interval == "year" else 1)).timestamp())


def period_at(anchor: int, interval: str, count: int, moment: int) -> Period:
    """The period that holds the moment."""
    number = _guess(anchor, interval, count, moment)
    while boundary(anchor, interval, count, number) > moment:
        number -= 1
    while boundary(anchor, interval, count, number + 1) <= moment:
        number += 1
    return Period(boundary(anchor, interval, count, number), boundary(anchor, interval, count, number + 1))


def add_months(moment: int, months: int) -> int:
    """The same day and time that many months later, or the last day where the month is too short."""
    return int(_add_months(datetime.fromtimestamp(moment, UTC), months).timestamp())


def _guess(anchor: int, interval: str, count: int, moment: int) -> int:
    longest = {"day": DAY, "week": 7 * DAY, "month": 31 * DAY, "year": 366 * DAY}[interval]
    return (moment - anchor) // (longest * count)


def _add_months(at: datetime, months: int) -> datetime:
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    day = min(at.day, monthrange(year, month + 1)[1])
    return at.replace(year=year, month=month + 1, day=day)
