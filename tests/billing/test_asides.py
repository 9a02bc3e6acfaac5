"""A bank is asked about a larger plan while a smaller one is planned: on a yes the larger one holds, else what was planned stands again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from billing import asides, portal
from billing.asides import LEAST_LEFT, list_due_asides, put_back
from billing.changing import cancel_subscription, undo_planned_change
from billing.errors import ConfirmationNeededError, PlannedFirstError, StripeAwayError, StripeRefusedError
from billing.jobs import plan_again, settle_attempts
from billing.mirror import refresh_subscription
from billing.models import BillingAttempt
from billing.notices import list_notices
from billing.portal import refresh_tenant
from billing.shifts import version_of
from saas.core import clock
from saas.events.jobs import PUBLIC
from saas.events.queue import list_queued
from tests.billing.shop import ACTOR, SECURE, Shop
from tests.billing.test_changing import change, recorded, use_card
from tests.billing.test_confirming import approve, confirm
from tests.mailbox import send_waiting

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def planned(shop: Shop) -> Shop:
    """Acme pays for Growth, Starter is planned for the end of the period, and the bank wants to be asked about Pro."""
    shop.skip_trial()
    shop.buy()
    change(shop, "starter")
    use_card(shop, SECURE)
    with pytest.raises(ConfirmationNeededError):
        change(shop, "pro")
    assert stands(shop) == ("growth", "starter")
    return shop


def stands(shop: Shop) -> tuple[str, str]:
    """(plan, planned) as Stripe has it and our row says."""
    row = refresh_subscription(stripe_id=shop.row().stripe_id)
    assert row is not None
    assert bool(shop.told().schedule) == bool(row.next_plan)
    return row.plan, row.next_plan


def come_back(shop: Shop) -> bool:
    refresh_tenant(tenant_id=shop.tenant.pk)
    return put_back(tenant_id=shop.tenant.pk)


def kept(shop: Shop) -> list[str]:
    rows = BillingAttempt.objects.filter(tenant=shop.tenant, kind="aside").order_by("pk")
    return list(rows.values_list("state", flat=True))


def test_on_a_yes_the_larger_plan_takes_the_place_of_what_was_planned(planned: Shop) -> None:
    address = confirm(planned)
    assert stands(planned) == ("growth", "")
    assert [one.kind for one in list_notices(tenant=planned.tenant)] == ["aside"]
    approve(planned, address)
    assert not come_back(planned)
    assert stands(planned) == ("pro", "")
    assert kept(planned) == ["failed"]
    assert list_notices(tenant=planned.tenant) == []
    assert recorded(planned)[-2:] == ["plan.portal_opened", "plan.changed"]


def test_turned_back_what_was_planned_stands_again(planned: Shop) -> None:
    before = planned.row()
    confirm(planned)
    assert come_back(planned)
    assert not come_back(planned)
    row = planned.row()
    assert (row.plan, row.next_plan, row.next_interval) == ("growth", "starter", "month")
    assert (row.period_end, row.status) == (before.period_end, "active")
    assert stands(planned) == ("growth", "starter")
    assert planned.plan_in_force(clock.now() + timedelta(days=32)) == ("starter", "paid")
    assert len(planned.stripe.v1.invoices.list({"subscription": row.stripe_id}).data) == 1
    assert recorded(planned)[-2:] == ["plan.portal_opened", "plan.change_planned"]
    # And once more, as often as they like.
    approve(planned, confirm(planned))
    assert not come_back(planned)
    assert stands(planned) == ("pro", "")


def test_who_never_comes_back_has_it_planned_again_within_two_hours(planned: Shop) -> None:
    confirm(planned)
    assert list_due_asides() == []
    BillingAttempt.objects.filter(kind="aside").update(expires_at=clock.now())
    settle_attempts(tenant=PUBLIC)
    assert [one.name for one in list_queued(state="todo", name=plan_again.name)] == [plan_again.name]
    for _ in range(2):
        plan_again(tenant=PUBLIC, tenant_id=planned.tenant.pk)
    assert stands(planned) == ("growth", "starter")
    assert list_due_asides() == []


def test_a_yes_after_it_was_planned_again_still_counts(planned: Shop) -> None:
    address = confirm(planned)
    assert come_back(planned)
    approve(planned, address)
    assert not come_back(planned)
    assert stands(planned) == ("pro", "")


def test_a_yes_whose_news_come_late_is_not_planned_over(planned: Shop) -> None:
    approve(planned, confirm(planned))
    assert planned.row().plan == "growth"  # nothing was heard of it
    assert not put_back(tenant_id=planned.tenant.pk)
    assert stands(planned) == ("pro", "")


@pytest.mark.parametrize("act", [cancel_subscription, undo_planned_change])
def test_whoever_decides_something_else_has_decided_about_it(planned: Shop, act: Callable[..., Any]) -> None:
    confirm(planned)
    act(tenant_id=planned.tenant.pk, version=version_of(planned.row()), actor=ACTOR)
    assert not come_back(planned)
    assert stands(planned) == ("growth", "")


def test_planned_anew_meanwhile_the_newer_one_stays(planned: Shop) -> None:
    confirm(planned)
    change(planned, "starter", "year")
    assert not come_back(planned)
    assert (planned.row().next_plan, planned.row().next_interval) == ("starter", "year")


def test_another_tab_keeps_it_aside_for_longer(planned: Shop) -> None:
    confirm(planned)
    BillingAttempt.objects.filter(kind="aside").update(expires_at=clock.now())
    confirm(planned)
    assert (kept(planned), list_due_asides()) == (["open"], [])


def test_nothing_is_set_aside_that_would_begin_meanwhile(
    planned: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = planned.row().period_end
    assert ends is not None
    monkeypatch.setattr(asides, "LEAST_LEFT", ends - clock.now() + LEAST_LEFT)
    with pytest.raises(PlannedFirstError, match="less than a day ahead"):
        confirm(planned)
    assert (stands(planned), kept(planned)) == (("growth", "starter"), [])


def test_a_schedule_that_plans_nothing_any_more_is_no_hindrance(shop: Shop) -> None:
    """After a smaller plan began, Stripe's schedule holds the subscription for one period more."""
    shop.skip_trial()
    shop.buy()
    change(shop, "starter")
    ends = shop.row().period_end
    assert ends is not None
    shop.server.control.set_time(ends.timestamp() + 3_700)
    row = refresh_subscription(stripe_id=shop.row().stripe_id)
    assert row is not None
    assert (row.plan, row.next_plan, bool(row.schedule_id)) == ("starter", "", True)
    use_card(shop, SECURE)
    with pytest.raises(ConfirmationNeededError):
        change(shop, "pro")
    approve(shop, confirm(shop), standing="starter_month")
    assert not come_back(shop)
    assert (stands(shop), kept(shop)) == (("pro", ""), [])


