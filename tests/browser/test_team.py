"""The pages of team, keys and audit log in a browser: at a desk and on a phone, light and dark, and one walk by hand."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Opener, Site
from tests.browser.test_members import LOOKS, shoot
from tests.browser.test_pages import find_barriers, overflow, sign_in

pytestmark = pytest.mark.browser
TEAM, KEYS, AUDIT = "/dashboard/team/", "/dashboard/keys/", "/dashboard/audit/"


def open_team(open_page: Opener, site: Site, *, width: int = 1280, scheme: str = "light") -> Page:
    page = open_page("/", width=width, scheme=scheme)
    sign_in(page, site, "acme-owner", TEAM)
    expect(page.get_by_role("heading", name="Team", exact=True)).to_be_visible()
    return page


def invite_by_link(page: Page) -> None:
    page.get_by_role("link", name="Invite somebody").click()
    page.get_by_role("radio", name=re.compile("Analyst")).check()
    page.get_by_role("button", name="Invite", exact=True).click()
    expect(page.get_by_role("heading", name="Pass this link on")).to_be_visible()


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_every_page_is_open_to_everybody_and_fits(
    open_page: Opener, site: Site, width: int, scheme: str
) -> None:
    page = open_team(open_page, site, width=width, scheme=scheme)
    invite_by_link(page)
    shoot(page, f"invited-{width}-{scheme}")
    assert find_barriers(page) == []
    page.get_by_role("link", name="Back to the team").click()
    page.get_by_role("link", name=re.compile("Change what")).first.click()
    page.get_by_role("checkbox", name="Change the rules").check()
    page.get_by_role("button", name="Save the permissions").click()
    expect(page.get_by_text("is saved")).to_be_visible()
    person = page.url.split("localhost", 1)[1].split("/", 1)[1]
    for name, path in [
        ("team", TEAM),
        ("roles", f"{TEAM}roles/"),
        ("invite", f"{TEAM}invite/"),
        ("person", f"/{person}"),
        ("remove", f"/{person}remove/"),
        ("keys", KEYS),
        ("key", f"{KEYS}new/"),
        ("audit", AUDIT),
        ("narrowed", f"{AUDIT}?about=team&outcome=done&q=moderator"),
    ]:
        open_page(path, page=page)
        shoot(page, f"{name}-{width}-{scheme}")
        assert find_barriers(page) == [], name
        assert overflow(page) <= 0, name
    page.get_by_role("link", name=re.compile("Changed what may be done by")).first.click()
    expect(page.get_by_role("heading", name="What changed")).to_be_visible()
    shoot(page, f"entry-{width}-{scheme}")
    assert find_barriers(page) == []
    assert overflow(page) <= 0


def test_a_key_is_made_seen_once_and_revoked(open_page: Opener, site: Site) -> None:
    page = open_team(open_page, site)
    open_page(KEYS, page=page)
    page.get_by_role("link", name="Make a key").first.click()
    page.get_by_label("Name", exact=True).fill("Shop")
    page.get_by_role("checkbox", name=re.compile("members:read")).check()
    page.get_by_role("button", name="Make the key").click()
    secret = page.locator("#secret")
    expect(secret).to_have_value(re.compile("^ehk_live_"))
    text = secret.input_value()
    assert find_barriers(page) == []
    page.get_by_role("link", name="I have copied it").click()
    expect(page.get_by_role("link", name="Revoke Shop")).to_be_visible()
    assert text not in page.content()
    page.get_by_role("link", name="Revoke Shop").click()
    page.get_by_role("button", name="Revoke the key").click()
    expect(page.get_by_text("is refused from now on")).to_be_visible()
    open_page(AUDIT, page=page)
    expect(page.get_by_role("link", name="Revoked the API key Shop")).to_be_visible()
