"""Deliveries go once nobody can ask about them any more."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from saas.core import clock
from saas.events.pruning import AT_ONCE, prune_rows

from .models import Delivery

# A message that is edited later is remembered by what it is about. The row only keeps a message from being sent twice, and its job
# may be run again by hand for as long as failed jobs are kept, 30 days.
DELIVERIES_KEPT: Final = timedelta(days=60)


def prune_deliveries(*, at_once: int = AT_ONCE) -> int:
    """Forget deliveries that are 60 days old, a slice a transaction; one whose job still waits or runs stays. Answers how many went.
    Idempotent."""
    return prune_rows(
        table=Delivery._meta.db_table,
        moment="created_at",
        event="event_id",
        before=clock.now() - DELIVERIES_KEPT,
        at_once=at_once,
    )
