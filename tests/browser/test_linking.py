"""Both ways of linking a server, as people walk them: from the dashboard, and from Discord; at a desk and on a phone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connections
from playwright.sync_api import Page, expect
from redis import Redis

from ops.sandbox.discord import LocalDiscordThread
from tests.browser.conftest import Opener, Site
from tests.browser.test_pages import LOOKS, find_barriers, overflow
from tests.cast import ACME
from tests.frontend_api.hosts import PASSWORD
from tests.frontend_api.local_discord import LocalPeople

pytestmark = pytest.mark.browser
# The other size of each story is walked in `make faults`; the page they come to is looked at in both below.
DESK = [1280, pytest.param(360, marks=pytest.mark.faults)]
PHONE = [360, pytest.param(1280, marks=pytest.mark.faults)]
OWNER = ACME.discord_id("owner")


class BotThread:
    """A whole bot on the local Discord, on a loop of its own: Playwright has this thread's."""

    def __init__(self, server: LocalDiscordThread, site: Site) -> None:
        self._server, self._site = server, site
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="bot", daemon=True)

    async def _run(self) -> None:
        from bot_shard.publishing import publish_commands
        from bot_shard.serve import BotService
        from tenants.routing import Routing
        from tests.bot_shard.running import options, until

        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        routing = Routing()
        await asyncio.to_thread(_load, routing)
        routing.start()
        await publish_commands(token=self._server.discord.config.bot_token, api_url=self._server.api_url)
        chosen = options(
            self._server.api_url, django_settings.REDIS_STREAM_URL, cache_url=django_settings.REDIS_URL
        )
        service = BotService(chosen, routing, site=self._site.address("", host="localhost"))
        task = asyncio.create_task(service.run(self._stop))
        await until(lambda: service.process.ready or task.done())
        self._ready.set()
        await task
        await asyncio.to_thread(routing.stop)

    def __enter__(self) -> None:
        self._thread.start()
        assert self._ready.wait(60)

    def __exit__(self, *_: object) -> None:
        assert self._loop is not None
        assert self._stop is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(60)


def _load(routing: Any) -> None:
    try:
        routing.load()
    finally:
        connections.close_all()


@pytest.fixture
def discord(
    discord_server: LocalDiscordThread, people: None, site: Site, settings: Any, redis_stream: Redis
) -> Iterator[LocalPeople]:
    """An empty local Discord; Acme has no server, and its owner is called Olga there."""
    from tenants.services import unlink_guild

    discord_server.call(discord_server.discord.reset)
    discord_server.call(discord_server.discord.world.clear)
    settings.BASE_URL = site.address("", host="localhost")
    settings.DISCORD_API_URL = discord_server.api_url
    settings.DISCORD_BOT_TOKEN = discord_server.discord.config.bot_token
    unlink_guild(guild_id=ACME.guild_id)
    local = LocalPeople(discord_server)
    local.person(OWNER, "olga")
    yield local
    assert discord_server.violations == []
    connections.close_all()


@pytest.fixture
def bot(discord: LocalPeople, site: Site) -> Iterator[None]:
    with BotThread(discord.server, site):
        yield


def sign_in_here(page: Page) -> None:
    page.get_by_label("Username or e-mail").fill("acme-owner")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def check(page: Page) -> None:
    assert find_barriers(page) == [], page.url
    assert overflow(page) <= 0, page.url


def work_off(name: str) -> None:
    """What a worker does with the public jobs of that name."""
    from django.db import connection

    from saas.events.jobs import get_job

    with connection.cursor() as cursor:
        cursor.execute(
            "delete from public.procrastinate_jobs where task_name = %s returning args::text", [name]
        )
        rows = [row[0] for row in cursor.fetchall()]
    import orjson

    for row in rows:
        arguments = orjson.loads(row)
        get_job(name)(tenant=arguments.pop("tenant"), **arguments)
    connections.close_all()


def until(condition: Callable[[], object]) -> None:
    import time

    deadline = time.monotonic() + 40
    while not condition():
        assert time.monotonic() < deadline, "what was waited for did not happen in time"
        time.sleep(0.1)


