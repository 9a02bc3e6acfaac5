"""The first pages as people see them: in a browser, at a desk and on a phone, in light and dark."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, expect

from tenants.context import enter_tenant
from tests.browser.conftest import Opener, Site
from tests.browser.people import acme_context, give
from tests.frontend_api.hosts import PASSWORD

pytestmark = pytest.mark.browser
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()
# What Chromium says of a page that was left while it was asked.
LEFT = re.compile("context was destroyed|Cannot find context|axe is not defined|frame was detached")
PHONE, NARROWEST = 360, 320
# Both sizes and both schemes; the other two pairs are looked at in `make faults`.
LOOKS = [
    (1280, "light"),
    (360, "dark"),
    *(
        pytest.param(width, scheme, marks=pytest.mark.faults)
        for width, scheme in ((1280, "dark"), (360, "light"))
    ),
]


def sign_in(page: Page, site: Site, username: str, path: str) -> None:
    page.goto(site.address(f"/login/?next={path}"))
    page.get_by_label("Username or e-mail").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(site.address(path))


def find_barriers(page: Page) -> list[str]:
    """What axe finds wrong for people with disabilities, by the rules of WCAG 2.2 AA and its best practice."""
    settle(page)
    found = ask(page, AXE, "axe.run(document, {resultTypes: ['violations']}).then(found => found.violations)")
    return [
        f"{one['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
        for one in found
        for node in one["nodes"]
    ]


def settle(page: Page) -> None:
    """Until it is loaded and what it asks for by itself has come. Half a second of silence, which a browser can wait for too, would
    be half a second for each of hundreds of pages."""
    page.wait_for_load_state()
    expect(page.locator(".htmx-request")).to_have_count(0)


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than its window; on a phone, also than the narrowest."""
    wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    size, found = page.viewport_size, int(ask(page, wider))
    if size is not None and size["width"] == PHONE:
        page.set_viewport_size({**size, "width": NARROWEST})
        found = max(found, int(ask(page, wider)))
        page.set_viewport_size(size)
    return found


def ask(page: Page, *scripts: str) -> Any:
    """What the page answers to the last of these, once it is loaded. Where another page takes its place meanwhile, as after a click
    on a busy machine, that one is asked."""
    until = time.monotonic() + 60
    while True:
        page.wait_for_load_state()
        try:
            return [page.evaluate(script) for script in scripts][-1]
        except PlaywrightError as error:
            if not LEFT.search(str(error)) or time.monotonic() > until:
                raise


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_public_pages_have_no_barriers_and_fit(
    open_page: Opener, site: Site, width: int, scheme: str
) -> None:
    page = open_page("/", width=width, scheme=scheme)
    for path, host in [
        ("/", "acme.localhost"),
        ("/?period=week", "globex.localhost"),
        ("/earn/", "acme.localhost"),
        (_first_member(), "acme.localhost"),
        ("/nowhere/", "acme.localhost"),
        ("/", "localhost"),
        ("/login/", "localhost"),
    ]:
        open_page(path, host=host, page=page)
        assert find_barriers(page) == [], (path, host)
        assert overflow(page) <= 0, (path, host)


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_pages_of_those_signed_in_have_no_barriers_and_fit(
    open_page: Opener, site: Site, width: int, scheme: str
) -> None:
    page = open_page("/", width=width, scheme=scheme)
    sign_in(page, site, "acme-owner", "/dashboard/")
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
    assert find_barriers(page) == []
    assert overflow(page) <= 0
    member = open_page("/", width=width, scheme=scheme)
    sign_in(member, site, "acme-member", "/leaderboard/")
    expect(member.get_by_text("show my place")).to_be_in_viewport()
    assert find_barriers(member) == []


def earn_points(name: str, points: int) -> None:
    """Somebody new earns points while the page is open."""
    with enter_tenant(acme_context()):
        give("799999999999999999", name, points)
    connections.close_all()


def test_points_move_on_the_open_page(open_page: Opener) -> None:
    page = open_page("/")
    expect(page.locator("#live-state")).to_have_text("Live")
    earn_points("Newcomer", 50_000)
    first = page.locator("#board tbody tr").first
    expect(first).to_contain_text("Newcomer")
    expect(first).to_contain_text("50,000")


def test_the_organisers_feed_moves_too(open_page: Opener, site: Site) -> None:
    page = open_page("/")
    sign_in(page, site, "acme-owner", "/dashboard/")
    expect(page.locator("#live-state")).to_have_text("Up to date")
    earn_points("Newcomer", 50_000)
    expect(page.locator(".feed li").first).to_contain_text("Newcomer")


def test_a_page_without_a_socket_polls(open_page: Opener) -> None:
    page = open_page("/nowhere/", host="localhost")
    page.add_init_script("window.WebSocket = function () { throw new Error('refused'); }")
    page.clock.install()
    open_page("/", page=page)
    expect(page.locator("#live-state")).to_have_text("Updates every 15 seconds")
    earn_points("Newcomer", 50_000)
    page.clock.run_for(16_000)
    expect(page.locator("#board tbody tr").first).to_contain_text("Newcomer")


def test_the_search_finds_by_name_and_leads_to_the_page(open_page: Opener) -> None:
    page = open_page("/")
    page.get_by_label("Find a member by name").press_sequentially("grace")
    page.get_by_role("region", name="Members found").get_by_role("link", name="Grace Hopper").click()
    expect(page.get_by_role("heading", name="Grace Hopper")).to_be_visible()


def test_every_entry_answers_why(open_page: Opener, site: Site) -> None:
    page = open_page("/")
    sign_in(page, site, "acme-member", "/leaderboard/")
    page.get_by_role("link", name="You", exact=True).first.click()
    page.locator("summary", has_text="Why").first.click()
    expect(page.locator(".explain").first).to_contain_text("Thank you")


def test_the_keyboard_reaches_everything(open_page: Opener) -> None:
    page = open_page("/")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the page")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="All time")).to_be_focused()


def test_the_colours_follow_the_device_and_remember_a_choice(open_page: Opener) -> None:
    page = open_page("/", scheme="dark")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    button = page.get_by_role("button", name=re.compile("Colours"))
    button.click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "light")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "light")


def test_the_first_visit_is_light(open_page: Opener, site: Site) -> None:
    page = open_page("/nowhere/", host="localhost")
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.clearBrowserCache")
    received: list[float] = []
    session.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    page.goto(site.address("/"))
    page.wait_for_load_state("networkidle")
    assert 10_000 < sum(received) < 300_000, f"{sum(received):,.0f} bytes in {len(received)} answers"


def test_signing_out_is_a_button_and_ends_the_session(open_page: Opener, site: Site) -> None:
    page = open_page("/")
    sign_in(page, site, "acme-owner", "/dashboard/")
    page.locator("summary.person").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in").first).to_be_visible()
    page.goto(site.address("/dashboard/"))
    expect(page.get_by_label("Password")).to_be_visible()


def _first_member() -> str:
    from engagement.members.selectors import search_members

    with enter_tenant(acme_context()):
        (member,) = search_members(text="Ada")
    connections.close_all()
    return f"/members/{member.pk}/"
