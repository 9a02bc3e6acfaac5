"""A year of a subscription on Stripe's test clock."""

from __future__ import annotations

from typing import Any

import pytest

from billing.changing import cancel_subscription, change_plan, resume_subscription
from billing.checkout import apply_session
from billing.notices import list_notices
from billing.shifts import version_of
from tests.billing.shop import ACTOR, Shop
from tests.billing.shop import CARD as VISA_CARD
from tests.billing.story import FAILING, VISA, Story

pytestmark = [pytest.mark.usefixtures("db"), pytest.mark.slow]


@pytest.fixture
def story(shop: Shop) -> Story:
    return Story(shop.server, shop.community).open()


def begin(story: Story, card: str | None, plan: str = "growth") -> None:
    with story.today():
        session = story.begin(plan)
        story.pay(session, card=card)
        apply_session(tenant_id=story.tenant.pk, session_id=session)


def change(story: Story, plan: str, interval: str = "month") -> int:
    """What was shown as due now, which must be what is charged."""
    with story.today():
        shown = story.preview(plan, interval)
        change_plan(
            tenant_id=story.tenant.pk,
            plan=plan,
            interval=interval,
            proration_date=shown.proration_date,
            version=shown.version,
            actor=ACTOR,
        )
    return shown.due_now


def kinds(story: Story) -> list[str]:
    with story.today():
        return [notice.kind for notice in list_notices(tenant=story.tenant)]


def test_a_trial_without_a_card_ends_by_itself(story: Story) -> None:
    begin(story, card=None)
    assert story.in_force() == ("growth", "trial")
    assert story.in_force(14.1) == ("free", "")
    story.pass_days(13.5)
    assert kinds(story) == ["trial"]
    story.pass_days(1)
    assert story.row().ended_at is not None
    assert story.in_force() == ("free", "")
    assert story.subjects() == [
        "Acme Makers: the trial of Growth ends in three days",
        "Acme Makers: the trial of Growth ends in one day",
        "Acme Makers: the trial of Growth is over",
    ]
    assert kinds(story) == ["ended"]
    with story.today():
        story.begin("growth")
        session = story.stripe.v1.checkout.sessions.retrieve(story.session())
    assert session.amount_total == 2500  # no second trial


def test_a_year_with_everything_in_it(story: Story) -> None:
    begin(story, card="4242424242424242")
    assert story.row().has_method
    story.pass_days(15)
    assert (story.row().status, story.in_force()) == ("active", ("growth", "paid"))
    assert story.invoices() == [("paid", 0), ("paid", 2500)]

    # The card fails at the first renewal: the grace runs, with its dates told, then the card is replaced.
    story.subjects()
    story.use_card(FAILING)
    story.pass_days(32)
    row = story.row()
    assert (row.status, story.subjects()) == ("past_due", ["The payment for Acme Makers failed"])
    assert row.unpaid_since is not None
    assert story.in_force() == ("growth", "grace")
    assert story.in_force(14) == ("free", "frozen")
    assert kinds(story) == ["grace"]
    story.pass_days(6)
    assert story.subjects() == ["Acme Makers: one week left to pay"]
    story.use_card(VISA)
    story.pay_open_invoice()
    story.look()
    assert (story.row().status, story.in_force()) == ("active", ("growth", "paid"))
    assert story.subjects() == ["Acme Makers is paid again"]

    # More at once, for what was shown.
    due = change(story, "pro")
    assert 0 < due < 2500
    assert story.invoices()[-1] == ("paid", due)
    assert story.in_force() == ("pro", "paid")

    # Less when the period is over.
    assert change(story, "starter") == 0
    assert kinds(story) == ["planned"]
    assert story.in_force() == ("pro", "paid")
    story.pass_days(31)
    row = story.row()
    assert (row.plan, row.next_plan) == ("starter", "")
    assert story.in_force() == ("starter", "paid")
    assert story.invoices()[-1] == ("paid", 1000)

    # Cancelled, and resumed before it counts.
    with story.today():
        cancel_subscription(tenant_id=story.tenant.pk, version=version_of(row), actor=ACTOR)
    assert kinds(story) == ["cancelled"]
    assert story.in_force(40) == ("free", "")
    story.pass_days(5)
    with story.today():
        resume_subscription(tenant_id=story.tenant.pk, version=version_of(story.row()), actor=ACTOR)
    story.pass_days(31)
    assert (story.row().status, story.in_force()) == ("active", ("starter", "paid"))

    # A year, and the year after it.
    due = change(story, "growth", "year")
    assert story.invoices()[-1] == ("paid", due)
    assert 24000 < due < 25000
    began = len(story.invoices())
    story.pass_days(200)
    assert len(story.invoices()) == began
    story.pass_days(170)
    assert story.invoices()[-1] == ("paid", 25000)
    assert story.in_force() == ("growth", "paid")


