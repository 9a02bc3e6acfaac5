"""Members pay their community: the owner connects an account, sells a tier, a member supports on a phone in the local Stripe's pages, and
one payment goes back. The web process and the local Stripe are the real ones."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.db import connections
from playwright.sync_api import Page, expect

from billing.entitling import give_plan
from engagement.supporters.models import Supporter, SupporterPayment
from tenants.context import enter_tenant
from tests.billing.conftest import shop as shop
from tests.billing.making import tenant_of
from tests.browser.conftest import Opener, Site
from tests.browser.people import acme_context
from tests.browser.test_billing import sign_in
from tests.browser.test_billing import site as site
from tests.browser.test_billing import store as store
from tests.browser.test_founding import check

if TYPE_CHECKING:
    from tests.billing.shop import Shop

pytestmark = pytest.mark.browser
DESK = "/dashboard/supporters/"


def test_from_the_account_to_the_refund(open_page: Opener, site: Site, store: Shop) -> None:
    give_plan(tenant_id=tenant_of().pk, plan="growth")
    connections.close_all()
    owner = open_page("/", host="localhost")
    sign_in(owner, site, "acme-owner", DESK)
    _connect(owner)
    _sell(owner, site)
    member = open_page("/", host="localhost", width=360, scheme="dark")
    sign_in(member, site, "acme-member", "/support/")
    _support(member)
    _see_and_refund(owner, site)
    member.goto(site.address("/support/"))
    expect(member.get_by_text("You supported with")).to_be_visible()
    with enter_tenant(acme_context()):
        assert Supporter.objects.values_list("state", flat=True).get() == "ended"
        assert SupporterPayment.objects.get().is_refunded
    connections.close_all()


def _connect(page: Page) -> None:
    check(page, "supporters-nothing")
    page.get_by_role("link", name="Connect an account").click()
    page.get_by_label("Country").select_option(label="Germany")
    check(page, "supporters-payouts")
    page.get_by_role("button", name="Go on at Stripe").click()
    page.get_by_role("button", name="Complete everything").click()
    expect(page.get_by_text("The account is ready: members can pay now.")).to_be_visible()
    check(page, "supporters-ready")


def _sell(page: Page, site: Site) -> None:
    page.goto(site.address(DESK))
    page.get_by_role("link", name="Make a tier").click()
    page.get_by_label("Name", exact=True).fill("Friend of the studio")
    page.get_by_label("Price").fill("4.50")
    page.get_by_label("What supporters get").fill("A badge\nSketches a week early")
    page.get_by_label("Points").fill("100")
    expect(page.locator("#tier-preview").get_by_text("Sketches a week early")).to_be_visible()
    expect(page.locator("#tier-preview").get_by_text("4.50")).to_be_visible()
    page.get_by_label("Put it on sale as soon as it is saved").check()
    check(page, "supporters-tier")
    page.get_by_role("button", name="Save the draft").click()
    expect(page.get_by_text("is on sale: members find it on their page")).to_be_visible()
    check(page, "supporters-tiers")


def _support(page: Page) -> None:
    check(page, "support")
    page.get_by_role("link", name=re.compile(r"^Support \(Friend of the studio")).click()
    expect(page.get_by_role("heading", name="Support with Friend of the studio?")).to_be_visible()
    check(page, "support-begin")
    page.get_by_role("button", name="Go to payment").click()
    page.get_by_label("Email").fill("mia@example.org")
    page.get_by_role("button", name="pays").first.click()
    page.get_by_role("button", name=re.compile("^Subscribe and pay")).last.click()
    expect(
        page.get_by_text("Thank you. You support Acme Makers with “Friend of the studio” now.")
    ).to_be_visible()
    expect(page.get_by_text("Next payment on")).to_be_visible()
    check(page, "support-mine")
    page.get_by_role("link", name="Cancel the support").click()
    expect(page.get_by_role("heading", name="Cancel the support?")).to_be_visible()
    check(page, "support-cancel")


def _see_and_refund(page: Page, site: Site) -> None:
    page.goto(site.address(DESK))
    expect(page.get_by_text("What came in · last 12 months")).to_be_visible()
    check(page, "supporters-overview")
    page.get_by_role("link", name="Who supports").click()
    expect(page.get_by_role("link", name="Mia Member")).to_be_visible()
    check(page, "supporters-people")
    page.get_by_role("link", name="Payments").click()
    expect(page.get_by_role("heading", name="Payments", exact=True)).to_be_visible()
    check(page, "supporters-payments")
    page.locator("table.rows tbody a").first.click()
    refund = page.get_by_role("link", name="Refund and end now")
    expect(refund).to_be_visible()
    check(page, "supporters-payment")
    refund.click()
    confirm = page.get_by_role("button", name="Refund and end now")
    expect(confirm).to_be_visible()
    check(page, "supporters-refund")
    confirm.click()
    expect(page.get_by_text("went back to Mia Member. The support has ended.")).to_be_visible()
