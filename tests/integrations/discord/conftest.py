"""Acme's guild on a local Discord, over real sockets, with one member whom the bot knows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from redis import Redis

from ops.sandbox.discord import Config, LocalDiscordThread

if TYPE_CHECKING:
    from tenants.context import TenantContext
    from tests.integrations.discord.scene import Scene


@pytest.fixture(scope="module")
def server() -> Iterator[LocalDiscordThread]:
    with LocalDiscordThread(Config()) as discord:
        yield discord


@pytest.fixture
def scene(
    db: None, acme: TenantContext, server: LocalDiscordThread, settings: Any, redis_cache: Redis
) -> Iterator[Scene]:
    from engagement.members.models import Identity, Member
    from integrations.discord import roles as roles_module
    from integrations.discord.client import _make_client, get_client
    from tenants.context import enter_tenant
    from tests.integrations.discord.scene import Scene

    server.call(server.discord.reset)
    server.discord.calls.clear()
    settings.DISCORD_API_URL = server.api_url
    settings.DISCORD_BOT_TOKEN = "local-bot-token"
    _make_client.cache_clear()
    roles_module._standings.clear()
    state = server.state
    owner = state.create_user("acme.owner")
    guild = state.create_guild("Acme", owner)
    user = state.create_user("ada", "Ada *Wren*")
    state.join(guild, user)
    channel = next(iter(guild.channels.values()))
    with enter_tenant(acme):
        member = Member.objects.create(display_name="Ada *Wren*")
        Identity.objects.create(provider="discord", external_id=str(user.id), member=member)
        yield Scene(server, replace(acme, guild_id=guild.id), get_client(), guild, channel, user, member)
    assert server.violations == []
