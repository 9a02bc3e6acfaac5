"""Stripe's events as the operator sees them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.inbox.receiving import JOB, store_event
from billing.models import Reconciliation, StripeEvent
from engagement.audit.models import AuditEntry
from saas.core import clock
from saas.events.queue import list_queued
from tenants.context import TenantContext, enter_tenant
from tenants.models import User
from tests.billing.inbox.material import TEST_KEY, make_event
from tests.frontend_api.hosts import BASE, PASSWORD, Browser
from tests.frontend_api.operator.test_pages import at, enter


@pytest.fixture(autouse=True)
def _endpoint(settings: object) -> None:
    settings.STRIPE_SECRET_KEY = TEST_KEY  # type: ignore[attr-defined]


@pytest.fixture
def operator(pages: Browser) -> User:
    user = User.objects.create_user("op", "op@example.org", PASSWORD, is_operator=True)
    enter(pages, "op")
    return user


def store(number: int = 1, **changes: object) -> StripeEvent:
    about = {"id": f"in_{number}", "object": "invoice", "customer": "cus_1", "customer_name": "Ada"}
    store_event(make_event(number, type="invoice.paid", data={"object": about}))
    StripeEvent.objects.filter(stripe_id=f"evt_{number}").update(**changes)
    return StripeEvent.objects.get(stripe_id=f"evt_{number}")


def page_of(pages: Browser, **asked: object) -> str:
    return str(pages.on(BASE).get(at("ops-stripe-events"), asked).content.decode())


@pytest.mark.parametrize("username", ["acme-owner", "globex-owner", ""])
def test_nobody_else_comes_in(pages: Browser, username: str) -> None:
    if username:
        enter(pages, username)
    row = store(state="failed", settled_at=clock.now())
    client = pages.on(BASE)
    for path in (at("ops-stripe-events"), at("ops-stripe-event", row.pk)):
        assert client.get(path).status_code == (403 if username else 302)
    for path in (at("ops-stripe-replay", row.pk), at("ops-stripe-replay-all"), at("ops-stripe-compare")):
        assert client.post(path).status_code == (403 if username else 302)
    assert StripeEvent.objects.get().state == "failed"


def test_it_says_what_there_is_to_see(pages: Browser, operator: User, settings: object) -> None:
    assert "Nothing is sold here" in page_of(pages)
    settings.BILLING_ON = True  # type: ignore[attr-defined]
    assert "No event has come yet" in page_of(pages)
    assert "No event matches" in page_of(pages, state="failed")


def test_events_are_found_by_state_id_and_type(pages: Browser, operator: User) -> None:
    store(1)
    store(2, state="failed", settled_at=clock.now(), error="<b>Away</b>")
    page = page_of(pages)
    assert "evt_1" in page
    assert "&lt;b&gt;Away" in page
    assert "Replay all failed" in page
    for asked in ({"state": "failed"}, {"q": "in_2"}, {"q": "evt_2"}):
        page = page_of(pages, **asked)
        assert "evt_2<" in page, asked
        assert "evt_1<" not in page, asked
    assert "evt_1<" in page_of(pages, q="INVOICE.")
    for hostile in ("\x00", "<script>", "'--", "x" * 5000):
        assert "<script>" not in page_of(pages, q=hostile, before="9" * 30).split("<main")[1]


def test_how_old_what_waits_is(pages: Browser, operator: User) -> None:
    store(1, received_at=clock.now() - timedelta(hours=3))
    assert "3 hours ago" in page_of(pages)


def test_one_is_shown_without_what_is_personal(pages: Browser, operator: User) -> None:
    body = pages.on(BASE).get(at("ops-stripe-event", store().pk)).content.decode()
    assert "in_1" in body
    assert "Ada" not in body
    assert pages.on(BASE).get(at("ops-stripe-event", 10**9)).status_code == 404


def test_replaying_is_noted_where_it_belongs(pages: Browser, operator: User, acme: TenantContext) -> None:
    row = store(1, state="failed", settled_at=clock.now(), tenant=acme.tenant_id)
    other = store(2, state="failed", settled_at=clock.now())
    client = pages.on(BASE)
    assert client.post(at("ops-stripe-replay", row.pk)).status_code == 302
    assert client.post(at("ops-stripe-replay", row.pk)).status_code == 409
    with enter_tenant(acme):
        entry = AuditEntry.objects.order_by("pk").last()
        assert entry is not None
        assert (entry.action, entry.actor_kind, entry.note) == (
            "stripe_event.replayed",
            "operator",
            "invoice.paid evt_1",
        )
    assert client.post(at("ops-stripe-replay", other.pk)).status_code == 302
    assert LogEntry.objects.filter(user_id=operator.pk).count() == 2
    assert len(list_queued(state="todo", name=JOB)) == 2


def test_all_that_failed_are_replayed_at_once(pages: Browser, operator: User) -> None:
    for number in range(3):
        store(number, state="failed", settled_at=clock.now())
    client = pages.on(BASE)
    assert client.post(at("ops-stripe-replay-all")).status_code == 302
    assert "3 events wait again" in page_of(pages)
    assert not StripeEvent.objects.filter(state="failed").exists()
    client.post(at("ops-stripe-replay-all"))
    assert "No event has failed" in page_of(pages)
    assert LogEntry.objects.filter(user_id=operator.pk).count() == 1


def test_the_list_takes_as_many_queries_for_many_as_for_few(pages: Browser, operator: User) -> None:
    store(1)
    with CaptureQueriesContext(connection) as few:
        page_of(pages)
    StripeEvent.objects.bulk_create(
        StripeEvent(stripe_id=f"evt_many_{number}", type="invoice.paid", made_at=clock.now(), payload={})
        for number in range(300)
    )
    with CaptureQueriesContext(connection) as many:
        page = page_of(pages)
    assert len(many) == len(few)
    assert "Older ones" in page


def test_the_last_comparison_and_what_it_found_is_shown(
    pages: Browser, operator: User, acme: TenantContext, settings: object
) -> None:
    settings.BILLING_ON = True  # type: ignore[attr-defined]
    assert "There was none yet" in page_of(pages)
    now = clock.now()
    finding = {"kind": "differs", "about": "<sub_1>", "tenant_id": acme.tenant_id, "what": "status"}
    run = Reconciliation.objects.create(
        started_at=now - timedelta(minutes=5),
        ended_at=now,
        subscriptions=2,
        events=1,
        found=1,
        findings=[finding],
    )
    page = page_of(pages)
    assert "Our copy of a subscription was not what Stripe says." in page
    assert "&lt;sub_1&gt;" in page
    assert "2 subscriptions and 1 event compared" in page
    run.error = "Our payment provider did not answer"
    run.save()
    assert "It failed" in page_of(pages)


def test_it_is_compared_now_when_somebody_asks(pages: Browser, operator: User) -> None:
    for _ in range(2):
        assert pages.on(BASE).post(at("ops-stripe-compare")).status_code == 302
    assert len(list_queued(state="todo", name="billing.inbox.reconcile")) == 1
    assert LogEntry.objects.filter(user_id=operator.pk, change_message="billing.compared").count() == 2
