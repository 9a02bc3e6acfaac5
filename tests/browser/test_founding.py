"""From the form to a live community, as a person walks it: at a desk and on a phone, in light and dark, without barriers."""

from __future__ import annotations

import os
import re
import time
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from playwright.sync_api import Page, expect
from redis import Redis

from engagement.activity.consumer import Consumer, drain
from engagement.activity.stream import backlog
from saas.core.redis_clients import cache_redis, stream_redis
from tenants.models import Tenant
from tenants.routing import Routing
from tests.browser.conftest import Opener, Site
from tests.browser.test_pages import find_barriers, overflow
from tests.frontend_api.hosts import PASSWORD

pytestmark = pytest.mark.browser
# At a desk in light it passes the pages of test_stranger.py, which are looked at there.
WALKS = [
    (360, "dark"),
    *(
        pytest.param(width, scheme, marks=pytest.mark.faults)
        for width, scheme in ((1280, "light"), (1280, "dark"), (360, "light"))
    ),
]


def sign_in(page: Page, site: Site, username: str, path: str) -> None:
    page.goto(site.address(f"/login/?next={path}", host="localhost"))
    page.get_by_label("Username or e-mail").fill(username)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(site.address(path, host="localhost"))


def check(page: Page, name: str) -> None:
    page.wait_for_load_state("load")
    shots = os.environ.get("SHOTS")
    if shots:
        page.screenshot(path=f"{shots}/{name}.png", full_page=True)
    assert find_barriers(page) == [], name
    assert overflow(page) <= 0, name


def work() -> None:
    """The worker of the queue that makes communities, once."""
    try:
        call_command("run_worker", queues="provisioning", until_empty=True, concurrency=1)
    finally:
        connections.close_all()


def book() -> None:
    """Ingest, once, as soon as there is something to book."""
    until = time.monotonic() + 60
    while not sum(backlog(stream_redis(), settings.ACTIVITY_PARTITIONS).values()):
        assert time.monotonic() < until, "nothing came"
        time.sleep(0.05)
    routing = Routing()
    routing.load()
    consumer = Consumer(
        stream=stream_redis(), cache=cache_redis(), routing=routing, partitions=settings.ACTIVITY_PARTITIONS
    )
    try:
        drain(consumer)
    finally:
        consumer.stop()
        consumer.run()
        connections.close_all()


