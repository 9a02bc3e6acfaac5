"""Figures of credit requests: how many, how they were decided, how fast, how much was granted; by type and by period."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db import connection

from engagement.audit.actor import SYSTEM
from engagement.ledger.window import shown_since
from tenants.context import TenantContext

from .models import CreditType

BUCKETS: Final = ("day", "week", "month")
LONGEST: Final = timedelta(days=366 * 2)
_SQL: Final = """
WITH asked AS (
  SELECT type_id, state, granted, requested_at, decided_at, decided_by = %(rule)s AS by_rule,
    CASE %(bucket)s
      WHEN 'day' THEN (requested_at AT TIME ZONE %(zone)s)::date
      WHEN 'month' THEN date_trunc('month', requested_at AT TIME ZONE %(zone)s)::date
      ELSE (requested_at AT TIME ZONE %(zone)s)::date
        - (extract(isodow FROM requested_at AT TIME ZONE %(zone)s)::int - 1 - %(weekday)s + 7) %% 7
    END AS bucket
  FROM credit_request
  WHERE requested_at >= %(since)s AND requested_at < %(until)s AND (%(type)s = 0 OR type_id = %(type)s))
SELECT grouping(type_id), grouping(bucket), type_id, bucket, count(*),
  count(*) FILTER (WHERE state = 'approved'), count(*) FILTER (WHERE state = 'rejected'),
  count(*) FILTER (WHERE state = 'cancelled'), count(*) FILTER (WHERE state IN ('pending', 'needs_info')),
  count(*) FILTER (WHERE state = 'approved' AND by_rule), coalesce(sum(granted), 0),
  percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM decided_at - requested_at))
    FILTER (WHERE state IN ('approved', 'rejected') AND NOT by_rule)
FROM asked GROUP BY GROUPING SETS ((), (type_id), (type_id, bucket))
ORDER BY 1 DESC, 2 DESC, bucket, type_id"""


@dataclass(frozen=True, slots=True)
class Figures:
    """Requests that were made in a stretch of time, as they stand now.

    `granted` whole credits, meaningful for one type alone. `median_seconds`: from request to a person's decision, None without one.
    """

    requests: int
    approved: int
    rejected: int
    cancelled: int
    waiting: int
    by_rule: int
    granted: int
    median_seconds: float | None

    @property
    def approval_percent(self) -> int | None:
        """Of those that were granted or rejected; None where none was."""
        decided = self.approved + self.rejected
        return round(100 * self.approved / decided) if decided else None


@dataclass(frozen=True, slots=True)
class CreditFigures:
    """`total` over all types asked for; `types` each with its own; `periods` as (first day, type, figures)."""

    total: Figures
    types: list[tuple[CreditType, Figures]]
    periods: list[tuple[date, CreditType, Figures]]


NONE: Final = Figures(0, 0, 0, 0, 0, 0, 0, None)


def get_figures(
    *,
    context: TenantContext,
    since: datetime,
    until: datetime,
    type_id: int | None = None,
    bucket: str = "week",
) -> CreditFigures:
    """Of requests made from `since` to before `until`, at most LONGEST of it and as far back as the plan shows history; by the
    community's own days. Two queries.

    Raises ValueError for a bucket that is none of BUCKETS.
    """
    if bucket not in BUCKETS:
        raise ValueError(f"Figures are counted by {', '.join(BUCKETS)}; not by {bucket!r}.")
    names = {row.pk: row for row in CreditType.objects.all()}
    total, types, periods = NONE, [], []
    since = max(since, until - LONGEST, shown_since(context) or since)
    for all_types, all_buckets, type_of, first, *numbers in _read(context, since, until, type_id, bucket):
        median = None if numbers[7] is None else float(numbers[7])
        figures = Figures(*[int(number) for number in numbers[:7]], median)  # type: ignore[call-arg]
        if all_types:
            total = figures
        elif all_buckets:
            types.append((names[type_of], figures))
        else:
            periods.append((first, names[type_of], figures))
    return CreditFigures(total, types, periods)


def _read(
    context: TenantContext, since: datetime, until: datetime, type_id: int | None, bucket: str
) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            _SQL,
            {
                "zone": context.timezone,
                "weekday": context.first_weekday,
                "since": since,
                "until": until,
                "type": type_id or 0,
                "bucket": bucket,
                "rule": SYSTEM.name,
            },
        )
        return list(cursor.fetchall())