@pytest.mark.parametrize("coupon", [False, True], ids=["at the trial's end", "after a month for nothing"])
def test_a_trial_whose_card_then_fails_has_three_days(story: Story, coupon: bool) -> None:
    """However long nothing was due: who never paid is given no second trial."""
    code = ""
    if coupon:
        made = story.stripe.v1.coupons.create({"percent_off": 100, "duration": "once"})
        promotion: Any = {"type": "coupon", "coupon": made.id}
        code = story.stripe.v1.promotion_codes.create({"code": "FIRSTFREE", "promotion": promotion}).code
    with story.today():
        session = story.begin("growth", promotion_code=code)
        story.pay(session, card=VISA_CARD)
        apply_session(tenant_id=story.tenant.pk, session_id=session)
    story.use_card(FAILING)
    for _ in range(2 if coupon else 1):
        story.subjects()
        story.pass_period()
    row = story.row()
    assert (row.status, row.first_unpaid, story.in_force()) == ("past_due", True, ("growth", "grace"))
    assert (kinds(story), story.subjects()[-1]) == (["grace"], "The first payment for Acme Makers failed")
    assert story.in_force(3.1) == ("free", "frozen")
    story.pass_days(4)
    assert (kinds(story), story.in_force()) == (["frozen"], ("free", "frozen"))
    assert story.subjects() == [
        "Acme Makers: one day left to pay",
        "Acme Makers is on the Free plan’s limits now",
    ]

    # Paid late, it is a plan like any other: the next failure has the long grace.
    story.use_card(VISA)
    story.pay_open_invoice()
    story.look()
    assert (story.row().first_unpaid, story.in_force()) == (False, ("growth", "paid"))
    assert story.subjects() == ["Acme Makers is paid again"]
    story.use_card(FAILING)
    story.pass_period()
    assert (story.row().status, story.row().first_unpaid) == ("past_due", False)
    assert story.in_force(9) == ("growth", "grace")


@pytest.mark.parametrize("end", ["unpaid", "past_due", "canceled"])
def test_a_payment_that_nobody_makes_leads_to_free_and_back(story: Story, end: str) -> None:
    """Whatever the account has Stripe do once its retries are over."""
    story.server.control.billing(end_of_retries=end)
    with story.today():
        story.skip_trial()
    begin(story, card="4242424242424242")
    story.use_card(FAILING)
    story.pass_days(33)
    story.pass_days(14)
    assert story.subjects() == [
        "The payment for Acme Makers failed",
        "Acme Makers: one week left to pay",
        "Acme Makers: three days left to pay",
        "Acme Makers: one day left to pay",
        "Acme Makers is on the Free plan’s limits now",
    ]
    if end == "canceled":
        assert (story.row().status, story.in_force(), kinds(story)) == ("canceled", ("free", ""), ["ended"])
        return
    assert (story.row().status, story.in_force(), kinds(story)) == (end, ("free", "frozen"), ["frozen"])
    story.use_card(VISA)
    story.pay_open_invoice()
    story.look()
    assert (story.row().status, story.in_force()) == ("active", ("growth", "paid"))
    assert story.subjects() == ["Acme Makers is paid again"]


def test_a_cancelled_plan_ends_at_its_date_and_another_is_bought(story: Story) -> None:
    with story.today():
        story.skip_trial()
    begin(story, card="4242424242424242", plan="pro")
    with story.today():
        cancel_subscription(tenant_id=story.tenant.pk, version=version_of(story.row()), actor=ACTOR)
    story.pass_days(30)
    assert story.in_force() in {("pro", "paid"), ("free", "")}
    story.pass_days(2)
    assert (story.row().status, story.in_force()) == ("canceled", ("free", ""))
    assert kinds(story) == ["ended"]
    begin(story, card="4242424242424242", plan="starter")
    assert story.in_force() == ("starter", "paid")
    assert kinds(story) == []