@pytest.mark.parametrize("where", ["release", "session"])
def test_stripe_away_on_the_way_there_leaves_it_planned(
    planned: Shop, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise StripeAwayError

    with monkeypatch.context() as patch:
        patch.setattr(
            *{"release": (asides, "release_schedule"), "session": (portal, "_open_confirming")}[where], away
        )
        with pytest.raises(StripeAwayError):
            confirm(planned)
    assert stands(planned) == ("growth", "starter")


@pytest.mark.parametrize("when", ["written", "released"])
def test_killed_on_the_way_there_it_is_planned_again(
    planned: Shop, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    class Killed(BaseException):
        pass

    def die(*_: Any, **__: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(
            *{"written": (asides, "release_schedule"), "released": (portal, "_open_confirming")}[when], die
        )
        with pytest.raises(Killed):
            confirm(planned)
    assert kept(planned) == ["open"]
    put_back(tenant_id=planned.tenant.pk)
    assert stands(planned) == ("growth", "starter")


def test_an_answer_that_was_lost_is_asked_for_again_with_the_same_key(planned: Shop) -> None:
    confirm(planned)
    planned.server.control.faults(cut=True, after=True, path="/v1/subscription_schedules")
    with pytest.raises(StripeAwayError):
        put_back(tenant_id=planned.tenant.pk)
    assert kept(planned) == ["open"]
    planned.server.control.clear_faults()
    assert put_back(tenant_id=planned.tenant.pk)
    assert stands(planned) == ("growth", "starter")


def test_what_stripe_takes_no_more_is_told_and_not_tried_for_ever(
    planned: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    confirm(planned)
    send_waiting()

    def refuse(**_: Any) -> None:
        raise StripeRefusedError

    monkeypatch.setattr(asides, "plan_later", refuse)
    assert not put_back(tenant_id=planned.tenant.pk)
    assert (kept(planned), planned.row().plan) == (["failed"], "growth")
    (mail,) = send_waiting()
    assert "plan the change of your plan again" in mail.subject
