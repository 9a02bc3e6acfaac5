"""How far back history is shown by the plan in force. What is older is kept and comes back with a better plan; nothing is deleted,
and points, levels and ranks count all of it. The audit log is not history: it is always whole.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from engagement.ledger.models import LedgerEntry
from engagement.progression.errors import HistoryHiddenError
from saas.core import clock
from tenants.context import TenantContext, current_tenant
from tenants.entitlements import UNLIMITED
from tenants.gates import limit_of

HISTORY: Final = "history_days"


def days_shown(context: TenantContext | None = None) -> int | None:
    """How many days; None for all. No query inside `enter_tenant`."""
    days = limit_of(HISTORY, (context or current_tenant()).entitlements, clock.now())
    return None if days >= UNLIMITED else days


def shown_since(context: TenantContext | None = None) -> datetime | None:
    """From when on things are shown; None where everything is."""
    days = days_shown(context)
    return None if days is None else clock.now() - timedelta(days=days)


def require_shown(moment: datetime) -> None:
    """Raises HistoryHiddenError for what is older than the plan shows."""
    days = days_shown()
    if days is not None and moment < clock.now() - timedelta(days=days):
        raise HistoryHiddenError(days)


def has_older_history(*, member_id: int) -> bool:
    """Whether a member has entries that the plan does not show. At most one query; none where everything is shown."""
    since = shown_since()
    if since is None:
        return False
    return LedgerEntry.objects.filter(member_id=member_id, occurred_at__lt=since).exists()
