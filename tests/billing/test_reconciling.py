"""Once an hour everything is compared with Stripe: whatever was lost is right then."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from billing import reconciling
from billing.errors import BillingOffError, StripeAwayError
from billing.inbox.jobs import begin_reconciliation, reconcile
from billing.inbox.processing import work_off
from billing.mirror import refresh_subscription
from billing.models import Reconciliation, StripeEvent, Subscription
from billing.reconciling import get_last_run, reconcile_billing
from saas.events.jobs import PUBLIC
from saas.events.queue import list_queued
from tenants.models import Tenant
from tests.billing.inbox.scene import Paying, begin_paying
from tests.billing.making import tenant_of
from tests.cast import ACME, GLOBEX
from tests.stripe import StripeServer


@pytest.fixture
def paying(db: None, stripe_server: StripeServer) -> Paying:
    found = begin_paying(stripe_server)
    refresh_subscription(stripe_id=found.subscription_id)
    reconcile_billing()
    return found


def kinds(seen: reconciling.Comparison) -> set[str]:
    return {one.kind for one in seen.findings if one.kind != "event"}


def test_where_everything_agrees_nothing_is_found(paying: Paying) -> None:
    before = paying.row.seen_at
    seen = reconcile_billing()
    assert (seen.subscriptions, seen.findings) == (1, [])
    assert paying.row.seen_at == before
    run = get_last_run()
    assert run is not None
    assert (run.found, run.error, run.subscriptions) == (0, "", 1)


def test_all_webhooks_lost_a_checkout_is_right_within_the_hour(db: None, stripe_server: StripeServer) -> None:
    paying = begin_paying(stripe_server)
    assert not Subscription.objects.exists()
    seen = reconcile_billing()
    assert kinds(seen) == {"missing"}
    assert (paying.row.plan, paying.row.status) == ("growth", "active")
    phases = tenant_of(ACME).entitlements["phases"]
    assert phases[0]["plan"] == "growth"


def test_all_webhooks_lost_a_cancellation_is_right_within_the_hour(paying: Paying) -> None:
    paying.cancel_there()
    seen = reconcile_billing()
    assert [(one.kind, one.about, one.tenant_id) for one in seen.findings if one.kind != "event"] == [
        ("differs", paying.subscription_id, paying.row.tenant_id)
    ]
    assert paying.knows
    assert kinds(reconcile_billing()) == set()


def test_all_webhooks_lost_an_end_is_right_within_the_hour(paying: Paying) -> None:
    paying.end_there()
    assert kinds(reconcile_billing()) == {"ended"}
    assert paying.row.ended_at is not None
    assert "phases" not in tenant_of(ACME).entitlements
    assert kinds(reconcile_billing()) == set()


def test_lost_events_are_stored_like_webhooks_and_worked_off(paying: Paying) -> None:
    StripeEvent.objects.all().delete()
    Reconciliation.objects.all().delete()
    seen = reconcile_billing()
    assert seen.events > 0
    stored = list(StripeEvent.objects.all())
    assert {one.about for one in seen.findings if one.kind == "event"} == {one.stripe_id for one in stored}
    assert "customer.subscription.created" in {one.type for one in stored}
    assert "price.created" not in {one.type for one in stored}
    assert len(list_queued(state="todo", name="process_event")) >= min(len(stored), 1)
    for one in stored:
        work_off(event_id=one.pk)
    assert not StripeEvent.objects.filter(state="received").exists()
    again = reconcile_billing()
    assert again.findings == []


def test_entitlements_that_differ_are_rewritten(paying: Paying) -> None:
    Tenant.objects.filter(slug=ACME.slug).update(entitlements={})
    Tenant.objects.filter(slug=GLOBEX.slug).update(
        entitlements={"phases": [{"starts_at": "2026-01-01T00:00:00+00:00", "plan": "pro", "why": "paid"}]}
    )
    seen = reconcile_billing()
    assert {(one.kind, one.tenant_id) for one in seen.findings} == {
        ("entitlements", tenant_of(ACME).pk),
        ("entitlements", tenant_of(GLOBEX).pk),
    }
    assert tenant_of(ACME).entitlements["phases"][0]["plan"] == "growth"
    assert tenant_of(GLOBEX).entitlements == {}


def test_a_dry_run_says_the_same_and_changes_nothing(paying: Paying) -> None:
    paying.cancel_there()
    Tenant.objects.filter(slug=GLOBEX.slug).update(entitlements={"phases": []})
    runs, events = Reconciliation.objects.count(), StripeEvent.objects.count()
    seen = reconcile_billing(dry_run=True)
    assert kinds(seen) == {"differs", "entitlements"}
    assert not paying.knows
    assert tenant_of(GLOBEX).entitlements == {"phases": []}
    assert (Reconciliation.objects.count(), StripeEvent.objects.count()) == (runs, events)


def test_a_subscription_of_nobodys_is_told_and_left_alone(paying: Paying) -> None:
    stranger = begin_paying(paying.server, GLOBEX)
    paying.server.client.v1.subscriptions.update(
        stranger.subscription_id, {"metadata": {"tenant_id": "999999", "payer": "nobody"}}
    )
    seen = reconcile_billing()
    assert [one.about for one in seen.findings if one.kind == "unknown"] == [stranger.subscription_id]
    assert Subscription.objects.count() == 1


def test_a_stripe_that_is_away_is_noted(paying: Paying) -> None:
    paying.server.control.faults(status=503)
    with pytest.raises(StripeAwayError):
        reconcile_billing()
    run = get_last_run()
    assert run is not None
    assert "did not answer" in run.error
    paying.server.control.clear_faults()
    reconcile(tenant=PUBLIC)
    run = get_last_run()
    assert run is not None
    assert run.error == ""


def test_where_nothing_is_sold_there_is_nothing_to_compare(db: None) -> None:
    begin_reconciliation(tenant=PUBLIC)
    assert not list_queued(state="todo", name="reconcile")
    with pytest.raises(BillingOffError):
        reconcile_billing()


def test_the_command_says_what_it_found(paying: Paying, capsys: pytest.CaptureFixture[str]) -> None:
    paying.cancel_there()
    call_command("reconcile_billing", dry_run=True)
    told = capsys.readouterr().out
    assert (
        f"{paying.subscription_id}: Our copy of a subscription was not what Stripe says. (cancel_at" in told
    )
    assert "would be mended" in told
    assert not paying.knows
    call_command("reconcile_billing")
    assert paying.knows
    call_command("reconcile_billing")
    assert "everything agrees" in capsys.readouterr().out
    paying.server.control.faults(status=503)
    with pytest.raises(CommandError, match="did not answer"):
        call_command("reconcile_billing")
    paying.server.control.clear_faults()
