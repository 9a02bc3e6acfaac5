"""Members by level before and after, as paired columns: plain SVG with its table behind. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from engagement.progression.levelling import CurveComparison
from frontend_api.dashboard.chart import shorten

WIDTH: Final = 700
HEIGHT: Final = 220
_TOP: Final = 22
_BOTTOM: Final = 26
_MOST_BANDS: Final = 10
_SIZES: Final = (1, 2, 5, 10, 20, 50, 100)


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    label: str
    middle: float
    label_y: float


@dataclass(frozen=True, slots=True)
class Band:
    """Levels `first` to `last` and how many members stand there before and after."""

    name: str
    before: int
    after: int
    bars: tuple[Bar, Bar]
    middle: float


def draw_bands(compared: CurveComparison) -> list[Band]:
    """At most ten bands of levels, each with two columns."""
    size = next((size for size in _SIZES if compared.highest + 1 <= size * _MOST_BANDS), _SIZES[-1])
    count = compared.highest // size + 1
    before, after = _gather(compared.before, size), _gather(compared.after, size)
    highest = max([*before.values(), *after.values(), 1])
    place = WIDTH / count
    return [
        Band(
            name=str(number * size) if size == 1 else f"{number * size}–{number * size + size - 1}",
            before=before.get(number, 0),
            after=after.get(number, 0),
            bars=(
                _bar(number * place + place * 0.12, place * 0.36, before.get(number, 0), highest),
                _bar(number * place + place * 0.52, place * 0.36, after.get(number, 0), highest),
            ),
            middle=round(number * place + place / 2, 1),
        )
        for number in range(count)
    ]


def _gather(levels: Mapping[int, int], size: int) -> dict[int, int]:
    bands: dict[int, int] = {}
    for level, members in levels.items():
        bands[level // size] = bands.get(level // size, 0) + members
    return bands


def _bar(x: float, width: float, members: int, highest: int) -> Bar:
    room = HEIGHT - _TOP - _BOTTOM
    height = round(members / highest * room, 1)
    top = round(_TOP + room - height, 1)
    return Bar(
        round(x, 1),
        top,
        round(width, 1),
        height,
        shorten(members) if members else "",
        round(x + width / 2, 1),
        top - 6,
    )
