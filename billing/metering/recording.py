"""Units above a plan become a report that waits, in the transaction that found them."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db import connection, transaction

from billing.models import Subscription
from billing.plans import METERS
from saas.core import clock
from saas.core.schemas import PUBLIC, enter_schema
from saas.events.jobs import JobRow, defer_rows

from .errors import BadUnitsError, UnknownMeterError
from .models import MeterReport

JOB: Final = "billing.metering.report_units"
MOST_UNITS: Final = 10_000_000
LONGEST_IDENTIFIER: Final = 100  # as Stripe has it
_INSERT: Final = """
INSERT INTO public.meter_report (tenant_id, payer_id, meter, units, identifier, at, tries, state, error, created_at, settled_at)
VALUES (%s, %s, %s, %s, %s, %s, 0, %s, %s, %s, %s) ON CONFLICT (identifier) DO NOTHING RETURNING id
"""
NOBODY: Final = "Nobody paid for the community when these were used."


def record_usage(*, tenant_id: int, meter: str, units: int, identifier: str, at: datetime) -> bool:
    """Record `units` above the plan, used at `at`, in the caller's transaction, and defer their report. True when they are new.

    Idempotency key: `identifier`, which is Stripe's too; what was recorded under it stays as it is. Where nobody pays, the units
    are kept as not charged. Raises UnknownMeterError, BadUnitsError.
    """
    _check(meter, units, identifier)
    now = clock.now()
    with enter_schema(PUBLIC), transaction.atomic(), connection.cursor() as cursor:
        payer_id = (
            Subscription.objects.filter(tenant_id=tenant_id, ended_at=None)
            .values_list("payer_id", flat=True)
            .first()
        )
        state = MeterReport.State.WAITING if payer_id else MeterReport.State.SPARED
        settled = () if payer_id else (NOBODY, now, now)
        cursor.execute(
            _INSERT,
            [tenant_id, payer_id, meter, units, identifier, at, state.value, *(settled or ("", now, None))],
        )
        row = cursor.fetchone()
        if row is not None and payer_id is not None:
            defer_rows(cursor, [job_row(int(row[0]))])
    return row is not None


def job_row(report_id: int) -> JobRow:
    """The job that reports it. One waits at most."""
    return JobRow(JOB, PUBLIC, {"report_id": report_id}, queueing_lock=f"meter report {report_id}")


def _check(meter: str, units: int, identifier: str) -> None:
    if meter not in METERS:
        raise UnknownMeterError(
            f"Nothing is sold as “{meter[:40]}”. There are: {', '.join(METERS)}.", field="meter"
        )
    if not 1 <= units <= MOST_UNITS:
        raise BadUnitsError(
            f"{units} units cannot be recorded at once: 1 to {MOST_UNITS:,} can.", field="units"
        )
    if not 1 <= len(identifier) <= LONGEST_IDENTIFIER or not identifier.isascii():
        raise BadUnitsError(
            f"An identifier has 1 to {LONGEST_IDENTIFIER} plain characters, not {len(identifier)}.",
            field="identifier",
        )
