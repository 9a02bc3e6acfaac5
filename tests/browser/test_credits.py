"""Credits from end to end: a member asks on a phone, the organiser grants at a desk, the member sees them. And no page has a barrier."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connections
from playwright.sync_api import expect

from engagement.credits.approvers import add_approver
from engagement.credits.models import CreditRequest, CreditType
from engagement.members.models import Member
from saas.core import clock
from tenants.context import enter_tenant
from tests.browser.conftest import Opener, Site
from tests.browser.people import acme_context
from tests.browser.test_organiser_pages import MOST_BYTES, enter, sign_in
from tests.browser.test_pages import LOOKS, find_barriers, overflow
from tests.engagement.credits.holding import ADA, ask, grant, make_type

pytestmark = pytest.mark.browser
LIST = "/dashboard/credits/"


@pytest.fixture
def asked(people: None) -> tuple[int, int]:
    """Two kinds, requests in two states, a move; the number of the first request and of its kind."""
    with enter_tenant(acme_context()) as context:
        long_ago = clock.now() - timedelta(days=90)
        Member.objects.update(joined_at=long_ago)
        row = make_type(context, description="For pictures and texts", least=5, most=200, period_amount=400)
        make_type(context, "lead", name="A_name_without_any_break_" + "x" * 14)
        grace = Member.objects.get(display_name="Grace Hopper")
        first = ask(context, grace, 40, reason="W" * 300)
        ask(context, Member.objects.get(display_name="Mia Member"), 7, key="lead", reason="Two companies")
        grant(context, grace, 25)
        add_approver(type_id=row.pk, name="@helpers", role_id=55, quota=100, actor=ADA)
    connections.close_all()
    return first.pk, row.pk


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_pages_have_no_barriers_and_fit(
    open_page: Opener, site: Site, asked: tuple[int, int], width: int, scheme: str
) -> None:
    request, kind = asked
    page = enter(open_page, site, LIST, width=width, scheme=scheme)
    for path in (
        LIST, f"{LIST}requests/{request}/", f"{LIST}requests/{request}/grant-a-part/", f"{LIST}kinds/", f"{LIST}kinds/{kind}/",
        f"{LIST}moves/", f"{LIST}moves/new/", f"{LIST}figures/",
    ):  # fmt: skip
        page.goto(site.address(path))
        assert find_barriers(page) == [], path
        assert overflow(page) <= 0, path
    page.context.clear_cookies()
    sign_in(page, site, "acme-member", "/credits/")
    for path in ("/credits/", "/credits/request/", "/credits/history/"):
        page.goto(site.address(path))
        assert find_barriers(page) == [], path
        assert overflow(page) <= 0, path


def test_a_member_asks_and_the_organiser_grants(
    open_page: Opener, site: Site, asked: tuple[int, int]
) -> None:
    phone = open_page("/", width=360)
    sign_in(phone, site, "acme-member", "/credits/")
    phone.get_by_role("link", name="Request AI credits").click()
    expect(phone.get_by_text("5 to 200 credits at once")).to_be_visible()
    phone.get_by_label("How many").fill("900")
    phone.get_by_role("button", name="Request").click()
    expect(phone.get_by_role("alert")).to_contain_text("at most 200")
    phone.get_by_label("How many").fill("120")
    phone.get_by_label("What for").fill("The poster of our meetup")
    phone.get_by_role("button", name="Request").click()
    expect(phone.get_by_text("It is with the team now")).to_be_visible()

    sizes: list[int] = []
    desk = enter(open_page, site, LIST)
    desk.on("response", lambda answer: sizes.append(int(answer.headers.get("content-length") or 0)))
    desk.reload()
    desk.wait_for_load_state("networkidle")
    assert sum(sizes) < MOST_BYTES
    desk.get_by_role("searchbox", name="Search by member or reason").fill("poster of our")
    expect(desk.get_by_role("row")).to_have_count(2)
    desk.get_by_role("checkbox", name="Tick AI: 120 credits for Mia Member").check()
    desk.get_by_role("button", name="Grant", exact=True).click()
    desk.get_by_role("button", name="Grant (1)").click()
    expect(desk.get_by_text("120 granted.")).to_be_visible()

    phone.reload()
    expect(phone.get_by_text("Granted", exact=True).first).to_be_visible()
    phone.goto(site.address("/credits/"))
    expect(phone.locator(".credit-card").first).to_contain_text("120")
    with enter_tenant(acme_context()):
        assert CreditRequest.objects.filter(state="approved", granted=120).count() == 1
        assert CreditType.objects.count() == 2
    connections.close_all()
