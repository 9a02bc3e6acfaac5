"""Another plan: shown with what it costs, then charged just so; less at the end of the period; one of two who act at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from billing.changing import cancel_subscription, change_plan, resume_subscription, undo_planned_change
from billing.errors import (
    CardDeclinedError,
    ConfirmationNeededError,
    NoSubscriptionError,
    NothingToChangeError,
    PlanChangedError,
    PlanEndsError,
    PlanNotForSaleError,
)
from billing.models import BillingAttempt, Subscription
from billing.shifts import version_of
from engagement.audit.models import AuditEntry
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tests.billing.shop import ACTOR, DECLINED, SECURE, Shop

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def paid(shop: Shop) -> Shop:
    """Acme pays for Growth by the month."""
    shop.skip_trial()
    shop.buy()
    return shop


def change(shop: Shop, plan: str, interval: str = "month", quantity: int = 1, **more: Any) -> Subscription:
    shown = shop.preview(plan, interval, quantity)
    wanted: dict[str, Any] = {"proration_date": shown.proration_date, "version": shown.version, **more}
    return change_plan(
        tenant_id=shop.tenant.pk, plan=plan, interval=interval, quantity=quantity, actor=ACTOR, **wanted
    )


def recorded(shop: Shop) -> list[str]:
    with enter_tenant(TenantContext.of(shop.tenant)):
        found = AuditEntry.objects.filter(action__startswith="plan.").order_by("pk")
        return list(found.values_list("action", flat=True))


def test_more_begins_at_once_and_costs_what_was_shown(paid: Shop) -> None:
    shown = paid.preview("pro")
    assert (shown.kind, shown.currency) == ("now", "usd")
    assert 0 < shown.due_now <= 2500
    assert shown.credit > 0
    assert sum(line.amount for line in shown.lines) == shown.due_now
    assert shown.next_amount == 5000
    row = change(paid, "pro", proration_date=shown.proration_date)
    assert row.plan == "pro"
    assert paid.plan_in_force(clock.now()) == ("pro", "paid")
    invoice = paid.stripe.v1.invoices.list({"subscription": row.stripe_id, "limit": 1}).data[0]
    assert (invoice.status, invoice.amount_paid) == ("paid", shown.due_now)
    assert recorded(paid) == ["plan.checkout_begun", "plan.started", "plan.changed"]


def test_less_begins_when_what_was_paid_for_is_used_up(paid: Shop) -> None:
    shown = paid.preview("starter")
    assert (shown.kind, shown.due_now, shown.credit, shown.next_amount) == ("later", 0, 0, 1000)
    assert shown.effective_at == paid.row().period_end
    row = change(paid, "starter")
    assert (row.plan, row.next_plan, row.next_interval) == ("growth", "starter", "month")
    now = clock.now()
    assert paid.plan_in_force(now) == ("growth", "paid")
    assert paid.plan_in_force(now + timedelta(days=32)) == ("starter", "paid")
    row = undo_planned_change(tenant_id=paid.tenant.pk, version=version_of(row), actor=ACTOR)
    assert (row.next_plan, row.schedule_id) == ("", "")
    assert paid.plan_in_force(now + timedelta(days=32)) == ("growth", "paid")
    assert recorded(paid)[-2:] == ["plan.change_planned", "plan.change_undone"]


def test_a_planned_change_is_replaced_by_another_and_by_more(paid: Shop) -> None:
    change(paid, "starter")
    row = change(paid, "starter", "year")
    assert (row.next_plan, row.next_interval) == ("starter", "year")
    row = change(paid, "pro")
    assert (row.plan, row.next_plan, row.schedule_id) == ("pro", "", "")


def test_a_year_begins_at_once_and_a_month_when_the_year_is_over(paid: Shop) -> None:
    shown = paid.preview("growth", "year")
    assert shown.kind == "now"
    assert 25000 - 2500 <= shown.due_now < 25000
    row = change(paid, "growth", "year")
    assert (row.interval, row.quantity) == ("year", 1)
    assert row.period_end is not None
    assert row.period_end - clock.now() > timedelta(days=360)
    told = paid.told()
    assert {item.price.lookup_key for item in told["items"].data} == {"growth_year"}
    assert paid.preview("growth", "month").kind == "later"
    row = change(paid, "growth", "month")
    assert (row.interval, row.next_interval) == ("year", "month")


def test_a_declined_card_changes_nothing(paid: Shop) -> None:
    change(paid, "starter")
    before = paid.row()
    use_card(paid, DECLINED)
    with pytest.raises(CardDeclinedError, match="declined"):
        change(paid, "pro")
    row = paid.row()
    assert (row.plan, row.status, row.next_plan) == ("growth", "active", "starter")
    assert row.period_end == before.period_end
    assert paid.plan_in_force(clock.now()) == ("growth", "paid")
    assert not paid.stripe.v1.invoices.list({"subscription": row.stripe_id, "status": "open"}).data
    assert (
        BillingAttempt.objects.filter(kind="change").order_by("-pk").values_list("state", flat=True)[0]
        == "failed"
    )
    use_card(paid, "4242424242424242")
    assert change(paid, "pro").plan == "pro"


def test_a_card_whose_bank_wants_to_be_asked_changes_nothing(paid: Shop) -> None:
    use_card(paid, SECURE)
    with pytest.raises(ConfirmationNeededError, match="wants whoever pays to confirm"):
        change(paid, "pro")
    assert (paid.row().plan, paid.row().status) == ("growth", "active")
    assert not paid.stripe.v1.invoices.list({"subscription": paid.row().stripe_id, "status": "open"}).data


def use_card(shop: Shop, number: str) -> None:
    """The customer's card from now on."""
    row = shop.row()
    tokens = {
        SECURE: "pm_card_authenticationRequired",
        DECLINED: "pm_card_chargeCustomerFail",
        "4242424242424242": "pm_card_visa",
    }
    method = shop.stripe.v1.payment_methods.attach(tokens[number], {"customer": row.payer.stripe_id or ""})
    shop.stripe.v1.subscriptions.update(row.stripe_id, {"default_payment_method": method.id})


