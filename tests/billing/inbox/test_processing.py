"""An event is worked off: by its type and ids alone, from what Stripe says now."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from billing.errors import StripeAwayError
from billing.inbox.jobs import process_event
from billing.inbox.processing import CLAIM, MAX_TRIES, is_followed, work_off
from billing.mirror import refresh_subscription
from billing.models import BillingAttempt, StripeEvent, Subscription
from saas.core import clock
from saas.events.jobs import PUBLIC
from saas.events.retries import RetryLaterError
from tests.billing.inbox.material import make_event
from tests.billing.inbox.scene import Paying, begin_paying, come_in
from tests.billing.shop import Shop
from tests.cast import GLOBEX
from tests.stripe import StripeServer


@pytest.fixture
def paying(db: None, _endpoint: None, stripe_server: StripeServer) -> Paying:
    found = begin_paying(stripe_server)
    refresh_subscription(stripe_id=found.subscription_id)
    return found


def about(paying: Paying, kind: str) -> dict[str, Any]:
    """An event of that kind of object, as Stripe's own of it are: the object's id, and its customer."""
    listed = paying.server.thread.call(lambda: paying.server.thread.server.store.list(kind))
    thing = next(one for one in listed if one["object"] == kind)
    return {"id": thing["id"], "object": kind, "customer": paying.customer_id}


@pytest.mark.parametrize(
    ("event_type", "kind"),
    [
        ("customer.subscription.updated", "subscription"),
        ("customer.subscription.trial_will_end", "subscription"),
        ("invoice.paid", "invoice"),
        ("invoice.payment_failed", "invoice"),
        ("customer.updated", "customer"),
        ("customer.discount.created", "customer"),
        ("charge.succeeded", "charge"),
    ],
)
def test_what_it_is_about_is_fetched_and_mirrored(paying: Paying, event_type: str, kind: str) -> None:
    paying.cancel_there()
    assert not paying.knows
    event = come_in(make_event(type=event_type, data={"object": about(paying, kind)}))
    process_event(tenant=PUBLIC, event_id=event.pk)
    event.refresh_from_db()
    assert paying.knows
    assert (event.state, event.tries, event.error, event.tenant_id) == (
        "processed",
        1,
        "",
        paying.row.tenant_id,
    )
    assert event.settled_at is not None
    assert event.claimed_until is None


def test_a_refund_leads_to_what_its_customer_pays_for(paying: Paying) -> None:
    charge = about(paying, "charge")
    refund = paying.server.client.v1.refunds.create({"charge": charge["id"], "amount": 100})
    paying.cancel_there()
    for number, (event_type, thing) in enumerate(
        [
            ("charge.refunded", charge),
            ("refund.created", {"id": refund.id, "object": "refund", "charge": charge["id"]}),
        ]
    ):
        StripeEvent.objects.all().delete()
        event = come_in(make_event(number, type=event_type, data={"object": thing}))
        work_off(event_id=event.pk)
        event.refresh_from_db()
        assert event.state == "processed", event_type
    assert paying.knows


def test_a_schedule_leads_to_its_subscription(paying: Paying) -> None:
    made = paying.server.client.v1.subscription_schedules.create(
        {"from_subscription": paying.subscription_id}
    )
    event = come_in(
        make_event(
            type="subscription_schedule.created",
            data={"object": {"id": made.id, "object": "subscription_schedule"}},
        )
    )
    work_off(event_id=event.pk)
    assert paying.row.schedule_id == made.id


@pytest.mark.parametrize(
    "event_type", ["product.updated", "payment_method.attached", "made.up", "<script>", "invoiceitem.x"]
)
def test_what_concerns_no_subscription_is_ignored_without_asking(
    db: None, settings: object, event_type: str
) -> None:
    settings.STRIPE_API_URL = "http://127.0.0.1:1"  # type: ignore[attr-defined]
    assert not is_followed(event_type)
    event = come_in(make_event(type=event_type))
    work_off(event_id=event.pk)
    event.refresh_from_db()
    assert (event.state, event.error) == ("ignored", "")


@pytest.mark.parametrize(
    ("event_type", "thing"),
    [
        ("customer.subscription.updated", {"id": "sub_nobodys", "object": "subscription"}),
        ("invoice.paid", {"id": "in_nobodys", "object": "invoice"}),
        ("invoice.upcoming", {"object": "invoice"}),
        ("charge.refunded", {"id": "ch_nobodys", "object": "charge"}),
        ("customer.updated", {"id": "cus_nobodys", "object": "customer"}),
        ("subscription_schedule.updated", {"id": "sub_sched_nobodys", "object": "subscription_schedule"}),
    ],
)
def test_what_is_nobodys_changes_nothing(paying: Paying, event_type: str, thing: dict[str, str]) -> None:
    paying.cancel_there()
    event = come_in(make_event(type=event_type, data={"object": thing}))
    work_off(event_id=event.pk)
    event.refresh_from_db()
    assert event.state == "ignored"
    assert event.tenant_id is None
    assert not paying.knows


def test_what_an_event_claims_counts_for_nothing(paying: Paying) -> None:
    """Its payload says that the plan ended, is another one and belongs to somebody else."""
    lie = {
        "id": paying.subscription_id,
        "object": "subscription",
        "status": "canceled",
        "customer": "cus_of_another",
        "metadata": {"tenant_id": "999"},
        "items": {"data": []},
    }
    before = paying.row
    event = come_in(make_event(type="customer.subscription.deleted", data={"object": lie}))
    work_off(event_id=event.pk)
    after = paying.row
    assert (after.status, after.plan, after.tenant_id, after.payer_id) == (
        before.status,
        before.plan,
        before.tenant_id,
        before.payer_id,
    )


def test_an_event_of_one_customer_changes_nothing_of_anothers(paying: Paying) -> None:
    other = begin_paying(paying.server, GLOBEX)
    refresh_subscription(stripe_id=other.subscription_id)
    paying.cancel_there()
    other.cancel_there()
    event = come_in(
        make_event(type="customer.updated", data={"object": {"id": other.customer_id, "object": "customer"}})
    )
    work_off(event_id=event.pk)
    assert other.knows
    assert not paying.knows


def test_a_stripe_that_is_away_is_asked_again(paying: Paying) -> None:
    paying.cancel_there()
    event = come_in(
        make_event(type="customer.subscription.updated", data={"object": about(paying, "subscription")})
    )
    paying.server.control.faults(status=503)
    with pytest.raises(StripeAwayError):
        work_off(event_id=event.pk)
    event.refresh_from_db()
    assert (event.state, event.tries, event.claimed_until) == ("received", 1, None)
    assert "did not answer" in event.error
    paying.server.control.clear_faults()
    work_off(event_id=event.pk)
    event.refresh_from_db()
    assert (event.state, event.tries, event.error) == ("processed", 2, "")
    assert paying.knows


def test_after_many_tries_it_has_failed_with_its_error(paying: Paying) -> None:
    event = come_in(
        make_event(type="customer.subscription.updated", data={"object": about(paying, "subscription")})
    )
    StripeEvent.objects.update(tries=MAX_TRIES - 1)
    paying.server.control.faults(status=503)
    work_off(event_id=event.pk)
    event.refresh_from_db()
    assert (event.state, event.tries, "did not answer" in event.error) == ("failed", MAX_TRIES, True)
    paying.server.control.clear_faults()
    work_off(event_id=event.pk)
    event.refresh_from_db()
    assert event.state == "failed"  # settled: only a replay wakes it


def test_what_another_has_in_hand_is_left_to_it(paying: Paying) -> None:
    event = come_in(
        make_event(type="customer.subscription.updated", data={"object": about(paying, "subscription")})
    )
    StripeEvent.objects.update(claimed_until=clock.now() + CLAIM)
    with pytest.raises(RetryLaterError):
        work_off(event_id=event.pk)
    event.refresh_from_db()
    assert (event.state, event.tries) == ("received", 0)
    with clock.frozen_at(clock.now() + CLAIM + timedelta(seconds=1)):
        work_off(event_id=event.pk)
    event.refresh_from_db()
    assert event.state == "processed"


@pytest.mark.parametrize("state", ["processed", "ignored", "failed"])
def test_a_settled_one_is_left_alone(paying: Paying, state: str) -> None:
    event = come_in(
        make_event(type="customer.subscription.updated", data={"object": about(paying, "subscription")})
    )
    StripeEvent.objects.update(state=state)
    paying.cancel_there()
    work_off(event_id=event.pk)
    assert not paying.knows
    work_off(event_id=10**15)  # one that was forgotten


def test_a_buyer_who_never_came_back_has_the_plan_all_the_same(db: None, shop: Shop) -> None:
    shop.skip_trial()
    session = shop.begin("growth")
    shop.pay(session)
    assert not Subscription.objects.exists()
    thing = {"id": session, "object": "checkout.session", "customer": "cus_x"}
    event = come_in(make_event(type="checkout.session.completed", data={"object": thing}))
    work_off(event_id=event.pk)
    event.refresh_from_db()
    assert (event.state, event.tenant_id) == ("processed", shop.tenant.pk)
    assert shop.row().plan == "growth"
    assert BillingAttempt.objects.get(kind="checkout").state == "done"


def test_a_session_that_we_never_began_changes_nothing(paying: Paying) -> None:
    paying.cancel_there()
    for number, session in enumerate(("cs_test_nobodys", "")):
        thing = {"id": session, "object": "checkout.session"}
        event = come_in(make_event(number, type="checkout.session.completed", data={"object": thing}))
        work_off(event_id=event.pk)
        event.refresh_from_db()
        assert event.state == "ignored"
    assert not paying.knows
