"""Old events go, slice by slice; what a job still refers to stays."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import ProgrammingError, connection, transaction

from saas.core import clock
from saas.core.schemas import PUBLIC, enter_schema
from saas.events.jobs import JobRow, defer_rows
from saas.events.log import append_rows
from saas.events.models import TenantEvent
from saas.events.pruning import has_old_events, prune_events
from tenants.context import TenantContext, enter_tenant
from tenants.owner import as_owner
from tests.saas.events.material import note

OLD, NEW = timedelta(days=91), timedelta(days=89)


@pytest.fixture
def in_acme(committed_db: None, acme: TenantContext) -> Iterator[str]:
    with as_owner(), enter_tenant(acme):
        yield acme.schema


def log(*ages: timedelta) -> list[int]:
    with connection.cursor() as cursor:
        return append_rows(cursor, [("TeaServed", {}, clock.now() - age) for age in ages])


def wait_for(schema: str, event_id: int, status: str = "todo") -> None:
    with connection.cursor() as cursor:
        defer_rows(cursor, [JobRow(note.name, schema, {"event_id": event_id, "event": {}})])
        cursor.execute("update public.procrastinate_jobs set status = %s::procrastinate_job_status", [status])


def kept() -> set[int]:
    return set(TenantEvent.objects.values_list("pk", flat=True))


def test_what_is_old_goes_in_slices_and_what_is_not_stays(in_acme: str) -> None:
    ids = log(*[OLD] * 7, NEW, OLD, NEW)
    assert has_old_events()
    assert prune_events(at_once=3) == 8
    assert kept() == {ids[7], ids[9]}
    assert not has_old_events()
    assert prune_events(at_once=3) == 0


@pytest.mark.parametrize("status", ["todo", "doing"])
def test_an_event_whose_job_is_still_to_run_stays(in_acme: str, status: str) -> None:
    ids = log(OLD, OLD, OLD)
    wait_for(in_acme, ids[0], status)
    assert prune_events(at_once=1) == 2
    assert kept() == {ids[0]}


@pytest.mark.parametrize("status", ["succeeded", "failed"])
def test_a_job_that_ended_holds_nothing(in_acme: str, status: str) -> None:
    wait_for(in_acme, log(OLD)[0], status)
    assert prune_events() == 1


def test_a_job_of_another_community_holds_nothing(in_acme: str, globex: TenantContext) -> None:
    wait_for(globex.schema, log(OLD)[0])
    assert prune_events() == 1


def test_each_log_is_pruned_by_itself(in_acme: str, globex: TenantContext) -> None:
    log(OLD)
    with enter_schema(PUBLIC):
        log(OLD)
        assert prune_events() == 1
    with enter_tenant(globex):
        assert prune_events() == 0
    assert len(kept()) == 1


def test_the_apps_role_cannot(db: None, acme: TenantContext) -> None:
    with enter_tenant(acme):
        log(OLD)
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            prune_events()
