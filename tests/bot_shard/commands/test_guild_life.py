"""A linked server over time, as the bot hears it: kicked, invited again, away, renamed, handed over — also across a restart."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings

from ops.sandbox.discord import LocalDiscord
from ops.sandbox.discord.state.guilds import update_guild
from tests.bot_shard.running import comes, options
from tests.cast import ACME

if TYPE_CHECKING:
    from bot_shard.serve import BotService

Inside = Callable[..., Awaitable[Any]]


def read_link() -> Any:
    from saas.core.schemas import PUBLIC, enter_schema
    from tenants.models import GuildLink

    with enter_schema(PUBLIC):
        return GuildLink.objects.get(guild_id=ACME.guild_id)


def count_events(kind: str) -> int:
    from saas.core.schemas import PUBLIC, enter_schema
    from saas.public_events.models import PublicEvent

    with enter_schema(PUBLIC):
        return PublicEvent.objects.filter(type=kind).count()


async def link_becomes(inside: Inside, seen: Callable[[Any], bool]) -> Any:
    return await comes(lambda: inside(read_link), seen)


async def test_a_kick_is_a_removal_and_an_invitation_undoes_it(
    local: LocalDiscord, service: BotService, inside: Inside
) -> None:
    local.state.remove_bot("Acme Makers")
    link = await link_becomes(inside, lambda link: link.state == "removed")
    assert link.ended_at is not None
    local.state.install_bot("Acme Makers")
    link = await link_becomes(inside, lambda link: link.state == "active")
    assert link.ended_at is None


async def test_kicked_and_invited_again_within_a_moment_the_link_stands(
    local: LocalDiscord, service: BotService, inside: Inside
) -> None:
    for _ in range(3):
        local.state.remove_bot("Acme Makers")
        local.state.install_bot("Acme Makers")
    await asyncio.sleep(1.5)
    assert (await inside(read_link)).state == "active"


async def test_a_deleted_guild_reads_as_a_removal(
    local: LocalDiscord, service: BotService, inside: Inside
) -> None:
    local.state.delete_guild("Acme Makers")
    await link_becomes(inside, lambda link: link.state == "removed")


async def test_an_outage_is_no_removal(local: LocalDiscord, service: BotService, inside: Inside) -> None:
    local.state.set_unavailable("Acme Makers")
    link = await link_becomes(inside, lambda link: link.unavailable_since is not None)
    assert link.state == "active"
    local.state.set_unavailable("Acme Makers", False)
    await link_becomes(inside, lambda link: link.unavailable_since is None)
    assert await inside(count_events, "GuildWentAway") == 1
    assert await inside(count_events, "GuildCameBack") == 1
    assert await inside(count_events, "GuildUnlinked") == 0


async def test_name_icon_and_owner_follow_discord(
    local: LocalDiscord, service: BotService, inside: Inside
) -> None:
    await link_becomes(inside, lambda link: link.owner_id == ACME.discord_id("owner"))
    guild = local.world.guilds[ACME.guild_id]
    update_guild(local.world, guild, name="Renamed ‮<b>", icon="a_1234", owner_id=ACME.discord_id("moderator"))
    link = await link_becomes(inside, lambda link: link.guild_name == "Renamed <b>")
    assert (link.icon, link.owner_id) == ("a_1234", ACME.discord_id("moderator"))
    assert link.owner_changed_at is not None
    assert await inside(count_events, "GuildOwnerChanged") == 1


@pytest.fixture
def restart(service: BotService, local: LocalDiscord, committed_db: None) -> Callable[..., Awaitable[None]]:
    """Runs another bot after `service` was stopped: what happened meanwhile is replayed or told anew."""
    from bot_shard.serve import BotService
    from tenants.routing import Routing

    async def again(inside: Inside, seen: Callable[[Any], bool], *, forget: bool) -> None:
        if forget:
            local.state.expire_sessions()
        routing = Routing()
        from tests.bot_shard.commands.conftest import _load

        await asyncio.to_thread(_load, routing)
        chosen = options(local.api_url, settings.REDIS_STREAM_URL, cache_url=settings.REDIS_URL)
        heir, stop = BotService(chosen, routing, site="https://engagehub.example"), asyncio.Event()
        task = asyncio.create_task(heir.run(stop))
        try:
            await link_becomes(inside, seen)
        finally:
            stop.set()
            await asyncio.wait_for(task, 60)

    return again


@pytest.mark.parametrize("forget", [False, True], ids=["resumed", "a new session"])
async def test_what_happened_while_the_bot_was_down(
    local: LocalDiscord, stopped: Callable[[], Awaitable[None]], restart: Any, inside: Inside, forget: bool
) -> None:
    await stopped()
    local.state.remove_bot("Acme Makers")
    await restart(inside, lambda link: link.state == "removed", forget=forget)
    local.state.install_bot("Acme Makers")
    await restart(inside, lambda link: link.state == "active", forget=forget)


@pytest.fixture
def stopped(service: BotService, service_stop: asyncio.Event) -> Callable[[], Awaitable[None]]:
    async def stop() -> None:
        service_stop.set()
        while service.process.ready:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.5)

    return stop


async def test_an_outage_that_began_while_the_bot_was_down(
    local: LocalDiscord,
    stopped: Callable[[], Awaitable[None]],
    restart: Any,
    inside: Inside,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A new session lists the server and never describes it."""
    monkeypatch.setattr("bot_shard.guild_news.PROMISE_SECONDS", 0.5)
    monkeypatch.setattr("bot_shard.guild_news.LOOK_SECONDS", 0.2)
    await stopped()
    local.state.set_unavailable("Acme Makers")
    await restart(inside, lambda link: link.unavailable_since is not None, forget=True)
    local.state.set_unavailable("Acme Makers", False)
    await restart(inside, lambda link: link.unavailable_since is None, forget=True)
