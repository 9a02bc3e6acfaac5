"""Bringing levels over in a browser: from the file to the undoing, at a desk and on a phone, light and dark."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from engagement.imports.applying import work_on_import
from engagement.imports.models import ImportRun
from engagement.imports.services import read_import
from tenants.context import enter_tenant
from tenants.selectors import get_context
from tests.browser.conftest import Opener, Site
from tests.browser.test_pages import find_barriers, overflow, sign_in
from tests.engagement.imports.bringing import discord_id

pytestmark = pytest.mark.browser
START = "/dashboard/imports/"
LOOKS = [
    (1280, "light"),
    (320, "dark"),
    *(
        pytest.param(width, scheme, marks=pytest.mark.faults)
        for width, scheme in ((1280, "dark"), (360, "light"))
    ),
]
TABLE = "User ID,Name,XP,Level\n" + "".join(
    f"{discord_id(number)},Person {number} <b>of</b> a rather long name,{number * 500},{number}\n"
    for number in range(1, 30)
)


def work() -> None:
    """What the worker would do."""
    context = get_context(slug="acme")
    with enter_tenant(context):
        run = ImportRun.objects.latest("pk")
        read_import(import_id=run.pk, guild_id=context.guild_id)
        work_on_import(import_id=run.pk, context=context)


def check(page: Page) -> None:
    assert find_barriers(page) == [], page.url
    assert overflow(page) <= 0, page.url


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_from_the_file_to_the_undoing(open_page: Opener, site: Site, width: int, scheme: str) -> None:
    page = open_page("/", width=width, scheme=scheme)
    sign_in(page, site, "acme-owner", START)
    expect(page.get_by_role("heading", name="Bring your levels")).to_be_visible()
    check(page)
    page.get_by_role("button", name="Bring from CSV").click()
    page.set_input_files(
        "#file",
        {"name": "levels.csv", "mimeType": "text/csv", "buffer": (TABLE + "abc,Nobody,1,1\n").encode()},
    )
    page.get_by_role("button", name="Upload and read it").click()
    expect(page.get_by_role("heading", name="Which column is what?")).to_be_visible()
    check(page)
    page.get_by_role("button", name="Read the table").click()
    expect(page.get_by_text("You can leave this page and come back.")).to_be_visible()
    check(page)
    work()
    apply = page.get_by_role("button", name="Bring 29 members over")
    expect(apply).to_be_visible()  # by the poll alone
    check(page)
    page.get_by_role("link", name="See everybody").click()
    expect(page.get_by_role("heading", name="Everybody in the import from CSV")).to_be_visible()
    check(page)
    page.go_back()
    apply.click()
    expect(page.get_by_text("Being applied").first).to_be_visible()
    work()
    undo = page.get_by_role("link", name="Undo this import")
    expect(undo).to_be_visible()
    check(page)
    undo.click()
    expect(page).to_have_url(re.compile("/undo/$"))
    check(page)
    page.get_by_role("button", name="Undo the import").click()
    expect(page.get_by_text("Being undone").first).to_be_visible()
    work()
    expect(page.get_by_text("whom the import had made were removed")).to_be_visible()
    check(page)


def test_a_file_that_is_too_large_is_said_before_it_is_sent(open_page: Opener, site: Site) -> None:
    page = open_page("/")
    sign_in(page, site, "acme-owner", START)
    page.get_by_role("button", name="Bring from MEE6").click()
    # Of the element, not of the page: this waits until the page that the button leads to has it.
    page.locator("#file").evaluate("box => { box.dataset.most = '1000'; }")
    page.set_input_files(
        "#file", {"name": "levels.json", "mimeType": "application/json", "buffer": b" " * 2_000}
    )
    expect(page.get_by_role("alert").filter(has_text="This file is larger")).to_be_visible()
    address = page.url
    page.get_by_role("button", name="Upload and read it").click()
    expect(page.locator("#file")).to_be_focused()
    assert page.url == address
