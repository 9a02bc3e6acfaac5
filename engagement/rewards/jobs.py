"""Fulfilment, one job for each change of a redemption; and what time brings: tries again, reminders, addresses erased."""

from __future__ import annotations

import logging
from typing import Any, Final

from django.db import ProgrammingError

from saas.core.schemas import enter_schema
from saas.events.jobs import defer, job, periodic_job
from saas.events.retries import Backoff
from tenants.routing import get_routing

from .addresses import erase_addresses
from .fulfilling import fulfil_redemption, undo_fulfilment
from .fulfilment_selectors import has_fulfilment_work, list_unfinished
from .reminding import remind_members, remind_team
from .states import APPROVED, ENDED

logger = logging.getLogger(__name__)
QUEUE: Final = "maintenance"
PATIENT: Final = Backoff(tries=30, first=1, longest=600)


@job(queue=QUEUE, retry=PATIENT)
def follow_redemption(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of RedemptionChanged: what was approved is given, what was taken back after it was given is undone. Idempotent."""
    if event["state"] == APPROVED:
        fulfil_redemption(redemption_id=int(event["redemption_id"]))
    elif event["state"] in ENDED:
        undo_fulfilment(redemption_id=int(event["redemption_id"]))


@job(queue=QUEUE, retry=PATIENT)
def try_again(*, tenant: str, redemption_id: int) -> None:
    """One that waited, or whose job was lost. Idempotent."""
    fulfil_redemption(redemption_id=redemption_id)


@periodic_job(cron="*/5 * * * *", queue=QUEUE)
def sweep_fulfilment(*, tenant: str, timestamp: int = 0) -> None:
    """Every five minutes, in each community where something is to be looked at."""
    for context in get_routing().contexts():
        try:
            with enter_schema(context.schema):
                there = has_fulfilment_work()
        except ProgrammingError:
            logger.warning("Community %s went meanwhile.", context.schema)
            continue
        if there:
            defer(tend_fulfilment, tenant=context.schema, queueing_lock="tend fulfilment")


@job(queue=QUEUE, lock="tend fulfilment")
def tend_fulfilment(*, tenant: str) -> None:
    """Try again what waits, remind members and team, erase addresses that are needed no longer. Idempotent."""
    for redemption_id in list_unfinished():
        defer(try_again, tenant=tenant, redemption_id=redemption_id, queueing_lock=f"fulfil {redemption_id}")
    remind_members()
    remind_team()
    erase_addresses()
