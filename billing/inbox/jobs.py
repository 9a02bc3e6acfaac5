"""Working Stripe's events off, and the inbox's upkeep."""

from __future__ import annotations

import logging

from django.conf import settings

from billing.reconciling import reconcile_billing
from saas.events.jobs import job, periodic_job
from saas.events.retries import Backoff

from .processing import MAX_TRIES, work_off
from .upkeep import defer_comparison, prune_events, sweep_unsettled

logger = logging.getLogger(__name__)


# The event counts its own tries; those that only met another worker's claim come on top.
@job(queue="billing", retry=Backoff(tries=3 * MAX_TRIES, first=5, longest=3600))
def process_event(*, tenant: str, event_id: int) -> None:
    """Work one event off. Idempotent: a settled one is left alone."""
    work_off(event_id=event_id)


@periodic_job(cron="*/5 * * * *", queue="billing")
def sweep_events(*, tenant: str, timestamp: int = 0) -> None:
    """What was stored and never settled, because its job was lost, is worked off after all."""
    found = sweep_unsettled()
    if found:
        logger.warning("%s events of Stripe's had lost their job; deferred again.", found)


@periodic_job(cron="37 4 * * *", queue="housekeeping")
def prune_stripe_events(*, tenant: str, timestamp: int = 0) -> None:
    """Settled events are kept for 90 days. Idempotent."""
    prune_events()


@periodic_job(cron="8 * * * *", queue="billing")
def begin_reconciliation(*, tenant: str, timestamp: int = 0) -> None:
    """Once an hour, where plans are sold."""
    if settings.STRIPE_SECRET_KEY:
        defer_comparison()


@job(queue="billing", retry=Backoff(tries=5, first=30, longest=600), lock="reconcile")
def reconcile(*, tenant: str) -> None:
    """Compare with Stripe and mend what differs; a Stripe that is away is asked again, and then in the next hour. Idempotent."""
    reconcile_billing()
