"""The requests of a stretch of time as columns: granted below, everything else above. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from engagement.credits.figures import Figures
from engagement.credits.models import CreditType
from engagement.credits.periods import period_of
from frontend_api.dashboard.chart import shorten
from tenants.context import TenantContext

WIDTH, HEIGHT = 700, 190
_TOP, _BOTTOM = 24, 26
_GAP = 0.34
_LABELS: Final = 5  # below the columns, at most


@dataclass(frozen=True, slots=True)
class RequestColumn:
    """A period: all its requests, and those that were granted. Places in the drawing's units."""

    first: date
    requests: int
    approved: int
    x: float
    width: float
    middle: float
    y: float
    height: float
    granted_y: float
    granted_height: float
    label: str
    under: str


def draw_requests(
    periods: Sequence[tuple[date, CreditType, Figures]],
    context: TenantContext,
    *,
    since: datetime,
    until: datetime,
    bucket: str,
) -> list[RequestColumn]:
    """A column for each period from `since` to `until`, empty ones too."""
    sums: dict[date, list[int]] = {}
    moment = since
    while moment < until:
        span = period_of(moment, bucket, timezone=context.timezone, first_weekday=context.first_weekday)
        sums[span.first] = [0, 0]
        moment = span.ends_at
    for first, _type, figures in periods:
        line = sums.setdefault(first, [0, 0])
        line[0] += figures.requests
        line[1] += figures.approved
    highest = max([line[0] for line in sums.values()] + [1])
    place, room = WIDTH / max(1, len(sums)), HEIGHT - _TOP - _BOTTOM
    every = -(-len(sums) // _LABELS)
    columns = []
    for number, (first, (requests, approved)) in enumerate(sorted(sums.items())):
        height, granted = requests / highest * room, approved / highest * room
        columns.append(
            RequestColumn(
                first=first,
                requests=requests,
                approved=approved,
                x=round(number * place + place * _GAP / 2, 1),
                width=round(place * (1 - _GAP), 1),
                middle=round(number * place + place / 2, 1),
                y=round(_TOP + room - height, 1),
                height=round(height, 1),
                granted_y=round(_TOP + room - granted, 1),
                granted_height=round(granted, 1),
                label=shorten(requests) if requests and len(sums) <= 16 else "",
                under=(f"{first:%b %Y}" if bucket == "month" else f"{first:%-d %b}")
                if number % every == 0
                else "",
            )
        )
    return columns
