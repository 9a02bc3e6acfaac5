"""The worker tells what waits."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from prometheus_client import CollectorRegistry
from pytest_django.fixtures import Settings
from redis import Redis

from billing.models import Reconciliation, StripeEvent
from ops.health.backlog import BacklogCollector
from saas.core import clock


@pytest.fixture
def registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(BacklogCollector())
    return registry


def test_waiting_jobs_and_activities_are_counted(
    committed_db: None, redis_stream: Redis, registry: CollectorRegistry
) -> None:
    with connection.cursor() as cursor:
        for queue, age in (("mail", "10 minutes"), ("mail", "1 minute"), ("roles", "-1 hour")):
            cursor.execute(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, args, scheduled_at)"
                f" VALUES (%s, 'x', '{{}}', now() - interval '{age}')",
                [queue],
            )
    redis_stream.xadd("activities:3", {"a": b"{}"})
    assert registry.get_sample_value("engagehub_jobs", {"queue": "mail", "state": "todo"}) == 2
    oldest = registry.get_sample_value("engagehub_jobs_oldest_due_seconds", {"queue": "mail"})
    assert oldest == pytest.approx(600, abs=30)
    # What is due in an hour waits for nobody.
    assert registry.get_sample_value("engagehub_jobs_oldest_due_seconds", {"queue": "roles"}) is None
    assert registry.get_sample_value("engagehub_stream_entries", {"partition": "3"}) == 1
    assert registry.get_sample_value("engagehub_stream_entries", {"partition": "0"}) == 0


def test_server_that_is_away_leaves_its_figures_out(
    committed_db: None, registry: CollectorRegistry, settings: Settings
) -> None:
    settings.REDIS_STREAM_URL = "unix:///nowhere"
    names = {family.name for family in registry.collect()}
    assert names == {
        "engagehub_jobs",
        "engagehub_jobs_oldest_due_seconds",
        "engagehub_stripe_inbox",
        "engagehub_stripe_inbox_oldest_seconds",
    }


def test_stripes_events_that_wait_and_the_last_good_comparison(
    committed_db: None, registry: CollectorRegistry
) -> None:
    now = clock.now()
    for number, state in enumerate(["received", "received", "failed", "processed"]):
        StripeEvent.objects.create(
            stripe_id=f"evt_{number}",
            type="x",
            made_at=now,
            payload={},
            state=state,
            received_at=now - timedelta(hours=1),
        )
    for error, minutes in (("", 90), ("Away", 30)):
        moment = now - timedelta(minutes=minutes)
        Reconciliation.objects.create(started_at=moment, ended_at=moment, error=error)
    assert registry.get_sample_value("engagehub_stripe_inbox", {"state": "received"}) == 2
    assert registry.get_sample_value("engagehub_stripe_inbox", {"state": "failed"}) == 1
    oldest = registry.get_sample_value("engagehub_stripe_inbox_oldest_seconds")
    assert oldest == pytest.approx(3600, abs=60)
    compared = registry.get_sample_value("engagehub_billing_reconciled_seconds")
    assert compared == pytest.approx(now.timestamp() - 5400, abs=1)
