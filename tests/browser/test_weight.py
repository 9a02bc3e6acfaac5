"""What the main pages weigh on somebody's first visit: everything that comes over the line, nothing cached."""

from __future__ import annotations

import re
import sys

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Opener, Site
from tests.browser.test_pages import sign_in

pytestmark = pytest.mark.browser
MOST_BYTES = 300_000
LEAST_BYTES = 10_000  # fewer would mean that nothing was counted
STRANGERS = [("landing", "/", "localhost"), ("leaderboard", "/", "acme.localhost")]
ORGANISERS = [
    ("dashboard home", "/dashboard/", "acme.localhost"),
    ("members list", "/dashboard/members/", "acme.localhost"),
]


def weigh(page: Page, address: str) -> int:
    """The bytes on the wire, headers included, from an empty cache until the page is quiet."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.clearBrowserCache")
    received: list[float] = []
    session.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    page.goto(address)
    page.wait_for_load_state("networkidle")
    session.detach()
    return int(sum(received))


def test_no_main_page_is_heavy_on_the_first_visit(open_page: Opener, site: Site) -> None:
    page = open_page("/")
    member = page.locator("main a[href*='/members/']").first.get_attribute("href") or ""
    assert re.fullmatch(r"/members/\d+/", member)
    weights = {
        name: weigh(page, site.address(path, host=host))
        for name, path, host in [*STRANGERS, ("member page", member, "acme.localhost")]
    }
    sign_in(page, site, "acme-owner", "/dashboard/")
    weights |= {name: weigh(page, site.address(path, host=host)) for name, path, host in ORGANISERS}
    sys.stdout.write(
        "\n" + ", ".join(f"{name} {size / 1000:,.0f} kB" for name, size in weights.items()) + "\n"
    )
    assert {name: size for name, size in weights.items() if not LEAST_BYTES < size < MOST_BYTES} == {}
