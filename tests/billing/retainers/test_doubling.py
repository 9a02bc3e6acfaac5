"""Nobody pays for a community that a retainer covers: pages are closed, and what was bought all the same is found and ended."""

from __future__ import annotations

import pytest

from billing import checkout
from billing.changing import cancel_subscription, resume_subscription
from billing.checkout import apply_session, begin_checkout
from billing.errors import AlreadySubscribedError, StripeAwayError
from billing.models import BillingAttempt, Retainer, RetainerPlace, Subscription
from billing.reconciling import Comparison, reconcile_billing
from billing.retainers.agreeing import end_retainer, renew_retainer
from billing.retainers.covering import cover_community
from billing.retainers.errors import CoveredError
from billing.shifts import version_of
from engagement.audit.models import AuditEntry
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tests.billing.shop import ACTOR, Shop
from tests.mailbox import send_waiting

from .agreeing import agree

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def ready(shop: Shop) -> Shop:
    shop.skip_trial()
    return shop


def cover(row: Retainer, shop: Shop) -> RetainerPlace:
    return cover_community(key=row.key, tenant_id=shop.tenant.pk, actor=ACTOR)


def bought_in_vain(shop: Shop) -> Retainer:
    """On a page that stayed open when the community was covered, as all did before they were closed."""
    session, row = shop.begin("pro"), agree(shop)
    RetainerPlace.objects.create(retainer=row, tenant=shop.tenant)
    shop.pay(session)
    apply_session(tenant_id=shop.tenant.pk, session_id=session)
    return row


def twice(seen: Comparison) -> list[str]:
    return [one.what for one in seen.findings if one.kind == "twice"]


def test_a_page_that_was_open_is_closed(ready: Shop) -> None:
    session = ready.begin("pro")
    cover(agree(ready), ready)
    assert ready.stripe.v1.checkout.sessions.retrieve(session).status == "expired"
    with pytest.raises(ValueError, match="has expired"):
        ready.pay(session)
    assert not Subscription.objects.exists()
    assert BillingAttempt.objects.get().state == "failed"


def test_what_was_bought_on_it_in_the_meantime_counts(ready: Shop) -> None:
    session, row = ready.begin("pro"), agree(ready)
    ready.pay(session)
    with pytest.raises(AlreadySubscribedError):
        cover(row, ready)
    assert ready.row().plan == "pro"
    assert not RetainerPlace.objects.exists()


def test_with_stripe_away_nothing_changes(ready: Shop) -> None:
    session, row = ready.begin("pro"), agree(ready)
    ready.server.control.faults(cut=True, path="/v1/checkout")
    with pytest.raises(StripeAwayError):
        cover(row, ready)
    ready.server.control.clear_faults()
    assert not RetainerPlace.objects.exists()
    assert ready.stripe.v1.checkout.sessions.retrieve(session).status == "open"
    assert cover(row, ready).pk


def test_nobody_begins_one_between_the_look_and_the_lock(
    ready: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, look = agree(ready), checkout.require_unsubscribed

    def covered_meanwhile(tenant: object) -> None:
        look(ready.tenant)
        cover(row, ready)

    monkeypatch.setattr(checkout, "require_unsubscribed", covered_meanwhile)
    with pytest.raises(CoveredError):
        begin_checkout(
            tenant_id=ready.tenant.pk, user=ready.owner, plan="pro", interval="month", currency="usd"
        )
    assert not BillingAttempt.objects.exists()


def test_a_purchase_that_happened_all_the_same_ends_with_credit_and_is_told(ready: Shop) -> None:
    row = bought_in_vain(ready)
    assert twice(reconcile_billing(dry_run=True)) == ["the retainer stays"]
    assert ready.row().ended_at is None
    send_waiting()
    assert twice(reconcile_billing()) == ["the retainer stays"]
    assert ready.row().ended_at is not None
    customer = ready.stripe.v1.customers.retrieve(ready.row().payer.stripe_id or "")
    assert customer.balance == -5_000
    assert ready.plan_in_force(clock.now()) == ("growth", "paid")
    assert {one.subject for one in send_waiting()} == {"Acme Makers: your purchase was taken back"}
    with enter_tenant(TenantContext.of(ready.tenant)):
        assert AuditEntry.objects.filter(action="plan.cancelled").count() == 1
    assert twice(reconcile_billing()) == []
    assert RetainerPlace.objects.get(left_at=None).retainer == row


def test_a_plan_chosen_while_the_retainer_ended_stays_when_it_renews(ready: Shop) -> None:
    row = agree(ready)
    cover(row, ready)
    end_retainer(key=row.key)
    ready.buy("pro")
    assert twice(reconcile_billing()) == []
    renew_retainer(key=row.key)
    assert twice(reconcile_billing()) == ["the plan stays"]
    assert ready.row().ended_at is None
    assert not RetainerPlace.objects.filter(left_at=None).exists()
    assert ready.plan_in_force(clock.now()) == ("pro", "paid")
    assert twice(reconcile_billing()) == []


def test_a_plan_that_ends_is_not_resumed_once_a_retainer_pays(ready: Shop) -> None:
    ready.buy("starter")
    cancelled = cancel_subscription(tenant_id=ready.tenant.pk, version=version_of(ready.row()), actor=ACTOR)
    cover(agree(ready), ready)
    with pytest.raises(CoveredError):
        resume_subscription(tenant_id=ready.tenant.pk, version=version_of(cancelled), actor=ACTOR)
    assert twice(reconcile_billing()) == []
