"""A stranger's whole walk: from the landing page over the mail, the bot and the old bot's levels to a live community with
a colleague in it; at a desk and on a phone. The times it takes are printed (`pytest -s`)."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections
from playwright.sync_api import Page, expect
from redis import Redis

from engagement.members.models import Member
from ops.sandbox.discord import LocalDiscordThread
from tenants.context import enter_tenant
from tenants.models import Tenant
from tenants.selectors import get_context
from tests.bot_shard.running import message_ids
from tests.browser.conftest import Opener, Site
from tests.browser.test_entrance import STRONG, read_mail
from tests.browser.test_founding import book, check
from tests.browser.test_linking import BotThread, until
from tests.frontend_api.local_discord import LocalPeople

pytestmark = pytest.mark.browser
WALKS = [(1280, "light"), (360, "dark")]
STELLA, MILO = 810_000_000_000_000_001, 810_000_000_000_000_002
HOST = "stellas-studio.localhost"


@pytest.fixture
def discord(
    discord_server: LocalDiscordThread, people: None, site: Site, settings: Any, redis_stream: Redis
) -> Iterator[LocalPeople]:
    """A local Discord with one server, Stella's, and a bot that nobody has added yet."""
    discord_server.call(discord_server.discord.reset)
    discord_server.call(discord_server.discord.world.clear)
    settings.BASE_URL = site.address("", host="localhost")
    settings.DISCORD_API_URL = discord_server.api_url
    settings.DISCORD_BOT_TOKEN = discord_server.discord.config.bot_token
    local = LocalPeople(discord_server)
    guild = local.guild("Stella's server", local.person(STELLA, "stella").id)
    discord_server.state.join(guild, local.person(MILO, "milo"))
    with BotThread(discord_server, site):
        yield local
    assert discord_server.violations == []
    connections.close_all()


def work(queue: str) -> None:
    """The real worker of one queue, until there is nothing left to do."""
    try:
        call_command("run_worker", queues=queue, until_empty=True, concurrency=1)
    finally:
        connections.close_all()


def meanwhile(job: Callable[..., None], *arguments: str, see: Callable[[], None]) -> None:
    """The page stays open and moves by itself while `job` is at work elsewhere."""
    with ThreadPoolExecutor(1) as pool:
        working: Future[None] = pool.submit(job, *arguments)
        see()
        working.result()


def sign_up(page: Page, name: str, mail: str) -> None:
    """The form, the mail, its link."""
    page.get_by_label("Your name").fill(name)
    page.get_by_label("E-mail").fill(mail)
    page.get_by_label("Password").fill(STRONG)
    page.get_by_role("button", name="Sign up", exact=True).click()
    expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()


def mee6_file() -> dict[str, Any]:
    players = [
        {"id": str(STELLA), "username": "stella", "xp": 9_000, "level": 13, "message_count": 400},
        {"id": str(MILO), "username": "milo", "xp": 1_500, "level": 5, "message_count": 70},
        {"id": "810000000000000003", "username": "Rósa <b>", "xp": 20, "level": 0, "message_count": 1},
    ]
    return {
        "name": "leaderboard.json",
        "mimeType": "application/json",
        "buffer": json.dumps({"players": players, "role_rewards": [], "xp_rate": 1.0}).encode(),
    }


@pytest.mark.parametrize(("width", "scheme"), WALKS)
def test_a_stranger_walks_from_the_landing_page_to_a_live_community_with_a_colleague(
    open_page: Opener,
    site: Site,
    discord: LocalPeople,
    redis_stream: Redis,
    width: int,
    scheme: str,
) -> None:
    page = open_page("/", host="localhost", width=width, scheme=scheme)

    def stop(name: str) -> None:
        check(page, f"walk-{name}-{width}-{scheme}")

    stop("landing")
    page.get_by_role("link", name="Start for free").first.click()
    expect(page.get_by_label("Your name")).to_be_visible()
    stop("sign-up")
    began = time.monotonic()
    sign_up(page, "Stella Stranger", "stella@example.org")
    stop("look-into-mail")
    open_page(read_mail("stella@example.org"), host="localhost", page=page)
    stop("confirm")
    page.get_by_role("button", name="Confirm this address").click()
    page.wait_for_url(re.compile("/new/$"))
    _make_the_community(page, site, stop)
    to_checklist = time.monotonic() - began
    _add_the_bot(page, stop)
    _choose_the_template(page, stop)
    _bring_the_levels(page, site, stop)
    _send_a_message(page, discord, redis_stream, stop)
    _go_live(page, stop)
    to_live = time.monotonic() - began
    sys.stdout.write(
        f"\n{width} px, {scheme}: checklist after {to_checklist:.1f} s, live after {to_live:.1f} s\n"
    )
    assert Tenant.objects.get(slug="stellas-studio").live
    _invite_a_colleague(page, open_page, site, stop, width=width, scheme=scheme)


