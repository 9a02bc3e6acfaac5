"""Voice on the wire: what the local Discord tells becomes minutes on the stream, over a kill too."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest
from django.conf import settings
from redis import Redis

from bot_shard.gateway import GatewayClient
from bot_shard.process import BotProcess
from bot_shard.voice import MINUTE_MS
from ops.sandbox.discord import LocalDiscord

from .running import options, read_stream, running, until

StartBot = Callable[..., Awaitable[BotProcess[GatewayClient]]]


def minutes(redis: Redis) -> set[str]:
    return {activity.source_id for activity in read_stream(redis) if activity.type == "voice_minute"}


async def test_minutes_are_counted_across_a_restart(
    local: LocalDiscord, redis_stream: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = time.time_ns() // 1_000_000
    shift = 0

    def later() -> int:
        """Nothing passes but what the test lets pass: no minute ends between two of its steps."""
        return began + shift

    monkeypatch.setattr("bot_shard.session.now_ms", later)
    monkeypatch.setattr("bot_shard.process.now_ms", later)
    monkeypatch.setattr("bot_shard.process.VOICE_SECONDS", 0.1)
    chosen = options(local.api_url, settings.REDIS_STREAM_URL)
    async with running(chosen, local.world.guilds):
        local.state.join_voice("Pixel Pals", "milo", "Lounge")
        local.state.join_voice("Pixel Pals", "junipr", "Lounge")
        await until(lambda: any(redis_stream.keys("voice:*")))
        shift += MINUTE_MS
        await until(lambda: len(minutes(redis_stream)) == 2)
    shift += 2 * MINUTE_MS
    async with running(chosen, local.world.guilds):
        await until(lambda: len(minutes(redis_stream)) == 6)
        local.state.leave_voice("Pixel Pals", "milo")
        await until(lambda: len(_facts(redis_stream)) == 1)
        shift += 5 * MINUTE_MS
        await asyncio.sleep(0.5)
    assert len(minutes(redis_stream)) == 6
    first = began // MINUTE_MS
    assert {int(name.rsplit(":", 1)[1]) - first for name in minutes(redis_stream)} <= {0, 1, 2, 3}


def _facts(redis: Redis) -> list[bytes]:
    return [value for key in redis.keys("voice:*") for value in redis.hgetall(key).values()]  # type: ignore[union-attr]
