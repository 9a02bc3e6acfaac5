"""Letting in who waits for room: when the plan changed, when a place came free, and by date, because phases begin with no event."""

from __future__ import annotations

import logging
from typing import Any, Final

from django.db import ProgrammingError

from saas.core.schemas import enter_schema
from saas.events.jobs import defer, job, periodic_job
from saas.events.retries import Backoff
from tenants.context import current_tenant
from tenants.routing import get_routing

from .admission import admit_waiting, is_anybody_waiting

logger = logging.getLogger(__name__)
QUEUE: Final = "maintenance"
_LOCK: Final = "admit members"


@job(queue=QUEUE, retry=Backoff(tries=8, first=5), lock=_LOCK)
def follow_room(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of EntitlementsChanged, MemberDeleted and MembersMerged. Idempotent: goes on where a killed worker stopped."""
    admit_waiting(context=current_tenant())


@job(queue=QUEUE, retry=Backoff(tries=8, first=5), lock=_LOCK)
def admit_members(*, tenant: str) -> None:
    """Let in whoever there is room for. Idempotent."""
    admit_waiting(context=current_tenant())


@periodic_job(cron="*/10 * * * *", queue=QUEUE)
def sweep_waiting(*, tenant: str, timestamp: int = 0) -> None:
    """Every ten minutes: a phase may have begun or somebody left, in each community where members wait."""
    for context in get_routing().contexts():
        try:
            with enter_schema(context.schema):
                waits = is_anybody_waiting()
        except ProgrammingError:
            logger.warning("Community %s went meanwhile.", context.schema)
            continue
        if waits:
            defer(admit_members, tenant=context.schema, queueing_lock=_LOCK)
