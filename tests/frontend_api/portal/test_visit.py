"""Links from Discord: a phone needs no login; somebody who is known as another is asked, never switched silently."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from tenants.context import TenantContext
from tenants.tickets import get_member_link
from tests.cast import ACME as ACME_CAST
from tests.frontend_api.givers import give
from tests.frontend_api.hosts import ACME, Browser

FRIEND = 740_000_000_000_000_001


def ticket(acme: TenantContext, external_id: int, path: str = "/earn/") -> str:
    give(acme, external_id, f"Member {external_id % 10}", 5)
    address = get_member_link(acme, provider="discord", external_id=str(external_id), next_path=path)
    return parse_qs(urlsplit(address).query)["ticket"][0]


def user_in(pages: Browser) -> str:
    return str(pages.on(ACME).session.get("_auth_user_id", ""))


def test_a_phone_without_a_login_becomes_the_member(pages: Browser, acme: TenantContext) -> None:
    link = ticket(acme, FRIEND)
    page = pages.on(ACME).get("/visit/", {"ticket": link})
    assert "Open your page" in page.content.decode()
    assert pages.on(ACME).post("/visit/", {"ticket": link})["Location"] == "/earn/"
    assert pages.on(ACME).session["member_id"]


def test_ones_own_link_needs_no_question(pages: Browser, acme: TenantContext) -> None:
    pages.sign_in("acme-owner", path="/earn/")
    link = ticket(acme, ACME_CAST.discord_id("owner"))
    assert "Who do you want" not in pages.on(ACME).get("/visit/", {"ticket": link}).content.decode()
    assert pages.on(ACME).post("/visit/", {"ticket": link})["Location"] == "/earn/"
    assert user_in(pages), "the login stays"


def test_somebody_signed_in_is_asked_before_becoming_another(pages: Browser, acme: TenantContext) -> None:
    pages.sign_in("acme-owner", path="/earn/")
    before = user_in(pages)
    link = ticket(acme, FRIEND)
    for answer in (
        pages.on(ACME).get("/visit/", {"ticket": link}),
        pages.on(ACME).post("/visit/", {"ticket": link}),
    ):
        text = answer.content.decode()
        assert "Who do you want to be" in text
        assert "Acme Owner" in text
        assert "Member 1" in text
    assert user_in(pages) == before
    assert pages.on(ACME).post("/visit/", {"ticket": link, "choice": "stay"})["Location"] == "/"
    assert user_in(pages) == before
    answer = pages.on(ACME).post("/visit/", {"ticket": link, "choice": "switch"})
    assert answer["Location"] == "/earn/"
    assert user_in(pages) == ""
    assert pages.on(ACME).session["member_id"]


def test_so_is_somebody_who_came_by_a_link_before(pages: Browser, acme: TenantContext) -> None:
    pages.on(ACME).post("/visit/", {"ticket": ticket(acme, FRIEND)})
    first = pages.on(ACME).session["member_id"]
    link = ticket(acme, FRIEND + 1)
    assert "Who do you want to be" in pages.on(ACME).post("/visit/", {"ticket": link}).content.decode()
    assert pages.on(ACME).session["member_id"] == first
    pages.on(ACME).post("/visit/", {"ticket": link, "choice": "switch"})
    assert pages.on(ACME).session["member_id"] != first


def test_asking_does_not_spend_the_link_and_taking_it_does(pages: Browser, acme: TenantContext) -> None:
    pages.sign_in("acme-owner", path="/earn/")
    link = ticket(acme, FRIEND)
    pages.on(ACME).get("/visit/", {"ticket": link})
    phone = Browser()
    assert phone.on(ACME).post("/visit/", {"ticket": link}).status_code == 302
    assert pages.on(ACME).get("/visit/", {"ticket": link}).status_code == 403


@pytest.mark.parametrize("choice", ["", "switch", "stay", "\u202e"])
def test_a_forged_link_is_refused_whatever_is_chosen(
    pages: Browser, acme: TenantContext, choice: str
) -> None:
    pages.sign_in("acme-owner", path="/earn/")
    assert pages.on(ACME).post("/visit/", {"ticket": "forged", "choice": choice}).status_code == 403
    assert user_in(pages)
