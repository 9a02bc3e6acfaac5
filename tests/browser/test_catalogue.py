"""The catalogue as an organiser keeps it, at a desk and on a phone: made with a picture in sight of its preview, offered, exchanged."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import connections
from playwright.sync_api import Page, expect

from engagement.audit.actor import SYSTEM
from engagement.credits.models import CreditType
from engagement.rewards.codes import begin_code_import, work_on_codes
from engagement.rewards.exchange import begin_table
from engagement.rewards.models import Reward
from ops.demo.communities import COMMUNITIES
from ops.demo.shops import draw_picture, stock_demo_shop
from saas.core import clock
from tenants.context import enter_tenant
from tests.browser.conftest import Opener, Site
from tests.browser.people import acme_context
from tests.browser.test_organiser_pages import MOST_BYTES, enter
from tests.browser.test_pages import LOOKS, find_barriers, overflow, settle

pytestmark = pytest.mark.browser
LIST = "/dashboard/rewards/"


@pytest.fixture
def addresses(people: None) -> list[str]:
    """Acme has a demo's catalogue, a reward with a long name, codes that were brought and a table that waits; its pages."""
    context = acme_context()
    with enter_tenant(context):
        CreditType.objects.create(pk=1, key="ai", name="AI")
    stock_demo_shop(COMMUNITIES[0], context, now=clock.now())
    with enter_tenant(context):
        Reward.objects.filter(key="wall").update(name="A_name_without_any_break_and_" + "x" * 40)
        pool, hoodie = Reward.objects.get(key="brush-code"), Reward.objects.get(key="hoodie")
        codes = begin_code_import(
            reward_id=pool.pk, name="more.csv", data=b"AAA-111\nAAA-111\nx", actor=SYSTEM, key="browser"
        )
        work_on_codes(run_id=codes.pk)
        lines = (
            b"key,kind,name,price\nhoodie,,Warm hoodie,800\nmug,custom,Mug,0\nkey-ring,custom,Key ring,40\n"
        )
        table = begin_table(context=context, name="spring.csv", data=lines, actor=SYSTEM, key="browser-table")
    connections.close_all()
    return [
        LIST,
        f"{LIST}new/",
        f"{LIST}{hoodie.pk}/",
        f"{LIST}{hoodie.pk}/edit/",
        f"{LIST}order/",
        f"{LIST}tiers/",
        f"{LIST}exchange/",
        f"{LIST}exchange/{table.pk}/",
        f"{LIST}{pool.pk}/codes/",
        f"{LIST}{pool.pk}/codes/{codes.pk}/",
        "/dashboard/sponsors/",
        "/dashboard/sponsors/new/",
    ]


def see_preview(page: Page) -> None:
    settle(page)
    if page.locator("#reward-preview").count():
        expect(page.locator("#reward-preview .reward-card")).to_be_visible()


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_pages_have_no_barriers_and_fit(
    open_page: Opener, site: Site, addresses: list[str], width: int, scheme: str
) -> None:
    page = enter(open_page, site, LIST, width=width, scheme=scheme)
    for path in addresses:
        page.goto(site.address(path))
        see_preview(page)
        page.evaluate(
            "document.querySelectorAll('main details:not([data-menu])').forEach(box => { box.open = true; })"
        )
        assert find_barriers(page) == [], path
        assert overflow(page) <= 0, path


def test_a_reward_is_made_with_its_preview_in_sight_and_put_on_offer(
    open_page: Opener, site: Site, people: None, tmp_path: Path
) -> None:
    page = enter(open_page, site, LIST, width=1280)
    page.get_by_role("link", name="Make the first reward").click()
    page.get_by_role("link", name="Something else").click()
    page.get_by_label("Name", exact=True).fill("Coffee with the team")
    page.get_by_label("Price", exact=True).fill("0")
    page.get_by_role("button", name="Save the draft").click()
    expect(page.get_by_role("alert")).to_contain_text("Price")
    page.get_by_label("Price", exact=True).fill("300")
    page.get_by_label("Price", exact=True).blur()
    expect(page.locator("#reward-preview")).to_contain_text("300")
    lie = tmp_path / "coffee.png"
    lie.write_bytes(b"<script>alert(1)</script>")
    page.locator("#id_picture").set_input_files(lie)
    page.get_by_label("What the member reads afterwards").fill("We write to you.")
    page.get_by_role("button", name="Save the draft").click()
    expect(page.get_by_role("alert")).to_contain_text("no picture that can be read")
    lie.write_bytes(draw_picture("coffee", "#4f46e5"))
    page.locator("#id_picture").set_input_files(lie)
    page.get_by_role("button", name="Save the draft").click()

    expect(page.get_by_text("“Coffee with the team” is saved.")).to_be_visible()
    page.wait_for_function("document.querySelector('.reward-picture img').naturalWidth === 640")
    page.get_by_role("button", name="Put on offer").click()
    expect(page.get_by_text("members find it in the shop")).to_be_visible()
    page.goto(site.address(LIST))
    expect(page.get_by_role("link", name="Coffee with the team")).to_be_visible()
    assert len(page.content()) < MOST_BYTES
