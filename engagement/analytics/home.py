"""The organiser's figures for today, and the spells in which the bot was deaf."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count, Sum

from engagement.activity.models import Activity, HearingGap
from engagement.ledger.models import GIVEN, LedgerEntry
from engagement.members.models import Member
from engagement.rules.definition import NEVER_EARNING
from tenants.context import TenantContext


@dataclass(frozen=True, slots=True)
class HomeFigures:
    """Today so far, and yesterday up to the same time of day, on the community's clock."""

    active_today: int
    active_yesterday: int
    points_today: int
    points_yesterday: int
    members: int
    new_today: int
    new_yesterday: int
    since: datetime


@dataclass(frozen=True, slots=True)
class GapLine:
    """The bot did not hear from `started_at` to `ended_at`; what was said then is missing."""

    shard_id: int
    started_at: datetime
    ended_at: datetime
    reason: str


def get_home_figures(*, now: datetime, context: TenantContext) -> HomeFigures:
    """Four figures and what they are compared with; the number of queries does not depend on the numbers."""
    zone = ZoneInfo(context.timezone)
    local = now.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    yesterday = midnight - timedelta(days=1)
    same_time = local - timedelta(days=1)
    return HomeFigures(
        active_today=_active(midnight, now),
        active_yesterday=_active(yesterday, same_time),
        points_today=_points(midnight, now),
        points_yesterday=_points(yesterday, same_time),
        members=Member.objects.filter(is_bot=False, departed_at=None, deleted_at=None).count(),
        new_today=_new(midnight, now),
        new_yesterday=_new(yesterday, same_time),
        since=midnight,
    )


def list_gaps(*, limit: int = 10) -> list[GapLine]:
    """The newest first."""
    return [
        GapLine(gap.shard_id, gap.started_at, gap.ended_at, gap.reason)
        for gap in HearingGap.objects.order_by("-started_at")[:limit]
    ]


def _active(start: datetime, end: datetime) -> int:
    """Members who did something that can earn."""
    found = Activity.objects.filter(occurred_at__gte=start, occurred_at__lt=end).exclude(
        type__in=NEVER_EARNING
    )
    return int(found.aggregate(n=Count("member_id", distinct=True))["n"])


def _points(start: datetime, end: datetime) -> int:
    """What was given, whatever was taken back since: a day's figure never falls."""
    found = LedgerEntry.objects.filter(GIVEN, created_at__gte=start, created_at__lt=end)
    return int(found.aggregate(n=Sum("amount"))["n"] or 0)


def _new(start: datetime, end: datetime) -> int:
    return Member.objects.filter(created_at__gte=start, created_at__lt=end, is_bot=False).count()
