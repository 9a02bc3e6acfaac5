"""Bulk acts go a year after their end; what they did stays in ledger and audit log."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from saas.core import clock

from .models import BulkAct, BulkItem

BULK_ACTS_KEPT: Final = timedelta(days=365)
AT_ONCE: Final = 2_000


def prune_bulk_acts() -> int:
    """Forget acts that ended a year ago, their results first, a slice a statement. Answers how many rows went. Idempotent; one that
    still runs stays."""
    ended = (BulkAct.State.FINISHED, BulkAct.State.UNDONE)
    old = BulkAct.objects.filter(finished_at__lt=clock.now() - BULK_ACTS_KEPT, state__in=ended)
    total = 0
    for bulk_id in list(old.order_by("pk").values_list("pk", flat=True)):
        items = BulkItem.objects.filter(bulk_id=bulk_id).order_by("pk")
        while ids := list(items.values_list("pk", flat=True)[:AT_ONCE]):
            total += BulkItem.objects.filter(pk__in=ids).delete()[0]
        total += BulkAct.objects.filter(pk=bulk_id).delete()[0]
    return total
