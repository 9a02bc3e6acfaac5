"""Sealing, soon after entries are written and, for what a crash left, once an hour."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Final

from django.db import ProgrammingError

from saas.core import clock
from saas.core.schemas import enter_schema
from saas.events.jobs import defer, job, periodic_job
from tenants.routing import get_routing

from .sealing import has_unsealed, seal_entries

logger = logging.getLogger(__name__)
QUEUE: Final = "audit"
AGAIN: Final = timedelta(seconds=30)


@job(queue=QUEUE, lock="audit chain")
def seal_audit(*, tenant: str) -> None:
    """Seal what can be sealed; once more later where an older transaction is still running."""
    seal_entries()
    if has_unsealed():
        defer(seal_audit, tenant=tenant, run_at=clock.now() + AGAIN, queueing_lock=QUEUE)


@periodic_job(cron="41 * * * *", queue=QUEUE)
def sweep_unsealed(*, tenant: str, timestamp: int = 0) -> None:
    """Each community with entries that nobody sealed, because a process died between its commit and the job."""
    for context in get_routing().contexts():
        try:
            with enter_schema(context.schema):
                waiting = has_unsealed()
        except ProgrammingError:
            # Dropped a moment ago, and this process has not heard of it yet: the others are still to be asked.
            logger.warning("The log of %s is gone.", context.schema)
            continue
        if waiting:
            defer(seal_audit, tenant=context.schema, queueing_lock=QUEUE)
