"""From seeing a reward to having it, by item and by sponsor; and what a sponsor gets for what it gives.

A redemption counts on the day it was asked for, and for the sponsor that the reward had then; what became of it is as it stands now.
How often a reward was seen and opened is counted by the day, and for the sponsor that it has now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db import connection

from engagement.ledger.window import days_shown
from engagement.members.selectors import escape_like
from saas.core import clock
from tenants.context import TenantContext

PERIODS: Final = (7, 28, 90, 365)  # days that can be asked for
PERIOD: Final = 28
_GIVEN_BACK: Final = "('rejected', 'cancelled', 'expired')"
_MINE: Final = "FROM redemption WHERE requested_at >= %(since)s AND requested_at < %(until)s"
# Of groups by state, which are far fewer than redemptions: each of those is touched once, in the index redemption_time.
_ADDED: Final = f"""sum(number)::bigint AS redeemed,
  coalesce(sum(number) FILTER (WHERE state IN {_GIVEN_BACK}), 0)::bigint AS refused,
  coalesce(sum(number) FILTER (WHERE state IN ('fulfilled', 'delivered')), 0)::bigint AS fulfilled,
  coalesce(sum(number) FILTER (WHERE state = 'delivered'), 0)::bigint AS delivered,
  coalesce(sum(points) FILTER (WHERE state NOT IN {_GIVEN_BACK}), 0)::bigint AS points"""
_SHOWN: Final = "FROM reward_day d{join} WHERE d.day >= %(first)s AND d.day <= %(last)s"
_ITEMS: Final = f"""
WITH shown AS (SELECT d.reward_id, sum(d.seen) AS seen, sum(d.opened) AS opened {_SHOWN.format(join="")} GROUP BY 1),
part AS (SELECT reward_id, state, count(*) AS number, sum(price) AS points {_MINE} GROUP BY 1, 2),
taken AS (SELECT reward_id, {_ADDED} FROM part GROUP BY 1),
item AS MATERIALIZED (SELECT r.id, r.name, upper(r.name) AS upper_name, r.state, r.price, coalesce(s.name, '') AS sponsor,
    coalesce(shown.seen, 0)::bigint AS seen, coalesce(shown.opened, 0)::bigint AS opened, coalesce(taken.redeemed, 0) AS redeemed,
    coalesce(taken.refused, 0) AS refused, coalesce(taken.fulfilled, 0) AS fulfilled, coalesce(taken.delivered, 0) AS delivered,
    coalesce(taken.points, 0) AS points,
    (%(like)s = '' OR upper(r.name) LIKE %(like)s OR upper(coalesce(s.name, '')) LIKE %(like)s) AS wanted
  FROM reward r LEFT JOIN shown ON shown.reward_id = r.id LEFT JOIN taken ON taken.reward_id = r.id
  LEFT JOIN sponsor s ON s.id = r.sponsor_id
  WHERE r.archived_at IS NULL OR taken.redeemed > 0 OR shown.seen > 0),
together AS (SELECT count(*) FILTER (WHERE wanted), coalesce(sum(seen), 0)::bigint, coalesce(sum(opened), 0)::bigint,
    coalesce(sum(redeemed), 0)::bigint, coalesce(sum(refused), 0)::bigint, coalesce(sum(fulfilled), 0)::bigint,
    coalesce(sum(delivered), 0)::bigint, coalesce(sum(points), 0)::bigint FROM item),
page AS (SELECT * FROM item WHERE wanted {{place}} ORDER BY {{column}} {{way}}, id {{way}} LIMIT %(limit)s)
SELECT together.*, page.id, page.name, page.upper_name, page.state, page.price, page.sponsor, page.seen, page.opened, page.redeemed,
  page.refused, page.fulfilled, page.delivered, page.points,
  (SELECT count(DISTINCT member_id) {_MINE} AND reward_id = page.id)
FROM together LEFT JOIN page ON true ORDER BY page.{{column}} {{way}}, page.id {{way}}"""
_SPONSORS: Final = f"""
WITH shown AS (SELECT r.sponsor_id, sum(d.seen) AS seen, sum(d.opened) AS opened
    {_SHOWN.format(join=" JOIN reward r ON r.id = d.reward_id")} AND r.sponsor_id IS NOT NULL GROUP BY 1),
part AS (SELECT sponsor_id, state, count(*) AS number, sum(price) AS points {_MINE} AND sponsor_id IS NOT NULL GROUP BY 1, 2),
taken AS (SELECT sponsor_id, {_ADDED} FROM part GROUP BY 1),
met AS (SELECT sponsor_id, count(DISTINCT member_id) AS members {_MINE} AND sponsor_id IS NOT NULL GROUP BY 1),
paid AS (SELECT sponsor_id, count(*) AS used FROM redemption
  WHERE sponsor_id IS NOT NULL AND state NOT IN {_GIVEN_BACK} GROUP BY 1),
items AS (SELECT sponsor_id, count(*) FILTER (WHERE state = 'active') AS rewards FROM reward WHERE sponsor_id IS NOT NULL GROUP BY 1)
SELECT s.id, s.name, s.url, s.starts_at, s.ends_at, s.archived_at, s.budget, coalesce(paid.used, 0), coalesce(items.rewards, 0),
  coalesce(shown.seen, 0)::bigint, coalesce(shown.opened, 0)::bigint, coalesce(taken.redeemed, 0), coalesce(taken.refused, 0),
  coalesce(taken.fulfilled, 0), coalesce(taken.delivered, 0), coalesce(taken.points, 0), coalesce(met.members, 0)
