"""Asking a gate costs no query, and where it matters the database is asked, whatever a process remembers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test.utils import CaptureQueriesContext

from billing.entitling import give_plan, take_plan_back
from engagement.audit.actor import SYSTEM
from engagement.notifications.services import set_level_announcements
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tenants.entitlements import Entitlements
from tenants.gatekeeping import entitlements_now, require_gate
from tenants.gates import GATES, LIMITS, GateClosedError, is_open, limit_of
from tenants.models import Tenant
from tenants.routing import Routing


@pytest.fixture
def queries(db: None) -> CaptureQueriesContext:
    from django.db import connection

    return CaptureQueriesContext(connection)


@pytest.fixture(autouse=True)
def _sold(settings: Any) -> None:
    settings.BILLING_ON = True


def test_asking_needs_no_query(queries: CaptureQueriesContext, acme: TenantContext) -> None:
    written = give_plan(tenant_id=acme.tenant_id, plan="pro", until=clock.now() + timedelta(days=9))
    with queries:
        for entitlements in (written, Entitlements(0, ())):
            for name in GATES:
                is_open(name, entitlements, clock.now())
            for name in LIMITS:
                limit_of(name, entitlements, clock.now())
    assert len(queries) == 0


def test_a_unit_of_work_rereads_what_the_process_remembers(
    queries: CaptureQueriesContext, acme: TenantContext
) -> None:
    give_plan(tenant_id=acme.tenant_id, plan="pro")
    with enter_tenant(acme):  # a context from before
        assert not is_open("boosts", acme.entitlements, clock.now())
        with queries:
            require_gate("boosts")
    assert len([one for one in queries if "entitlements" in one["sql"]]) == 1
    remembered = replace(acme, entitlements=entitlements_now(acme))
    take_plan_back(tenant_id=acme.tenant_id)
    assert is_open("boosts", remembered.entitlements, clock.now())
    with enter_tenant(remembered), pytest.raises(GateClosedError):
        require_gate("boosts")


def test_where_nothing_is_sold_nobody_is_asked(
    queries: CaptureQueriesContext, acme: TenantContext, settings: Any
) -> None:
    settings.BILLING_ON = False
    with enter_tenant(acme), queries:
        require_gate("boosts")
    assert len(queries) == 0


def test_an_undeclared_gate_is_a_mistake_even_where_all_is_open(acme: TenantContext, settings: Any) -> None:
    settings.BILLING_ON = False
    with pytest.raises(KeyError):
        require_gate("mind_reading", acme)


def test_switching_announcements_off_needs_no_plan(db: None, acme: TenantContext) -> None:
    bare = {"phases": [{"starts_at": "2020-01-01T00:00:00+00:00", "features": [], "limits": {}}]}
    with enter_tenant(acme), transaction.atomic():
        set_level_announcements(level_up="dm", actor=SYSTEM)
        Tenant.objects.filter(pk=acme.tenant_id).update(entitlements=bare)
        set_level_announcements(level_up="dm", actor=SYSTEM)  # the same again is no change
        set_level_announcements(level_up="off", actor=SYSTEM)
        with pytest.raises(GateClosedError, match="“Announcements” is not part of"):
            set_level_announcements(level_up="dm", actor=SYSTEM)


def test_a_process_that_heard_nothing_is_right_after_its_next_reading(
    committed_db: None, acme: TenantContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Published to nobody: Redis is away at the moment of the change, and the subscription does not notice."""
    routing = Routing()
    routing.load()
    monkeypatch.setattr("tenants.routing.cache_redis", _away)
    give_plan(tenant_id=acme.tenant_id, plan="pro")
    stale = routing.context_for_schema(acme.schema)
    assert stale is not None
    assert not is_open("boosts", stale.entitlements, clock.now())
    with enter_tenant(stale):
        require_gate("boosts")  # what writes is right at once
    routing.load()  # every five minutes, and at each reconnection
    fresh = routing.context_for_schema(acme.schema)
    assert fresh is not None
    assert is_open("boosts", fresh.entitlements, clock.now())


def _away() -> Any:
    from redis import ConnectionError

    raise ConnectionError("away")
