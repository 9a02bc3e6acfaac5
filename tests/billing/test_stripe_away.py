"""Stripe away, slow, or losing its answers, anywhere: a message that says how things are, and nothing half done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from billing import stripe_api
from billing.changing import cancel_subscription, change_plan
from billing.checkout import apply_session, begin_checkout, list_open_checkouts
from billing.errors import CardDeclinedError, StripeAwayError, StripeUnsureError
from billing.jobs import settle_attempts, settle_one_attempt, settle_one_checkout
from billing.models import BillingAttempt, TrialClaim
from billing.notices import list_notices
from billing.performing import list_open_attempts
from billing.portal import open_portal
from billing.shifts import version_of
from saas.core import clock
from saas.events.jobs import PUBLIC
from tests.billing.making import attempted
from tests.billing.shop import ACTOR, DECLINED, Shop
from tests.billing.test_changing import change, recorded, use_card

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A client that does not sleep between its tries."""
    import stripe

    monkeypatch.setattr(stripe.HTTPClient, "_sleep_time_seconds", lambda *_: 0, raising=True)
    stripe_api._client.cache_clear()
    yield
    stripe_api._client.cache_clear()


@pytest.fixture
def paid(shop: Shop) -> Shop:
    shop.skip_trial()
    shop.buy()
    return shop


def upgrade(shop: Shop, shown: Any) -> Any:
    return change_plan(
        tenant_id=shop.tenant.pk,
        plan="pro",
        interval="month",
        proration_date=shown.proration_date,
        version=shown.version,
        actor=ACTOR,
    )


OUTAGES: list[dict[str, Any]] = [{"status": 503}, {"status": 429}, {"cut": True}, {"latency": 20.0}]


