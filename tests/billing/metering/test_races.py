"""Two workers count, and two report: each unit stands once in our books and once at Stripe's."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from django.db import connections
from django.db.models import Sum

from billing.metering import counting, reporting
from billing.metering.counting import count_usage
from billing.metering.recording import record_usage
from billing.metering.reporting import report_units
from billing.models import MeterReport, UsageMonth, UsageSubscription
from saas.core import clock
from saas.events.retries import RetryLaterError
from tests.billing.metering.world import HOUR, World
from tests.billing.shop import Shop

ROUNDS = [pytest.param(3, id="3"), pytest.param(100, id="100", marks=pytest.mark.faults)]


@pytest.fixture
def paying(committed_db: None, shop: Shop) -> World:
    shop.skip_trial()
    shop.buy("growth")
    world = World(shop, clock.now())
    UsageMonth.objects.create(
        tenant_id=world.tenant_id, meter="boost_hours", month=clock.now().date().replace(day=1), included=0
    )
    return world


def at_once(act: Callable[[], object]) -> None:
    together = threading.Barrier(2)

    def run() -> None:
        try:
            together.wait(30)
            with suppress(RetryLaterError):
                act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(run), pool.submit(run)]:
            future.result()


def count_twice(world: World) -> int:
    """Two workers count the same hours; answers how many units were recorded for the 7 above the plan."""
    MeterReport.objects.all().delete()
    UsageMonth.objects.update(
        included=1000, used=1000, charged=0, spared=0, warned={"80": 10**6, "100": 10**6}
    )
    at_once(lambda: count_usage(tenant_id=world.tenant_id))
    return MeterReport.objects.aggregate(n=Sum("units"))["n"] or 0


@pytest.fixture
def hours(paying: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """1,007 hours: the first count that sees them finds seven above."""
    paying.allow(100_000)
    monkeypatch.setattr(counting, "_measure", lambda row, tenant: 1_007 if row.meter == "boost_hours" else 0)
    return paying


@pytest.mark.race
@pytest.mark.parametrize("rounds", ROUNDS)
def test_two_who_count_record_each_unit_once(hours: World, rounds: int) -> None:
    assert [count_twice(hours) for _ in range(rounds)] == [7] * rounds


@pytest.mark.race
def test_without_the_lock_both_would_book_them(hours: World, monkeypatch: pytest.MonkeyPatch) -> None:
    together = threading.Barrier(2)
    monkeypatch.setattr(counting, "lock_counting", lambda tenant_id: None)
    # Same range, same identifier: the second line of defence. A worker that saw one hour more names another range.
    numbers = iter([1_007, 1_008])
    monkeypatch.setattr(
        counting,
        "_measure",
        lambda row, tenant: _late(together, numbers) if row.meter == "boost_hours" else 0,
    )
    assert count_twice(hours) == 15


def _late(together: threading.Barrier, numbers: object) -> int:
    together.wait(30)
    return int(next(numbers))  # type: ignore[call-overload]


def report_twice(world: World, number: int) -> int:
    """Two workers report the same units; answers how many calls Stripe took for them."""
    identifier = f"race {number}"
    record_usage(
        tenant_id=world.tenant_id, meter="boost_hours", units=1, identifier=identifier, at=clock.now()
    )
    report = MeterReport.objects.get(identifier=identifier)
    at_once(lambda: report_units(report_id=report.pk))
    report.refresh_from_db()
    assert report.state == "sent"
    assert sum(one["identifier"] == identifier for one in world.at_stripe()) == 1
    return report.tries


@pytest.mark.race
@pytest.mark.parametrize("rounds", ROUNDS)
def test_of_two_who_report_one_asks_stripe(paying: World, rounds: int) -> None:
    assert [report_twice(paying, number) for number in range(rounds)] == [1] * rounds
    assert UsageSubscription.objects.count() == 1


@pytest.mark.race
def test_without_the_claim_both_would_ask(paying: World, monkeypatch: pytest.MonkeyPatch) -> None:
    together = threading.Barrier(2)

    def take(report_id: int) -> MeterReport:
        found = MeterReport.objects.get(pk=report_id)
        together.wait(30)
        MeterReport.objects.filter(pk=report_id).update(tries=reporting.F("tries") + 1)
        return found

    monkeypatch.setattr(reporting, "_claim", take)
    assert report_twice(paying, 1) == 2


@pytest.mark.race
@pytest.mark.parametrize(
    "rounds", [pytest.param(2, id="2"), pytest.param(30, id="30", marks=pytest.mark.faults)]
)
def test_two_first_units_begin_one_subscription(paying: World, rounds: int) -> None:
    for number in range(rounds):
        UsageSubscription.objects.all().delete()
        ids = []
        for part in "ab":
            identifier = f"first {number} {part}"
            record_usage(
                tenant_id=paying.tenant_id,
                meter="boost_hours",
                units=1,
                identifier=identifier,
                at=clock.now(),
            )
            ids.append(MeterReport.objects.get(identifier=identifier).pk)
        waiting = iter(ids)
        lock = threading.Lock()

        def act(lock: threading.Lock = lock, waiting: object = waiting) -> None:
            with lock:
                report_id = next(waiting)  # type: ignore[call-overload]
            report_units(report_id=report_id)

        at_once(act)
        assert UsageSubscription.objects.count() == 1


def test_a_boost_of_the_past_hour_is_counted_once_by_many(paying: World) -> None:
    paying.allow(100_000)
    paying.boost(1, start=clock.now() - HOUR)
    for _ in range(3):
        count_usage(tenant_id=paying.tenant_id)
    assert paying.month().used <= 1
