"""Supporting the community, as members and strangers see it: the tiers, one's own support in every state, where it stands in the
navigation. What happens at the payment provider is tests/frontend_api/portal/test_supporting.py's."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from engagement.supporters.models import Supporter
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tenants.routing import get_routing
from tests.cast import ACME as CAST
from tests.frontend_api.givers import give
from tests.frontend_api.hosts import ACME, Browser
from tests.frontend_api.portal.test_shop import text_of
from tests.frontend_api.supporting import connect, paid, support, tier
from tests.plans import put_on_plan

MIA = CAST.discord_id("member")


@pytest.fixture
def member_id(pages: Browser, acme: TenantContext) -> int:
    """Mia, who is signed in."""
    member_id = give(acme, MIA, "Mia", 0)
    pages.sign_in("acme-member", path="/earn/")
    return member_id


def own(acme: TenantContext, sold: Any, **values: Any) -> Supporter:
    return support(acme, sold, "Mia", MIA, **values)


def test_strangers_see_the_tiers_and_sign_in_once_they_choose(pages: Browser, acme: TenantContext) -> None:
    connect(acme)
    friends = tier(acme, "<b>Friends</b>", perks=("A badge",), points=100, amount=450, currency="eur")
    answer = pages.on(ACME).get("/support/")
    text = text_of(answer)
    for words in ("€4.50", "a month", "A badge", "100 points every month", "&lt;b&gt;Friends&lt;/b&gt;"):
        assert words in text
    assert pages.on(ACME).get(f"/support/tiers/{friends.key}/")["Location"] == (
        f"/login/?next=%2Fsupport%2Ftiers%2F{friends.key}%2F"
    )
    for path in ("cancel/", "return/"):
        assert pages.on(ACME).get(f"/support/{path}")["Location"].startswith("/login/?next=")


def test_a_member_reads_what_it_costs_before_going_to_pay(
    pages: Browser, acme: TenantContext, member_id: int
) -> None:
    connect(acme)
    friends = tier(acme, perks=("A badge",))
    text = text_of(pages.on(ACME).get(f"/support/tiers/{friends.key}/"))
    for words in ("$5 a month", "every month, until you cancel", "A badge", "Go to payment"):
        assert words in text
    draft = tier(acme, "Draft", on_sale=False)
    assert pages.on(ACME).get(f"/support/tiers/{draft.key}/")["Location"] == "/support/"
    assert "is not on sale now" in text_of(pages.on(ACME).get("/support/"))
    assert pages.on(ACME).get("/support/tiers/nobodys/").status_code == 404


def test_nothing_is_offered_while_the_account_is_not_ready(pages: Browser, acme: TenantContext) -> None:
    friends = tier(acme)
    for ready in (None, False):
        if ready is not None:
            connect(acme, ready=ready)
        text = text_of(pages.on(ACME).get("/support/"))
        assert "Nothing to support with at the moment" in text
        assert friends.name not in text


def test_ones_own_support_stands_there_with_its_dates(
    pages: Browser, acme: TenantContext, member_id: int
) -> None:
    connect(acme)
    friends, patrons = tier(acme), tier(acme, "Patrons", amount=2_000)
    tier(acme, "By the year", interval="year", amount=9_000)
    row = own(acme, friends)
    paid(acme, row)
    text = text_of(pages.on(ACME).get("/support/"))
    for words in (
        "You support with", "$5 a month", "Next payment on", "1 payment, $5.00 altogether", "Yours",
        "Change to this", "Cancel yours first", "Cancel the support", "Card and receipts",
    ):  # fmt: skip
        assert words in text
    assert text.count("Change to this") == 1  # a dearer one on the same terms
    assert patrons.key in text


def test_a_cancelled_one_can_be_gone_on_with_and_a_late_one_says_until_when(
    pages: Browser, acme: TenantContext, member_id: int
) -> None:
    connect(acme)
    row = own(acme, tier(acme), cancel_at=clock.now() + timedelta(days=9))
    text = text_of(pages.on(ACME).get("/support/"))
    assert "ends then. Nothing more is charged" in text
    assert "Go on supporting" in text
    assert "Cancel the support" not in text
    with enter_tenant(acme):
        Supporter.objects.filter(pk=row.pk).update(cancel_at=None, state="late", late_since=clock.now())
    text = text_of(pages.on(ACME).get("/support/"))
    assert "The last payment did not go through" in text
    assert "what you get goes on until" in text
    assert "Only you see this" in text


def test_nobody_sees_anothers_support(pages: Browser, acme: TenantContext, member_id: int) -> None:
    connect(acme)
    paid(acme, support(acme, tier(acme), "Grace", state="late"))
    for browser in (pages, Browser()):
        for path in ("/support/", f"/members/{member_id}/", "/leaderboard/"):
            text = text_of(browser.on(ACME).get(path))
            assert "did not go through" not in text
            assert "You support with" not in text


def test_what_has_ended_is_thanked_for_and_can_be_begun_anew(
    pages: Browser, acme: TenantContext, member_id: int
) -> None:
    connect(acme)
    own(acme, tier(acme), state="ended", ended_at=clock.now())
    text = text_of(pages.on(ACME).get("/support/"))
    assert "You supported with" in text
    assert ">Support<" in text
    assert pages.on(ACME).get("/support/cancel/")["Location"] == "/support/"


def test_it_stands_in_the_navigation_only_where_something_is_sold_or_one_supports(
    pages: Browser, acme: TenantContext, member_id: int, settings: Any
) -> None:
    def in_nav() -> bool:
        return '<a href="/support/"' in pages.on(ACME).get("/earn/").content.decode()

    assert not in_nav()
    connect(acme)
    friends = tier(acme)
    assert in_nav()
    settings.BILLING_ON = True
    put_on_plan(acme)
    get_routing().load()
    assert not in_nav()
    text = text_of(pages.on(ACME).get("/support/"))
    assert "Nothing to support with at the moment" in text
    assert pages.on(ACME).post(f"/support/tiers/{friends.key}/").status_code == 403
    own(acme, friends)
    assert in_nav()
    assert "Cancel the support" in text_of(pages.on(ACME).get("/support/"))


def test_a_member_without_the_community_is_told_so(pages: Browser, acme: TenantContext) -> None:
    friends = tier(acme)
    connect(acme)
    pages.sign_in("acme-owner", path="/earn/")
    assert "You are not a member here" in text_of(pages.on(ACME).get(f"/support/tiers/{friends.key}/"), 404)


def test_the_page_asks_as_often_for_ten_tiers_as_for_one(
    pages: Browser, acme: TenantContext, member_id: int
) -> None:
    connect(acme)
    own(acme, tier(acme))

    def count() -> int:
        with CaptureQueriesContext(connection) as found:
            text_of(pages.on(ACME).get("/support/"))
        return len(found.captured_queries)

    count()
    few = count()
    for number in range(9):
        tier(acme, f"Tier {number}", amount=600 + number)
    assert count() == few