def test_cancelled_it_runs_to_its_end_and_can_be_resumed(paid: Shop) -> None:
    change(paid, "starter")
    row = cancel_subscription(tenant_id=paid.tenant.pk, version=version_of(paid.row()), actor=ACTOR)
    assert row.cancel_at == row.period_end
    assert row.next_plan == ""
    now = clock.now()
    assert paid.plan_in_force(now) == ("growth", "paid")
    assert paid.plan_in_force(now + timedelta(days=32)) == ("free", "")
    with pytest.raises(PlanEndsError):
        paid.preview("pro")
    again = cancel_subscription(tenant_id=paid.tenant.pk, version=version_of(row), actor=ACTOR)
    assert again.cancel_at == row.cancel_at
    row = resume_subscription(tenant_id=paid.tenant.pk, version=version_of(row), actor=ACTOR)
    assert row.cancel_at is None
    assert paid.plan_in_force(now + timedelta(days=32)) == ("growth", "paid")
    assert recorded(paid)[-3:] == ["plan.change_planned", "plan.cancelled", "plan.resumed"]


def test_within_a_trial_another_plan_costs_nothing_yet(shop: Shop) -> None:
    row = shop.buy()
    assert row.status == "trialing"
    shown = shop.preview("pro")
    assert (shown.kind, shown.due_now, shown.next_amount) == ("trial", 0, 5000)
    row = change(shop, "pro")
    assert (row.plan, row.status) == ("pro", "trialing")
    assert row.trial_end is not None
    row = change(shop, "starter")
    assert (row.plan, row.status, row.next_plan) == ("starter", "trialing", "")
    row = cancel_subscription(tenant_id=shop.tenant.pk, version=version_of(row), actor=ACTOR)
    assert row.cancel_at == row.trial_end


def test_cohorts_more_at_once_and_fewer_later(shop: Shop) -> None:
    from tenants.models import Tenant

    Tenant.objects.filter(pk=shop.tenant.pk).update(kind="course")
    shop.skip_trial()
    row = shop.buy("course", quantity=2)
    assert row.quantity == 2
    row = change(shop, "course", quantity=5)
    assert (row.quantity, row.next_quantity) == (5, 0)
    row = change(shop, "course", quantity=3)
    assert (row.quantity, row.next_plan, row.next_quantity) == (5, "course", 3)


def test_a_form_that_is_sent_twice_charges_once(paid: Shop) -> None:
    shown = paid.preview("pro")
    for _ in range(2):
        row = change_again(paid, shown)
    assert row.plan == "pro"
    invoices = paid.stripe.v1.invoices.list({"subscription": row.stripe_id}).data
    assert [invoice.amount_paid for invoice in invoices] == [shown.due_now, 2500]
    assert recorded(paid).count("plan.changed") == 1


def change_again(shop: Shop, shown: Any) -> Subscription:
    try:
        return change_plan(
            tenant_id=shop.tenant.pk,
            plan=shown.choice.plan.key,
            interval=shown.choice.interval,
            proration_date=shown.proration_date,
            version=shown.version,
            actor=ACTOR,
        )
    except NothingToChangeError:
        return shop.row()


def test_who_comes_second_is_told_what_stands(paid: Shop) -> None:
    shown = paid.preview("starter")
    change(paid, "pro")
    with pytest.raises(PlanChangedError, match=r"because Ada changed the plan meanwhile\. The plan is Pro"):
        change_again(paid, shown)
    assert (paid.row().plan, paid.row().next_plan) == ("pro", "")


@pytest.mark.parametrize(
    ("plan", "interval", "quantity"),
    [
        ("free", "month", 1),
        ("scale", "month", 1),
        ("pro", "week", 1),
        ("pro", "month", 3),
        ("pro", "month", 0),
    ],
)
def test_what_cannot_be_chosen(paid: Shop, plan: str, interval: str, quantity: int) -> None:
    with pytest.raises(PlanNotForSaleError):
        paid.preview(plan, interval, quantity)
    with pytest.raises(PlanNotForSaleError):
        change_plan(
            tenant_id=paid.tenant.pk, plan=plan, interval=interval, quantity=quantity,
            proration_date=0, version="", actor=ACTOR,
        )  # fmt: skip


def test_nobody_prorates_back_to_the_beginning(paid: Shop) -> None:
    """A browser names a moment long before what it was shown, or one that is still to come."""
    shown = paid.preview("pro")
    for moment in (0, shown.proration_date - 7200, shown.proration_date + 10**6):
        with pytest.raises(NothingToChangeError):
            change(paid, "growth", proration_date=moment)
    row = change(paid, "pro", proration_date=shown.proration_date + 10**6)
    invoice = paid.stripe.v1.invoices.list({"subscription": row.stripe_id, "limit": 1}).data[0]
    assert invoice.amount_paid == shown.due_now


def test_without_a_plan_there_is_nothing_to_change(shop: Shop) -> None:
    with pytest.raises(NoSubscriptionError):
        shop.preview("pro")
    with pytest.raises(NoSubscriptionError):
        cancel_subscription(tenant_id=shop.tenant.pk, version="", actor=ACTOR)