@contextmanager
def away(shop: Shop, outage: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Where Stripe is slow, nobody waits for long; for everything else there is time."""
    shop.server.control.faults(**outage)
    with monkeypatch.context() as patch:
        if "latency" in outage:
            patch.setattr(stripe_api, "TIMEOUT_SECONDS", 0.3)
            stripe_api._client.cache_clear()
        yield
    stripe_api._client.cache_clear()
    shop.server.control.clear_faults()


@pytest.mark.parametrize("outage", OUTAGES, ids=["503", "429", "cut", "slow"])
@pytest.mark.parametrize("act", ["checkout", "portal", "preview", "change", "cancel"])
def test_an_outage_changes_nothing_and_says_so(
    paid: Shop, act: str, outage: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = paid.preview("pro")
    before = [paid.row().plan, paid.row().cancel_at, paid.tenant.entitlements_version]
    tenant = paid.tenant.pk
    acts: dict[str, Callable[[], object]] = {
        "checkout": lambda: apply_session(tenant_id=tenant, session_id=paid.session()),
        "portal": lambda: open_portal(tenant_id=tenant, user=paid.owner),
        "preview": lambda: paid.preview("pro"),
        "change": lambda: upgrade(paid, shown),
        "cancel": lambda: cancel_subscription(tenant_id=tenant, version=shown.version, actor=ACTOR),
    }
    refused = pytest.raises(StripeAwayError, match="nothing was changed and nothing was charged")
    with away(paid, outage, monkeypatch), refused:
        acts[act]()
    assert [paid.row().plan, paid.row().cancel_at, paid.tenant.entitlements_version] == before
    assert paid.told().latest_invoice == paid.stripe.v1.invoices.list().data[0].id
    assert len(paid.stripe.v1.invoices.list().data) == 1
    with clock.frozen_at(clock.now() + timedelta(minutes=5)):
        assert list_open_attempts() == []  # who read that nothing was changed is not surprised later


def test_an_outage_during_the_purchase_leaves_no_customer_twice_and_no_second_page(shop: Shop) -> None:
    for path in ("/v1/customers", "/v1/checkout"):
        shop.server.control.faults(cut=True, after=True, method="POST", path=path)
        with pytest.raises(StripeAwayError):
            begin_checkout(
                tenant_id=shop.tenant.pk, user=shop.owner, plan="growth", interval="month", currency="usd"
            )
        shop.server.control.clear_faults()
    shop.begin()
    assert len(shop.server.control.objects("customer")) == 1
    assert len(shop.server.control.objects("checkout.session")) == 1
    assert TrialClaim.objects.count() == 2


def test_a_lost_answer_to_an_upgrade_is_found_out_by_the_job(paid: Shop) -> None:
    shown = paid.preview("pro")
    paid.server.control.faults(cut=True, after=True, method="POST", path="/v1/subscriptions")
    with pytest.raises(StripeUnsureError, match="Nothing is charged twice"):
        upgrade(paid, shown)
    paid.server.control.clear_faults()
    assert paid.row().plan == "growth"
    (attempt,) = BillingAttempt.objects.filter(kind="change", state="open")
    settle_one_attempt(tenant=PUBLIC, attempt_id=attempt.pk)
    settle_one_attempt(tenant=PUBLIC, attempt_id=attempt.pk)
    assert paid.row().plan == "pro"
    assert recorded(paid).count("plan.changed") == 1
    assert [one.amount_paid for one in paid.stripe.v1.invoices.list().data] == [shown.due_now, 2500]


def test_a_lost_answer_to_an_upgrade_and_the_same_form_again(paid: Shop) -> None:
    shown = paid.preview("pro")
    paid.server.control.faults(cut=True, after=True, method="POST", path="/v1/subscriptions")
    with pytest.raises(StripeUnsureError):
        upgrade(paid, shown)
    paid.server.control.clear_faults()
    assert upgrade(paid, shown).plan == "pro"
    assert BillingAttempt.objects.filter(kind="change").count() == 1
    assert recorded(paid).count("plan.changed") == 1
    assert len(paid.stripe.v1.invoices.list().data) == 2


def test_an_upgrade_that_never_arrived_is_sent_again_by_the_job(paid: Shop) -> None:
    shown = paid.preview("pro")
    paid.server.control.faults(status=503, method="POST", path="/v1/subscriptions")
    with pytest.raises(StripeUnsureError):
        upgrade(paid, shown)
    paid.server.control.clear_faults()
    assert paid.told()["items"].data[0].price.lookup_key == "growth_month"
    (attempt,) = BillingAttempt.objects.filter(kind="change", state="open")
    settle_one_attempt(tenant=PUBLIC, attempt_id=attempt.pk)
    assert paid.row().plan == "pro"


def test_after_an_hour_nothing_is_sent_any_more_and_the_page_says_so(paid: Shop) -> None:
    shown = paid.preview("pro")
    paid.server.control.faults(status=503, method="POST", path="/v1/subscriptions")
    with pytest.raises(StripeUnsureError):
        upgrade(paid, shown)
    paid.server.control.clear_faults()
    (attempt,) = BillingAttempt.objects.filter(kind="change", state="open")
    with clock.frozen_at(clock.now() + timedelta(hours=2)):
        assert list_open_attempts() == [attempt.pk]
        settle_one_attempt(tenant=PUBLIC, attempt_id=attempt.pk)
        assert [notice.kind for notice in list_notices(tenant=paid.tenant)] == ["failed"]
        assert list_open_attempts() == []
    assert (paid.row().plan, BillingAttempt.objects.get(pk=attempt.pk).state) == ("growth", "failed")


def test_a_lost_answer_whose_card_was_declined(paid: Shop) -> None:
    """Stripe said no and nobody heard it: asked again with the same key it says so again."""
    shown = paid.preview("pro")
    use_card(paid, DECLINED)
    with pytest.raises(CardDeclinedError):
        upgrade(paid, shown)
    assert (paid.row().plan, paid.row().status) == ("growth", "active")


@pytest.mark.parametrize("path", ["/v1/subscription_schedules"])
def test_a_lost_answer_while_planning_less(paid: Shop, path: str) -> None:
    shown = paid.preview("starter")
    wanted: dict[str, Any] = {
        "tenant_id": paid.tenant.pk, "plan": "starter", "interval": "month",
        "proration_date": shown.proration_date, "version": shown.version, "actor": ACTOR,
    }  # fmt: skip
    for _ in range(2):
        # The first loses the schedule's making, the second what is planned in it.
        paid.server.control.faults(cut=True, after=True, method="POST", path=path)
        with pytest.raises(StripeUnsureError):
            change_plan(**wanted)
        paid.server.control.clear_faults()
    row = change_plan(**wanted)
    assert (row.plan, row.next_plan) == ("growth", "starter")
    assert len(paid.server.control.objects("subscription_schedule")) == 1
    assert recorded(paid).count("plan.change_planned") == 1


def test_a_lost_answer_to_a_cancellation(paid: Shop) -> None:
    version = version_of(paid.row())
    paid.server.control.faults(cut=True, after=True, method="POST", path="/v1/subscriptions")
    with pytest.raises(StripeUnsureError):
        cancel_subscription(tenant_id=paid.tenant.pk, version=version, actor=ACTOR)
    paid.server.control.clear_faults()
    row = cancel_subscription(tenant_id=paid.tenant.pk, version=version, actor=ACTOR)
    assert row.cancel_at is not None
    assert recorded(paid).count("plan.cancelled") == 1


def test_a_buyer_who_never_came_back_has_the_plan_all_the_same(shop: Shop) -> None:
    session = shop.begin()
    shop.pay(session)
    assert list_open_checkouts() == []
    with clock.frozen_at(clock.now() + timedelta(minutes=11)):
        settle_attempts(tenant=PUBLIC)
        (attempt,) = list_open_checkouts()
        settle_one_checkout(tenant=PUBLIC, attempt_id=attempt)
        settle_one_checkout(tenant=PUBLIC, attempt_id=attempt)
        assert list_open_checkouts() == []
    assert shop.row().plan == "growth"


def test_a_page_that_expired_gives_the_trial_back(shop: Shop) -> None:
    session = shop.begin()
    shop.stripe.v1.checkout.sessions.expire(session)
    (attempt,) = BillingAttempt.objects.all()
    settle_one_checkout(tenant=PUBLIC, attempt_id=attempt.pk)
    assert not TrialClaim.objects.exists()
    attempt.refresh_from_db()
    assert attempt.state == "failed"


def test_a_page_whose_address_was_lost_is_given_up_after_a_day(shop: Shop) -> None:
    shop.server.control.faults(cut=True, after=True, method="POST", path="/v1/checkout")
    with pytest.raises(StripeAwayError):
        shop.begin()
    shop.server.control.clear_faults()
    (attempt,) = BillingAttempt.objects.all()
    settle_one_checkout(tenant=PUBLIC, attempt_id=attempt.pk)
    assert TrialClaim.objects.count() == 2
    with clock.frozen_at(clock.now() + timedelta(days=1, minutes=1)):
        settle_one_checkout(tenant=PUBLIC, attempt_id=attempt.pk)
    assert not TrialClaim.objects.exists()


def test_an_offer_to_another_payer_is_nothing_to_ask_stripe_about(paid: Shop) -> None:
    attempted(kind="move", wanted={"heir": 1, "stripe_id": "sub_1"})
    attempted(kind="invoice", wanted={"plan": "enterprise"})
    with clock.frozen_at(clock.now() + timedelta(hours=3)):
        assert list_open_attempts() == []
        for attempt in BillingAttempt.objects.exclude(kind="checkout"):
            settle_one_attempt(tenant=PUBLIC, attempt_id=attempt.pk)
            settle_one_checkout(tenant=PUBLIC, attempt_id=attempt.pk)
    assert BillingAttempt.objects.filter(state="open").count() == 2


def test_a_limit_of_stripe_s_between_two_requests_is_asked_again(paid: Shop) -> None:
    """The planned change was taken back, and then Stripe was asked too often: nobody is told that nothing was changed."""
    change(paid, "starter")
    shown = paid.preview("pro")
    paid.server.control.faults(status=429, method="POST", path="/v1/subscriptions")
    with pytest.raises(StripeUnsureError):
        upgrade(paid, shown)
    paid.server.control.clear_faults()
    (attempt,) = BillingAttempt.objects.filter(kind="change", state="open")
    settle_one_attempt(tenant=PUBLIC, attempt_id=attempt.pk)
    assert (paid.row().plan, paid.row().next_plan) == ("pro", "")
