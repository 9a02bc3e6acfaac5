"""What the plan's history hides of what is asked for here (engagement.ledger.window says how far back it goes). The audit log is not
history: it is always whole.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from engagement.ledger.models import LedgerEntry
from engagement.ledger.window import days_shown, shown_since
from engagement.progression.errors import HistoryHiddenError
from saas.core import clock


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
