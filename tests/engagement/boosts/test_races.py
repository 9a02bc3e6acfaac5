"""Two who plan at once, and a stop while ingest books. Each race proves with its lock off that it can see the bug."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction

from engagement.activity.batch import ingest_batch
from engagement.activity.lanes import open_lane
from engagement.activity.memory import TenantMemory
from engagement.audit.actor import SYSTEM
from engagement.boosts import services
from engagement.boosts.errors import BoostHoursError
from engagement.boosts.models import Boost
from engagement.boosts.services import Allowance, BoostDraft, plan_boost, stop_boost
from engagement.boosts.windows import milliseconds
from engagement.ledger.models import LedgerEntry
from engagement.rules.models import RulesState
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tests.limits.racing import anybody_is_held_up, meet, wait_until

from ..activity.facts import message
from .plans import HOUR

pytestmark = [pytest.mark.race, pytest.mark.usefixtures("rules")]
ROUNDS = 3


def both(first: Callable[[], None], second: Callable[[], None]) -> None:
    def closing(work: Callable[[], None]) -> None:
        try:
            work()
        finally:
            connection.close()

    threads = [threading.Thread(target=closing, args=(work,)) for work in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def plan_at_once(context: TenantContext, together: Callable[[], None] = lambda: None) -> int:
    """Two plan two hours each, apart from one another, where three are left. Answers for how many there was room."""
    with enter_tenant(context):
        Boost.objects.all().delete()
    now = clock.now()
    barrier = threading.Barrier(2)
    passed: list[int] = []

    def plan(number: int) -> Callable[[], None]:
        def work() -> None:
            starts_at = now + (1 + 5 * number) * HOUR
            draft = BoostDraft("Double", 200, {}, starts_at, starts_at + 2 * HOUR)
            barrier.wait(60)
            try:
                with enter_tenant(context), transaction.atomic():
                    plan_boost(
                        context=context,
                        draft=draft,
                        actor=SYSTEM,
                        key=f"race-{number}-{now.timestamp()}",
                        allowances=[Allowance(now - HOUR, now + 100 * HOUR, 3)],
                    )
                    together()
                passed.append(number)
            except BoostHoursError:
                pass

        return work

    both(plan(0), plan(1))
    return len(passed)


def test_of_two_who_take_the_last_hours_one_gets_them(acme: TenantContext) -> None:
    assert [plan_at_once(acme) for _ in range(ROUNDS)] == [1] * ROUNDS


@pytest.mark.faults
def test_of_two_who_take_the_last_hours_one_gets_them_a_hundred_times(acme: TenantContext) -> None:
    assert {plan_at_once(acme) for _ in range(100)} == {1}


def test_without_the_locks_both_would_get_them(acme: TenantContext, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def unlocked() -> Any:
        yield RulesState.objects.get(pk=1), clock.now()

    monkeypatch.setattr(services, "_writing", unlocked)
    monkeypatch.setattr(services, "count_change", lambda state: None)

    assert plan_at_once(acme, meet(threading.Barrier(2))) == 2


def stop_while_booking(context: TenantContext, seconds: float = 0.3) -> bool:
    """Somebody stops while ingest is between reading the rules and committing; what occurs after the stop comes in that very batch.
    Answers whether any of it was boosted. `seconds`: how long the stop has until then."""
    with enter_tenant(context):
        draft = BoostDraft("Double", 200, {"types": ["message"]}, lasts=5 * HOUR)
        boost = plan_boost(
            context=context, draft=draft, actor=SYSTEM, key=f"stop-{clock.now().timestamp()}", allowances=()
        )
    memory = TenantMemory()
    reading, stopping = threading.Event(), threading.Event()
    refresh = memory.refresh

    def slowly(*args: Any, **options: Any) -> Any:
        found = refresh(*args, **options)
        reading.set()
        # With the lock, the stop waits for us instead.
        wait_until(lambda: stopping.is_set() or anybody_is_held_up())
        wait_until(lambda: milliseconds(clock.now()) >= late.occurred_ms)
        return found

    class Slow(TenantMemory):
        refresh = staticmethod(slowly)  # type: ignore[assignment]

    # The batch is taken now and told of a deed a moment later: as late as its commit.
    late = message(7, at=milliseconds(clock.now()) + int(seconds * 1000))

    def book() -> None:
        with open_lane() as lane:
            ingest_batch(lane, context, Slow(), [late])

    def stop() -> None:
        assert reading.wait(60)
        with enter_tenant(context):
            stop_boost(context=context, boost_id=boost.pk, actor=SYSTEM)
        stopping.set()

    both(book, stop)
    with enter_tenant(context):
        boost.refresh_from_db()
        assert boost.stopped_at is not None
        return LedgerEntry.objects.filter(boost_id=boost.pk, occurred_at__gte=boost.stopped_at).exists()


def test_what_occurs_after_a_stop_is_never_boosted(acme: TenantContext) -> None:
    assert [stop_while_booking(acme) for _ in range(ROUNDS)] == [False] * ROUNDS


def test_without_the_ledger_lock_it_would_be(acme: TenantContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "ledger_lock_sql", lambda schema: "SELECT 1")

    assert any(stop_while_booking(acme, seconds) for seconds in (0.3, 1, 5, 20))
