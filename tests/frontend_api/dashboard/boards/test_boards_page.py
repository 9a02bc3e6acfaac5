"""The organiser's page of leaderboards, and what its choices mean for whoever looks."""

from __future__ import annotations

import re
from typing import Any

import pytest

from engagement.audit.models import AuditEntry
from engagement.leaderboards.selectors import get_board, get_board_rules
from engagement.members.models import Member
from tenants.context import TenantContext, enter_tenant
from tenants.routing import get_routing
from tests.cast import ACME as CAST
from tests.frontend_api.givers import give
from tests.frontend_api.hosts import ACME, GLOBEX, Browser
from tests.frontend_api.portal.test_leaderboard import text_of

PATH = "/dashboard/boards/"


@pytest.fixture
def organiser(pages: Browser, acme: TenantContext) -> Browser:
    give(acme, 1, "Ada", 100)
    give(acme, 2, "Staff Stan", 40)
    pages.sign_in("acme-owner", path="/earn/")
    return pages


def save(browser: Browser, **changes: Any) -> Any:
    found = re.search(r'name="opened" value="([^"]+)"', text_of(browser.on(ACME).get(PATH)))
    assert found is not None
    form = {
        "public": "yes",
        "periods": ["all", "season", "month", "week"],
        "tie_figure": "",
        "season_length": "quarter",
        "opened": found[1],
    }
    answer = browser.on(ACME).post(PATH, {**form, **changes})
    get_routing().load()
    return answer


def test_the_page_shows_the_top_ten(organiser: Browser) -> None:
    text = text_of(organiser.on(ACME).get(PATH))
    assert "The top ten now" in text
    assert "Ada" in text
    assert "2 members hold a rank" in text


def test_staff_can_be_kept_off(organiser: Browser, acme: TenantContext) -> None:
    with enter_tenant(acme):
        Member.objects.filter(display_name="Staff Stan").update(role_ids=["5"])

    assert save(organiser, excluded_roles=["5"]).status_code == 302

    text = text_of(organiser.on(ACME).get(PATH))
    assert "1 member gained or lost a rank" in text
    assert "Stan" not in text
    with enter_tenant(acme):
        assert get_board_rules().excluded_roles == ("5",)


def test_boards_that_are_not_offered_are_not_there(organiser: Browser, acme: TenantContext) -> None:
    assert save(organiser, periods=["week", "month"]).status_code == 302
    here = Browser().on(ACME)
    assert "All time" not in text_of(here.get("/"))
    assert "Week" in text_of(here.get("/"))
    assert here.get("/?period=all").status_code == 404
    assert here.get("/?period=week").status_code == 200
    assert [one["period"] for one in here.get("/api/v1/leaderboards").json()["items"]] == ["month", "week"]
    assert here.get("/api/v1/leaderboards/all").status_code == 404
    assert Browser().on(GLOBEX).get("/?period=all").status_code == 200
    assert save(organiser, periods=[]).status_code == 422


def test_a_closed_board_is_for_members_alone(organiser: Browser, acme: TenantContext) -> None:
    member_id = give(acme, CAST.discord_id("member"), "Mo", 10)
    assert save(organiser, public="no").status_code == 302

    nobody = Browser().on(ACME)
    for path in ("/", "/leaderboard/", f"/members/{member_id}/", f"/members/{member_id}/entries/1/"):
        answer = nobody.get(path)
        assert answer.status_code == 302, path
        assert "/login/?next=" in answer["Location"]
    assert nobody.get("/earn/").status_code == 200
    assert nobody.get("/api/v1/leaderboards/week").status_code == 401
    stranger = Browser()
    stranger.sign_in("acme-stranger", path="/earn/")
    assert stranger.on(ACME).get("/").status_code == 403
    assert "Only members and above may see the leaderboard" in stranger.on(ACME).get("/").content.decode()
    member = Browser()
    member.sign_in("acme-member", path="/earn/")
    for path in ("/", f"/members/{member_id}/"):
        assert member.on(ACME).get(path).status_code == 200, path
    assert Browser().on(GLOBEX).get("/").status_code == 200


def test_the_second_of_two_organisers_sees_the_difference(organiser: Browser) -> None:
    found = re.search(r'name="opened" value="([^"]+)"', text_of(organiser.on(ACME).get(PATH)))
    assert found is not None
    save(organiser, periods=["week"])
    mine = {
        "public": "no", "periods": ["all"], "tie_figure": "", "season_length": "quarter", "opened": found[1],
    }  # fmt: skip
    answer = organiser.on(ACME).post(PATH, mine)
    assert answer.status_code == 409
    assert "Both changed it" in answer.content.decode()


def test_a_season_can_be_made_shorter(organiser: Browser, acme: TenantContext) -> None:
    text = text_of(organiser.on(ACME).get(PATH))
    for words in ("A month: now 1 ", "A quarter of a year: now 1 ", "A year: now 1 Jan – 31 Dec"):
        assert words in text
    assert save(organiser, season_length="month").status_code == 302
    with enter_tenant(acme):
        assert get_board_rules().season_length == "month"
        assert get_board(kind="season").rows[0].name == "Ada"
        entry = AuditEntry.objects.filter(action="board.changed").latest("pk")
    assert (entry.before, entry.after) == ({"season_length": "quarter"}, {"season_length": "month"})
    assert "Season length" in text_of(organiser.on(ACME).get(f"/dashboard/settings/history/{entry.pk}/"))
    assert save(organiser, season_length="week").status_code == 422


def test_a_figure_that_nobody_has_is_refused(organiser: Browser) -> None:
    assert save(organiser, tie_figure="badges").status_code == 422


def test_who_may(pages: Browser) -> None:
    for username, status in (("acme-moderator", 403), ("acme-member", 403), ("globex-owner", 403)):
        browser = Browser()
        browser.sign_in(username, path="/earn/")
        assert browser.on(ACME).get(PATH).status_code == status
        assert browser.on(ACME).post(PATH, {}).status_code == 403
    assert Browser().on(ACME).get(PATH).status_code == 302
