"""Counting what is sold by use, and telling Stripe of it."""

from __future__ import annotations

from django.conf import settings

from billing.models import Subscription
from saas.core.schemas import enter_schema
from saas.events.jobs import PUBLIC, defer, job, periodic_job
from saas.events.retries import Backoff

from .counting import count_usage
from .reporting import report_units as report
from .reporting import sweep_reports
from .subscribing import end_idle_usage

QUEUE = "billing"


# A minute into the hour: at the month's first hour the last invoice is still open, and takes what its last hours used.
@periodic_job(cron="1 * * * *", queue=QUEUE)
def count_everybody(*, tenant: str, timestamp: int = 0) -> None:
    """Every hour, one job a community that pays for a plan; and reports that lost their job."""
    if not settings.STRIPE_SECRET_KEY:
        return
    with enter_schema(PUBLIC):
        paying = list(
            Subscription.objects.filter(ended_at=None).order_by("pk").values_list("tenant_id", flat=True)
        )
    for tenant_id in paying:
        defer(count_one, tenant=PUBLIC, tenant_id=tenant_id, queueing_lock=f"count usage {tenant_id}")
    sweep_reports()


@job(queue=QUEUE)
def count_one(*, tenant: str, tenant_id: int) -> None:
    """Count what is due. Idempotent."""
    count_usage(tenant_id=tenant_id, only_due=True)


@job(queue=QUEUE, retry=Backoff(tries=40, first=10, longest=3600))
def report_units(*, tenant: str, report_id: int) -> None:
    """Tell Stripe of units that were recorded, once. Idempotent."""
    report(report_id=report_id)


@periodic_job(cron="19 5 * * *", queue=QUEUE)
def end_idle(*, tenant: str, timestamp: int = 0) -> None:
    """Each night: whoever pays for no plan any more gets the last bill of what was used. Idempotent."""
    if settings.STRIPE_SECRET_KEY:
        end_idle_usage()
