"""Points that came and went, week by week on the community's clock.

Entries are written once, so the sums of a week that is over never change: they are kept in the cache, and a busy community's
page reads the running week alone. Losing the cache costs one scan of the weeks that are shown, found by the BRIN index on
`created_at`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson
import structlog
from django.db import connection
from redis import RedisError

from engagement.ledger.models import EARNED_COUNTERS, POINTS, Cause, Counter
from saas.core.redis_clients import cache_redis
from tenants.context import TenantContext

log = structlog.get_logger(__name__)
RULE: Final = "rule"
TEAM: Final = "team"
SUBMISSION: Final = "submission"
IMPORT: Final = "import"
SUPPORT: Final = "support"
_KIND_OF: Final = {
    Cause.ADJUSTMENT: TEAM,
    Cause.SUBMISSION: SUBMISSION,
    Cause.IMPORT: IMPORT,
    Cause.SUPPORT: SUPPORT,
}
# What brings points into being: awards and gifts, and what was earned elsewhere. All else that counts as earned takes back.
_ISSUING: Final = (
    Cause.ACTIVITY,
    Cause.DAILY,
    Cause.ADJUSTMENT,
    Cause.SUBMISSION,
    Cause.IMPORT,
    Cause.SUPPORT,
)
_SETTLES: Final = timedelta(hours=1)  # an entry's moment is its transaction's beginning: none lasts that long
_KEPT_SECONDS: Final = 7 * 86_400
_VERSION: Final = 1  # of what is kept

_ISSUED: Final = f"amount > 0 AND cause_kind IN ({', '.join(str(int(cause)) for cause in _ISSUING)})"
_EARNED: Final = f"counter IN ({', '.join(str(int(counter)) for counter in EARNED_COUNTERS)})"
_SHOP: Final = f"counter = {int(Counter.SHOP)}"
# Merging two members moves points from one to the other, and nothing else.
_SUMS: Final = f"""
SELECT week, rule_id, cause_kind, coalesce(sum(amount) FILTER (WHERE {_ISSUED}), 0)::bigint, count(*) FILTER (WHERE {_ISSUED}),
  coalesce(sum(amount) FILTER (WHERE {_EARNED} AND NOT ({_ISSUED})), 0)::bigint,
  coalesce(sum(amount) FILTER (WHERE {_SHOP} AND amount < 0), 0)::bigint,
  coalesce(sum(amount) FILTER (WHERE {_SHOP} AND amount > 0), 0)::bigint
FROM (SELECT width_bucket(created_at, %(ends)s::timestamptz[]) AS week, rule_id, cause_kind, counter, amount FROM ledger_entry
  WHERE created_at >= %(start)s AND created_at < %(end)s AND currency = {POINTS} AND cause_kind <> {int(Cause.MERGE)}) AS entry
GROUP BY 1, 2, 3"""
_ACTIVE: Final = """
SELECT start, count(*) FROM (
  SELECT week_start AS start FROM standing WHERE week_start = ANY(%(days)s::date[])
  UNION ALL SELECT starts_on FROM standing_past WHERE kind = 'week' AND starts_on = ANY(%(days)s::date[])) AS scored
GROUP BY start"""


@dataclass(slots=True)
class WeekFlow:
    """Whole points that came and went from `start` to before `end`; each is 0 or more but `taken_back`, which is less than 0 where more
    deductions were undone than made. `active`: members who scored in the week. `causes`: (kind, rule) → points issued, awards."""

    day: date
    start: datetime
    end: datetime
    issued: int = 0
    taken_back: int = 0
    burnt: int = 0
    refunded: int = 0
    active: int = 0
    causes: dict[tuple[str, int], tuple[int, int]] = field(default_factory=dict)

    @property
    def net(self) -> int:
        """By how much the circulation grew."""
        return self.issued - self.taken_back - self.burnt + self.refunded


def read_flows(*, context: TenantContext, now: datetime, weeks: int) -> list[WeekFlow]:
    """`weeks` whole weeks and the running one, the oldest first. Two queries, whatever the cache holds."""
    flows = _frame(context, now, weeks)
    kept = _recall(context, [flow for flow in flows if flow.end + _SETTLES <= now])
    missing = [flow for flow in flows if flow.day not in kept]
    for flow in flows:
        if flow.day in kept:
            _fill(flow, kept[flow.day])
    _count(missing)
    _keep(context, [flow for flow in missing if flow.end + _SETTLES <= now])
    return flows


def _frame(context: TenantContext, now: datetime, weeks: int) -> list[WeekFlow]:
    """Empty weeks by the local calendar: the one in which clocks change has an hour more or less."""
    zone = ZoneInfo(context.timezone)
    today = now.astimezone(zone).date()
    first = today - timedelta(days=(today.weekday() - context.first_weekday) % 7 + 7 * weeks)
    days = [first + timedelta(days=7 * number) for number in range(weeks + 2)]
    moments = [datetime(day.year, day.month, day.day, tzinfo=zone) for day in days]
    return [WeekFlow(days[at], moments[at], moments[at + 1]) for at in range(weeks + 1)]


def _count(flows: Sequence[WeekFlow]) -> None:
    """Read the weeks from the ledger, from the earliest of them on. Two queries."""
    by_day = {flow.day: flow for flow in flows}
    given: dict[str, Any] = {
        "ends": [flow.start for flow in flows[1:]],
        "start": flows[0].start,
        "end": flows[-1].end,
    }
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, given)
        for number, rule, cause, issued, awards, rest, burnt, refunded in cursor.fetchall():
            flow = flows[number]
            flow.issued += issued
            flow.taken_back -= rest
            flow.burnt -= burnt
            flow.refunded += refunded
            if issued:
                key = (_KIND_OF.get(Cause(cause), RULE), rule)
                points, count = flow.causes.get(key, (0, 0))
                flow.causes[key] = (points + issued, count + awards)
        cursor.execute(_ACTIVE, {"days": list(by_day)})
        for day, active in cursor.fetchall():
            by_day[day].active = active


def _key(context: TenantContext, flow: WeekFlow) -> str:
    """Another zone or first weekday makes other weeks."""
    return f"economy:{_VERSION}:{context.schema}:{flow.start.timestamp():.0f}:{flow.end.timestamp():.0f}"


def _recall(context: TenantContext, flows: Sequence[WeekFlow]) -> Mapping[date, Any]:
    """What is kept of the earliest weeks in one piece, so that what is missing is one range."""
    try:
        found = cache_redis().mget([_key(context, flow) for flow in flows]) if flows else []
    except RedisError as error:
        log.info("economy_not_recalled", problem=str(error))
        return {}
    kept = {}
    for flow, data in zip(flows, found, strict=True):
        if not data:
            break
        kept[flow.day] = orjson.loads(data)
    return kept


def _keep(context: TenantContext, flows: Iterable[WeekFlow]) -> None:
    try:
        with cache_redis().pipeline(transaction=False) as pipe:
            for flow in flows:
                causes = [[kind, rule, *sums] for (kind, rule), sums in flow.causes.items()]
                facts = [flow.issued, flow.taken_back, flow.burnt, flow.refunded, flow.active, causes]
                pipe.set(_key(context, flow), orjson.dumps(facts), ex=_KEPT_SECONDS)
            pipe.execute()
    except RedisError as error:
        log.warning("economy_not_kept", problem=str(error))


def _fill(flow: WeekFlow, facts: Sequence[Any]) -> None:
    flow.issued, flow.taken_back, flow.burnt, flow.refunded, flow.active, causes = facts
    flow.causes = {(kind, rule): (points, awards) for kind, rule, points, awards in causes}
