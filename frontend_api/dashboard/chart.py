"""A column chart as the page draws it: plain SVG, labelled directly, with its table behind it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from engagement.analytics.week import DayFigure
from frontend_api.figures import MINUS, write_whole

WIDTH, HEIGHT = 700, 190
_TOP, _BOTTOM = 24, 26  # room for the figure above a column and the day below it
_GAP = 0.34  # of a column's place


@dataclass(frozen=True, slots=True)
class Column:
    figure: DayFigure
    x: float
    y: float
    width: float
    height: float
    middle: float
    label_y: float
    label: str


def shorten(number: int) -> str:
    """1,284 → `1.3k`: charts shorten large numbers, tables do not."""
    size = abs(number)
    for limit, divisor, letter in ((1_000_000_000, 1e9, "b"), (1_000_000, 1e6, "m"), (1_000, 1e3, "k")):
        if size >= limit:
            short = f"{number / divisor:.1f}" if size < limit * 10 else f"{number / divisor:.0f}"
            return short.removesuffix(".0").replace("-", MINUS) + letter
    return write_whole(number)


def draw_columns(figures: list[DayFigure]) -> list[Column]:
    """Where each column stands. A day that took back more than it gave has none, and says its figure."""
    highest = max([figure.points for figure in figures] + [1])
    place = WIDTH / max(1, len(figures))
    room = HEIGHT - _TOP - _BOTTOM
    columns = []
    for number, figure in enumerate(figures):
        height = round(max(0, figure.points) / highest * room, 1)
        columns.append(
            Column(
                figure=figure,
                x=round(number * place + place * _GAP / 2, 1),
                y=round(_TOP + room - height, 1),
                width=round(place * (1 - _GAP), 1),
                height=height,
                middle=round(number * place + place / 2, 1),
                label_y=round(_TOP + room - height - 8, 1),
                label=shorten(figure.points),
            )
        )
    return columns