@pytest.mark.parametrize(("width", "scheme"), WALKS)
def test_a_stranger_walks_from_the_form_to_a_live_community(
    open_page: Opener, site: Site, redis_stream: Redis, width: int, scheme: str
) -> None:
    page = open_page("/login/", host="localhost", width=width, scheme=scheme)
    sign_in(page, site, "acme-stranger", "/new/")
    expect(page.get_by_label("Time zone")).not_to_have_value("")
    page.get_by_label("Name", exact=True).press_sequentially("Acme")
    expect(page.get_by_label("Address")).to_have_value("acme-hq")
    expect(page.get_by_text("acme-hq.localhost is free")).to_be_visible()
    page.get_by_label("Address").fill("acme")
    expect(page.get_by_text("belongs to another community")).to_be_visible()
    check(page, f"new-taken-{width}-{scheme}")
    page.get_by_role("button", name="Use acme-hq").click()
    expect(page.get_by_text("acme-hq.localhost is free")).to_be_visible()
    page.get_by_label(re.compile("^Course")).check()
    check(page, f"new-{width}-{scheme}")
    page.get_by_role("button", name="Make the community").click()
    expect(page.get_by_role("heading", name="Setting up Acme")).to_be_visible()
    check(page, f"progress-{width}-{scheme}")
    with ThreadPoolExecutor(1) as pool:
        making: Future[None] = pool.submit(work)
        page.wait_for_url(site.address("/dashboard/setup/", host="acme-hq.localhost"))
        making.result()
    expect(page.get_by_role("heading", name="1. Add the bot")).to_be_visible()
    check(page, f"bot-{width}-{scheme}")
    page.get_by_role("button", name="Skip for now").click()
    expect(page.get_by_role("heading", name="2. Choose a template")).to_be_visible()
    page.get_by_role("link", name="Brand").click()
    expect(page.get_by_text("would change")).to_be_visible()
    check(page, f"template-{width}-{scheme}")
    page.get_by_role("button", name="Use “Brand”").click()
    expect(page.get_by_text("The template “Brand” is on")).to_be_visible()
    check(page, f"template-done-{width}-{scheme}")
    page.get_by_role("link", name="Bring your levels").last.click()
    expect(page.get_by_role("heading", name="3. Bring your levels")).to_be_visible()
    check(page, f"import-{width}-{scheme}")
    page.get_by_role("button", name="Skip for now").click()
    expect(page.get_by_role("heading", name="4. Send a test message")).to_be_visible()
    expect(page.get_by_text("Listening")).to_be_visible()
    page.get_by_label("What you do").select_option("message")
    page.get_by_role("button", name="Send test activity").click()
    with ThreadPoolExecutor(1) as pool:
        booking: Future[None] = pool.submit(book)
        expect(page.get_by_text("was heard")).to_be_visible()
        booking.result()
    expect(page.locator("#heard")).to_contain_text("Taking part in the talk")
    check(page, f"test-{width}-{scheme}")
    page.goto(site.address("/dashboard/", host="acme-hq.localhost"))
    expect(page.get_by_role("heading", name="Next: Look at the preview")).to_be_visible()
    check(page, f"home-{width}-{scheme}")
    page.get_by_role("link", name="Go on").click()
    page.get_by_role("link", name="Look at the preview").first.click()
    expect(page).to_have_url(re.compile("/setup/preview/"))
    check(page, f"preview-{width}-{scheme}")
    page.get_by_role("link", name="Go live").last.click()
    expect(page).to_have_url(re.compile("/setup/live/"))
    check(page, f"live-{width}-{scheme}")
    page.get_by_role("link", name="Go live", exact=True).last.click()
    expect(page.get_by_text("What was reached before stays quiet")).to_be_visible()
    check(page, f"confirm-{width}-{scheme}")
    page.get_by_role("button", name="Go live").click()
    expect(page.get_by_text("Acme is live.")).to_be_visible()
    check(page, f"done-{width}-{scheme}")
    assert Tenant.objects.get(slug="acme-hq").live


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_an_owner_closes_a_community_and_opens_it_again(
    open_page: Opener, site: Site, width: int, scheme: str
) -> None:
    page = open_page("/login/", host="localhost", width=width, scheme=scheme)
    sign_in(page, site, "acme-owner", "/communities/")
    check(page, f"communities-{width}-{scheme}")
    page.get_by_role("link", name="Acme Makers").click()
    page.wait_for_url(site.address("/dashboard/"))
    page.goto(site.address("/dashboard/settings/community/"))
    check(page, f"community-{width}-{scheme}")
    page.get_by_role("link", name="Delete the community…").click()
    page.get_by_label(re.compile("^Type")).fill("Acme Makers")
    check(page, f"delete-{width}-{scheme}")
    page.get_by_role("button", name="Delete the community").click()
    page.wait_for_url(site.address("/communities/", host="localhost"))
    expect(page.get_by_text("It can be restored, with everything in it")).to_be_visible()
    check(page, f"communities-deleted-{width}-{scheme}")
    page.goto(site.address("/dashboard/"))
    expect(page.get_by_role("heading", name="This community was closed")).to_be_visible()
    check(page, f"closed-{width}-{scheme}")
    page.get_by_role("link", name="Open your communities").click()
    page.get_by_role("button", name="Restore Acme Makers").click()
    expect(page.get_by_text("It can be restored")).not_to_be_visible()
    page.get_by_role("link", name="Acme Makers").click()
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
