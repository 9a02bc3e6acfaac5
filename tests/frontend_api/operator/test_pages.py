"""The operator's pages: who comes in, what they show, and that what is done stands in the community's log."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from engagement.activity.messages import stream_key
from engagement.activity.poison import set_aside
from engagement.activity.stream import StreamEntry
from engagement.audit.models import AuditEntry
from frontend_api.site.step_up import PROOF_KEY
from saas.core import clock
from saas.core.redis_clients import stream_redis
from saas.events.jobs import PUBLIC, defer, job
from saas.events.queue import list_queued
from tenants.context import TenantContext, enter_tenant
from tenants.models import PoisonActivity, Tenant, User
from tests.frontend_api.hosts import BASE, PASSWORD, Browser

URLS = "saas.urls.public"
PAGES = ("ops", "ops-communities", "ops-lag", "ops-poison", "ops-jobs", "ops-flags")


@job(queue="tests")
def stumble(*, tenant: str, over: str = "") -> None:
    """A job of the tests, which never runs."""


@pytest.fixture
def operator(pages: Browser) -> User:
    user = User.objects.create_user("op", "op@example.org", PASSWORD, is_operator=True)
    enter(pages, "op")
    return user


def enter(pages: Browser, username: str) -> None:
    answer = pages.on(BASE).post("/login/", {"name": username, "password": PASSWORD})
    assert answer.status_code == 302


def at(name: str, *arguments: object) -> str:
    return reverse(name, urlconf=URLS, args=arguments)


@pytest.mark.parametrize("username", ["acme-owner", "acme-member", "globex-owner", ""])
def test_nobody_else_comes_in_and_nothing_changes(pages: Browser, acme: TenantContext, username: str) -> None:
    if username:
        enter(pages, username)
    client = pages.on(BASE)
    for name in PAGES:
        assert client.get(at(name)).status_code == (403 if username else 302), name
    answer = client.post(at("ops-suspend", acme.tenant_id), {"reason": "because I can"})
    assert answer.status_code == (403 if username else 302)
    assert Tenant.objects.get(pk=acme.tenant_id).state == Tenant.State.ACTIVE
    assert client.get("/ops/admin/").status_code == (403 if username else 302)


@pytest.mark.parametrize("name", PAGES)
def test_each_page_opens(pages: Browser, operator: User, redis_stream: object, name: str) -> None:
    answer = pages.on(BASE).get(at(name))
    assert answer.status_code == 200
    assert "script-src 'self';" in answer["Content-Security-Policy"]


def test_a_community_is_found_by_name_address_and_server(
    pages: Browser, operator: User, acme: TenantContext, globex: TenantContext
) -> None:
    for text in ("acme mak", "acme", acme.schema, str(acme.guild_id)):
        body = pages.on(BASE).get(at("ops-communities"), {"q": text}).content.decode()
        assert "Acme Makers" in body, text
        assert "Globex Guild" not in body, text
    assert "No community matches" in pages.on(BASE).get(at("ops-communities"), {"q": "zzz"}).content.decode()
    body = pages.on(BASE).get(at("ops-community", acme.tenant_id)).content.decode()
    assert acme.schema in body
    assert "acme-owner@example.org" in body
    assert pages.on(BASE).get(at("ops-community", 10**9)).status_code == 404


def test_the_list_takes_as_many_queries_for_many_as_for_few(
    pages: Browser, operator: User, django_assert_num_queries: object
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as few:
        pages.on(BASE).get(at("ops-communities"))
    Tenant.objects.bulk_create(
        Tenant(slug=f"many-{number}", name=f"Many {number}", schema_name=f"t_many_{number}")
        for number in range(200)
    )
    with CaptureQueriesContext(connection) as many:
        answer = pages.on(BASE).get(at("ops-communities"))
    assert len(many) == len(few)
    assert "Older ones" in answer.content.decode()


def test_suspending_closes_is_recorded_and_can_be_taken_back(
    pages: Browser, operator: User, acme: TenantContext
) -> None:
    client = pages.on(BASE)
    assert client.post(at("ops-suspend", acme.tenant_id), {"reason": " x "}).status_code == 422
    answer = client.post(at("ops-suspend", acme.tenant_id), {"reason": "Spam from its webhook"})
    assert answer.status_code == 302
    row = Tenant.objects.get(pk=acme.tenant_id)
    assert (row.state, row.suspended_for) == (Tenant.State.SUSPENDED, "Spam from its webhook")
    body = client.get(answer["Location"]).content.decode()
    assert "Spam from its webhook" in body

    assert client.post(at("ops-resume", acme.tenant_id)).status_code == 302
    assert Tenant.objects.get(pk=acme.tenant_id).state == Tenant.State.ACTIVE
    with enter_tenant(acme):
        acts = list(AuditEntry.objects.order_by("pk").values_list("action", "actor_kind", "actor_id", "note"))
    assert acts[-2:] == [
        ("tenant.suspended", "operator", operator.pk, "Spam from its webhook"),
        ("tenant.resumed", "operator", operator.pk, ""),
    ]
    assert LogEntry.objects.filter(user_id=operator.pk).count() == 2


def test_an_old_proof_is_asked_for_again_before_anything_changes(
    pages: Browser, operator: User, acme: TenantContext
) -> None:
    client = pages.on(BASE)
    session = client.session
    session[PROOF_KEY] = (clock.now() - timedelta(hours=1)).timestamp()
    session.save()
    answer = client.post(at("ops-suspend", acme.tenant_id), {"reason": "Too late"})
    assert answer.status_code == 302
    assert "/prove/" in answer["Location"]
    assert Tenant.objects.get(pk=acme.tenant_id).state == Tenant.State.ACTIVE


def test_what_was_set_aside_is_shown_safely_and_replayed_once(
    pages: Browser, operator: User, acme: TenantContext, redis_stream: object, settings: object
) -> None:
    raw = b'{"v":1,"id":"<script>alert(1)</script>"}'
    entry = StreamEntry(0, b"1-1", raw)
    set_aside([(entry, f"discord:{acme.guild_id}", "BadActivityError: <b>no</b>", acme.tenant_id)])
    row = PoisonActivity.objects.get()
    client = pages.on(BASE)
    assert "&lt;b&gt;no" in client.get(at("ops-poison")).content.decode()
    body = client.get(at("ops-poison-one", row.pk)).content.decode()
    assert "<script>alert" not in body
    assert client.post(at("ops-replay", row.pk)).status_code == 302
    assert client.post(at("ops-replay", row.pk)).status_code == 409
    total = sum(stream_redis().xlen(stream_key(number)) for number in range(8))
    assert total == 1
    with enter_tenant(acme):
        assert AuditEntry.objects.filter(action="poison.replayed").count() == 1


def test_a_failed_job_runs_again_and_a_waiting_one_is_cancelled(
    pages: Browser, operator: User, acme: TenantContext
) -> None:
    from django.db import connection

    defer(stumble, tenant=acme.schema, over="a stone")
    defer(stumble, tenant=PUBLIC)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE procrastinate_jobs SET status = 'failed' WHERE args->>'tenant' = %s", [acme.schema]
        )
    (failed,) = list_queued(state="failed", name="stumble")
    client = pages.on(BASE)
    body = client.get(at("ops-jobs"), {"tenant": acme.schema}).content.decode()
    assert "a stone" in body
    assert client.post(at("ops-job-retry", failed.job_id)).status_code == 302
    assert client.post(at("ops-job-retry", failed.job_id)).status_code == 409
    waiting = list_queued(state="todo", name="stumble")
    assert len(waiting) == 2
    assert client.post(at("ops-job-cancel", waiting[0].job_id)).status_code == 302
    assert len(list_queued(state="todo", name="stumble")) == 1
    assert client.post(at("ops-job-cancel", 10**12)).status_code == 404
    with enter_tenant(acme):
        assert AuditEntry.objects.filter(action="job.retried").count() == 1
