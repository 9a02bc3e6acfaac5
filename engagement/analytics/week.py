"""The last days as a chart shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Sum
from django.db.models.functions import TruncDate

from engagement.ledger.models import GIVEN, HERE_COUNTERS, LedgerEntry
from tenants.context import TenantContext


@dataclass(frozen=True, slots=True)
class DayFigure:
    """Points of a day on the community's clock."""

    day: date
    points: int
    is_today: bool


def list_daily_points(
    *, now: datetime, context: TenantContext, days: int = 7, member_id: int | None = None
) -> list[DayFigure]:
    """The last `days` days, today last, those without points included. One query.

    Of everybody: what was given, as the organiser's figure of today counts it. Of one member: what they kept, that is less
    what was taken back.
    """
    zone = ZoneInfo(context.timezone)
    today = now.astimezone(zone).date()
    first = today - timedelta(days=days - 1)
    start = datetime(first.year, first.month, first.day, tzinfo=zone)
    entries = LedgerEntry.objects.filter(created_at__gte=start, created_at__lt=now)
    if member_id is None:
        entries = entries.filter(GIVEN)
    else:
        entries = entries.filter(member_id=member_id, counter__in=HERE_COUNTERS)
    found = dict(
        entries.annotate(day=TruncDate("created_at", tzinfo=zone))
        .values_list("day")
        .annotate(points=Sum("amount"))
        .values_list("day", "points")
    )
    every = [first + timedelta(days=number) for number in range(days)]
    return [DayFigure(day, int(found.get(day, 0)), day == today) for day in every]
