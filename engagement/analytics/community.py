"""A community at a glance, for whoever is new to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Sum

from engagement.leaderboards.selectors import get_board, list_offered_periods
from engagement.ledger.models import GIVEN, LedgerEntry
from engagement.members.models import Member
from engagement.standings.models import PeriodKind
from tenants.context import TenantContext


@dataclass(frozen=True, slots=True)
class CommunityFigures:
    """`season` is empty and its end None where the community offers no season."""

    members: int
    week_points: int
    season: str
    season_ends_on: date | None  # the last day


def get_community_figures(*, now: datetime, context: TenantContext) -> CommunityFigures:
    """Who is here, and what was given since the week began on the community's clock. At most four queries."""
    zone = ZoneInfo(context.timezone)
    today = now.astimezone(zone).date()
    monday = today - timedelta(days=(today.weekday() - context.first_weekday) % 7)
    start = datetime(monday.year, monday.month, monday.day, tzinfo=zone)
    given = LedgerEntry.objects.filter(GIVEN, created_at__gte=start, created_at__lt=now)
    has_season = PeriodKind.SEASON in list_offered_periods()
    board = get_board(kind=PeriodKind.SEASON, size=1, at=now) if has_season else None
    return CommunityFigures(
        members=Member.objects.filter(is_bot=False, departed_at=None, deleted_at=None).count(),
        week_points=int(given.aggregate(total=Sum("amount"))["total"] or 0),
        season="" if board is None else board.period_label,
        season_ends_on=None if board is None else board.ends_on,
    )
