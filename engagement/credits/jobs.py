"""Once an hour: requests that have waited for too long."""

from __future__ import annotations

import logging
from typing import Any, Final

from django.db import ProgrammingError

from saas.core.schemas import enter_schema
from saas.events.jobs import defer, job, periodic_job
from tenants.routing import get_routing

from . import mailing
from .escalating import escalate_requests, has_overdue

logger = logging.getLogger(__name__)
QUEUE: Final = "maintenance"


@job(queue=QUEUE, lock="credit requests")
def escalate(*, tenant: str) -> None:
    """Bring up what waits for too long. Idempotent."""
    escalate_requests()


@job(queue="mail")
def mail_approvers(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of CreditRequested. Idempotent on the event's id."""
    context = get_routing().context_for_schema(tenant)
    if context is not None:
        mailing.mail_approvers(context=context, event_id=event_id, request_id=int(event["request_id"]))


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
