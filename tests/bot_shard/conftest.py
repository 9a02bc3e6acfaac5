"""The local Discord with two communities, and a bot on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import pytest
from django.conf import settings

from bot_shard.gateway import GatewayClient
from bot_shard.process import BotProcess
from ops.sandbox.discord import Config, LocalDiscord

from .running import options, running

QUICK = Config(identify_interval=0.0, heartbeat_interval=20.0, rate_limits=False)


@pytest.fixture
def config() -> Config:
    return replace(QUICK)


@pytest.fixture
async def local(config: Config) -> AsyncIterator[LocalDiscord]:
    async with LocalDiscord(config) as server:
        yield server


@pytest.fixture
async def start_bot(
    local: LocalDiscord, redis_stream: object
) -> AsyncIterator[Callable[..., Awaitable[BotProcess[GatewayClient]]]]:
    """Starts bots that are linked to every guild there is; stops them at the end."""
    async with AsyncExitStack() as stack:

        async def start(**more: Any) -> BotProcess[GatewayClient]:
            chosen = options(local.api_url, settings.REDIS_STREAM_URL, **more)
            return await stack.enter_async_context(running(chosen, local.world.guilds))

        yield start
    assert list(local.violations) == []


@pytest.fixture(autouse=True)
def _no_identify_spacing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The local Discord is told to let sessions start at once; the lease's own test keeps the real spacing."""
    monkeypatch.setattr("bot_shard.identify.SPACING_MS", 1)
