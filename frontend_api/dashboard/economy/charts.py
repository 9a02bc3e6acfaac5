"""The economy as plain SVG, labelled directly, with its table behind. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from engagement.analytics.economy import EconomyWeek
from engagement.analytics.stock import StockLine
from frontend_api.dashboard.chart import shorten

WIDTH: Final = 700
HEIGHT: Final = 200
_TOP: Final = 26
_BOTTOM: Final = 28
_SHOWN: Final = 8  # weeks, so that their names fit a phone
RANGE_WIDTH: Final = 200
_HORIZON: Final = 26.0  # weeks that a range's bar shows


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    middle: float
    label_y: float
    label: str


@dataclass(frozen=True, slots=True)
class WeekPair:
    """A week's two columns: issued and spent."""

    week: EconomyWeek
    issued: Bar
    spent: Bar
    middle: float


@dataclass(frozen=True, slots=True)
class Point:
    week: EconomyWeek
    x: float
    y: float
    label_y: float
    label: str
    anchor: str


@dataclass(frozen=True, slots=True)
class RangeBar:
    """The ends and the middle of a forecast on a bar that is RANGE_WIDTH wide; `goes_on`: past its right end."""

    low: float
    middle: float
    width: float
    goes_on: bool


def draw_weeks(weeks: Sequence[EconomyWeek]) -> list[WeekPair]:
    """Issued less taken back, and spent less refunded, of the last weeks. A week that gave back more than it took has no column."""
    shown = weeks[-_SHOWN:]
    highest = max([1, *(max(week.issued - week.taken_back, week.spent) for week in shown)])
    place = WIDTH / max(1, len(shown))
    return [
        WeekPair(
            week,
            _bar(number * place + place * 0.10, place * 0.38, week.issued - week.taken_back, highest),
            _bar(number * place + place * 0.52, place * 0.38, week.spent, highest),
            round(number * place + place / 2, 1),
        )
        for number, week in enumerate(shown)
    ]


def draw_line(weeks: Sequence[EconomyWeek]) -> list[Point]:
    """What was in circulation as each week ended; the first and the last are labelled."""
    highest = max([1, *(week.circulation for week in weeks)])
    lowest = min([0, *(week.circulation for week in weeks)])
    step = (WIDTH - 40) / max(1, len(weeks) - 1)
    room = HEIGHT - _TOP - _BOTTOM
    ends = {0: "start", len(weeks) - 1: "end"}
    points = []
    for number, week in enumerate(weeks):
        y = _TOP + room * (1 - (week.circulation - lowest) / (highest - lowest))
        points.append(
            Point(
                week,
                round(20 + number * step, 1),
                round(y, 1),
                round(y - 10, 1),
                shorten(week.circulation) if number in ends else "",
                ends.get(number, "middle"),
            )
        )
    return points


def path_of(points: Sequence[Point]) -> str:
    """For the `points` of a polyline."""
    return " ".join(f"{point.x:.1f},{point.y:.1f}" for point in points)


def draw_range(line: StockLine) -> RangeBar | None:
    """None where nothing can be said."""
    if line.outlook is None:
        return None
    low, middle, high = (min(weeks, _HORIZON) / _HORIZON * RANGE_WIDTH for weeks in _ends(line))
    return RangeBar(
        round(low, 1), round(middle, 1), round(max(high - low, 2), 1), line.outlook.high > _HORIZON
    )


def _ends(line: StockLine) -> tuple[float, float, float]:
    assert line.outlook is not None
    return line.outlook.low, line.outlook.middle, line.outlook.high


def _bar(x: float, width: float, amount: int, highest: int) -> Bar:
    room = HEIGHT - _TOP - _BOTTOM
    height = round(max(0, amount) / highest * room, 1)
    top = round(_TOP + room - height, 1)
    return Bar(
        round(x, 1),
        top,
        round(width, 1),
        height,
        round(x + width / 2, 1),
        round(top - 6, 1),
        shorten(amount) if amount else "",
    )
