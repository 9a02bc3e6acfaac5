"""Moments and amounts of credits as people read them."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from tenants.context import TenantContext


def moment_words(moment: datetime, *, context: TenantContext, now: datetime) -> str:
    """“Tuesday 1 December, 00:00 (in 10 days)”, in the community's zone."""
    local = moment.astimezone(ZoneInfo(context.timezone))
    return f"{local:%A %-d %B, %H:%M} ({_distance(moment, now)})"


def _distance(moment: datetime, now: datetime) -> str:
    minutes = max(1, int((moment - now).total_seconds() // 60))
    for size, word in ((1440, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size:
            number = minutes // size
            return f"in {number:,} {word}{'' if number == 1 else 's'}"
    return "soon"
