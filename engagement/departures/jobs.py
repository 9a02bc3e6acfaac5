"""Handlers of members who go. Each looks through what is pending now, and once more when whatever began before has ended."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from saas.core import clock
from saas.events.jobs import defer, job

from .services import move_belongings, return_pending

QUEUE: Final = "maintenance"
LOCK: Final = "departures"
AGAIN: Final = timedelta(minutes=1)


@job(queue=QUEUE, lock=LOCK)
def follow_deletion(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of MemberDeleted. Idempotent."""
    member_id = int(event["member_id"])
    return_pending(member_id=member_id)
    defer(look_again, tenant=tenant, run_at=clock.now() + AGAIN, member_id=member_id)


@job(queue=QUEUE, lock=LOCK)
def follow_merge(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of MembersMerged. Idempotent."""
    merged_id = int(event["merged_id"])
    move_belongings(merged_id=merged_id)
    defer(look_again, tenant=tenant, run_at=clock.now() + AGAIN, member_id=merged_id)


@job(queue=QUEUE, lock=LOCK)
def look_again(*, tenant: str, member_id: int) -> None:
    """For what began before the member went and was committed after. Idempotent."""
    return_pending(member_id=member_id)
    move_belongings(merged_id=member_id)
