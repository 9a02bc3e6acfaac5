"""The shop as members and strangers see it: my points, tiers, categories, words, what is in the way; the same number of queries for
ten rewards and a thousand."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from engagement.ledger.models import POINTS
from engagement.ledger.moving import get_spendable
from engagement.rewards.impressions import store_impressions
from engagement.rewards.models import Redemption, Reward, RewardDay, RewardTier, Sponsor
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tenants.models import Tenant
from tenants.routing import get_routing
from tests.cast import ACME as CAST
from tests.frontend_api.givers import give
from tests.frontend_api.hosts import ACME, GLOBEX, Browser
from tests.frontend_api.rewards import offer


@pytest.fixture
def member_id(pages: Browser, acme: TenantContext) -> int:
    """Mia, who has 210 points and is signed in."""
    member_id = give(acme, CAST.discord_id("member"), "Mia", 210)
    pages.sign_in("acme-member", path="/earn/")
    return member_id


def text_of(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status, answer.content
    return " ".join(answer.content.decode().split())


def test_an_empty_shop_says_what_to_do(pages: Browser) -> None:
    text = text_of(pages.on(ACME).get("/shop/"))
    assert "The shop is still empty" in text
    assert "See the ways to earn" in text


def test_a_stranger_looks_and_is_asked_to_sign_in(pages: Browser, acme: TenantContext) -> None:
    mug = offer(acme, "Mug", 250, stock=3)
    for path in ("/shop/", f"/shop/{mug}/"):
        text = text_of(pages.on(ACME).get(path))
        assert "Mug" in text
        assert "250 points" in text
        assert "Sign in" in text
    assert pages.on(ACME).get(f"/shop/{mug}/redeem/")["Location"].startswith("/login/?next=")


def test_a_closed_community_shows_its_shop_to_members_alone(
    pages: Browser, acme: TenantContext, member_id: int
) -> None:
    offer(acme, "Mug")
    Tenant.objects.filter(pk=acme.tenant_id).update(board_public=False)
    get_routing().load()
    assert Browser().on(ACME).get("/shop/")["Location"].startswith("/login/?next=")
    assert "Mug" in text_of(pages.on(ACME).get("/shop/"))


def test_my_points_and_what_is_next_are_in_sight(pages: Browser, acme: TenantContext, member_id: int) -> None:
    offer(acme, "Hat", 200)
    offer(acme, "Mug", 250)
    offer(acme, "Chair", 900)
    text = text_of(pages.on(ACME).get("/shop/"))
    assert "210 points" in text
    assert "40 points more to" in text
    assert "You can redeem this" in text
    assert "690 points more" in text


def test_what_is_in_the_way_is_said_plainly(pages: Browser, acme: TenantContext, member_id: int) -> None:
    later = clock.now() + timedelta(days=2)
    gone = offer(acme, "Gone", 10, stock=0)
    few = offer(acme, "Few", 10, stock=3, reserved=1)
    soon = offer(acme, "Soon", 10, starts_at=later)
    high = offer(acme, "High", 10, eligibility={"level": 50})
    text = text_of(pages.on(ACME).get("/shop/"))
    for words in ("Sold out", "2 left", "Not yet · from", "Needs a higher level"):
        assert words in text
    assert "all of them were redeemed" in text_of(pages.on(ACME).get(f"/shop/{gone}/"))
    assert "It begins" in text_of(pages.on(ACME).get(f"/shop/{soon}/"))
    assert "from level 50" in text_of(pages.on(ACME).get(f"/shop/{high}/"))
    for reward_id, can in ((gone, False), (few, True), (soon, False), (high, False)):
        page = text_of(pages.on(ACME).get(f"/shop/{reward_id}/"))
        assert (f"/shop/{reward_id}/redeem/" in page) is can


def test_tiers_are_groups_and_narrow_like_categories_and_words(pages: Browser, acme: TenantContext) -> None:
    with enter_tenant(acme):
        RewardTier.objects.all().delete()
        RewardTier.objects.create(name="Bronze", from_price=5, colour="#b45309")
        RewardTier.objects.create(name="Gold", from_price=300)
    offer(acme, "Sticker", 20, category="Paper")
    offer(acme, "Chair", 900, category="Furniture", description="To sit on")
    text = text_of(pages.on(ACME).get("/shop/"))
    assert text.index("Sticker") < text.index("from 300 points") < text.index("Chair")
    for query, there, gone in (
        ("tier=Gold", "Chair", "Sticker"),
        ("category=Paper", "Sticker", "Chair"),
        ("q=sit+on", "Chair", "Sticker"),
    ):
        text = text_of(pages.on(ACME).get(f"/shop/?{query}"))
        assert there in text
        assert gone not in text
    assert "Nothing fits" in text_of(pages.on(ACME).get("/shop/?q=nowhere&tier=Gold"))


def test_names_from_outside_are_shown_as_text(pages: Browser, acme: TenantContext, member_id: int) -> None:
    hostile = '<script>alert(1)</script>"\u202e'
    sponsor = None
    with enter_tenant(acme):
        sponsor = Sponsor.objects.create(name="<b>Corp</b>", url="https://corp.example").pk
    reward = offer(acme, hostile, 10, description=hostile, category=hostile[:40], sponsor_id=sponsor)
    for path in ("/shop/", f"/shop/{reward}/", f"/shop/{reward}/redeem/"):
        assert "<script>alert" not in text_of(pages.on(ACME).get(path))
    assert "<b>Corp" not in text_of(pages.on(ACME).get(f"/shop/{reward}/"))


def test_what_is_no_page_of_the_shop_is_a_404(pages: Browser, acme: TenantContext) -> None:
    draft = offer(acme, "Draft", state="draft")
    for path in ("/shop/?after=x", f"/shop/{draft}/", "/shop/999999/", f"/shop/{2**70}/"):
        assert pages.on(ACME).get(path).status_code == 404
    elsewhere = offer(acme, "Mug")
    assert pages.on(GLOBEX).get(f"/shop/{elsewhere}/").status_code == 404


def test_a_long_shop_goes_on_page_by_page(pages: Browser, acme: TenantContext) -> None:
    with enter_tenant(acme):
        Reward.objects.bulk_create(
            Reward(key=f"r{n}", name=f"Reward {n:03}", price=n, kind="custom", state="active", position=n)
            for n in range(1, 101)
        )
    page, seen, path = "", [], "/shop/"
    for _ in range(3):
        page = text_of(pages.on(ACME).get(path))
        seen += [n for n in range(1, 101) if f"Reward {n:03}" in page]
        if "Show more rewards" not in page:
            break
        path = page.split('class="btn" href="')[-1].split('"')[0].replace("&amp;", "&")
    assert seen == list(range(1, 101))


@pytest.mark.parametrize("path", ["/shop/", "/shop/?q=reward"])
def test_ten_rewards_cost_as_many_queries_as_a_thousand(
    pages: Browser, acme: TenantContext, member_id: int, path: str
) -> None:
    def fill(first: int, last: int) -> None:
        with enter_tenant(acme):
            Reward.objects.bulk_create(
                Reward(key=f"r{n}", name=f"Reward {n}", price=n, kind="custom", state="active", limit_count=1)
                for n in range(first, last)
            )

    def count() -> int:
        with CaptureQueriesContext(connection) as asked:
            pages.on(ACME).get(path)
        return len(asked)

    fill(0, 10)
    count()
    few = count()
    fill(10, 1_000)
    assert count() == few
    assert few <= 20


# --- redeeming


def confirm(pages: Browser, reward_id: int, **changed: str) -> Any:
    client = pages.on(ACME)
    page = client.get(f"/shop/{reward_id}/redeem/")
    form = {"key": str(page.context["key"]), "price": str(page.context["reward"].price)} | changed
    return client.post(f"/shop/{reward_id}/redeem/", form)


def count_redemptions(context: TenantContext) -> int:
    with enter_tenant(context):
        return Redemption.objects.count()


def points_of(context: TenantContext, member_id: int) -> int:
    with enter_tenant(context):
        return get_spendable(member_id=member_id, currency=POINTS)


def test_what_it_costs_and_leaves_is_shown_and_one_form_redeems_once(
    pages: Browser, acme: TenantContext, member_id: int
) -> None:
    hat = offer(acme, "Hat", 200, stock=5)
    text = text_of(pages.on(ACME).get(f"/shop/{hat}/redeem/"))
    assert "10 points" in text[text.index("You keep") :]

    key = "5d1a2f6e-8e6b-4df0-9c43-6f6f3f0f2f11"
    first, second = confirm(pages, hat, key=key), confirm(pages, hat, key=key)

    assert first.status_code == 302
    assert first["Location"] == second["Location"]
    assert count_redemptions(acme) == 1
    assert points_of(acme, member_id) == 10
    assert "Redeemed." in text_of(pages.on(ACME).get(first["Location"]))


def test_too_few_points_take_nothing_and_say_how_many_more(
    pages: Browser, acme: TenantContext, member_id: int
) -> None:
    mug = offer(acme, "Mug", 250)
    answer = confirm(pages, mug)
    assert answer.status_code in (403, 409, 422)
    assert "Ref" in answer.content.decode()
    assert count_redemptions(acme) == 0
    assert points_of(acme, member_id) == 210


def test_a_price_that_changed_meanwhile_is_shown_before_it_is_paid(
    pages: Browser, acme: TenantContext, member_id: int
) -> None:
    hat = offer(acme, "Hat", 200)
    answer = confirm(pages, hat, price="20")
    assert "The price changed while you looked: it is 200 points now" in text_of(answer, 409)
    assert count_redemptions(acme) == 0


def test_somebody_of_the_team_without_a_member_is_told(pages: Browser, acme: TenantContext) -> None:
    hat = offer(acme, "Hat", 200)
    pages.sign_in("acme-owner", path="/earn/")
    assert "You are not a member here" in text_of(pages.on(ACME).get(f"/shop/{hat}/"))
    assert pages.on(ACME).post(f"/shop/{hat}/redeem/").status_code == 404


def test_views_are_counted_later_and_for_the_right_community(
    pages: Browser, acme: TenantContext, globex: TenantContext
) -> None:
    hat = offer(acme, "Hat", 200)
    pages.on(ACME).get("/shop/")
    pages.on(ACME).get("/shop/")
    pages.on(ACME).get(f"/shop/{hat}/")
    with enter_tenant(acme):
        assert store_impressions(schema=acme.schema) == 1
        row = RewardDay.objects.get()
        assert (row.reward_id, row.seen, row.opened) == (hat, 2, 1)
