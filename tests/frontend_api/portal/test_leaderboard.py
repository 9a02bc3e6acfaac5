"""The public leaderboard: periods, pages, search, me; the same number of queries for ten members and a thousand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tenants.context import TenantContext, enter_tenant
from tests.cast import ACME as ACME_CAST
from tests.frontend_api.givers import give, hide, rename
from tests.frontend_api.hosts import ACME, GLOBEX, Browser


def text_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.content
    return str(answer.content.decode())


def test_an_empty_board_says_what_to_do(pages: Browser) -> None:
    text = text_of(pages.on(ACME).get("/leaderboard/?period=week"))
    assert "Nobody has earned here yet" in text
    assert "See the ways to earn" in text


def test_the_best_stand_first_with_their_points(pages: Browser, acme: TenantContext) -> None:
    give(acme, 1, "Second", 1_000)
    give(acme, 2, "First", 12_345)
    for path in ("/", "/leaderboard/", "/?period=season", "/?period=month", "/?period=week"):
        text = text_of(pages.on(ACME).get(path))
        assert text.index("First") < text.index("Second")
        assert "12,345" in text
        assert "who got there first" in text, "how ties are broken is stated"


def test_a_tenants_board_shows_its_own_members_only(pages: Browser, acme: TenantContext) -> None:
    give(acme, 1, "Only in Acme", 10)
    assert "Only in Acme" in text_of(pages.on(ACME).get("/"))
    assert "Only in Acme" not in text_of(pages.on(GLOBEX).get("/"))


def test_hidden_members_are_missing_and_aliased_ones_keep_their_rank(
    pages: Browser, acme: TenantContext
) -> None:
    hide(acme, give(acme, 1, "Hidden Henry", 300))
    rename(acme, give(acme, 2, "Real Rita", 200), "Night Owl")
    give(acme, 3, "Plain Paul", 100)
    text = text_of(pages.on(ACME).get("/"))
    assert "Hidden Henry" not in text
    assert "Real Rita" not in text
    assert 'data-rank="1"' in text[: text.index("Night Owl")]
    assert 'data-rank="2"' in text[: text.index("Plain Paul")]


def test_my_line_is_in_sight_on_every_page(pages: Browser, acme: TenantContext) -> None:
    for number in range(30):
        give(acme, 100 + number, f"Member {number}", 1_000 - number)
    give(acme, ACME_CAST.discord_id("member"), "Mia", 5)
    pages.sign_in("acme-member", path="/earn/")
    first = text_of(pages.on(ACME).get("/"))
    assert "show my place" in first
    assert "/leaderboard/?page=2" in first
    second = text_of(pages.on(ACME).get("/leaderboard/?page=2"))
    assert "show my place" not in second
    assert 'class="me"' in second
    assert "show my place" not in text_of(Browser().on(ACME).get("/"))


@pytest.mark.parametrize(
    "query", ["period=century", "page=0", "page=x", "page=2", "page=99999999999", "page=-1"]
)
def test_what_is_no_board_is_a_404(pages: Browser, query: str) -> None:
    assert pages.on(ACME).get(f"/leaderboard/?{query}").status_code == 404


def test_the_search_finds_shown_names_only(pages: Browser, acme: TenantContext) -> None:
    give(acme, 1, "Grace Hopper", 10)
    hide(acme, give(acme, 2, "Grace Hidden", 10))
    rename(acme, give(acme, 3, "Grace Secret", 10), "Night Owl")
    text = text_of(pages.on(ACME).get("/leaderboard/?q=grace"))
    results = text[text.index('id="results"') : text.index('class="columns"')]
    assert "Grace Hopper" in results
    assert "Grace Hidden" not in results
    assert "Night Owl" not in results
    part = pages.on(ACME).get("/leaderboard/?q=night", headers={"HX-Request": "true", "HX-Target": "results"})
    assert "Night Owl" in text_of(part)
    assert "<html" not in text_of(part)
    assert "Nobody here is called" in text_of(pages.on(ACME).get("/leaderboard/?q=zzz"))
    assert pages.on(ACME).get("/leaderboard/?q=%00").status_code == 200


def test_the_poll_gets_the_board_alone_and_no_cache_mixes_them(pages: Browser, acme: TenantContext) -> None:
    give(acme, 1, "Ada", 10)
    part = pages.on(ACME).get("/leaderboard/", headers={"HX-Request": "true", "HX-Target": "board"})
    assert "data-position" in text_of(part)
    assert "<html" not in text_of(part)
    assert {"HX-Request", "HX-Target"} <= {name.strip() for name in part["Vary"].split(",")}


def count(path: str, pages: Browser, django_assert_max_num_queries: Callable[..., Any]) -> int:
    with django_assert_max_num_queries(60) as seen:
        text_of(pages.on(ACME).get(path))
    return len(seen)


@pytest.mark.slow
def test_the_number_of_queries_does_not_grow(
    pages: Browser, acme: TenantContext, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    member = give(acme, ACME_CAST.discord_id("member"), "Mia", 5)
    for number in range(10):
        give(acme, 100 + number, f"Member {number}", 1_000 - number)
        give(acme, ACME_CAST.discord_id("member"), "Mia", 1, key=f"mia {number}")
    pages.sign_in("acme-owner", path="/dashboard/")  # the first visit is noted in their membership
    stranger = Browser()
    visits = [
        ("/", stranger),
        ("/?period=week", stranger),
        ("/leaderboard/?q=Member", stranger),
        (f"/members/{member}/", stranger),
        ("/", pages),
        ("/dashboard/", pages),
    ]
    pages.on(ACME).get("/dashboard/")  # the first look is noted once, as when somebody was last seen
    few = [count(path, browser, django_assert_max_num_queries) for path, browser in visits]
    with enter_tenant(acme):
        grow(acme, member)
    many = [count(path, browser, django_assert_max_num_queries) for path, browser in visits]
    assert many == few
    assert few[0] <= 5, "a stranger's board: the schema, the log's end, whether support is sold, the board"


def grow(context: TenantContext, member: int) -> None:
    """Several pages of members and of entries more."""
    for number in range(250):
        give(context, 10_000 + number, f"Member {number}", 1 + number)
    for number in range(100):
        give(context, ACME_CAST.discord_id("member"), "Mia", 1, key=f"mia more {number}")
