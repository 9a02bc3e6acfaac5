"""When which reward runs out: the demand of the last weeks, carried on (engagement.analytics.forecast says how, and what it cannot know)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection

from saas.core import clock

from .forecast import MOST_WEEKS, Outlook, forecast_stock

WEEKS: Final = 8  # of demand
PAGE: Final = 10
_WEEK: Final = timedelta(days=7)
_BEGINNING: Final = timedelta(days=1)  # the least that a new reward was there for
# What is left of each: its stock, and for a pool of codes those that are free.
_LEFT: Final = """
SELECT r.id, r.name, greatest(r.created_at, coalesce(r.starts_at, r.created_at)), least(r.stock - r.reserved, pool.free)
FROM reward r LEFT JOIN (SELECT reward_id, count(*) FILTER (WHERE redemption_id IS NULL AND withdrawn_at IS NULL) AS free
  FROM reward_code GROUP BY reward_id) AS pool ON pool.reward_id = r.id
WHERE r.state = 'active' AND (r.stock IS NOT NULL OR pool.free IS NOT NULL) AND (r.ends_at IS NULL OR r.ends_at > %(now)s)"""
# What came back was no demand that took any stock.
_DEMAND: Final = """
SELECT reward_id, floor(extract(epoch FROM %(now)s - requested_at) / 604800)::int AS week, count(*) FROM redemption
WHERE requested_at > %(since)s AND requested_at <= %(now)s AND state NOT IN ('rejected', 'cancelled', 'expired') GROUP BY 1, 2"""


@dataclass(frozen=True, slots=True)
class StockLine:
    """A reward of which there are so many. `free` can still be redeemed; `outlook` is None where nobody redeemed it lately."""

    reward_id: int
    name: str
    free: int
    weeks: float  # of demand that were seen
    outlook: Outlook | None

    def moment(self, weeks: float, now: datetime) -> datetime | None:
        """The forecast as a moment; None beyond what anybody plans."""
        return None if weeks >= MOST_WEEKS else now + weeks * _WEEK


def list_stock(*, now: datetime | None = None, limit: int = PAGE, offset: int = 0) -> list[StockLine]:
    """Who runs out first comes first, by the middle of the forecast; those that nobody redeems come last. Two queries."""
    moment = now or clock.now()
    with connection.cursor() as cursor:
        cursor.execute(_LEFT, {"now": moment})
        rows = cursor.fetchall()
        demand: dict[int, dict[int, int]] = defaultdict(dict)
        if rows:
            cursor.execute(_DEMAND, {"now": moment, "since": moment - WEEKS * _WEEK})
            for reward_id, week, count in cursor.fetchall():
                demand[reward_id][week] = count
    waiting = []
    for reward_id, name, since, free in rows:
        weeks = min(max((moment - since) / _WEEK, _BEGINNING / _WEEK), float(WEEKS))
        count = sum(demand[reward_id].values())
        waiting.append(
            (max(free, 0) * weeks / count if count else MOST_WEEKS * 2, name, reward_id, max(free, 0), weeks)
        )
    return [
        StockLine(reward_id, name, free, weeks, _foresee(demand[reward_id], free, weeks))
        for _soon, name, reward_id, free, weeks in sorted(waiting)[offset : offset + limit]
    ]


def _foresee(demand: Mapping[int, int], free: int, weeks: float) -> Outlook | None:
    return forecast_stock(free=free, weekly=[demand.get(week, 0) for week in range(WEEKS)], weeks=weeks)
