"""Activities as the bot would send them, and a way to book them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

from engagement.activity.batch import Outcome, ingest_batch
from engagement.activity.lanes import open_lane
from engagement.activity.memory import TenantMemory
from engagement.activity.messages import Activity
from tenants.context import TenantContext

NOON = 1_795_000_000_000  # Wednesday 18 November 2026, 11:06:40 UTC
MINUTE = 60_000
DAY = 86_400_000
_numbers = count(1)


def message(
    user: int = 1,
    *,
    at: int = NOON,
    number: int | None = None,
    type: str = "message",
    guild: int = 900_000_000_000_000_001,
    **attributes: Any,
) -> Activity:
    number = number or next(_numbers) + 10**9
    attributes = {"name": f"Person {user}", "channel": "77", "roles": ["5"], **attributes}
    return Activity(f"discord:message:{number}", f"discord:{guild}", f"discord:{user}", type, at, attributes)


def deletion(of: Activity, *, at: int | None = None) -> Activity:
    number = of.source_id.rsplit(":", 1)[1]
    return Activity(
        f"discord:deleted:{number}",
        of.source,
        "discord:0",
        "message_deleted",
        at or of.occurred_ms + MINUTE,
        {"target": of.source_id, "reason": "deleted"},
    )


def book(
    context: TenantContext, activities: Sequence[Activity], memory: TenantMemory | None = None
) -> Outcome:
    with open_lane() as lane:
        return ingest_batch(lane, context, memory or TenantMemory(), activities)
