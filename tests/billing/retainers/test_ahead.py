"""Agreed ahead: stored, at Stripe's from its day on, its communities have the plan from then; called off before, it never was."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from billing.checkout import begin_checkout
from billing.errors import StripeAwayError
from billing.inbox.processing import work_off
from billing.models import Retainer, RetainerPlace, StripeEvent
from billing.phases import LATE_DAYS
from billing.reconciling import reconcile_billing
from billing.retainers.agreeing import call_off_retainer, end_retainer
from billing.retainers.changing import change_terms, preview_terms
from billing.retainers.covering import cover_community, release_community
from billing.retainers.errors import CoveredError, RetainerBegunError, RetainerEndedError
from billing.retainers.mirroring import refresh_ahead
from billing.retainers.terms import Deal
from saas.core import clock
from saas.core.errors import InvalidInputError
from tests.billing.shop import ACTOR, Shop
from tests.mailbox import send_waiting

from .agreeing import agree

pytestmark = pytest.mark.usefixtures("db")
DAY = timedelta(days=1)


@pytest.fixture
def day() -> datetime:
    return clock.now().replace(microsecond=0) + 40 * DAY


def cover(row: Retainer, shop: Shop) -> RetainerPlace:
    return cover_community(key=row.key, tenant_id=shop.tenant.pk, actor=ACTOR)


def go_to(shop: Shop, moment: datetime) -> Any:
    shop.server.control.set_time(moment.timestamp())
    return clock.frozen_at(moment)


def subscriptions(shop: Shop) -> list[Any]:
    return list(shop.stripe.v1.subscriptions.list({"status": "all"}).data)


def test_its_communities_have_the_plan_from_its_day_on(shop: Shop, day: datetime) -> None:
    row = agree(shop, starts_at=day)
    assert agree(shop, starts_at=day).pk == row.pk
    assert (row.status, row.stripe_id, bool(row.schedule_id)) == ("not_started", None, True)
    cover(row, shop)
    assert shop.plan_in_force(clock.now())[0] == "free"
    assert shop.plan_in_force(day - DAY)[0] == "free"
    # Dated: with no news at all it begins, and the days of delay are given.
    assert shop.plan_in_force(day + DAY) == ("growth", "paid")
    assert shop.plan_in_force(day + (LATE_DAYS + 1) * DAY)[0] == "free"
    assert subscriptions(shop) == []


@pytest.mark.parametrize("news", ["webhook", "comparison"])
def test_on_its_day_it_is_billed_and_goes_on_by_itself(shop: Shop, day: datetime, news: str) -> None:
    until = day + 100 * DAY
    row = agree(shop, starts_at=day, ends_at=until, days_until_due=12)
    cover(row, shop)
    with go_to(shop, day + DAY):
        if news == "comparison":
            reconcile_billing()
        else:
            (begun,) = subscriptions(shop)
            event = StripeEvent.objects.create(
                stripe_id="evt_1", type="customer.subscription.created", object_id=begun.id,
                made_at=clock.now(), payload={},
            )  # fmt: skip
            work_off(event_id=event.pk)
            event.refresh_from_db()
            assert event.state == "processed"
        row.refresh_from_db()
        assert (row.status, row.period_start, row.cancel_at) == ("active", day, until)
        (told,) = subscriptions(shop)
        assert (told.id, told.schedule, told.days_until_due) == (row.stripe_id, None, 12)
        (invoice,) = shop.stripe.v1.invoices.list({"subscription": told.id}).data
        assert invoice.total == 4_000
        assert shop.plan_in_force(day + 25 * DAY) == ("growth", "paid")
        assert not [
            one for one in reconcile_billing().findings if one.kind in {"missing", "unknown", "differs"}
        ]
        with pytest.raises(RetainerBegunError):
            call_off_retainer(key=row.key)


def test_nobody_buys_a_plan_that_would_be_paid_twice_from_then_on(shop: Shop, day: datetime) -> None:
    cover(agree(shop, starts_at=day), shop)
    with pytest.raises(CoveredError):
        begin_checkout(
            tenant_id=shop.tenant.pk, user=shop.owner, plan="pro", interval="month", currency="usd"
        )


def test_called_off_before_it_never_begins(shop: Shop, day: datetime) -> None:
    row = agree(shop, starts_at=day)
    cover(row, shop)
    for _ in range(2):
        row = call_off_retainer(key=row.key, actor=ACTOR)
    assert (row.status, row.ended_at is None) == ("called_off", False)
    assert shop.plan_in_force(day + DAY) == ("free", "")
    assert {one.subject for one in send_waiting()} == {"Acme Makers will not be part of a retainer"}
    with go_to(shop, day + DAY):
        reconcile_billing()
        assert subscriptions(shop) == []
        with pytest.raises(RetainerEndedError):
            cover(row, shop)
    assert agree(shop).pk != row.pk


def test_ending_it_before_is_calling_it_off_and_who_leaves_before_has_no_grace(
    shop: Shop, day: datetime
) -> None:
    row = agree(shop, starts_at=day)
    cover(row, shop)
    release_community(key=row.key, tenant_id=shop.tenant.pk, actor=ACTOR)
    assert shop.plan_in_force(day + DAY) == ("free", "")
    assert end_retainer(key=row.key).status == "called_off"


def test_called_off_at_stripes_it_is_here_within_the_hour(shop: Shop, day: datetime) -> None:
    row = agree(shop, starts_at=day)
    cover(row, shop)
    shop.stripe.v1.subscription_schedules.cancel(row.schedule_id)
    reconcile_billing()
    row.refresh_from_db()
    assert row.status == "called_off"
    assert not RetainerPlace.objects.filter(left_at=None).exists()


def test_its_terms_change_before_it_begins(shop: Shop, day: datetime) -> None:
    row = agree(shop, starts_at=day)
    cover(row, shop)
    wanted = Deal("pro", 9_000, 5, 10)
    shown = preview_terms(key=row.key, deal=wanted, when="now")
    assert (shown.when, shown.effective_at, shown.next_amount, shown.total) == ("start", day, 9_000, 0)
    for _ in range(2):
        row = change_terms(key=row.key, deal=wanted, when="now", version=shown.version, actor=ACTOR)
    assert shop.plan_in_force(day + DAY) == ("pro", "paid")
    with go_to(shop, day + DAY):
        row = refresh_ahead(key=row.key)
        assert (row.status, row.plan, row.amount, row.places) == ("active", "pro", 9_000, 5)
        (told,) = subscriptions(shop)
        assert told.days_until_due == 10


@pytest.mark.parametrize("path", ["/v1/prices", "/v1/subscription_schedules"])
def test_a_lost_answer_makes_one(shop: Shop, day: datetime, path: str) -> None:
    shop.server.control.faults(cut=True, after=True, method="POST", path=path)
    with pytest.raises(StripeAwayError):
        agree(shop, starts_at=day)
    shop.server.control.clear_faults()
    agree(shop, starts_at=day)
    assert len(shop.stripe.v1.subscription_schedules.list().data) == 1
    assert Retainer.objects.count() == 1


def test_a_lost_answer_on_its_day_is_asked_again(shop: Shop, day: datetime) -> None:
    row = agree(shop, starts_at=day, ends_at=day + 100 * DAY)
    with go_to(shop, day + DAY):
        shop.server.control.faults(cut=True, after=True, method="POST", path="/v1/subscriptions")
        with pytest.raises(StripeAwayError):
            refresh_ahead(key=row.key)
        shop.server.control.clear_faults()
        assert refresh_ahead(key=row.key).cancel_at == day + 100 * DAY


def test_a_first_day_that_is_past_is_none(shop: Shop) -> None:
    with pytest.raises(InvalidInputError, match="first day has to be ahead"):
        agree(shop, starts_at=clock.now() - DAY)
    with pytest.raises(InvalidInputError, match="after its first day"):
        agree(shop, starts_at=clock.now() + 9 * DAY, ends_at=clock.now() + 8 * DAY)
