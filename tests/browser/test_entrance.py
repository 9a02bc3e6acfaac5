"""The way in as people walk it: sign-up by mail, by Discord, the second step, an invite; at a desk and on a phone."""

from __future__ import annotations

import re
import time
from typing import Any
from urllib.parse import urlsplit

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.db import connections
from playwright.sync_api import Page, expect

from ops.sandbox.discord import LocalDiscordThread
from tenants.invites import get_invite_address, invite_person
from tenants.models import Membership, Tenant, User
from tenants.permissions import Role
from tests.browser.conftest import Opener, Site
from tests.browser.test_pages import LOOKS, find_barriers, overflow
from tests.frontend_api.hosts import PASSWORD
from tests.mailbox import link_in, send_waiting

pytestmark = pytest.mark.browser
# The stories on a phone; what they pass is looked at in both sizes below, and they are walked at a desk in `make faults`.
WIDTHS = [360, pytest.param(1280, marks=pytest.mark.faults)]
STRONG = "an engine of analysis 1843"


@pytest.fixture(autouse=True)
def _site_sends_its_own_links(site: Site, settings: Any) -> None:
    settings.BASE_URL = site.address("", host="localhost")


def read_mail(to: str) -> str:
    """The path of the link in the newest mail to `to`."""
    found = [mail for mail in send_waiting() if mail.to == [to]]
    connections.close_all()
    parts = urlsplit(link_in(found[-1]))
    return parts.path + (f"?{parts.query}" if parts.query else "")


def check(page: Page) -> None:
    assert problems_of(page) == []


def problems_of(page: Page) -> list[str]:
    """What is in somebody's way on this page, or hangs over its edge."""
    found = [f"{page.url}: {barrier}" for barrier in find_barriers(page)]
    if overflow(page) > 0:
        found.append(f"{page.url} is {overflow(page)} pixels too wide")
    return found


def sign_in(page: Page, username: str = "acme-owner") -> None:
    page.get_by_label("Username or e-mail").fill(username)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


@pytest.mark.parametrize("width", WIDTHS)
def test_a_stranger_signs_up_by_mail(open_page: Opener, site: Site, width: int) -> None:
    page = open_page("/", host="localhost", width=width)
    page.get_by_role("link", name="Start for free").first.click()
    page.get_by_label("Your name").fill("Ada Lovelace")
    page.get_by_label("E-mail").fill("ada@example.org")
    page.get_by_label("Password").fill("password")
    page.get_by_role("button", name="Sign up", exact=True).click()
    expect(page.locator(".field-error").first).to_contain_text("too common")
    page.get_by_label("Password").fill(STRONG)
    page.get_by_role("button", name="Sign up", exact=True).click()
    expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()
    expect(page.get_by_text("ada@example.org").first).to_be_visible()
    check(page)
    open_page(read_mail("ada@example.org"), host="localhost", page=page)
    check(page)
    page.get_by_role("button", name="Confirm this address").click()
    page.wait_for_url(re.compile("/new/|/$"))
    check(page)
    page.locator("summary.person").click()
    page.get_by_role("link", name="Your settings").click()
    expect(page.get_by_label("Your name")).to_have_value("Ada Lovelace")


@pytest.mark.parametrize("width", WIDTHS)
def test_a_newcomer_continues_with_discord(
    open_page: Opener, site: Site, discord_server: LocalDiscordThread, width: int
) -> None:
    # Other tests of this process have a Discord without Milo.
    discord_server.call(discord_server.discord.reset)
    page = open_page("/signup/", host="localhost", width=width)
    page.get_by_role("button", name="Continue with Discord").click()
    page.get_by_role("link", name="Milo Castell").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("heading", name="You cancelled at Discord")).to_be_visible()
    check(page)
    page.get_by_role("link", name="Try again").click()
    page.get_by_role("button", name="Continue with Discord").click()
    page.get_by_role("button", name="Authorize").click()
    page.wait_for_url(re.compile(r"localhost:\d+/(new/)?$"))
    open_page("/settings/sign-in/", host="localhost", page=page)
    expect(page.get_by_text("Linked. One button signs you in")).to_be_visible()
    page.get_by_role("button", name="Unlink").click()
    expect(page.get_by_text("Discord is your only way in")).to_be_visible()
    check(page)
    assert User.objects.get(email="milo@example.com").display_name == "Milo Castell"
    connections.close_all()


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_entrance_has_no_barriers(open_page: Opener, site: Site, width: int, scheme: str) -> None:
    page = open_page("/", host="localhost", width=width, scheme=scheme)
    found: list[str] = []
    for path in (
        "/",
        "/pricing/",
        "/signup/",
        "/login/",
        "/signup/mail/",
        "/signup/confirm/forged/",
        "/signup/confirmed/",
        "/password/",
        "/password/sent/",
        "/password/done/",
        "/password/new/1-forged/",
        "/invites/forged/",
        "/oauth/discord/callback?state=forged&code=1",
        "/deleted/",
        "/login/off/",
    ):
        open_page(path, host="localhost", page=page)
        found += problems_of(page)
    assert found == []


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_ones_own_settings_have_no_barriers(open_page: Opener, site: Site, width: int, scheme: str) -> None:
    page = open_page("/login/?next=/settings/", host="localhost", width=width, scheme=scheme)
    sign_in(page)
    page.wait_for_url(re.compile("/settings/$"))
    for path in (
        "",
        "email/",
        "sign-in/",
        "sign-in/password/",
        "two-step/",
        "two-step/on/",
        "sessions/",
        "delete/",
    ):
        open_page(f"/settings/{path}", host="localhost", page=page)
        check(page)
    open_page("/prove/", host="localhost", page=page)
    check(page)


