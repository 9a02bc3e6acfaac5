"""The dashboard's frame and the members pages in a browser: at a desk and on a phone, light and dark, by mouse and by keyboard."""

from __future__ import annotations

import os
import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Opener, Site
from tests.browser.test_pages import find_barriers, overflow, sign_in

pytestmark = pytest.mark.browser
LIST = "/dashboard/members/"
LOOKS = [
    (1280, "light"),
    (360, "dark"),
    *(
        pytest.param(width, scheme, marks=pytest.mark.faults)
        for width, scheme in ((1280, "dark"), (360, "light"))
    ),
]
SHOTS = os.environ.get("SHOTS", "")


def shoot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def open_members(open_page: Opener, site: Site, *, width: int = 1280, scheme: str = "light") -> Page:
    page = open_page("/", width=width, scheme=scheme)
    sign_in(page, site, "acme-owner", LIST)
    expect(page.get_by_role("heading", name="Members", exact=True)).to_be_visible()
    return page


def open_ada(page: Page) -> None:
    page.get_by_role("link", name="Ada Lovelace").first.click()
    expect(page.get_by_role("heading", name="Ada Lovelace")).to_be_visible()


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_every_page_is_open_to_everybody_and_fits(
    open_page: Opener, site: Site, width: int, scheme: str
) -> None:
    page = open_members(open_page, site, width=width, scheme=scheme)
    open_ada(page)
    ada = page.url.split("localhost", 1)[1].split("/", 1)[1]
    for name, path in [
        ("list", LIST),
        ("filtered", f"{LIST}?level_min=x&points_min=10&state=here&col=name&col=points&col=discord"),
        ("empty", f"{LIST}?q=nobody-at-all"),
        ("detail", f"/{ada}"),
        ("history", f"/{ada}?tab=history"),
        ("changes", f"/{ada}?tab=changes"),
        ("edit", f"/{ada}edit/"),
        ("points", f"/{ada}points/"),
        ("delete", f"/{ada}delete/"),
        ("merge", f"/{ada}merge/"),
        ("register", f"{LIST}register/"),
        ("types", f"{LIST}types/"),
        ("search", "/dashboard/palette/?q=ada"),
        ("claim", "/claim/"),
    ]:
        open_page(path, page=page)
        shoot(page, f"{name}-{width}-{scheme}")
        assert find_barriers(page) == [], name
        assert overflow(page) <= 0, name
    open_page(LIST, page=page)
    page.locator("[data-bulk-one]").nth(1).check()
    page.get_by_text("Filters").click()
    shoot(page, f"ticked-{width}-{scheme}")
    assert find_barriers(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("link", name=re.compile("Search or do")).click()
    expect(page.locator("#palette").get_by_role("option").first).to_be_visible()
    shoot(page, f"palette-{width}-{scheme}")
    assert find_barriers(page) == []


def test_the_palette_by_keyboard_alone(open_page: Opener, site: Site) -> None:
    page = open_members(open_page, site)
    page.keyboard.press("/")
    box = page.get_by_role("combobox", name=re.compile("Search pages"))
    expect(box).to_be_focused()
    page.keyboard.type("grace")
    expect(page.get_by_role("option", name="Grace Hopper")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Grace Hopper")).to_be_visible()
    page.keyboard.press("Control+k")
    expect(box).to_be_focused()
    page.keyboard.type("me")
    expect(page.locator("#palette").get_by_role("option").first).to_contain_text("Members")
    page.keyboard.press("ArrowDown")
    second = page.locator("#palette").get_by_role("option").nth(1)
    expect(second).to_have_attribute("aria-selected", "true")
    expect(box).to_have_attribute("aria-activedescendant", second.get_attribute("id") or "")
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()


def test_searching_sorting_and_filtering_keep_to_the_address(open_page: Opener, site: Site) -> None:
    page = open_members(open_page, site)
    page.get_by_role("link", name=re.compile("^Level")).click()
    expect(page).to_have_url(re.compile(r"sort=level"))
    page.get_by_label("Search by name").press_sequentially("member")
    expect(page).to_have_url(re.compile(r"sort=level.*q=member|q=member.*sort=level"))
    expect(page.get_by_label("Search by name")).to_be_focused()
    page.get_by_text("Filters").click()
    page.get_by_label("at least").first.fill("1")
    page.get_by_role("button", name="Show", exact=True).click()
    chip = page.get_by_role("link", name=re.compile("Level: from 1"))
    expect(chip).to_be_visible()
    expect(page.locator("#list-status")).to_contain_text("match")
    chip.click()
    expect(chip).to_be_hidden()
    page.reload()
    expect(page.get_by_label("Search by name")).to_have_value("member")


@pytest.mark.parametrize("width", [1280, 360])
def test_points_for_several_and_the_whole_act_undone(open_page: Opener, site: Site, width: int) -> None:
    page = open_members(open_page, site, width=width)
    expect(page.locator("[data-bulk-bar]")).to_be_hidden()
    for number in (0, 1):
        page.locator("[data-bulk-one]").nth(number).check()
    expect(page.get_by_text("2 ticked")).to_be_visible()
    page.get_by_role("button", name="Points").click()
    expect(page.get_by_role("heading", name="Give or take points: 2 members")).to_be_visible()
    page.get_by_label("How many").fill("250")
    page.get_by_role("button", name="Book for 2 members").click()
    expect(page.get_by_role("alert")).to_be_focused()
    page.get_by_label("Reason").fill("Helped at the meetup")
    page.get_by_role("button", name="Book for 2 members").click()
    expect(page.get_by_text("2 done.")).to_be_visible()
    shoot(page, f"bulk-{width}")
    assert find_barriers(page) == []
    page.get_by_role("button", name="Undo the whole act").click()
    expect(page.get_by_text("2 undone.")).to_be_visible()


@pytest.mark.parametrize("width", [1280, 360])
def test_from_registering_by_hand_to_being_claimed(open_page: Opener, site: Site, width: int) -> None:
    page = open_members(open_page, site, width=width)
    page.get_by_role("link", name="Register a member").click()
    page.get_by_label("Name").fill("Hedy Lamarr")
    expect(page.get_by_text("You have unsaved changes.")).to_be_visible()
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_text("Hedy Lamarr is registered.")).to_be_visible()
    page.get_by_role("button", name="Make a claim code").click()
    code = page.locator("#claim-code").inner_text()
    shoot(page, f"code-{width}")
    assert find_barriers(page) == []
    person = open_page("/", width=width)
    sign_in(person, site, "acme-stranger", "/claim/")
    person.get_by_label("Your code").fill("aaaaa-aaaaa")
    person.get_by_role("button", name="Look it up").click()
    expect(person.get_by_text("You can try 2 more times")).to_be_visible()
    person.get_by_label("Your code").fill(code.lower())
    person.get_by_role("button", name="Look it up").click()
    expect(person.get_by_text("Hedy Lamarr")).to_be_visible()
    shoot(person, f"claiming-{width}")
    assert find_barriers(person) == []
    person.get_by_role("button", name="Yes, claim it").click()
    expect(person.get_by_role("heading", name="Hedy Lamarr")).to_be_visible()


def test_the_second_of_two_organisers_sees_the_difference(open_page: Opener, site: Site) -> None:
    first = open_members(open_page, site)
    open_ada(first)
    second = open_page(first.url.split(str(site.port), 1)[1], page=first.context.new_page())
    for page in (first, second):
        page.get_by_role("link", name="Change", exact=True).click()
    first.get_by_label("Note").fill("Speaks French")
    first.get_by_role("button", name="Save").click()
    expect(first.get_by_text("Ada Lovelace is saved.")).to_be_visible()
    second.get_by_label("Note").fill("Speaks German")
    second.get_by_role("button", name="Save").click()
    expect(second.get_by_text("changed this while you had it open")).to_be_visible()
    shoot(second, "conflict")
    assert find_barriers(second) == []
    second.get_by_label("Speaks German").check()
    second.get_by_role("button", name="Save what is chosen").click()
    expect(second.get_by_text("Speaks German")).to_be_visible()


def test_merging_by_the_picker_and_a_typed_name(open_page: Opener, site: Site) -> None:
    page = open_members(open_page, site)
    open_ada(page)
    page.get_by_role("link", name="Merge").click()
    page.get_by_label("The other member").press_sequentially("grace")
    page.get_by_role("radio", name="Grace Hopper").check()
    page.get_by_role("button", name="See what it would do").click()
    expect(page.get_by_text("This cannot be undone.")).to_be_visible()
    shoot(page, "merge-asked")
    assert find_barriers(page) == []
    page.get_by_label("to go on").fill("Grace Hopper")
    page.get_by_role("button", name="Merge the two").click()
    expect(page.get_by_text("are one member now")).to_be_visible()


def test_the_first_visit_of_the_dashboard_is_light(open_page: Opener, site: Site) -> None:
    page = open_members(open_page, site)
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.clearBrowserCache")
    received: list[float] = []
    session.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    page.reload()
    page.wait_for_load_state("networkidle")
    assert 10_000 < sum(received) < 300_000, f"{sum(received):,.0f} bytes in {len(received)} answers"
