"""Starting while something is away, being refused, and stopping at any moment."""

from __future__ import annotations

import asyncio

import discord
import pytest
from django.conf import settings
from redis import Redis

from bot_shard.errors import GatewayRefusedError
from bot_shard.gateway import GatewayClient
from bot_shard.process import BotProcess
from ops.sandbox.discord import LocalDiscord

from .running import Linked, options, running, until


def make(local: LocalDiscord, **more: object) -> BotProcess[GatewayClient]:
    chosen = options(local.api_url, str(more.pop("redis_url", settings.REDIS_STREAM_URL)), **more)
    return BotProcess(chosen, Linked(local.world.guilds), client=GatewayClient)


async def test_discord_away_at_the_start_is_waited_for(local: LocalDiscord, redis_stream: Redis) -> None:
    local.state.outage(1.0)
    process, stop = make(local), asyncio.Event()
    task = asyncio.create_task(process.run(stop))
    await until(lambda: process.ready)
    stop.set()
    await asyncio.wait_for(task, 60)


async def test_the_stream_away_at_the_start_is_waited_for_and_a_stop_is_obeyed(local: LocalDiscord) -> None:
    process, stop = make(local, redis_url="unix:///nowhere/at-all.sock"), asyncio.Event()
    task = asyncio.create_task(process.run(stop))
    await asyncio.sleep(0.5)
    assert not task.done()
    assert process.stats.identifies == 0
    stop.set()
    await asyncio.wait_for(task, 60)


async def test_a_wrong_token_ends_it_at_once(local: LocalDiscord, redis_stream: Redis) -> None:
    with pytest.raises(discord.LoginFailure):
        await asyncio.wait_for(make(local, token="wrong").run(asyncio.Event()), 60)


async def test_a_shard_that_discord_refuses_ends_it_with_the_reason(
    local: LocalDiscord, redis_stream: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Close code 4014 while it runs: privileges were withdrawn."""
    local.config.privileged_intents = 0
    monkeypatch.setattr(GatewayClient, "use_granted_intents", _ask_for_members)
    with pytest.raises(GatewayRefusedError, match="Server Members Intent"):
        await asyncio.wait_for(make(local).run(asyncio.Event()), 60)


async def _ask_for_members(self: GatewayClient) -> None:
    self._connection._intents.members = True


async def test_a_planned_stop_stores_everything_and_keeps_the_session(
    local: LocalDiscord, redis_stream: Redis
) -> None:
    async with running(options(local.api_url, settings.REDIS_STREAM_URL), local.world.guilds) as process:
        for number in range(50):
            local.state.post_message("Pixel Pals", "general", "milo", f"line {number}")
        await until(lambda: process.stats.recorded >= 50)
        session = process.sessions[0]
    assert int(redis_stream.hget("shard:0:session", "seq")) == session.watermark.heard  # type: ignore[arg-type]
    [kept] = list(local.hub.sessions.values())
    assert kept.id == session.session_id
    assert session.watermark.waiting == 0


async def test_readiness_says_what_is_missing(local: LocalDiscord, redis_stream: Redis) -> None:
    process = make(local)
    assert process.problems() == ["shard 0 is not connected to Discord"]
    async with running(options(local.api_url, settings.REDIS_STREAM_URL), local.world.guilds) as live:
        assert live.problems() == []
        names = {name for name, *_ in live.gauges()}
        assert {"queue_records", "shard_connected", "shard_latency_seconds"} <= names
    await process.cache.aclose()
