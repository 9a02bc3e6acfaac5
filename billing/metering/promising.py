"""Boost hours that were planned under a larger plan: they run under the smaller one and are not charged by it.

What a month includes is the most that any plan of it included (UsageMonth). Months to come have no row while the larger plan is in
force, so whoever writes what the community may do from now on leaves one for each month in which more is planned than it will include.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from billing.models import UsageMonth
from engagement.boosts.selectors import list_hours
from engagement.boosts.windows import milliseconds
from saas.core.schemas import enter_schema
from tenants.entitlements import UNLIMITED, Entitlements
from tenants.gates import LIMITS
from tenants.models import Tenant

from .months import following, month_of

HOURS: Final = "boost_hours"
MONTHS: Final = 26  # as far as boosts are planned: they begin within a year, and repeat for a year


def keep_planned_hours(row: Tenant, *, former: Entitlements, written: Entitlements, now: datetime) -> None:
    """Where `written` includes fewer hours of a month than `former` did, those that are planned stay included. In the caller's
    transaction, which holds the tenant's row. Idempotent. No query where nothing shrinks; else one, and one for each such month."""
    shrinking = []
    for start in _months(now):
        before, after = (_included(one, max(now, start)) for one in (former, written))
        if after < before:
            shrinking.append((start, before, after))
    if not shrinking:
        return
    with enter_schema(row.schema_name):
        planned = planned_hours(now)
    for start, before, after in shrinking:
        hours = min(planned.get(start, 0), before)
        if hours > after:
            _raise_included(row, start, hours)


def planned_hours(now: datetime) -> dict[datetime, int]:
    """Hours used and planned by a month's first moment, from the running month on; months without any are left out. One query; the
    tenant's schema is in hand."""
    months = _months(now)
    hours = [hour.start for hour in list_hours(until=following(months[-1]))]
    found = {}
    for start in months:
        first, last = milliseconds(start), milliseconds(following(start))
        if count := sum(first <= hour < last for hour in hours):
            found[start] = count
    return found


def _months(now: datetime) -> list[datetime]:
    found = [month_of(now)[0]]
    while len(found) < MONTHS:
        found.append(following(found[-1]))
    return found


def _included(entitlements: Entitlements, moment: datetime) -> int:
    """As tenants.gates.limit_of where plans are sold; where they are not, nothing is counted either."""
    if not entitlements.phases:
        return LIMITS[HOURS].free
    return min(entitlements.limit_of(HOURS, moment), UNLIMITED)


def _raise_included(row: Tenant, start: datetime, hours: int) -> None:
    month, _ = UsageMonth.objects.select_for_update().get_or_create(
        tenant=row, meter=HOURS, month=start.date(), defaults={"included": hours}
    )
    if month.included < hours:
        month.included = hours
        month.save(update_fields=["included"])