@pytest.mark.parametrize("width", DESK)
def test_the_bot_is_added_from_the_dashboard(
    open_page: Opener, site: Site, discord: LocalPeople, bot: None, width: int
) -> None:
    discord.guild("Olga's other place", OWNER)
    guild = discord.guild("Acme HQ", OWNER)
    page = open_page("/login/?next=/dashboard/bot/", width=width)
    sign_in_here(page)
    page.wait_for_url("**/dashboard/bot/")
    expect(page.get_by_text("No server is linked yet")).to_be_visible()
    check(page)
    page.get_by_role("link", name="Add the bot", exact=True).first.click()
    page.get_by_text("olga").first.click()
    page.get_by_label("Add to server").select_option("Acme HQ")
    page.get_by_role("button", name="Authorize").click()
    page.wait_for_url("**/dashboard/bot/?linked=1")
    expect(page.get_by_text("Acme HQ is connected")).to_be_visible()
    expect(page.get_by_text("The bot is online")).to_be_visible()
    expect(page.get_by_text("It sees every channel")).to_be_visible()
    check(page)
    assert discord.world.bot_id in guild.members
    # Kicked, it says so; invited again, it goes on as before.
    discord.server.state.remove_bot(guild)
    until(lambda: _reloaded(page, site, "Bot removed"))
    check(page)
    page.goto(site.address("/dashboard/"))
    expect(page.get_by_text("The bot is no longer in Acme HQ")).to_be_visible()
    discord.server.state.install_bot(guild)
    until(lambda: _reloaded(page, site, "Linked"))
    page.get_by_role("button", name="Unlink the server").click()
    expect(page.get_by_text("The server was unlinked")).to_be_visible()
    work_off("integrations.discord.leave_guild")
    assert discord.world.bot_id not in guild.members


def _reloaded(page: Page, site: Site, words: str) -> bool:
    page.goto(site.address("/dashboard/bot/"))
    return page.locator(".guild-line .tag", has_text=words).count() > 0


@pytest.mark.parametrize("width", PHONE)
def test_the_server_is_claimed_from_discord(
    open_page: Opener, site: Site, discord: LocalPeople, bot: None, width: int
) -> None:
    from tenants.models import GuildGreeting

    guild = discord.guild("Acme <b>Café</b>", OWNER)
    discord.server.state.install_bot(guild)
    until(lambda: GuildGreeting.objects.filter(guild_id=guild.id).exists())
    connections.close_all()
    work_off("integrations.discord.greet_guild")
    page = open_page("/login/", host="localhost", width=width)
    page.goto(f"{discord.server.web_url}/#{guild.id}/{guild.system_channel_id}/{OWNER}")
    page.get_by_role("button", name="Connect this server").click()
    private = page.locator(".message.ephemeral")
    expect(private).to_contain_text("It is yours alone, works once, and for 15 minutes")
    with page.expect_popup() as opened:
        private.get_by_role("link", name="Open EngageHub").click()
    claim = opened.value
    expect(claim.get_by_text("Sign in with the Discord user who pressed the button")).to_be_visible()
    check(claim)
    claim.get_by_role("link", name="Sign in").first.click()
    sign_in_here(claim)
    expect(claim.get_by_role("heading", name="Connect Acme <b>Café</b>")).to_be_visible()
    check(claim)
    claim.get_by_role("button", name="Acme Makers").click()
    claim.wait_for_url("**/dashboard/bot/?linked=1")
    expect(claim.get_by_text("Acme <b>Café</b> is connected")).to_be_visible()
    work_off("integrations.discord.retire_greeting")
    expect(page.get_by_text("This server is connected to Acme Makers")).to_be_visible()
    claim.go_back()
    claim.reload()
    expect(claim.get_by_text("used already or has expired")).to_be_visible()


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_what_stands_in_the_way_reads_well_everywhere(
    open_page: Opener, site: Site, discord: LocalPeople, bot: None, width: int, scheme: str
) -> None:
    from integrations.discord.models import LevelRole
    from ops.sandbox.discord.state.entities import Overwrite
    from ops.sandbox.discord.state.guilds import update_channel
    from tenants.context import enter_tenant
    from tenants.models import Tenant
    from tenants.services import link_guild
    from tests.browser.people import acme_context

    state = discord.server.state
    guild = discord.guild("Acme HQ with a name that is as long as Discord lets anybody write one", OWNER)
    state.install_bot(guild, granted=1 << 10 | 1 << 11 | 1 << 14)
    gold = state.create_role(guild, "Gold", position=9)
    secret = state.create_channel(guild, "a-secret-channel-with-an-unbroken-and-rather-long-name")
    everyone = {guild.id: Overwrite(guild.id, 0, 0, 1 << 10)}
    discord.server.call(update_channel, discord.world, secret, overwrites=everyone)
    with enter_tenant(acme_context()):
        LevelRole.objects.create(level=5, role_id=gold.id)
    link_guild(tenant=Tenant.objects.get(slug="acme"), guild_id=guild.id, guild_name=guild.name)
    connections.close_all()
    page = open_page("/login/?next=/dashboard/bot/", width=width, scheme=scheme)
    sign_in_here(page)
    expect(page.get_by_text("It may not give roles")).to_be_visible()
    check(page)
    page.get_by_role("link", name="Check again").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("It may not give roles")).to_be_visible()
