"""Periods: which season, month and week a local day belongs to. Pure, cached, counted in ordinals (`date.toordinal`)."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import Final

from .models import ALL_TIME_START, PeriodKind

KINDS: Final = (PeriodKind.ALL.value, PeriodKind.SEASON.value, PeriodKind.MONTH.value, PeriodKind.WEEK.value)
ALL_TIME: Final = ALL_TIME_START.toordinal()
_SEASON_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}


@lru_cache(maxsize=4096)
def period_starts(day: int, first_weekday: int, season_length: str) -> tuple[int, int, int, int]:
    """The first days, as ordinals and in the order of KINDS, of the periods that hold the local day `day`.

    `first_weekday`: 0 is Monday. `season_length`: month, quarter or year, each counted from January.
    """
    moment = date.fromordinal(day)
    months = _SEASON_MONTHS[season_length]
    season = moment.replace(month=(moment.month - 1) // months * months + 1, day=1)
    week = day - (moment.weekday() - first_weekday) % 7
    return ALL_TIME, season.toordinal(), moment.replace(day=1).toordinal(), week


def period_end(kind: str, start: date, season_length: str) -> date | None:
    """The first day after the period; None for all time."""
    if kind == PeriodKind.ALL:
        return None
    if kind == PeriodKind.WEEK:
        return start + timedelta(days=7)
    months = start.month - 1 + (1 if kind == PeriodKind.MONTH else _SEASON_MONTHS[season_length])
    return date(start.year + months // 12, months % 12 + 1, 1)
