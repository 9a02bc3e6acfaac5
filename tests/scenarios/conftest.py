"""The world of the scenarios, made new for each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from ops.sandbox.discord import Config, LocalDiscordThread
from tests.engagement.conftest import rules
from tests.frontend_api.conftest import _open

if TYPE_CHECKING:
    from tenants.context import TenantContext
    from tests.scenarios.world import World

__all__ = ["rules"]


@pytest.fixture
def world(
    rules: None, acme: TenantContext, globex: TenantContext, redis_stream: object, redis_cache: object, settings: Any
) -> Iterator[World]:  # fmt: skip
    from tests.scenarios.world import World

    with LocalDiscordThread(
        Config(identify_interval=0.0, rate_limits=False, seed=False, answer_within=60.0)
    ) as discord:
        settings.DISCORD_API_URL, settings.DISCORD_WEB_URL = discord.api_url, discord.web_url
        settings.DISCORD_BOT_TOKEN = discord.discord.config.bot_token
        made = World(discord, {acme.name: acme, globex.name: globex}, _open(settings))
        made.begin()
        try:
            yield made
        finally:
            made.end()
