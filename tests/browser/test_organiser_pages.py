"""Rules, levels, boards and settings as an organiser uses them: at a desk and on a phone, in light and dark."""

from __future__ import annotations

import re

import pytest
from django.db import connections
from playwright.sync_api import Page, expect

from engagement.audit.actor import SYSTEM
from engagement.kinds import seed_community
from engagement.rules import services
from engagement.rules.models import Rule
from tenants.context import enter_tenant
from tests.browser.conftest import Opener, Site
from tests.browser.people import acme_context
from tests.browser.test_pages import LOOKS, find_barriers, overflow, settle, sign_in

pytestmark = pytest.mark.browser
WIDTHS = [1280, 360]
PATHS = (
    "/dashboard/rules/",
    "/dashboard/rules/new/",
    "/dashboard/rules/new/?from=message",
    "/dashboard/rules/general/",
    "/dashboard/levels/",
    "/dashboard/levels/curve/",
    "/dashboard/levels/names/",
    "/dashboard/level-roles/",
    "/dashboard/level-roles/new/",
    "/dashboard/announcements/",
    "/dashboard/boards/",
    "/dashboard/settings/",
    "/dashboard/settings/history/",
    "/dashboard/commands/",
    "/dashboard/commands/all/",
)
MOST_BYTES = 300_000


@pytest.fixture
def seeded(people: None) -> int:
    """Acme has the rules of its kind; the id of the one for messages, at its second version."""
    with enter_tenant(acme_context()) as context:
        seed_community(context)
        services.revise_rule(
            key="message",
            definition={"triggers": ["message"], "amount": {"from": 15, "to": 25}},
            actor=SYSTEM,
        )
        rule_id = int(Rule.objects.get(key="message").pk)
    connections.close_all()
    return rule_id


def enter(open_page: Opener, site: Site, path: str, *, width: int = 1280, scheme: str = "light") -> Page:
    page = open_page("/", width=width, scheme=scheme)
    sign_in(page, site, "acme-owner", "/dashboard/")
    page.goto(site.address(path))
    return page


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_pages_have_no_barriers_and_fit(
    open_page: Opener, site: Site, seeded: int, width: int, scheme: str
) -> None:
    page = enter(open_page, site, "/dashboard/rules/", width=width, scheme=scheme)
    for path in (
        *PATHS,
        f"/dashboard/rules/{seeded}/",
        f"/dashboard/rules/{seeded}/versions/",
        f"/dashboard/rules/{seeded}/archive/",
    ):
        page.goto(site.address(path))
        settle(page)
        page.evaluate(
            "document.querySelectorAll('main details:not([data-menu])').forEach(box => { box.open = true; })"
        )
        assert find_barriers(page) == [], path
        assert overflow(page) <= 0, path


@pytest.mark.parametrize("width", WIDTHS)
def test_a_rule_with_a_condition_is_made_tried_switched_on_and_read_by_members(
    open_page: Opener, site: Site, seeded: int, width: int
) -> None:
    page = enter(open_page, site, "/dashboard/rules/", width=width)
    page.get_by_role("link", name="New rule").click()
    page.get_by_role("link", name=re.compile("^New rule")).click()
    page.get_by_label("Name", exact=True).fill("Long messages")
    page.get_by_label("Points", exact=True).fill("12")
    page.get_by_role("button", name="Add a line").click()
    page.get_by_label("Line 1: what to look at").select_option(label="The message's length")
    page.get_by_label("Line 1: how to compare").select_option(label="is at least")
    page.get_by_label("Line 1: what to compare with").fill("twenty")
    page.get_by_label("Keep it off for now").check()
    page.get_by_role("button", name="Try it on what happened").click()
    expect(page.locator("#trial")).to_contain_text("“twenty” is no whole number")
    page.get_by_label("Line 1: what to compare with").fill("20")
    page.get_by_role("button", name="Try it on what happened").click()
    expect(page.locator("#trial")).to_contain_text(
        "Write a message: 12 points, when the message's length is at least 20"
    )
    expect(page.locator("#trial")).to_contain_text("It would have given")
    page.get_by_text("Try it on one activity", exact=True).click()
    page.get_by_label("characters", exact=True).fill("25")
    page.get_by_role("button", name="What would it earn?").click()
    expect(page.locator("#trial")).to_contain_text("It would earn 12 points")
    page.get_by_role("button", name="Make the rule").click()

    expect(page.get_by_text("“Long messages” is made and off.")).to_be_visible()
    page.get_by_role("button", name="Switch on Long messages").click()
    expect(page.get_by_text("“Long messages” is on")).to_be_visible()
    page.goto(site.address("/earn/"))
    expect(page.get_by_role("heading", name="Long messages")).to_be_visible()
    expect(page.get_by_text("When the message's length is at least 20")).to_be_visible()


