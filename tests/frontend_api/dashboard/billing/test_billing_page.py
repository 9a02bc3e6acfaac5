"""The Billing page: how the community stands, what is in use, what the plan lacks; who sees it and who acts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing.entitling import give_plan, write_entitlements
from billing.models import Subscription
from engagement.audit.actor import SYSTEM
from engagement.progression.services import ensure_member
from engagement.rules.models import Rule
from engagement.rules.services import create_rule
from frontend_api.dashboard.billing.words import describe_standing
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tenants.entitlements import NO_PLAN
from tenants.models import Tenant
from tests.billing.making import subscribed
from tests.frontend_api.hosts import ACME, Browser
from tests.frontend_api.portal.test_leaderboard import text_of

PAGE = "/dashboard/billing/"
NOW = datetime(2027, 2, 10, 12, tzinfo=UTC)
MARCH = datetime(2027, 3, 3, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _sold(settings: Any) -> None:
    settings.BILLING_ON = True


@pytest.fixture
def desk(pages: Browser) -> Browser:
    pages.sign_in("acme-owner", path="/earn/")
    return pages


def row(**facts: Any) -> Subscription:
    known = {
        "plan": "growth", "interval": "month", "currency": "usd", "status": "active", "period_end": MARCH,
        "created_at": NOW - timedelta(days=40), "period_start": MARCH - timedelta(days=28),
    }  # fmt: skip
    return Subscription(**{**known, **facts})


@pytest.mark.parametrize(
    ("facts", "kind", "sentence"),
    [
        ({}, "paid", "Growth, $25 a month. Next payment on 3 March 2027."),
        ({"interval": "year", "currency": "gbp"}, "paid", "Growth, £200 a year. Next payment on 3 March 2027."),
        ({"plan": "course", "quantity": 2}, "paid", "Course, $40 a month for 2 cohorts. Next payment on 3 March 2027."),
        (
            {"cancel_at": MARCH}, "ending",
            "Growth, $25 a month. It is cancelled: everything works until 3 March 2027, nothing more is charged, and then the "
            "limits of Free hold.",
        ),
        (
            {"next_plan": "starter", "next_interval": "month", "next_quantity": 1}, "changing",
            "Growth, $25 a month. It changes on 3 March 2027 to Starter, $10 a month.",
        ),
        (
            {"status": "trialing", "trial_end": MARCH}, "trial",
            "You try Growth until 3 March 2027. Without a card it ends then: nothing is charged, and the limits of Free hold. With "
            "one it goes on for $25 a month.",
        ),
        (
            {"status": "trialing", "trial_end": MARCH, "has_method": True}, "trial",
            "You try Growth until 3 March 2027. It goes on from then for $25 a month.",
        ),
        (
            {"status": "past_due", "unpaid_since": NOW - timedelta(days=2)}, "overdue",
            "Growth, $25 a month. The last payment failed. Everything stays on until 22 February 2027; then the limits of Free hold "
            "until the open invoice is paid.",
        ),
        (
            {"status": "past_due", "unpaid_since": NOW - timedelta(days=2), "first_unpaid": True}, "overdue",
            "Growth, $25 a month. The first payment after the trial failed. Everything stays on until 11 February 2027; then the limits of "
            "Free hold until the open invoice is paid.",
        ),
        (
            {"status": "past_due", "unpaid_since": NOW - timedelta(days=4), "first_unpaid": True}, "frozen",
            "Growth, $25 a month, is not paid since 6 February 2027. The limits of Free hold. Pay the open invoice, and everything is "
            "back at once.",
        ),
        (
            {"status": "unpaid", "unpaid_since": NOW - timedelta(days=20)}, "frozen",
            "Growth, $25 a month, is not paid since 21 January 2027. The limits of Free hold. Pay the open invoice, and everything is "
            "back at once.",
        ),
        (
            {"status": "incomplete"}, "waiting",
            "Growth was chosen, but its first payment is not finished. Until it is, the limits of Free hold.",
        ),
        ({"plan": "of-old"}, "paid", "Free, nothing. Next payment on 3 March 2027."),
    ],
)  # fmt: skip
def test_one_sentence_says_how_it_stands(facts: dict[str, Any], kind: str, sentence: str) -> None:
    standing = describe_standing(row(**facts), NO_PLAN, NOW)
    assert (standing.kind, standing.sentence) == (kind, sentence)


def test_without_a_plan_it_is_free(desk: Browser) -> None:
    text = text_of(desk.on(ACME).get(PAGE))
    assert "Free. There is nothing to pay" in text
    assert "Choose a plan" in text
    assert "of 1,000 members" in text


def test_what_was_given_is_said(desk: Browser, acme: TenantContext) -> None:
    give_plan(tenant_id=acme.tenant_id, plan="pro", until=clock.now() + timedelta(days=30))
    assert "Pro, given to you by EngageHub until" in text_of(desk.on(ACME).get(PAGE))


def test_where_nothing_is_sold_everything_is_open(desk: Browser, settings: Any) -> None:
    settings.BILLING_ON = False
    text = text_of(desk.on(ACME).get(PAGE))
    assert "everything is open to this community" in text
    assert "Choose a plan" not in text


def test_the_bars_show_what_is_in_use_and_what_waits(
    desk: Browser, acme: TenantContext, settings: Any
) -> None:
    settings.BILLING_ON = False
    with enter_tenant(acme):
        for number in range(3):
            definition = {"triggers": ["message"], "amount": 1}
            create_rule(key=f"more_{number}", name="More", definition=definition, actor=SYSTEM)
        used = Rule.objects.filter(enabled=True, archived_at=None).count()
    settings.BILLING_ON = True
    text = text_of(desk.on(ACME).get(PAGE))
    assert f"{used} of 10 rules" in text
    assert f"{used - 10} more than the plan includes: they are kept, and wait." in text
    assert "/dashboard/billing/plans/?plan=starter" in text
    assert "of 3 people" in text


def test_what_the_plan_lacks_says_which_one_has_it(desk: Browser) -> None:
    text = text_of(desk.on(ACME).get(PAGE))
    assert "Not in this plan" in text
    assert "/dashboard/billing/plans/?plan=growth" in text


def test_a_paid_plan_shows_who_pays_and_what_can_be_done(desk: Browser, acme: TenantContext) -> None:
    subscribed(period_end=clock.now() + timedelta(days=20))
    write_entitlements(tenant_id=acme.tenant_id)
    text = text_of(desk.on(ACME).get(PAGE))
    assert "Growth, $25 a month. Next payment on" in text
    assert "Paid by you" in text
    assert "Cancel the plan" in text


def test_what_is_sold_by_use_names_its_month_in_every_time_zone(desk: Browser, acme: TenantContext) -> None:
    """Months are counted in UTC; in New York they begin on the last evening of the one before."""
    Tenant.objects.filter(pk=acme.tenant_id).update(timezone="America/New_York")
    subscribed(period_end=clock.now() + timedelta(days=20))
    write_entitlements(tenant_id=acme.tenant_id)
    assert f"{clock.now():%B %Y} (UTC), to now" in text_of(desk.on(ACME).get(PAGE))


def test_a_moderator_may_not_look(pages: Browser) -> None:
    pages.sign_in("acme-moderator", path="/earn/")
    assert pages.on(ACME).get(PAGE).status_code == 403


def test_an_admin_sees_and_does_not_act(pages: Browser, acme: TenantContext) -> None:
    from tenants.models import Membership

    Membership.objects.filter(user__username="acme-moderator").update(role="admin")
    subscribed(period_end=clock.now() + timedelta(days=20))
    write_entitlements(tenant_id=acme.tenant_id)
    pages.sign_in("acme-moderator", path="/earn/")
    text = text_of(pages.on(ACME).get(PAGE))
    assert "The owner decides about the plan" in text
    assert "Cancel the plan" not in text
    for path in ("cancel/", "change/?plan=pro", "begin/?plan=pro"):
        assert pages.on(ACME).get(PAGE + path).status_code == 403
    for path in ("resume/", "undo/"):
        assert pages.on(ACME).post(PAGE + path).status_code == 403


def test_it_costs_the_same_whatever_is_there(
    desk: Browser, acme: TenantContext, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(46) as few:
        desk.on(ACME).get(PAGE)
    with enter_tenant(acme):
        for number in range(30):
            ensure_member(
                provider="discord", external_id=f"7000000000000001{number:02}", display_name=f"M {number}"
            )
    with django_assert_max_num_queries(len(few.captured_queries)):
        desk.on(ACME).get(PAGE)
