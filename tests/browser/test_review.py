"""Submissions as people use them: the review queue by keys and without, many at once and back; handing in on a phone."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from django.db import connections
from PIL import Image
from playwright.sync_api import Page, expect

from engagement.submissions.models import Submission
from engagement.submissions.reasons import seed_reasons
from tenants.context import enter_tenant
from tests.browser.conftest import Opener, Site
from tests.browser.people import acme_context, give
from tests.browser.test_organiser_pages import MOST_BYTES, enter
from tests.browser.test_pages import LOOKS, find_barriers, overflow, settle, sign_in
from tests.cast import ACME
from tests.handing_in import FIELDS, RUBRIC, hand, make_kind

pytestmark = pytest.mark.browser
QUEUE = "/dashboard/submissions/"
WORDS = (
    "We built a small robot that sorts socks by colour and by owner, and it works on most days of the week."
)


@pytest.fixture
def waiting(people: None) -> dict[str, int]:
    """Acme has two kinds and six submissions that wait, one of them scored by a rubric, one like another."""
    context = acme_context()
    with enter_tenant(context):
        seed_reasons()
        ada = give("700000000000000001", "Ada Lovelace", 1, key="ada")
        mia = give(str(ACME.discord_id("member")), "Mia Member", 1, key="mia")
    talk = make_kind(
        context,
        "Talk at a meetup",
        key="talk",
        icon="microphone",
        sla_hours=48,
        description="You spoke to others.",
    )
    guide = make_kind(
        context, "Guide", key="guide", rubric=list(RUBRIC), award={"kind": "rubric", "points": 90}, icon="bookmark",
        fields=[
            *FIELDS,
            {"key": "proof", "label": "Pictures", "kind": "picture", "most": 3, "required": False},
            {"key": "size", "label": "How long is it", "kind": "choice", "choices": ["A page", "A book"], "required": False},
            {"key": "day", "label": "When", "kind": "date", "when": "past", "required": False},
            {"key": "who", "label": "Who helped", "kind": "member", "others": True, "required": False},
        ],
    )  # fmt: skip
    made = [
        hand(context, talk, ada, f"Talk number {number}", link=f"https://example.com/talk-{number}")
        for number in range(4)
    ]
    first = hand(context, guide, ada, "Sorting socks", more=WORDS, link="https://example.com/socks")
    like = hand(context, guide, mia, "Sock_robot_with_a_name_that_goes_on_" + "x" * 50, more=WORDS)
    connections.close_all()
    return {"talk": made[0].pk, "guide": first.pk, "like": like.pk, "type": guide.pk}


def state_of(pk: int) -> str:
    with enter_tenant(acme_context()):
        found = Submission.objects.get(pk=pk).state
    connections.close_all()
    return str(found)


def shot(page: Page, name: str) -> None:
    """For whoever wants to look: SHOTS names a folder."""
    if os.environ.get("SHOTS"):
        page.screenshot(path=Path(os.environ["SHOTS"]) / f"{name}.png", full_page=True)


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_pages_have_no_barriers_and_fit(
    open_page: Opener, site: Site, waiting: dict[str, int], width: int, scheme: str
) -> None:
    page = enter(open_page, site, QUEUE, width=width, scheme=scheme)
    for name, path in (
        ("queue", QUEUE),
        ("all", f"{QUEUE}all/"),
        ("detail", f"{QUEUE}{waiting['like']}/"),
        ("types", f"{QUEUE}types/"),
        ("type", f"{QUEUE}types/{waiting['type']}/"),
        ("packs", f"{QUEUE}types/packs/"),
        ("pack", f"{QUEUE}types/packs/learning/"),
        ("reasons", f"{QUEUE}reasons/"),
    ):
        page.goto(site.address(path))
        settle(page)
        shot(page, f"{name}-{width}-{scheme}")
        page.evaluate(
            "document.querySelectorAll('main details:not([data-menu])').forEach(box => { box.open = true; })"
        )
        assert find_barriers(page) == [], path
        assert overflow(page) <= 0, path


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_members_pages_have_no_barriers_and_fit(
    open_page: Opener, site: Site, waiting: dict[str, int], width: int, scheme: str
) -> None:
    page = open_page("/", width=width, scheme=scheme)
    sign_in(page, site, "acme-member", "/submit/")
    for name, path in (
        ("submit", "/submit/"),
        ("form", "/submit/guide/"),
        ("mine", "/submissions/"),
        ("one", f"/submissions/{waiting['like']}/"),
    ):
        page.goto(site.address(path))
        settle(page)
        shot(page, f"{name}-{width}-{scheme}")
        assert find_barriers(page) == [], path
        assert overflow(page) <= 0, path


def test_the_queue_is_worked_through_by_keys(open_page: Opener, site: Site, waiting: dict[str, int]) -> None:
    page = enter(open_page, site, QUEUE)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    shot(page, "keys")
    page.keyboard.press("Escape")

    page.keyboard.press("j")
    expect(page.get_by_role("link", name="Talk number 0")).to_be_focused()
    page.keyboard.press("a")
    expect(page.get_by_text("“Talk number 0” is approved for 25 points.")).to_be_visible()
    expect(page.get_by_text("Sent in")).to_be_visible()
    shot(page, "undo")
    page.keyboard.press("u")
    expect(page.get_by_text("The decision is taken back")).to_be_visible()
    assert state_of(waiting["talk"]) == "pending"

    page.goto(site.address(QUEUE))
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("r")
    asking = page.get_by_role("dialog", name="Reject “Talk number 1”")
    shot(page, "reject")
    asking.locator("select:visible").select_option("This was counted before.")
    expect(asking.get_by_label("Reason")).to_have_value("This was counted before.")
    asking.get_by_role("button", name="Reject", exact=True).click()
    expect(page.get_by_text("“Talk number 1” is rejected.")).to_be_visible()

    page.goto(site.address(f"{QUEUE}{waiting['guide']}/"))
    page.get_by_label("Of use").fill("5")
    page.get_by_label("Made with care").fill("2")
    expect(page.locator("#rubric-sum")).to_contain_text("72 points")
    page.get_by_label("Made with care").blur()
    page.keyboard.press("i")
    expect(page.get_by_label("Your question")).to_be_focused()
    page.get_by_label("Your question").fill("j and k are letters here")
    page.get_by_label("Your question").blur()
    page.keyboard.press("j")
    page.wait_for_url(f"**{QUEUE}{waiting['like']}/")


def test_many_are_decided_at_once_and_taken_back(
    open_page: Opener, site: Site, waiting: dict[str, int]
) -> None:
    page = enter(open_page, site, QUEUE)
    for _ in range(2):
        page.keyboard.press("j")
        page.keyboard.press("x")
    expect(page.get_by_text("2 ticked")).to_be_visible()
    page.keyboard.press("a")
    expect(page.get_by_role("heading", name="Approve 2 submissions?")).to_be_visible()
    page.get_by_role("button", name="Approve: 2 submissions").click()
    expect(page.get_by_role("heading", name="2 submissions approved")).to_be_visible()
    shot(page, "results")
    page.get_by_role("button", name="Undo all").click()
    expect(page.get_by_role("heading", name="2 submissions taken back")).to_be_visible()
    assert state_of(waiting["talk"]) == "pending"


def test_a_form_is_built_moved_and_seen(open_page: Opener, site: Site, people: None) -> None:
    page = enter(open_page, site, f"{QUEUE}types/new/")
    page.get_by_label("Name", exact=True).fill("Kind deed")
    page.get_by_role("button", name="Add a question").click()
    page.get_by_role("textbox", name="Question 2").fill("Whom did you help")
    page.locator("[data-builder-kind]").nth(1).select_option("Member")
    page.get_by_role("button", name="Move question 2 up").click()
    expect(page.get_by_role("textbox", name="Question 1")).to_have_value("Whom did you help")
    expect(page.locator("#type-preview fieldset.field legend")).to_contain_text("Whom did you help")
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_text("“Kind deed” is made.")).to_be_visible()


def test_something_is_handed_in_on_a_phone(open_page: Opener, site: Site, waiting: dict[str, int]) -> None:
    page = open_page("/", width=360)
    sign_in(page, site, "acme-member", "/submit/")
    page.get_by_role("link", name="Guide").click()
    page.get_by_role("button", name="Hand it in").click()
    expect(page.locator(".form-error")).to_contain_text("is needed")
    page.get_by_label("What did you do").fill("How to fold a map")
    drawn = io.BytesIO()
    Image.new("RGB", (300, 200), (40, 120, 80)).save(drawn, "PNG")
    page.get_by_label("Pictures").set_input_files(
        {"name": "map.png", "mimeType": "image/png", "buffer": drawn.getvalue()}
    )
    page.get_by_label("A page").check()
    page.get_by_label("Who helped: name").press_sequentially("ada")
    page.get_by_label("Ada Lovelace").check()
    page.get_by_role("button", name="Keep as a draft").click()
    expect(page.get_by_text("Kept as a draft.")).to_be_visible()
    expect(page.get_by_text("map.webp")).to_be_visible()
    shot(page, "draft")
    page.get_by_role("button", name="Hand it in").click()
    expect(page.get_by_text("Waits for review").first).to_be_visible()
    page.get_by_role("button", name="Withdraw").click()
    expect(page.get_by_text("Withdrawn. Nobody reviews it any more.")).to_be_visible()


def test_the_pages_stay_light(open_page: Opener, site: Site, waiting: dict[str, int]) -> None:
    page = enter(open_page, site, QUEUE)
    for path in (QUEUE, f"{QUEUE}{waiting['like']}/", f"{QUEUE}types/{waiting['type']}/"):
        sizes: list[int] = []
        page.on(
            "response",
            lambda answer, sizes=sizes: sizes.append(int(answer.headers.get("content-length") or 0)),
        )
        page.goto(site.address(path))
        page.wait_for_load_state("networkidle")
        assert sum(sizes) < MOST_BYTES, (path, sum(sizes))
