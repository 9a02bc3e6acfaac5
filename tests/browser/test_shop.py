"""The shop's story: a reward is redeemed on a phone and approved on the dashboard, without barriers, in light and dark."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.db import connections
from playwright.sync_api import expect

from engagement.rewards.deciding import approve_redemption
from engagement.rewards.drops import join_drop
from engagement.rewards.models import RewardTier, Sponsor
from saas.core import clock
from tenants.context import enter_tenant
from tests.browser.conftest import Opener, Site
from tests.browser.people import acme_context, give
from tests.browser.test_organiser_pages import MOST_BYTES, enter
from tests.browser.test_pages import LOOKS, find_barriers, overflow, sign_in
from tests.cast import ACME
from tests.frontend_api.rewards import TEAM, offer, redeemed

pytestmark = pytest.mark.browser
LIST = "/dashboard/redemptions/"
LONG = "A_name_without_any_break_and_" + "x" * 45


@dataclass(frozen=True)
class Stocked:
    """Ids of a reward, of Mia's redemption that waits, and of one of hers that was approved."""

    mug: int
    waiting: int
    approved: int
    drop: int


@pytest.fixture
def stocked(people: None) -> Stocked:
    """A lively shop: tiers, a sponsor, things out of reach, gone and not yet there; Mia redeemed two."""
    context = acme_context()
    with enter_tenant(context):
        give(str(ACME.discord_id("member")), "Mia Member", 498, key="browser:shop")
        RewardTier.objects.all().delete()
        for name, price, colour in (
            ("Bronze", 5, "#b45309"), ("Silver", 100, "#64748b"), ("Gold", 300, "#ca8a04"),
        ):  # fmt: skip
            RewardTier.objects.create(name=name, from_price=price, colour=colour)
        sponsor = Sponsor.objects.create(name="Northwind Coffee", url="https://northwind.example").pk
    words = "Heavy, white, with the community’s star on it.\n\nIt holds a third of a litre."
    mug = offer(context, "A mug with the star", 120, description=words, category="Things", stock=4,
                approval="moderator", limit_count=2, limit_period="month")  # fmt: skip
    hat = offer(context, "Sticker sheet", 20, kind="merchandise", category="Things", approval="moderator")
    offer(context, "Coffee for two", 90, kind="partner", sponsor_id=sponsor, category="Treats")
    offer(context, "An hour with a mentor", 900, category="Time")
    offer(context, "Founders’ dinner", 250, stock=0, category="Treats")
    offer(context, LONG, 60, starts_at=clock.now() + timedelta(days=3), category="Things")
    offer(context, "The role “Maker”", 340, kind="role", eligibility={"level": 30})
    drop = offer(
        context, "First print", 80, is_drop=True, stock=2, starts_at=clock.now() + timedelta(hours=5)
    )
    mia = _mia()
    waiting = redeemed(context, mia, mug, "browser:one")
    approved = redeemed(context, mia, hat, "browser:two")
    with enter_tenant(context):
        approve_redemption(context=context, redemption_id=approved, actor=TEAM)
        join_drop(context=context, member_id=mia, reward_id=drop)
    connections.close_all()
    return Stocked(mug, waiting, approved, drop)


def _mia() -> int:
    with enter_tenant(acme_context()):
        return give(str(ACME.discord_id("member")), "Mia Member", 1, key="browser:mia")


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_members_pages_have_no_barriers_and_fit(
    open_page: Opener, site: Site, stocked: Stocked, width: int, scheme: str
) -> None:
    page = open_page("/shop/", width=width, scheme=scheme)
    assert find_barriers(page) == []
    sign_in(page, site, "acme-member", "/shop/")
    for path in (
        "/shop/",
        "/shop/?q=nowhere",
        f"/shop/{stocked.mug}/",
        f"/shop/{stocked.mug}/redeem/",
        f"/shop/{stocked.drop}/queue/",
        "/redemptions/",
        f"/redemptions/{stocked.approved}/",
        f"/redemptions/{stocked.waiting}/",
        f"/redemptions/{stocked.waiting}/cancel/",
    ):
        page.goto(site.address(path))
        assert find_barriers(page) == [], path
        assert overflow(page) <= 0, path


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_teams_pages_have_no_barriers_and_fit(
    open_page: Opener, site: Site, stocked: Stocked, width: int, scheme: str
) -> None:
    page = enter(open_page, site, LIST, width=width, scheme=scheme)
    for path in (
        LIST,
        f"{LIST}{stocked.waiting}/",
        f"{LIST}{stocked.approved}/",
        f"{LIST}{stocked.waiting}/reject/",
        f"{LIST}{stocked.waiting}/refund/",
        "/dashboard/announcements/team/",
        "/dashboard/",
    ):
        page.goto(site.address(path))
        assert find_barriers(page) == [], path
        assert overflow(page) <= 0, path


def test_redeemed_on_a_phone_and_approved_on_the_dashboard(
    open_page: Opener, site: Site, stocked: Stocked
) -> None:
    phone = open_page("/shop/", width=360)
    phone.get_by_role("link", name="Sign in", exact=True).first.click()
    phone.get_by_label("Username or e-mail").fill("acme-member")
    phone.get_by_label("Password").fill("a long enough password")
    phone.get_by_role("button", name="Sign in").click()
    expect(phone.get_by_text("371 points").first).to_be_in_viewport()
    phone.get_by_label("Find a reward").fill("mug")
    expect(phone.get_by_role("link", name="Sticker sheet")).to_have_count(0)
    phone.get_by_role("link", name="A mug with the star").click()
    phone.get_by_role("link", name="Redeem for 120 points").click()
    expect(phone.get_by_text("You keep")).to_be_visible()
    phone.get_by_role("button", name="Redeem for 120 points").click()
    expect(phone.get_by_text("The team looks at it; you are told")).to_be_visible()
    number = phone.url.split("/redemptions/")[1].split("/")[0]

    desk = enter(open_page, site, "/dashboard/")
    desk.get_by_text("2 redemptions wait for you").scroll_into_view_if_needed()
    desk.goto(site.address(LIST + "?state=requested"))
    desk.get_by_role("link", name="A mug with the star").first.click()
    expect(desk).to_have_url(site.address(f"{LIST}{number}/"))
    desk.get_by_role("button", name="Approve").click()
    expect(desk.get_by_text("is approved. The member is told.")).to_be_visible()
    desk.get_by_role("link", name="Back").click()
    desk.locator("[data-bulk-page]").check()
    desk.get_by_role("button", name="Reject").click()
    desk.get_by_label("Reason").fill("Only one each, sorry")
    desk.get_by_role("button", name="Reject").click()
    expect(desk.get_by_text("refused, see below")).to_be_visible()

    phone.reload()
    expect(phone.get_by_text("Approved", exact=True)).to_be_visible()
    phone.goto(site.address(f"/redemptions/{stocked.waiting}/"))
    expect(phone.get_by_text("Only one each, sorry")).to_be_visible()


def test_the_pages_stay_light(open_page: Opener, site: Site, stocked: Stocked) -> None:
    page = enter(open_page, site, LIST)
    for path in (LIST, "/shop/", f"/shop/{stocked.mug}/"):
        sizes: list[int] = []
        page.on(
            "response",
            lambda answer, sizes=sizes: sizes.append(int(answer.headers.get("content-length") or 0)),
        )
        page.goto(site.address(path))
        page.wait_for_load_state("networkidle")
        assert sum(sizes) < MOST_BYTES, (path, sum(sizes))
