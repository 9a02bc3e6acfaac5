"""Twelve months of what supporters pay, as plain SVG, labelled directly, with its table behind. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from engagement.supporters.selectors import IncomeMonth
from frontend_api.money import write_money

MONTHS: Final = 12
WIDTH: Final = 700
_HEIGHT: Final = 200
_TOP: Final = 26
_BOTTOM: Final = 28


@dataclass(frozen=True, slots=True)
class MonthColumn:
    """What one month brought: the whole column is what was paid and kept, its lower part what reached the community."""

    month: IncomeMonth
    is_running: bool
    x: float
    width: float
    y: float
    height: float
    net_y: float
    net_height: float
    middle: float
    label_y: float
    label: str


def fill_months(
    found: Iterable[IncomeMonth], *, currency: str, today: date, months: int = MONTHS
) -> list[IncomeMonth]:
    """The running month and those before it, the oldest first; a month that brought nothing has a line of zeros."""
    known = {one.month: one for one in found if one.currency == currency}
    index = today.year * 12 + today.month - 1
    days = [date(number // 12, number % 12 + 1, 1) for number in range(index - months + 1, index + 1)]
    return [known.get(day) or IncomeMonth(day, currency, 0, 0, 0, 0) for day in days]


def draw_months(months: Sequence[IncomeMonth]) -> list[MonthColumn]:
    """Refunds are left out of the columns; a month that gave more back than it brought has none."""
    highest = max([1, *(month.gross - month.refunded for month in months)])
    place = WIDTH / max(1, len(months))
    room = _HEIGHT - _TOP - _BOTTOM
    columns = []
    for number, month in enumerate(months):
        kept, net = max(0, month.gross - month.refunded), max(0, month.net)
        height, net_height = kept / highest * room, min(net, kept) / highest * room
        columns.append(
            MonthColumn(
                month,
                number == len(months) - 1,
                x=number * place + place * 0.17,
                width=place * 0.66,
                y=_TOP + room - height,
                height=height,
                net_y=_TOP + room - net_height,
                net_height=net_height,
                middle=number * place + place / 2,
                label_y=_TOP + room - height - 7,
                label=write_money(kept // 100 * 100, month.currency) if kept else "",
            )
        )
    return columns
