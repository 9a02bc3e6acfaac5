"""A member's page: who sees what of whom, and the reason of every entry."""

from __future__ import annotations

import pytest

from tenants.context import TenantContext, enter_tenant
from tests.cast import ACME as ACME_CAST
from tests.frontend_api.givers import give, hide, rename
from tests.frontend_api.hosts import ACME, GLOBEX, Browser
from tests.frontend_api.portal.test_leaderboard import text_of

PART = {"HX-Request": "true"}


def entry_of(context: TenantContext, member_id: int) -> int:
    from engagement.analytics.selectors import list_history

    with enter_tenant(context):
        return list_history(member_id=member_id)[0].entry_id


def test_a_page_shows_level_points_and_what_is_missing(pages: Browser, acme: TenantContext) -> None:
    member = give(acme, 1, "Ada", 120)
    text = text_of(pages.on(ACME).get(f"/members/{member}/"))
    assert "Level 1, " in text
    assert "120" in text
    assert "more to level 2" in text
    assert "#1" in text


def test_somebody_who_never_earned_has_a_page_too(pages: Browser, acme: TenantContext) -> None:
    text = text_of(pages.on(ACME).get(f"/members/{give(acme, 1, 'Ada', 0)}/"))
    assert "Nothing earned yet" in text
    assert "no place yet" in text


def test_a_hidden_members_page_is_theirs_and_the_teams(pages: Browser, acme: TenantContext) -> None:
    member = give(acme, ACME_CAST.discord_id("member"), "Mia", 10)
    hide(acme, member)
    path = f"/members/{member}/"
    missing = pages.on(ACME).get("/members/424242/")
    hidden = pages.on(ACME).get(path)
    assert hidden.status_code == 404
    assert _without_reference(hidden.content) == _without_reference(missing.content), (
        "nobody can tell them apart"
    )
    pages.sign_in("acme-member", path="/earn/")
    assert "You are hidden" in text_of(pages.on(ACME).get(path))
    team = Browser()
    team.sign_in("acme-owner", path="/earn/")
    assert "This member is hidden" in text_of(team.on(ACME).get(path))


def _without_reference(content: bytes) -> str:
    import re

    return re.sub(r"Ref <strong>\w+</strong>", "", content.decode())


def test_an_aliased_members_history_would_tell_who_they_are(pages: Browser, acme: TenantContext) -> None:
    member = give(acme, ACME_CAST.discord_id("member"), "Real Rita", 10)
    rename(acme, member, "Night Owl")
    entry = entry_of(acme, member)
    text = text_of(pages.on(ACME).get(f"/members/{member}/"))
    assert "Night Owl" in text
    assert "Real Rita" not in text
    assert "Shown under an alias" in text
    assert pages.on(ACME).get(f"/members/{member}/entries/{entry}/").status_code == 404
    pages.sign_in("acme-member", path="/earn/")
    assert "Given by the team" in text_of(pages.on(ACME).get(f"/members/{member}/"))


def test_what_the_team_did_by_hand_stays_between_them(pages: Browser, acme: TenantContext) -> None:
    member = give(acme, ACME_CAST.discord_id("member"), "Mia", 10, reason="A private reason")
    path = f"/members/{member}/entries/{entry_of(acme, member)}/"
    text = text_of(pages.on(ACME).get(f"/members/{member}/"))
    assert "Changed by the team" in text
    assert "A private reason" not in text
    assert pages.on(ACME).get(path).status_code == 404
    pages.sign_in("acme-member", path="/earn/")
    part = text_of(pages.on(ACME).get(path, headers=PART))
    assert "A private reason" in part
    assert "<html" not in part
    assert "<html" in text_of(pages.on(ACME).get(path)), "without scripts it is a page"


def test_an_entry_belongs_to_its_member_and_tenant(
    pages: Browser, acme: TenantContext, globex: TenantContext
) -> None:
    one, other = give(acme, 1, "One", 10), give(acme, 2, "Other", 10)
    pages.sign_in("acme-owner", path="/earn/")
    entry = entry_of(acme, one)
    assert pages.on(ACME).get(f"/members/{one}/entries/{entry}/").status_code == 200
    assert pages.on(ACME).get(f"/members/{other}/entries/{entry}/").status_code == 404
    assert pages.on(GLOBEX).get(f"/members/{one}/entries/{entry}/").status_code == 404


def test_history_pages_by_a_cursor_without_gap_or_repeat(pages: Browser, acme: TenantContext) -> None:
    import re

    for number in range(45):
        member = give(
            acme, ACME_CAST.discord_id("member"), "Mia", 1, key=f"n{number}", reason=f"Number {number}."
        )
    pages.sign_in("acme-member", path="/earn/")
    path, seen = f"/members/{member}/", []
    while path:
        text = text_of(pages.on(ACME).get(path))
        seen += re.findall(r"Number (\d+)\.", text)
        more = re.search(r'href="([^"]+\?before=\d+)"', text)
        path = more.group(1) if more else ""
    assert seen == [str(number) for number in reversed(range(45))]


@pytest.mark.parametrize("query", ["before=x", "before=-1", "before=1.5"])
def test_what_is_no_cursor_is_a_404(pages: Browser, acme: TenantContext, query: str) -> None:
    assert pages.on(ACME).get(f"/members/{give(acme, 1, 'Ada', 1)}/?{query}").status_code == 404


@pytest.mark.parametrize("number", [2**63 - 1, 2**63, 10**30])
def test_ids_beyond_every_row_are_a_404(pages: Browser, number: int) -> None:
    assert pages.on(ACME).get(f"/members/{number}/").status_code == 404
    assert pages.on(ACME).get(f"/members/1/entries/{number}/").status_code == 404


def test_a_link_from_discord_opens_my_page_once(pages: Browser, acme: TenantContext) -> None:
    from tenants.tickets import get_member_link

    member = give(acme, 77, "No Login Needed", 10)
    hide(acme, member)
    link = get_member_link(acme, provider="discord", external_id="77", next_path=f"/members/{member}/")
    path = link.partition(ACME)[2]
    ticket = link.partition("ticket=")[2]
    assert "Open your page" in text_of(pages.on(ACME).get(path))
    assert "Open your page" in text_of(pages.on(ACME).get(path)), "a preview takes nothing away"
    answer = pages.on(ACME).post("/visit/", {"ticket": ticket})
    assert answer["Location"] == f"/members/{member}/"
    assert "You are hidden" in text_of(pages.on(ACME).get(answer["Location"]))
    assert pages.on(ACME).get("/dashboard/").status_code == 302
    assert Browser().on(ACME).post("/visit/", {"ticket": ticket}).status_code == 403


def test_a_link_of_one_community_opens_nothing_in_another(pages: Browser, acme: TenantContext) -> None:
    from tenants.tickets import issue_member_ticket

    give(acme, 77, "Ada", 10)
    ticket = issue_member_ticket(schema=acme.schema, provider="discord", external_id="77")
    assert pages.on(GLOBEX).post("/visit/", {"ticket": ticket}).status_code == 403
