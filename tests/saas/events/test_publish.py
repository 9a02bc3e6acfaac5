"""publish(): a row in the log and a job a handler, in the caller's transaction."""

from __future__ import annotations

import pytest
from django.db import transaction
from redis import Redis

from saas.core.schemas import PUBLIC, enter_schema
from saas.events import DomainEvent, NotInTransactionError, get_event_type, publish
from saas.events import publishing as publishing_module
from saas.events.models import TenantEvent
from saas.public_events.models import PublicEvent
from tenants.context import TenantContext, enter_tenant
from tests.saas.events.material import TeaServed, read_jobs


@pytest.fixture
def tea_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wires TeaServed to two handlers, as saas/wiring.py would."""
    monkeypatch.setattr(
        publishing_module, "get_handlers", lambda: {"TeaServed": ("tests.note", "tests.refuse")}
    )


def test_a_tenants_event_stands_in_its_own_log_alone(
    db: None, acme: TenantContext, globex: TenantContext
) -> None:
    with enter_tenant(acme), transaction.atomic():
        row = publish(TeaServed(cups=2))
        assert TenantEvent.objects.get(pk=row).data == {"cups": 2, "guest": "nobody"}
    with enter_tenant(globex):
        assert not TenantEvent.objects.exists()
    assert not PublicEvent.objects.filter(type="TeaServed").exists()


def test_in_the_public_schema_the_public_log_is_written(db: None, acme: TenantContext) -> None:
    with enter_schema(PUBLIC), transaction.atomic():
        publish(TeaServed(cups=1))
    assert PublicEvent.objects.filter(type="TeaServed").count() == 1
    with enter_tenant(acme):
        assert not TenantEvent.objects.exists()


def test_each_handler_gets_one_job_that_names_tenant_and_event(
    db: None, acme: TenantContext, tea_is_noted: None
) -> None:
    with enter_tenant(acme), transaction.atomic():
        row = publish(TeaServed(cups=3))
    jobs = read_jobs()
    assert [job["task_name"] for job in jobs] == ["tests.note", "tests.refuse"]
    assert jobs[0]["args"] == {
        "tenant": acme.schema,
        "event_id": row,
        "event": {"cups": 3, "guest": "nobody"},
    }


def test_a_rollback_takes_event_and_jobs_with_it(
    committed_db: None, acme: TenantContext, tea_is_noted: None
) -> None:
    with enter_tenant(acme):
        with pytest.raises(RuntimeError), transaction.atomic():  # noqa: PT012
            publish(TeaServed(cups=3))
            raise RuntimeError
        assert not TenantEvent.objects.exists()
    assert read_jobs() == []


def test_outside_a_transaction_nothing_is_published(committed_db: None, acme: TenantContext) -> None:
    with enter_tenant(acme), pytest.raises(NotInTransactionError, match="atomic"):
        publish(TeaServed(cups=3))


def test_sockets_are_woken_after_the_commit_and_not_before(
    committed_db: None, acme: TenantContext, redis_cache: Redis
) -> None:
    with redis_cache.pubsub(ignore_subscribe_messages=True) as subscription:
        subscription.psubscribe("wake:*")
        subscription.get_message(timeout=30)
        with enter_tenant(acme), transaction.atomic():
            row = publish(TeaServed(cups=1))
            assert subscription.get_message(timeout=0.1) is None
        message = subscription.get_message(timeout=30)
    assert message is not None
    assert (message["channel"], message["data"]) == (f"wake:{acme.schema}".encode(), str(row).encode())


def test_an_event_survives_the_log_and_forgets_fields_of_the_past() -> None:
    event = TeaServed(cups=4, guest="Ada")
    assert get_event_type("TeaServed").from_data({**event.to_data(), "sugar": 2}) == event


def test_two_events_may_not_share_a_name() -> None:
    with pytest.raises(TypeError, match="Two domain events are named TeaServed"):
        type("TeaServed", (DomainEvent,), {"__module__": "elsewhere"})
