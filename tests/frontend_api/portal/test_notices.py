"""The page of what one was told: read, read all, choose; one's own alone."""

from __future__ import annotations

import pytest

from engagement.notifications.models import Notice
from engagement.notifications.notices import tell_member
from tenants.context import TenantContext, enter_tenant
from tests.cast import ACME as CAST
from tests.frontend_api.givers import give
from tests.frontend_api.hosts import ACME, Browser
from tests.frontend_api.portal.test_leaderboard import text_of


@pytest.fixture
def mia(pages: Browser, acme: TenantContext) -> int:
    member_id = give(acme, CAST.discord_id("member"), "Mia", 10)
    pages.sign_in("acme-member", path="/earn/")
    return member_id


def tell(context: TenantContext, member_id: int, key: str, reward: str = "Hoodie") -> int:
    with enter_tenant(context):
        notice = tell_member(
            member_id=member_id, kind="redemption_rejected", facts={"reward": reward, "points": 5}, key=key
        )
    assert notice is not None
    return notice.pk


def test_news_stands_on_the_page_until_it_is_read(pages: Browser, acme: TenantContext, mia: int) -> None:
    assert "Nothing new" in text_of(pages.on(ACME).get("/notices/"))
    first = tell(acme, mia, "1", "<script>alert(1)</script>")
    tell(acme, mia, "2")
    page = pages.on(ACME).get("/notices/")
    assert b"<script>alert" not in page.content
    assert "2 not read yet" in text_of(page)
    assert "Your news, 2 not read" in text_of(pages.on(ACME).get("/earn/"))
    # Opening one reads it, and leads on
    assert pages.on(ACME).get(f"/notices/{first}/")["Location"] == "/notices/"
    assert "1 not read yet" in text_of(pages.on(ACME).get("/notices/"))
    assert pages.on(ACME).post("/notices/read/").status_code == 302
    assert "not read" not in text_of(pages.on(ACME).get("/notices/"))


def test_another_members_news_is_a_404(pages: Browser, acme: TenantContext, mia: int) -> None:
    theirs = tell(acme, give(acme, 77, "Other", 0), "1")
    assert pages.on(ACME).get(f"/notices/{theirs}/").status_code == 404
    assert pages.on(ACME).get(f"/notices/{10**30}/").status_code == 404
    with enter_tenant(acme):
        assert Notice.objects.get().read_at is None


def test_what_is_not_ticked_is_off(pages: Browser, acme: TenantContext, mia: int) -> None:
    from engagement.members.models import Member

    pages.on(ACME).post("/notices/choose/", {"wanted": ["dm"]})
    with enter_tenant(acme):
        assert Member.objects.get(pk=mia).quiet == ["affordable", "credits_low"]
    refused = pages.on(ACME).post("/notices/choose/", {"wanted": ["everything"]})
    assert refused.status_code == 422


def test_a_stranger_signs_in_first_and_the_team_without_a_member_is_told_so(
    pages: Browser, acme: TenantContext
) -> None:
    answer = pages.on(ACME).get("/notices/")
    assert answer["Location"] == "/login/?next=%2Fnotices%2F"
    pages.sign_in("acme-owner", path="/earn/")
    page = pages.on(ACME).get("/notices/")
    assert page.status_code == 404
    assert b"You are not a member here" in page.content
