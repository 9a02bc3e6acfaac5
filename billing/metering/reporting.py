"""A recorded report goes to Stripe's meter, its units once.

Stripe takes an identifier once, for a day at least, and an idempotency key likewise. So a report is sent again, unchanged, as long as
that holds; when it can no longer be known whether Stripe has it, it is not sent again, and shown as not charged.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db import connection, transaction
from django.db.models import F, Q

from billing.errors import StripeRefusedError
from billing.models import MeterReport, Payer, UsageSubscription
from billing.stripe_api import asking_stripe
from saas.core import clock
from saas.core.errors import EngageHubError
from saas.core.schemas import PUBLIC, enter_schema
from saas.events.jobs import defer_rows
from saas.events.retries import RetryLaterError

from .metrics import UNITS
from .recording import job_row
from .subscribing import ensure_usage_subscription

CLAIM: Final = timedelta(minutes=2)
KNOWN_FOR: Final = timedelta(hours=23)  # Stripe says 24 at least
DRAFT: Final = timedelta(minutes=50)  # an invoice stays open for an hour after its period
OLDEST: Final = timedelta(days=34)  # Stripe says 35
UNSETTLED: Final = timedelta(minutes=15)
SWEPT_AT_ONCE: Final = 500
LATE: Final = "The invoice of that month was closed before these could be reported."
UNSURE: Final = "Stripe may have them or not: its answer was lost, and by now it would count them twice."
NO_PLAN: Final = "The plan had ended before these could be reported."
State = MeterReport.State
log = structlog.get_logger(__name__)


def report_units(*, report_id: int) -> None:
    """Tell Stripe of one report, once; a settled one is left alone.

    Lock: a claim by conditional update, which ends by itself. Idempotency key at Stripe's: the report's identifier. Raises
    RetryLaterError while another has it, StripeAwayError, StripeRefusedError and BillingBusyError where another try is due.
    """
    with enter_schema(PUBLIC):
        report = _claim(report_id)
        if report is None or _is_lost(report):
            return
        try:
            _report(report)
        except EngageHubError as error:
            log.warning("meter_report_stumbled", report=report.identifier, error=error.message)
            MeterReport.objects.filter(pk=report.pk, claimed_until=report.claimed_until).update(
                error=error.message[:500], claimed_until=None
            )
            raise


def sweep_reports() -> int:
    """Defer the jobs of reports that wait and have none. Answers how many."""
    now = clock.now()
    with enter_schema(PUBLIC), transaction.atomic(), connection.cursor() as cursor:
        lost = (
            MeterReport.objects.filter(state=State.WAITING, created_at__lte=now - UNSETTLED)
            .filter(Q(claimed_until=None) | Q(claimed_until__lte=now))
            .order_by("pk")
            .values_list("pk", flat=True)[:SWEPT_AT_ONCE]
        )
        return defer_rows(cursor, [job_row(pk) for pk in lost])


def _claim(report_id: int) -> MeterReport | None:
    """The report, ours until `claimed_until`. None when it is settled or gone. Raises RetryLaterError."""
    now = clock.now()
    free = MeterReport.objects.filter(Q(claimed_until=None) | Q(claimed_until__lte=now), pk=report_id)
    mine = free.filter(state=State.WAITING).update(claimed_until=now + CLAIM, tries=F("tries") + 1)
    report = MeterReport.objects.filter(pk=report_id, state=State.WAITING).first()
    if report is None or mine:
        return report
    raise RetryLaterError(f"Report {report_id} is in another worker's hands.", seconds=CLAIM.total_seconds())


def _is_lost(report: MeterReport) -> bool:
    """Sent before, its answer lost, and so long ago that sending it again could count it twice."""
    if report.tried_at is None or clock.now() - report.tried_at < KNOWN_FOR:
        return False
    _settle(report, State.SPARED, UNSURE)
    return True


def _report(report: MeterReport) -> None:
    if report.tried_at is None and clock.now() - report.at > OLDEST:
        _settle(report, State.SPARED, LATE)
        return
    usage = ensure_usage_subscription(payer_id=report.payer_id or 0)
    if usage is None:
        _settle(report, State.SPARED, NO_PLAN)
        return
    if report.sent_as is None:
        moment = _moment_for(report, usage)
        if moment is None:
            _settle(report, State.SPARED, LATE)
            return
        report.sent_as = moment
    _send(report, usage)
    _settle(report, State.SENT)


def _moment_for(report: MeterReport, usage: UsageSubscription) -> datetime | None:
    """When Stripe is told that they were used; None when that month's invoice is closed.

    What led to the subscription was used a moment before it began, and belongs into its first period.
    """
    began = max(usage.began_at, usage.period_start)
    if report.at >= began:
        return report.at
    if usage.began_at >= usage.period_start and report.at >= usage.began_at - timedelta(days=1):
        return began
    return report.at if clock.now() - usage.period_start < DRAFT else None


def _send(report: MeterReport, usage: UsageSubscription) -> None:
    """What is sent is fixed before it is sent: another try says the same, so that Stripe knows it again."""
    assert report.sent_as is not None
    report.tried_at = report.tried_at or clock.now()
    fixed = MeterReport.objects.filter(pk=report.pk, claimed_until=report.claimed_until)
    if not fixed.update(sent_as=report.sent_as, tried_at=report.tried_at):
        raise RetryLaterError(f"Report {report.pk} went to another worker.", seconds=CLAIM.total_seconds())
    customer = Payer.objects.values_list("stripe_id", flat=True).get(pk=usage.payer_id)
    try:
        with asking_stripe() as stripe:
            stripe.v1.billing.meter_events.create(
                {
                    "event_name": report.meter,
                    "identifier": report.identifier,
                    "payload": {"stripe_customer_id": customer or "", "value": str(report.units)},
                    "timestamp": int(report.sent_as.timestamp()),
                },
                {"idempotency_key": report.identifier},
            )
    except StripeRefusedError as error:
        if not _is_known(error):
            # A refusal is an answer: Stripe has nothing of it, so the day within which it would know it has not begun.
            fixed.update(tried_at=None)
            raise


def _is_known(error: StripeRefusedError) -> bool:
    """Whether Stripe refuses the identifier because it has it: an earlier try whose answer was lost."""
    return "already exists" in str(error.__cause__).lower()


def _settle(report: MeterReport, state: State, error: str = "") -> None:
    """Only while the claim is still ours."""
    mine = MeterReport.objects.filter(pk=report.pk, state=State.WAITING, claimed_until=report.claimed_until)
    if mine.update(state=state, error=error, settled_at=clock.now(), claimed_until=None):
        UNITS.labels(report.meter, str(state)).inc(report.units)
        if error:
            log.error("meter_report_spared", report=report.identifier, units=report.units, why=error)
