"""Units above a plan are recorded once, in the transaction of whoever found them."""

from __future__ import annotations

import pytest
from django.db import transaction

from billing.metering.errors import BadUnitsError, UnknownMeterError
from billing.metering.recording import JOB, record_usage
from billing.models import MeterReport
from saas.core import clock
from saas.events.queue import list_queued
from tests.billing.making import subscribed, tenant_of
from tests.cast import GLOBEX

pytestmark = pytest.mark.usefixtures("db")


def record(
    identifier: str = "hours 1", units: int = 3, meter: str = "boost_hours", tenant_id: int | None = None
) -> bool:
    return record_usage(
        tenant_id=tenant_id or tenant_of().pk, meter=meter, units=units, identifier=identifier, at=clock.now()
    )


def test_they_wait_with_their_job() -> None:
    row = subscribed()
    assert record()
    report = MeterReport.objects.get()
    assert (report.state, report.units, report.payer_id) == ("waiting", 3, row.payer_id)
    (job,) = list_queued(state="todo", name=JOB)
    assert job.arguments == {"report_id": report.pk}


def test_an_identifier_counts_once_whatever_comes_under_it() -> None:
    subscribed()
    assert record()
    assert not record(units=9)
    assert not record(tenant_id=tenant_of(GLOBEX).pk)
    assert MeterReport.objects.get().units == 3
    assert len(list_queued(state="todo", name=JOB)) == 1


def test_they_are_gone_with_the_transaction_that_found_them() -> None:
    subscribed()
    with transaction.atomic():
        assert record()
        transaction.set_rollback(True)
    assert not MeterReport.objects.exists()
    assert not list_queued(state="todo", name=JOB)


def test_where_nobody_pays_they_are_shown_as_not_charged() -> None:
    assert record()
    report = MeterReport.objects.get()
    assert (report.state, "Nobody paid" in report.error) == ("spared", True)
    assert not list_queued(state="todo", name=JOB)


@pytest.mark.parametrize("meter", ["", "members", "<script>", "x" * 500])
def test_what_is_not_sold_is_refused(meter: str) -> None:
    with pytest.raises(UnknownMeterError):
        record(meter=meter)


@pytest.mark.parametrize(
    ("units", "identifier"),
    [(0, "a"), (-1, "a"), (10**9, "a"), (1, ""), (1, "x" * 101), (1, "größer"), (1, "🙂")],
)
def test_bad_units_and_identifiers_are_refused(units: int, identifier: str) -> None:
    with pytest.raises(BadUnitsError):
        record(identifier, units)
    assert not MeterReport.objects.exists()
