"""At the owner's cap for active members newcomers wait: a limit in the entitlements, dated to the month's end.

Who is tracked goes on earning, whatever their number; what they are above the cap is not charged. The limit is engagement's own
limit of members, so that ingest knows nothing of months or money.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from billing.models import UsageMonth
from engagement.members.models import Member
from tenants.context import TenantContext, enter_tenant

from .months import following, month_of, start_of

LIMIT = "members"
Phases = list[dict[str, Any]]


def hold_newcomers(phases: Phases, *, tenant_id: int, now: datetime) -> Phases:
    """The phases of a community, with the hold of this month put in where there is one. One query."""
    start, _ = month_of(now)
    row = UsageMonth.objects.filter(tenant_id=tenant_id, month=start.date(), held__isnull=False).first()
    if row is None or row.held is None or row.held_at is None or not phases:
        return phases
    return put_hold(phases, held=row.held, since=row.held_at, until=following(start_of(row.month)))


def put_hold(phases: Phases, *, held: int, since: datetime, until: datetime) -> Phases:
    """From `since` to `until` no phase tracks more members than `held`; before and after they are as they were. Pure."""
    starts = [datetime.fromisoformat(phase["starts_at"]) for phase in phases]
    ends = [*starts[1:], None]
    found: Phases = []
    for phase, start, end in zip(phases, starts, ends, strict=True):
        for moment in (start, since, until):
            if moment < start or (end is not None and moment >= end) or _has(found, moment):
                continue
            limits = dict(phase.get("limits", {}))
            if since <= moment < until:
                limits[LIMIT] = min(held, limits.get(LIMIT, held))
            found.append({**phase, "starts_at": moment.isoformat(), "limits": limits})
    return sorted(found, key=lambda phase: datetime.fromisoformat(phase["starts_at"]))


def count_tracked(context: TenantContext) -> int:
    """Members who are here, no bots and do not wait, as engagement.progression.room counts them. One query."""
    with enter_tenant(context):
        return Member.objects.filter(
            is_bot=False, deleted_at=None, departed_at=None, waiting_since=None
        ).count()


def _has(found: Phases, moment: datetime) -> bool:
    return any(datetime.fromisoformat(phase["starts_at"]) == moment for phase in found)
