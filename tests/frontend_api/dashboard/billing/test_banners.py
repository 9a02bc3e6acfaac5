"""What the team is told about the plan on every page of the dashboard; members are never told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from billing.entitling import write_entitlements
from billing.retainers.covering import cover_community, release_community
from saas.core import clock
from tenants.context import TenantContext
from tenants.routing import get_routing
from tests.billing.making import subscribed
from tests.billing.retainers.agreeing import agree
from tests.billing.shop import ACTOR, Shop
from tests.frontend_api.hosts import ACME, Browser
from tests.frontend_api.portal.test_leaderboard import text_of

HOME, MEMBERS = "/dashboard/", "/dashboard/members/"
IN_DAYS = {days: timedelta(days=days) for days in (-20, -2, 2, 10, 20)}


@pytest.fixture(autouse=True)
def _sold(settings: Any) -> None:
    settings.BILLING_ON = True


def stand(acme: TenantContext, **facts: Any) -> None:
    subscribed(**{"period_end": clock.now() + IN_DAYS[20], **facts})
    write_entitlements(tenant_id=acme.tenant_id)
    get_routing().load()


def failed(acme: TenantContext, days: int = -2) -> None:
    stand(acme, status="past_due", unpaid_since=clock.now() + IN_DAYS[days])


def test_a_failed_payment_says_until_when_everything_stays(pages: Browser, acme: TenantContext) -> None:
    failed(acme)
    pages.sign_in("acme-owner", path="/earn/")
    for path in (HOME, MEMBERS):
        text = text_of(pages.on(ACME).get(path))
        assert "Everything that Growth includes stays on until" in text
        assert "Put this away" not in text


def test_after_the_grace_it_says_what_holds(pages: Browser, acme: TenantContext) -> None:
    failed(acme, -20)
    pages.sign_in("acme-owner", path="/earn/")
    assert "Free’s limits hold" in text_of(pages.on(ACME).get(HOME))


def test_a_moderator_is_told_without_the_way_to_billing(pages: Browser, acme: TenantContext) -> None:
    failed(acme)
    pages.sign_in("acme-moderator", path="/earn/")
    text = text_of(pages.on(ACME).get(HOME))
    assert "The last payment failed" in text
    assert "See what to do" not in text


@pytest.mark.parametrize("path", ["/", "/earn/", "/leaderboard/"])
@pytest.mark.parametrize("username", ["acme-owner", "acme-member", ""])
def test_members_pages_never_tell(pages: Browser, acme: TenantContext, path: str, username: str) -> None:
    failed(acme)
    if username:
        pages.sign_in(username, path="/earn/")
    text = text_of(pages.on(ACME).get(path))
    assert "payment" not in text.lower()


@pytest.mark.parametrize(
    ("days", "has_method", "said"),
    [
        (2, False, "without one the community goes back to Free"),
        (2, True, "then the first payment is taken"),
        (10, False, ""),
    ],
)
def test_a_trial_is_spoken_of_three_days_before(
    pages: Browser, acme: TenantContext, days: int, has_method: bool, said: str
) -> None:
    stand(acme, status="trialing", trial_end=clock.now() + IN_DAYS[days], has_method=has_method)
    pages.sign_in("acme-owner", path="/earn/")
    text = text_of(pages.on(ACME).get(HOME))
    assert ("The trial of Growth ends soon" in text) == bool(said)
    assert said in text


def test_what_is_harmless_can_be_put_away_until_it_says_something_else(
    pages: Browser, acme: TenantContext
) -> None:
    stand(acme, cancel_at=clock.now() + IN_DAYS[20])
    pages.sign_in("acme-owner", path="/earn/")
    answer = pages.on(ACME).get(HOME)
    key = answer.context["billing_banner"].key
    assert "Growth ends soon" in text_of(answer)
    gone = pages.on(ACME).post("/dashboard/billing/banner/", {"key": key, "next": MEMBERS})
    assert (gone.status_code, gone["Location"]) == (302, MEMBERS)
    assert "Growth ends soon" not in text_of(pages.on(ACME).get(MEMBERS))
    from billing.models import Subscription

    Subscription.objects.update(cancel_at=clock.now() + IN_DAYS[10])
    assert "Growth ends soon" in text_of(pages.on(ACME).get(HOME))


def test_putting_away_leads_nowhere_else(pages: Browser, acme: TenantContext) -> None:
    stand(acme)
    pages.sign_in("acme-owner", path="/earn/")
    answer = pages.on(ACME).post(
        "/dashboard/billing/banner/", {"key": "x" * 999, "next": "https://evil.test/"}
    )
    assert answer["Location"] == HOME


def test_a_failed_payment_cannot_be_put_away(pages: Browser, acme: TenantContext) -> None:
    failed(acme)
    pages.sign_in("acme-owner", path="/earn/")
    key = pages.on(ACME).get(HOME).context["billing_banner"].key
    pages.on(ACME).post("/dashboard/billing/banner/", {"key": key})
    assert "The last payment failed" in text_of(pages.on(ACME).get(HOME))


def test_a_community_without_a_plan_costs_no_query(
    pages: Browser, acme: TenantContext, settings: Any, django_assert_num_queries: Any
) -> None:
    from frontend_api.dashboard.billing.banners import find_banner

    class Request:
        path = HOME

    with django_assert_num_queries(0):
        assert find_banner(Request(), acme) is None  # type: ignore[arg-type]


def test_the_team_is_told_when_a_retainer_leaves_it(pages: Browser, shop: Shop) -> None:
    row = agree(shop)
    cover_community(key=row.key, tenant_id=shop.tenant.pk, actor=ACTOR)
    get_routing().load()
    pages.sign_in("acme-moderator", path="/earn/")
    assert "retainer" not in text_of(pages.on(ACME).get(MEMBERS))
    release_community(key=row.key, tenant_id=shop.tenant.pk, actor=ACTOR)
    get_routing().load()
    text = text_of(pages.on(ACME).get(MEMBERS))
    assert "No retainer pays any more. Agency Ltd has not paid for this community since" in text
    assert "Everything that Growth includes stays on until" in text
    assert "See what to do" not in text
    assert "retainer" not in text_of(pages.on(ACME).get("/earn/"))
