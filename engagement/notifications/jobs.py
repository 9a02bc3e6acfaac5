"""What members are told of follows from the news of others; old notices go."""

from __future__ import annotations

import logging
from typing import Any, Final

from django.db import ProgrammingError

from saas.core.schemas import enter_schema
from saas.events.jobs import defer, job, periodic_job
from tenants.routing import get_routing

from . import notices
from .selectors import has_old_notices

logger = logging.getLogger(__name__)
QUEUE: Final = "maintenance"


@job(queue=QUEUE)
def follow_merge(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of MembersMerged. Idempotent."""
    notices.move_notices(member_id=int(event["member_id"]), merged_id=int(event["merged_id"]))


@periodic_job(cron="33 4 * * *", queue=QUEUE)
def sweep_old_notices(*, tenant: str, timestamp: int = 0) -> None:
    """Every night, in each community that has notices older than 30 days."""
    for context in get_routing().contexts():
        try:
            with enter_schema(context.schema):
                old = has_old_notices()
        except ProgrammingError:
            logger.warning("Community %s went meanwhile.", context.schema)
            continue
        if old:
            defer(sweep_tenant_notices, tenant=context.schema, queueing_lock="sweep notices")


@job(queue=QUEUE, lock="sweep notices")
def sweep_tenant_notices(*, tenant: str) -> None:
    """Remove them a few thousand at a time. Idempotent."""
    while notices.sweep_notices():
        pass
