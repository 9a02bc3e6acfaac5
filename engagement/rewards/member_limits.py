"""How many of a reward one member may have: ever, or a day, week or month of the community's calendar."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from saas.core import clock
from tenants.context import TenantContext

from .models import LimitPeriod, Redemption, Reward
from .redemption_errors import RedemptionLimitError
from .states import ENDED

_PERIODS: Final = {
    LimitPeriod.DAY.value: "a day",
    LimitPeriod.WEEK.value: "a week",
    LimitPeriod.MONTH.value: "a month",
}
_TIMES: Final = {1: "once", 2: "twice"}


def period_of(period: str, now: datetime, context: TenantContext) -> tuple[datetime, datetime] | None:
    """The first moment of the running period and that of the next, by the community's calendar; None for ever."""
    if period == LimitPeriod.EVER:
        return None
    zone = ZoneInfo(context.timezone)
    day = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None, fold=0)
    if period == LimitPeriod.WEEK:
        day -= timedelta(days=(day.weekday() - context.first_weekday) % 7)
        following = day + timedelta(days=7)
    elif period == LimitPeriod.MONTH:
        day = day.replace(day=1)
        following = (day + timedelta(days=32)).replace(day=1)
    else:
        following = day + timedelta(days=1)
    return day.replace(tzinfo=zone), following.replace(tzinfo=zone)


def count_had(*, reward_id: int, member_id: int, since: datetime | None, without: int = 0) -> int:
    """How many of it the member has or had since then; what was given back does not count."""
    found = Redemption.objects.filter(reward_id=reward_id, member_id=member_id).exclude(state__in=ENDED)
    if since is not None:
        found = found.filter(requested_at__gte=since)
    return found.exclude(pk=without).count() if without else found.count()


def refuse_over_limit(reward: Reward, member_id: int, *, context: TenantContext, without: int = 0) -> None:
    """Raises RedemptionLimitError. Exact while the caller holds the row of the member's balance."""
    if reward.limit_count is None:
        return
    now = clock.now()
    span = period_of(reward.limit_period, now, context)
    since = None if span is None else span[0]
    had = count_had(reward_id=reward.pk, member_id=member_id, since=since, without=without)
    if had < reward.limit_count:
        return
    often = _TIMES.get(reward.limit_count, f"{reward.limit_count:,} times")
    facts: dict[str, object] = {"limit": reward.limit_count, "period": reward.limit_period, "had": had}
    if span is None:
        raise RedemptionLimitError(f"You can redeem “{reward.name}” {often}, and you have.", facts=facts)
    until = span[1].astimezone(ZoneInfo(context.timezone))
    raise RedemptionLimitError(
        f"You can redeem “{reward.name}” {often} {_PERIODS[reward.limit_period]}. "
        f"Next time: {until:%A} {until.day} {until:%B, %H:%M}.",
        facts=facts | {"next_at": until.isoformat()},
    )
