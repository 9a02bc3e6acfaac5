"""A whole bot on the local Discord, whose two servers belong to the tests' two communities."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings

from ops.sandbox.discord import Config, LocalDiscord
from tests.bot_shard.running import options, until
from tests.cast import ACME, GLOBEX

# Django's models cannot be imported before pytest-django has set it up, which is after this file.
if TYPE_CHECKING:
    from bot_shard.serve import BotService
    from tenants.context import TenantContext
    from tenants.routing import Routing

PEOPLE = ("owner", "moderator", "member", "stranger")
# Of Discord's three seconds the bot takes one before it defers. Tests that are about neither must not fail where a machine stands still.
PATIENCE = 60.0


@pytest.fixture(autouse=True)
def _no_deferring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot_shard.desk.DEFER_SECONDS", PATIENCE)


@pytest.fixture
def config() -> Config:
    return Config(identify_interval=0.0, rate_limits=False, seed=False, answer_within=PATIENCE)


@pytest.fixture
async def local(config: Config) -> AsyncIterator[LocalDiscord]:
    """Acme's and Globex's servers with their cast, and one server that nobody linked."""
    async with LocalDiscord(config) as server:
        for community in (ACME, GLOBEX):
            _found_guild(server, community.name, community.guild_id, community.discord_id)
        _found_guild(
            server, "Nowhere", 900_000_000_000_000_009, lambda role: 810_000_000_000_000_000 + len(role)
        )
        yield server


def _found_guild(server: LocalDiscord, name: str, guild_id: int, discord_id: Callable[[str], int]) -> None:
    from ops.sandbox.discord.state.guilds import create_channel, create_guild, create_role, install_bot
    from ops.sandbox.discord.state.members import create_user, join_guild
    from ops.sandbox.discord.state.permissions import BOT, MODERATOR

    world = server.world
    slug = name.split()[0].lower()
    users = {
        role: create_user(
            world, username=f"{slug}-{role}", display_name=f"{slug} {role}".title(), user_id=discord_id(role)
        )
        for role in PEOPLE
    }
    guild = create_guild(world, name=name, owner_id=users["owner"].id, guild_id=guild_id)
    for channel in ("general", "bot-commands"):
        create_channel(world, guild, name=channel, type=0)
    moderator = create_role(world, guild, name="Moderator", allowed=MODERATOR)
    for role, user in users.items():
        if role != "owner":
            join_guild(world, guild, user, roles=[moderator.id] if role == "moderator" else [])
    install_bot(world, guild, granted=BOT)


Say = Callable[..., Awaitable[dict[str, Any]]]


class Talk:
    """What people do in the tests, and the bot's last answer as the member sees it."""

    def __init__(self, local: LocalDiscord, service: BotService) -> None:
        self.local = local
        self.service = service

    async def command(
        self, who: str, name: str, options: dict[str, Any] | None = None, *, guild: str = "Acme Makers",
        channel: str = "general",
    ) -> dict[str, Any]:  # fmt: skip
        return await self.local.state.run_command(
            guild, channel, f"{guild.split()[0].lower()}-{who}", name, options
        )


@pytest.fixture
def service_stop() -> asyncio.Event:
    """Ends `service` when it is set."""
    return asyncio.Event()


@pytest.fixture
async def service(
    local: LocalDiscord, committed_db: None, acme: TenantContext, globex: TenantContext, redis_stream: object,
    redis_cache: object, service_stop: asyncio.Event,
) -> AsyncIterator[BotService]:  # fmt: skip
    from bot_shard.publishing import publish_commands
    from bot_shard.serve import BotService
    from tenants.routing import Routing

    routing = Routing()
    await asyncio.to_thread(_load, routing)
    await publish_commands(token=local.config.bot_token, api_url=local.api_url)
    chosen = options(local.api_url, settings.REDIS_STREAM_URL, cache_url=settings.REDIS_URL)
    service = BotService(chosen, routing, site="https://engagehub.example")
    stop = service_stop
    task = asyncio.create_task(service.run(stop))
    await until(lambda: service.process.ready or task.done())
    if task.done():
        task.result()
    yield service
    stop.set()
    await asyncio.wait_for(task, 60)
    assert list(local.violations) == []


def _load(routing: Routing) -> None:
    from django.db import connection

    try:
        routing.load()
    finally:
        connection.close()


@pytest.fixture
def talk(local: LocalDiscord, service: BotService) -> Talk:
    return Talk(local, service)


@pytest.fixture
def inside(acme: TenantContext) -> Callable[..., Awaitable[Any]]:
    """Runs a function inside Acme, in a thread of its own."""

    async def run(work: Callable[..., Any], *args: Any, context: TenantContext = acme, **named: Any) -> Any:
        def enter() -> Any:
            from django.db import connection

            from tenants.context import enter_tenant

            try:
                with enter_tenant(context):
                    return work(*args, **named)
            finally:
                connection.close()

        return await sync_to_async(enter, thread_sensitive=False)()

    return run
