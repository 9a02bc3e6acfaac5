"""How many members scored in a month: read from what the boards keep anyway."""

from __future__ import annotations

from datetime import date

from .models import PeriodKind, Standing, StandingPast


def count_scorers(*, month: date) -> int:
    """Members who earned something in the month that begins on `month` in the community's zone, those without a rank included.

    Two queries over the members; the tenant's schema is in hand.
    """
    live = Standing.objects.filter(month_start=month, month_at__isnull=False).count()
    past = StandingPast.objects.filter(kind=PeriodKind.MONTH, starts_on=month).count()
    return live + past
