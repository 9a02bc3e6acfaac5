"""Boosts as an organiser uses them, at a desk and on a phone: planned with the hours in sight, told to members, stopped, undone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connections
from playwright.sync_api import Page, expect

from engagement.audit.actor import SYSTEM
from engagement.boosts.services import BoostDraft, plan_boost
from engagement.kinds import seed_community
from saas.core import clock
from tenants.context import enter_tenant
from tests.browser.conftest import Opener, Site
from tests.browser.people import acme_context
from tests.browser.test_organiser_pages import MOST_BYTES, enter
from tests.browser.test_pages import LOOKS, find_barriers, overflow, settle

pytestmark = pytest.mark.browser
LIST, NEW = "/dashboard/boosts/", "/dashboard/boosts/new/"
DAY = timedelta(days=1)


@pytest.fixture
def boosted(people: None) -> None:
    """Acme has rules, a boost that runs and one with a long name that is planned."""
    with enter_tenant(acme_context()) as context:
        seed_community(context)
        later = clock.now() + DAY
        for number, draft in enumerate(
            (
                BoostDraft("Happy hours", 150, {"types": ["message"]}, lasts=DAY, announce=True),
                BoostDraft("A_name_without_any_break_and_" + "x" * 30, 1000, {}, later, later + DAY),
            )
        ):
            plan_boost(context=context, draft=draft, actor=SYSTEM, key=f"browser:{number}", allowances=())
    connections.close_all()


def see_quote(page: Page) -> None:
    settle(page)
    if page.locator("#boost-quote").count():
        expect(page.locator("#boost-quote")).to_contain_text("In the last such window")


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_pages_have_no_barriers_and_fit(
    open_page: Opener, site: Site, boosted: None, width: int, scheme: str
) -> None:
    page = enter(open_page, site, LIST, width=width, scheme=scheme)
    for path in (LIST, NEW, "/dashboard/", "/earn/"):
        page.goto(site.address(path))
        see_quote(page)
        page.evaluate(
            "document.querySelectorAll('main details:not([data-menu])').forEach(box => { box.open = true; })"
        )
        assert find_barriers(page) == [], path
        assert overflow(page) <= 0, path


@pytest.mark.parametrize("width", [1280, 360])
def test_a_boost_is_planned_with_its_hours_in_sight_and_called_off_and_back(
    open_page: Opener, site: Site, people: None, width: int
) -> None:
    page = enter(open_page, site, LIST, width=width)
    page.get_by_role("link", name="Plan the first boost").click()
    expect(page.locator("#boost-quote")).to_contain_text("In the last such window")
    page.get_by_label("Name").fill("Double weekend")
    page.get_by_label("Multiplier").fill("12")
    page.get_by_label("Multiplier").blur()
    expect(page.locator("#boost-quote")).to_contain_text("from 1.1 to 10")
    page.get_by_label("Multiplier").fill("2")
    page.get_by_label("Multiplier").blur()
    expect(page.locator("#boost-quote .try-figures")).to_contain_text("8")
    page.locator("summary", has_text="What is done").click()
    page.get_by_label("A message", exact=True).check()
    page.get_by_role("button", name="Plan the boost").click()

    expect(page.get_by_text("“Double weekend” is planned.")).to_be_visible()
    expect(page.get_by_text("Messages", exact=True)).to_be_visible()
    page.get_by_role("button", name="Call off Double weekend").click()
    expect(page.get_by_text("“Double weekend” is stopped")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("“Double weekend” goes on as planned.")).to_be_visible()


def test_members_read_what_runs(open_page: Opener, site: Site, boosted: None) -> None:
    page = open_page("/earn/")
    expect(page.get_by_role("list", name="Boosts")).to_contain_text("×1.5")
    expect(page.get_by_role("list", name="Boosts")).to_contain_text("Happy hours: messages until")


def test_the_pages_stay_light(open_page: Opener, site: Site, boosted: None) -> None:
    page = enter(open_page, site, LIST)
    for path in (LIST, NEW):
        sizes: list[int] = []
        page.on(
            "response",
            lambda answer, sizes=sizes: sizes.append(int(answer.headers.get("content-length") or 0)),
        )
        page.goto(site.address(path))
        see_quote(page)
        assert sum(sizes) < MOST_BYTES, (path, sum(sizes))