@pytest.mark.parametrize("width", WIDTHS)
def test_two_step_sign_in_from_the_picture_to_the_second_step(
    open_page: Opener, site: Site, width: int
) -> None:
    page = open_page("/login/?next=/settings/two-step/on/", host="localhost", width=width)
    sign_in(page)
    picture = page.get_by_role("img", name=re.compile("QR code"))
    expect(picture).to_be_visible()
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("image => image.naturalWidth > 0")
    secret = page.locator(".secret").inner_text()
    page.get_by_label("Code").fill(code_of(secret))
    page.get_by_role("button", name="Switch it on").click()
    expect(page.locator(".codes li")).to_have_count(10)
    check(page)
    spare = page.locator(".codes code").first.inner_text()
    phone = open_page("/login/?next=/dashboard/", width=360)
    sign_in(phone)
    expect(phone.get_by_role("heading", name="Enter your code")).to_be_visible()
    check(phone)
    phone.get_by_label("Code").fill("000000")
    phone.get_by_role("button", name="Sign in").click()
    expect(phone.get_by_text("Incorrect code").first).to_be_visible()
    phone.get_by_label("Code").fill(spare)
    phone.get_by_role("button", name="Sign in").click()
    phone.wait_for_url(site.address("/dashboard/"))


def code_of(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def test_ending_all_other_sessions_reaches_another_browser(open_page: Opener, site: Site) -> None:
    other = open_page("/login/?next=/dashboard/")
    sign_in(other)
    other.wait_for_url(site.address("/dashboard/"))
    page = open_page("/login/?next=/settings/sessions/", host="localhost")
    sign_in(page)
    expect(page.get_by_text("This browser")).to_be_visible()
    page.get_by_role("button", name="End all others").click()
    expect(page.get_by_text("have to sign in again")).to_be_visible()
    other.goto(site.address("/dashboard/"))
    expect(other.get_by_label("Username or e-mail")).to_be_visible()


@pytest.mark.parametrize("width", WIDTHS)
def test_somebody_invited_signs_in_and_lands_on_the_dashboard(
    open_page: Opener, site: Site, width: int
) -> None:
    page = open_page("/login/", host="localhost", width=width)
    _, token = invite_person(
        tenant=Tenant.objects.get(slug="acme"),
        role=Role.ANALYST,
        email=None,
        invited_by=User.objects.get(username="acme-owner"),
    )
    connections.close_all()
    open_page(urlsplit(get_invite_address(token)).path, host="localhost", page=page)
    check(page)
    page.get_by_role("main").get_by_role("link", name="Sign in").click()
    sign_in(page, "acme-stranger")
    page.get_by_role("button", name="Join the team").click()
    page.wait_for_url(site.address("/dashboard/"))
    assert Membership.objects.get(user__username="acme-stranger").role == "analyst"
    connections.close_all()


def test_the_first_visit_is_light(open_page: Opener, site: Site) -> None:
    page = open_page("/nowhere/", host="localhost")
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.clearBrowserCache")
    received: list[float] = []
    session.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    page.goto(site.address("/", host="localhost"))
    page.wait_for_load_state("networkidle")
    assert 10_000 < sum(received) < 300_000, f"{sum(received):,.0f} bytes"