def test_switching_off_can_be_undone(open_page: Opener, site: Site, seeded: int) -> None:
    page = enter(open_page, site, "/dashboard/rules/")
    page.get_by_role("button", name="Switch off Reacting").click()
    expect(page.get_by_text("“Reacting” is off")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("“Reacting” is on")).to_be_visible()


@pytest.mark.parametrize("width", WIDTHS)
def test_the_second_of_two_organisers_sees_the_difference_and_chooses(
    open_page: Opener, site: Site, seeded: int, width: int
) -> None:
    path = f"/dashboard/rules/{seeded}/"
    first, second = (enter(open_page, site, path, width=width) for _ in range(2))
    first.get_by_label("Points", exact=True).fill("10")
    first.get_by_label("Up to").fill("")
    first.get_by_role("button", name="Save").click()
    expect(first.get_by_text("“Messages” is saved")).to_be_visible()
    second.get_by_label("Points", exact=True).fill("11")
    second.get_by_label("Name", exact=True).fill("Talking")
    second.get_by_role("button", name="Save").click()

    expect(second.get_by_text("changed this while you had it open")).to_be_visible()
    assert find_barriers(second) == []
    second.locator("input[name=choose-amount][value=theirs]").check()
    second.get_by_role("button", name="Save what is chosen").click()

    expect(second.get_by_text("“Talking” is saved")).to_be_visible()
    expect(second.get_by_text("Write a message: 10 points.")).to_be_visible()


@pytest.mark.parametrize("width", WIDTHS)
def test_the_curve_is_changed_after_a_preview(open_page: Opener, site: Site, seeded: int, width: int) -> None:
    page = enter(open_page, site, "/dashboard/levels/", width=width)
    page.get_by_role("link", name="Change the curve").click()
    page.get_by_role("radio", name="Even").check()
    page.get_by_label("Points a level").fill("100")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#trial")).to_contain_text("On your 30 members")
    expect(page.locator("#trial .pairs")).to_be_visible()
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", name="Change the levels?")).to_be_visible()
    page.get_by_role("button", name="Change the levels").click()
    expect(page.get_by_text("The levels are changed.")).to_be_visible()
    expect(page.get_by_role("heading", name="Even")).to_be_visible()


@pytest.mark.parametrize("width", WIDTHS)
def test_the_colour_is_changed_seen_and_taken_back(
    open_page: Opener, site: Site, seeded: int, width: int
) -> None:
    page = enter(open_page, site, "/dashboard/settings/", width=width)
    page.locator("#id_colour").fill("#ffee00")
    page.locator("#id_colour").dispatch_event("change")
    expect(page.locator("#preview")).to_contain_text("Pages take its nearest shade")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved. Every page and the bot follow")).to_be_visible()
    page.goto(site.address("/earn/"))
    expect(page.locator("link[href='/theme/ffee00.css']")).to_have_count(1)

    page.goto(site.address("/dashboard/settings/history/"))
    page.get_by_role("link", name=re.compile(r"Take it back.*change 1\)$")).click()
    expect(page.get_by_text("Colour: #4f46e5, instead of what stands now.")).to_be_visible()
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_text("Taken back.")).to_be_visible()
    page.goto(site.address("/earn/"))
    expect(page.locator("link[href='/theme/4f46e5.css']")).to_have_count(1)


def test_unsaved_changes_are_said(open_page: Opener, site: Site, seeded: int) -> None:
    page = enter(open_page, site, f"/dashboard/rules/{seeded}/")
    expect(page.get_by_text("You have unsaved changes.")).to_have_count(0)
    page.get_by_label("Points", exact=True).fill("3")
    expect(page.get_by_text("You have unsaved changes.")).to_be_visible()
    page.evaluate(
        "document.querySelectorAll('form[data-unsaved]').forEach(form => { form.dataset.sent = '1'; })"
    )


def test_the_pages_are_light(open_page: Opener, site: Site, seeded: int) -> None:
    page = enter(open_page, site, "/dashboard/rules/")
    for path in ("/dashboard/rules/", f"/dashboard/rules/{seeded}/", "/dashboard/settings/"):
        sizes: list[int] = []
        page.on(
            "response",
            lambda answer, sizes=sizes: sizes.append(int(answer.headers.get("content-length") or 0)),
        )
        page.goto(site.address(path))
        page.wait_for_load_state("networkidle")
        assert sum(sizes) < MOST_BYTES, (path, sum(sizes))