def _make_the_community(page: Page, site: Site, stop: Callable[[str], None]) -> None:
    page.get_by_label("Name", exact=True).press_sequentially("Stella's Studio")
    expect(page.get_by_text(f"{HOST} is free")).to_be_visible()
    stop("new")
    page.get_by_role("button", name="Make the community").click()
    expect(page.get_by_role("heading", name="Setting up Stella's Studio")).to_be_visible()
    there = site.address("/dashboard/setup/", host=HOST)
    meanwhile(work, "provisioning", see=lambda: page.wait_for_url(there))
    expect(page.get_by_role("heading", name="1. Add the bot")).to_be_visible()
    stop("checklist")


def _add_the_bot(page: Page, stop: Callable[[str], None]) -> None:
    page.get_by_role("link", name="Add the bot to a server").click()
    page.get_by_text("stella").first.click()
    page.get_by_label("Add to server").select_option("Stella's server")
    page.get_by_role("button", name="Authorize").click()
    page.wait_for_url("**/dashboard/**")
    expect(page.get_by_text("Stella's server").first).to_be_visible()
    stop("bot-added")


def _choose_the_template(page: Page, stop: Callable[[str], None]) -> None:
    page.goto(re.sub("/dashboard/.*", "/dashboard/setup/", page.url))
    expect(page.get_by_role("heading", name="2. Choose a template")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Use “")).click()
    expect(page.get_by_text(re.compile("The template “.+” is on"))).to_be_visible()
    stop("template")


def _bring_the_levels(page: Page, site: Site, stop: Callable[[str], None]) -> None:
    page.get_by_role("link", name="Bring your levels").last.click()
    expect(page.get_by_role("heading", name="3. Bring your levels")).to_be_visible()
    stop("levels")
    page.get_by_role("main").get_by_role("link", name="Bring your levels").last.click()
    page.get_by_role("button", name="Bring from MEE6").click()
    expect(page.locator("#file")).to_be_visible()
    stop("mee6")
    page.set_input_files("#file", mee6_file())  # type: ignore[arg-type]
    page.get_by_role("button", name="Upload and read it").click()
    expect(page.get_by_text("You can leave this page and come back.")).to_be_visible()
    apply = page.get_by_role("button", name="Bring 3 members over")
    meanwhile(work, "imports", see=lambda: expect(apply).to_be_visible())
    stop("difference")
    apply.click()
    expect(page.get_by_text("Being applied").first).to_be_visible()
    undo = page.get_by_role("link", name="Undo this import")
    meanwhile(work, "imports", see=lambda: expect(undo).to_be_visible())
    stop("brought")
    page.goto(site.address("/dashboard/setup/", host=HOST))


def _send_a_message(page: Page, discord: LocalPeople, stream: Redis, stop: Callable[[str], None]) -> None:
    expect(page.get_by_role("heading", name="4. Send a test message")).to_be_visible()
    expect(page.get_by_text("Listening to your server")).to_be_visible()
    discord.server.state.post_message(
        "Stella's server", "general", "milo", "Good morning to all of you, the kettle is on."
    )
    until(lambda: len(message_ids(stream)) > 0)
    meanwhile(book, see=lambda: expect(page.get_by_text("was heard")).to_be_visible())
    stop("heard")
    page.goto(re.sub("/dashboard/.*", "/dashboard/", page.url))
    stop("home-before-live")


def _go_live(page: Page, stop: Callable[[str], None]) -> None:
    page.get_by_role("link", name="Go on").click()
    page.get_by_role("link", name="Look at the preview").first.click()
    expect(page.get_by_role("heading", name="MEE6 and EngageHub")).to_be_visible()
    stop("preview")
    page.get_by_role("link", name="Go live").last.click()
    expect(page).to_have_url(re.compile("/setup/live/"))
    page.get_by_role("link", name="Go live", exact=True).last.click()
    confirm = page.get_by_role("button", name="Go live")
    expect(confirm).to_be_visible()
    stop("confirm-live")
    confirm.click()
    expect(page.get_by_text("Stella's Studio is live.")).to_be_visible()
    stop("live")


def _invite_a_colleague(
    page: Page, open_page: Opener, site: Site, stop: Callable[[str], None], *, width: int, scheme: str
) -> None:
    page.goto(site.address("/dashboard/team/", host=HOST))
    page.get_by_role("link", name="Invite somebody").click()
    page.get_by_label("E-mail").fill("milo@example.org")
    page.get_by_role("radio", name=re.compile("Analyst")).check()
    stop("invite")
    page.get_by_role("button", name="Invite", exact=True).click()
    expect(page.get_by_text("milo@example.org").first).to_be_visible()
    stop("invited")
    colleague = open_page(read_mail("milo@example.org"), host="localhost", width=width, scheme=scheme)
    check(colleague, f"walk-invitation-{width}-{scheme}")
    colleague.get_by_role("link", name="Sign up").last.click()
    sign_up(colleague, "Milo Castell", "milo@example.org")
    open_page(read_mail("milo@example.org"), host="localhost", page=colleague)
    colleague.get_by_role("button", name="Confirm this address").click()
    colleague.get_by_role("button", name="Join the team").click()
    colleague.wait_for_url(site.address("/dashboard/", host=HOST))
    expect(colleague.get_by_role("heading", name="Home")).to_be_visible()
    check(colleague, f"walk-colleague-home-{width}-{scheme}")
    with enter_tenant(get_context(slug="stellas-studio")):
        assert Member.objects.count() >= 3
    connections.close_all()