FROM sponsor s LEFT JOIN shown ON shown.sponsor_id = s.id LEFT JOIN taken ON taken.sponsor_id = s.id
LEFT JOIN met ON met.sponsor_id = s.id LEFT JOIN paid ON paid.sponsor_id = s.id LEFT JOIN items ON items.sponsor_id = s.id
WHERE s.archived_at IS NULL OR taken.redeemed > 0 ORDER BY upper(s.name), s.id"""
# What the list of items can be sorted by, and the column: never null.
SORTS: Final = {
    "name": "upper_name",
    "seen": "seen",
    "opened": "opened",
    "redeemed": "redeemed",
    "fulfilled": "fulfilled",
    "delivered": "delivered",
    "points": "points",
}


@dataclass(frozen=True, slots=True)
class Period:
    """Local days from `first` to `last`, today included; as moments from `since` to before `until`."""

    days: int
    first: date
    last: date
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Sums:
    """How far it went. `refused` were rejected, cancelled or expired: their points came back. `points`: those that stayed spent."""

    seen: int
    opened: int
    redeemed: int
    refused: int
    fulfilled: int
    delivered: int
    points: int

    @property
    def ladder(self) -> list[tuple[str, int, int]]:
        """(step, how many, percent of the step before; -1 where there was none to begin with)."""
        steps = [
            ("Seen in the shop", self.seen),
            ("Opened", self.opened),
            ("Redeemed", self.redeemed),
            ("Fulfilled", self.fulfilled),
            ("Delivered", self.delivered),
        ]
        return [
            (name, count, round(count * 100 / steps[at - 1][1]) if at and steps[at - 1][1] else -1)
            for at, (name, count) in enumerate(steps)
        ]


@dataclass(frozen=True, slots=True)
class Steps(Sums):
    """Of one reward or sponsor, with how many members there were among them."""

    members: int


@dataclass(frozen=True, slots=True)
class ItemFunnel:
    """A reward's way from being seen to being had. `upper_name` as the database sorts it."""

    steps: Steps
    reward_id: int
    name: str
    upper_name: str
    state: str
    price: int
    sponsor: str


@dataclass(frozen=True, slots=True)
class ItemPage:
    """Some rewards, how many there are, and what all rewards come to together, be they searched for or not."""

    items: list[ItemFunnel]
    total: int
    together: Sums


@dataclass(frozen=True, slots=True)
class SponsorFunnel:
    """What a sponsor got in the period. `used` of its `budget` (redemptions, None: no end) since ever."""

    steps: Steps
    sponsor_id: int
    name: str
    url: str
    starts_at: datetime | None
    ends_at: datetime | None
    archived_at: datetime | None
    budget: int | None
    used: int
    rewards: int  # in the shop now

    @property
    def left(self) -> int | None:
        return None if self.budget is None else max(0, self.budget - self.used)


def period_of(days: int, *, context: TenantContext, now: datetime | None = None) -> Period:
    """The last `days` local days, no more than the plan shows of history."""
    shown = days_shown(context)
    days = max(1, days if shown is None else min(days, shown))
    zone = ZoneInfo(context.timezone)
    last = (now or clock.now()).astimezone(zone).date()
    first = last - timedelta(days=days - 1)
    end = last + timedelta(days=1)
    return Period(
        days, first, last, *(datetime(at.year, at.month, at.day, tzinfo=zone) for at in (first, end))
    )


def get_items(
    period: Period,
    *,
    sort: str = "redeemed",
    descending: bool = True,
    limit: int = 50,
    after: tuple[Any, int] | None = None,
    text: str = "",
) -> ItemPage:
    """Rewards after the place `after` (value of the sort, id). Archived ones only where something happened. One query."""
    column, way, side = SORTS[sort], *(("DESC", "<") if descending else ("ASC", ">"))
    where = f"AND ({column}, id) {side} (%(value)s, %(id)s)" if after is not None else ""
    place = {"value": after[0], "id": after[1]} if after is not None else {}
    sql = _ITEMS.format(place=where, column=column, way=way)
    rows = _ask(sql, period, text, limit=limit, **place)
    items = [ItemFunnel(Steps(*row[14:]), *row[8:14]) for row in rows if row[8] is not None]
    return ItemPage(items, rows[0][0], Sums(*rows[0][1:8]))


def list_sponsors(period: Period) -> list[SponsorFunnel]:
    """By name; archived ones only where something was redeemed. One query."""
    return [SponsorFunnel(Steps(*row[9:]), *row[:9]) for row in _ask(_SPONSORS, period, "")]


def item_value(item: ItemFunnel, sort: str) -> str | int:
    """What an item is sorted by, as the database compares it."""
    if sort == "name":
        return item.upper_name
    return int(getattr(item.steps, sort))


def _ask(sql: str, period: Period, text: str, **more: Any) -> Sequence[Any]:
    like = f"%{escape_like(text).upper()}%" if text else ""
    given = {
        "since": period.since,
        "until": period.until,
        "first": period.first,
        "last": period.last,
        "like": like,
        **more,
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        rows: Sequence[Any] = cursor.fetchall()
    return rows
