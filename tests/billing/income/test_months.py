"""A support's months on Stripe's test clock: joins, pays, fails, recovers, cancels, resumes, ends."""

from __future__ import annotations

from datetime import timedelta

import pytest

from billing.income.changing import cancel_support, resume_support
from engagement.supporters.models import GRACE
from saas.core import clock
from tenants.context import enter_tenant
from tests.billing.income.world import OWNER, Months, World
from tests.billing.story import FAILING, VISA

pytestmark = pytest.mark.slow


@pytest.fixture
def months(world: World) -> Months:
    return Months(world.server, world.context, world.community)


def test_some_months(months: Months) -> None:
    tier, member = months.tier(points=50, role_id="900000000000000123"), months.member()
    months.open(member)
    with months.today():
        months.support(member, tier)
    months.pass_days(33)
    assert (len(months.payments()), months.points(member)) == (2, 100)

    months.use_card(member, FAILING)
    months.pass_days(30)
    row = months.supporter(member)
    assert (row.state, row.late_since is not None, row.runs(months.moment)) == ("late", True, True)
    assert (len(months.payments()), months.points(member)) == (2, 100)
    months.use_card(member, VISA)
    months.pay_open_invoice(member)
    months.look()
    assert (months.supporter(member).state, months.points(member)) == ("active", 150)

    with months.today():
        row = cancel_support(context=months.context, member_id=member.pk, actor=OWNER)
        assert (row.state, row.cancel_at is not None) == ("active", True)
        assert resume_support(context=months.context, member_id=member.pk, actor=OWNER).cancel_at is None
    months.pass_days(31)
    assert months.points(member) == 200
    with months.today():
        cancel_support(context=months.context, member_id=member.pk, actor=OWNER)
    months.pass_days(32)
    row = months.supporter(member)
    assert (row.state, row.cancel_at, months.points(member)) == ("ended", None, 200)
    assert months.news() == ["Joined", "Late", "Recovered", "Ending", "Resumed", "Ending", "Left"]
    assert months.recorded() == ["joined", "cancelled", "resumed", "cancelled", "left"]
    assert sum(one.amount - one.fee for one in months.payments()) == 4 * 460


def test_who_stays_late_ends_after_the_grace(months: Months) -> None:
    """Stripe would go on trying for longer."""
    months.server.control.billing(retry_days=[5, 7, 7, 7], end_of_retries="unpaid")
    member = months.member()
    months.open(member)
    with months.today():
        months.support(member, months.tier(points=50))
    months.use_card(member, FAILING)
    months.pass_days(33)
    since = months.supporter(member).late_since
    assert since is not None
    months.pass_days((since + GRACE - timedelta(days=1) - months.moment).days)
    assert months.supporter(member).state == "late"
    months.pass_days(4)
    row = months.supporter(member)
    assert (row.state, months.told(member).status, months.points(member)) == ("ended", "canceled", 50)
    assert {one.status for one in months.stripe.v1.invoices.list().data} == {"paid", "void"}


def test_who_cancels_a_late_one_is_never_charged_again(months: Months) -> None:
    member = months.member()
    months.open(member)
    with months.today():
        months.support(member, months.tier(points=50))
    months.use_card(member, FAILING)
    months.pass_days(33)
    with months.today():
        row = cancel_support(context=months.context, member_id=member.pk, actor=OWNER)
    assert (row.state, months.told(member).status) == ("ended", "canceled")
    months.pass_days(20)
    assert {one.status for one in months.stripe.v1.invoices.list().data} == {"paid", "void"}
    assert (len(months.payments()), months.news()) == (1, ["Joined", "Late", "Left"])


def test_losing_all_news_costs_an_hour(months: Months) -> None:
    """Nobody came back, no webhook came; then the hourly comparison looks, again and again."""
    from billing.reconciling import reconcile_billing

    tier, member = months.tier(points=50), months.member()
    months.open(member)
    with months.today():
        months.pay(months.begin(member, tier))
    for days, states, payments in ((0, "active", 1), (33, "active", 2), (0, "active", 2)):
        months.pass_days(days, look=False)
        with months.today():
            seen = reconcile_billing()
        assert [one.kind for one in seen.findings if one.kind not in {"event", "entitlements"}] == (
            ["missing"] if payments == 1 else ["differs"] if days else []
        )
        assert (months.supporter(member).state, len(months.payments())) == (states, payments)
    months.use_card(member, FAILING)
    months.pass_days(31, look=False)
    with months.today():
        reconcile_billing()
    assert months.supporter(member).state == "late"
    months.stripe.v1.subscriptions.cancel(months.row(member).stripe_id)
    with months.today():
        seen = reconcile_billing()
        assert "ended" in {one.kind for one in seen.findings}
        assert (months.supporter(member).state, months.points(member)) == ("ended", 100)
        assert reconcile_billing().findings == []


def test_the_picture_of_time_is_the_community_s(months: Months) -> None:
    """What a late one's role follows is the moment, and not who looked last."""
    member = months.member()
    months.open(member)
    with months.today():
        months.support(member, months.tier())
    months.use_card(member, FAILING)
    months.pass_days(33)
    with enter_tenant(months.context):
        assert months.supporter(member).runs(months.moment)
        assert not months.supporter(member).runs(clock.now() + timedelta(days=365))


def test_looking_before_acting_hides_no_payment(months: Months) -> None:
    """A renewal that nobody heard of; then the member presses a button that changes nothing."""
    from billing.reconciling import reconcile_billing

    member = months.member()
    months.open(member)
    with months.today():
        months.support(member, months.tier(points=50))
    months.pass_days(33, look=False)
    with months.today():
        resume_support(context=months.context, member_id=member.pk, actor=OWNER)
        assert len(months.payments()) == 1
        reconcile_billing()
    assert (len(months.payments()), months.points(member)) == (2, 100)
