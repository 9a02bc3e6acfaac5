"""What rewards do later."""

from __future__ import annotations

import logging
from typing import Final

from django.db import ProgrammingError

from saas.core.schemas import enter_schema
from saas.events.jobs import defer, job, periodic_job
from saas.events.retries import Backoff
from tenants.routing import get_routing

from . import telling

logger = logging.getLogger(__name__)
QUEUE: Final = "rewards"


@job(queue=QUEUE, retry=Backoff(tries=8, first=5))
def tell_new_redemptions(*, tenant: str) -> None:
    """Publish the news of redemptions that came in since the last time. Idempotent."""
    telling.tell_new_redemptions(tenant)


@periodic_job(cron="*/10 * * * *", queue=QUEUE)
def sweep_untold(*, tenant: str, timestamp: int = 0) -> None:
    """Every ten minutes: each community with a redemption of which nobody was told, because a process died right after its commit."""
    for context in get_routing().contexts():
        try:
            with enter_schema(context.schema):
                waits = telling.has_untold()
        except ProgrammingError:
            logger.warning("The redemptions of %s are gone.", context.schema)
            continue
        if waits:
            defer(tell_new_redemptions, tenant=context.schema, queueing_lock=telling.TELL)
