"""Lost jobs, replays and forgetting."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from billing.inbox.errors import ReplayRefusedError, StripeEventNotFoundError
from billing.inbox.receiving import JOB, store_event
from billing.inbox.upkeep import KEPT, prune_events, replay_event, replay_failed, sweep_unsettled
from billing.models import StripeEvent
from saas.core import clock
from saas.events.queue import list_queued
from tests.billing.inbox.material import make_event

pytestmark = pytest.mark.usefixtures("db")


def store(number: int = 1, **changes: object) -> StripeEvent:
    store_event(make_event(number))
    row = StripeEvent.objects.get(stripe_id=f"evt_{number}")
    StripeEvent.objects.filter(pk=row.pk).update(**changes)
    return row


def lose_jobs() -> None:
    with connection.cursor() as cursor:
        cursor.execute("delete from procrastinate_jobs")


def waiting() -> list[int]:
    return sorted(job.arguments["event_id"] for job in list_queued(state="todo", name=JOB))


def test_what_lost_its_job_is_deferred_again() -> None:
    long_ago = clock.now() - timedelta(minutes=3)
    lost = store(1, received_at=long_ago)
    killed = store(2, received_at=long_ago, claimed_until=clock.now() - timedelta(seconds=1))
    store(3)  # came just now
    store(4, received_at=long_ago, claimed_until=clock.now() + timedelta(minutes=1))  # in hand
    store(5, received_at=long_ago, state="processed", settled_at=long_ago)
    lose_jobs()
    assert sweep_unsettled() == 2
    assert waiting() == [lost.pk, killed.pk]


def test_what_has_its_job_gets_no_second() -> None:
    row = store(1, received_at=clock.now() - timedelta(minutes=3))
    assert sweep_unsettled() == 0
    assert waiting() == [row.pk]


@pytest.mark.parametrize("state", ["failed", "processed", "ignored"])
def test_a_settled_one_is_replayed_once(state: str) -> None:
    row = store(1, state=state, tries=14, error="Away", settled_at=clock.now())
    lose_jobs()
    replay_event(event_id=row.pk)
    row.refresh_from_db()
    assert (row.state, row.tries, row.error, row.settled_at) == ("received", 0, "", None)
    assert waiting() == [row.pk]
    with pytest.raises(ReplayRefusedError):
        replay_event(event_id=row.pk)
    assert waiting() == [row.pk]


def test_what_is_not_there_cannot_be_replayed() -> None:
    with pytest.raises(StripeEventNotFoundError):
        replay_event(event_id=2**62)


def test_all_that_failed_are_replayed_and_no_others() -> None:
    failed = [store(number, state="failed", settled_at=clock.now()).pk for number in (1, 2)]
    store(3, state="processed", settled_at=clock.now())
    lose_jobs()
    assert replay_failed() == 2
    assert waiting() == sorted(failed)
    assert replay_failed() == 0


def test_what_was_settled_90_days_ago_is_forgotten() -> None:
    long_ago = clock.now() - KEPT - timedelta(minutes=1)
    store(1, state="processed", settled_at=long_ago, received_at=long_ago)
    store(2, state="processed", settled_at=clock.now(), received_at=long_ago)
    store(3, received_at=long_ago)
    assert prune_events() == 1
    assert set(StripeEvent.objects.values_list("stripe_id", flat=True)) == {"evt_2", "evt_3"}
    assert prune_events() == 0
