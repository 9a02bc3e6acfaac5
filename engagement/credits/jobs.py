"""Once an hour: requests that have waited for too long."""

from __future__ import annotations

import logging
from typing import Final

from django.db import ProgrammingError

from saas.core.schemas import enter_schema
from saas.events.jobs import defer, job, periodic_job
from tenants.routing import get_routing

from .escalating import escalate_requests, has_overdue

logger = logging.getLogger(__name__)
QUEUE: Final = "maintenance"


@job(queue=QUEUE, lock="credit requests")
def escalate(*, tenant: str) -> None:
    """Bring up what waits for too long. Idempotent."""
    escalate_requests()


@periodic_job(cron="17 * * * *", queue=QUEUE)
def look_for_overdue(*, tenant: str, timestamp: int = 0) -> None:
    """Each community where a request waits for longer than its type says."""
    for context in get_routing().contexts():
        try:
            with enter_schema(context.schema):
                waiting = has_overdue()
        except ProgrammingError:
            logger.warning("The requests of %s are gone.", context.schema)  # dropped a moment ago
            continue
        if waiting:
            defer(escalate, tenant=context.schema, queueing_lock="credit requests")
