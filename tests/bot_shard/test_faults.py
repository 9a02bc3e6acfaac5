"""The long rounds: twenty thousand messages, with kills in the middle and at chosen points. `make faults`."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator

import pytest
from django.conf import settings
from redis import Redis

from ops.devstack.redis import STREAM_DATABASE, RedisServer
from ops.sandbox.discord import Config, LocalDiscord
from tests.stack import TestStack

from .running import BotChild, message_ids, options, running, until

pytestmark = [pytest.mark.faults, pytest.mark.alone]
MESSAGES = 20_000


@pytest.fixture
def config() -> Config:
    return Config(identify_interval=0.0, rate_limits=False, messages_kept=100)


@pytest.fixture
def own_redis(test_stack: TestStack) -> Iterator[RedisServer]:
    server = RedisServer(test_stack.home, durable=True, name=f"far-{test_stack.worker}")
    server.start()
    with server.client(STREAM_DATABASE) as client:
        client.flushall()
    yield server
    server.stop()


async def talk_at_length(local: LocalDiscord, said: set[str], *, count: int = MESSAGES) -> None:
    for number in range(count):
        said.add(str(local.state.post_message("Pixel Pals", "general", "milo", f"line {number}").id))
        if number % 20 == 19:
            await asyncio.sleep(0.005)


async def test_twenty_thousand_messages_and_ten_kills(local: LocalDiscord, redis_stream: Redis) -> None:
    said: set[str] = set()
    child = BotChild(options(local.api_url, settings.REDIS_STREAM_URL), local.world.guilds)
    try:
        await asyncio.to_thread(child.start)
        talk = asyncio.create_task(talk_at_length(local, said))
        for _ in range(10):
            await asyncio.sleep(random.uniform(0.2, 1.0))
            child.kill()
            await asyncio.to_thread(child.start)
        await talk
        await until(lambda: len(message_ids(redis_stream)) >= MESSAGES, seconds=60)
    finally:
        child.close()
    counted = message_ids(redis_stream)
    assert set(counted) == said
    # A name is repeated only where a batch was appended and its watermark not yet stored: one batch a kill, not more.
    assert counted.total() - len(counted) < 10 * 2_000
    assert not redis_stream.exists("gaps")


async def test_twenty_thousand_messages_and_the_stream_killed_five_times(
    local: LocalDiscord, own_redis: RedisServer
) -> None:
    said: set[str] = set()
    chosen = options(local.api_url, own_redis.address(STREAM_DATABASE), queue_capacity=2_000)
    async with running(chosen, local.world.guilds) as bot:
        talk = asyncio.create_task(talk_at_length(local, said))
        for _ in range(5):
            await asyncio.sleep(random.uniform(0.3, 0.8))
            own_redis.kill()
            await asyncio.sleep(random.uniform(0.1, 1.5))
            await asyncio.to_thread(own_redis.start)
        await talk
        with own_redis.client(STREAM_DATABASE) as client:
            await until(lambda: len(message_ids(client)) >= MESSAGES, seconds=90)
            assert set(message_ids(client)) == said
        assert bot.stats.identifies == 1


async def test_killed_between_the_append_and_the_watermark(
    local: LocalDiscord, redis_stream: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stored watermark is set back to before the last batches: all of it comes again, under the same names."""
    said: set[str] = set()
    child = BotChild(options(local.api_url, settings.REDIS_STREAM_URL), local.world.guilds)
    try:
        await asyncio.to_thread(child.start)
        await talk_at_length(local, said, count=500)
        await until(lambda: len(message_ids(redis_stream)) >= 500)
        await asyncio.sleep(1.0)
        child.kill()
        stored = int(redis_stream.hget("shard:0:session", "seq"))  # type: ignore[arg-type]
        redis_stream.hset("shard:0:session", "seq", stored - 200)
        await asyncio.to_thread(child.start)
        await until(lambda: message_ids(redis_stream).total() >= 700)
    finally:
        child.close()
    counted = message_ids(redis_stream)
    assert set(counted) == said
    assert counted.total() == 700


async def test_discord_away_for_a_minute(local: LocalDiscord, redis_stream: Redis) -> None:
    said: set[str] = set()
    async with running(options(local.api_url, settings.REDIS_STREAM_URL), local.world.guilds) as bot:
        await talk_at_length(local, said, count=200)
        local.state.outage(60)
        await talk_at_length(local, said, count=200)
        await until(lambda: len(message_ids(redis_stream)) >= 400, seconds=120)
        assert message_ids(redis_stream) == dict.fromkeys(said, 1)
        assert bot.stats.identifies == 1


async def test_everything_at_once(
    local: LocalDiscord, redis_stream: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Duplicates, shuffles, garbled payloads, dropped connections and op 7, over five thousand messages."""
    monkeypatch.setattr("bot_shard.link.HOLE_SECONDS", 0.3)
    said: set[str] = set()
    async with running(options(local.api_url, settings.REDIS_STREAM_URL), local.world.guilds) as bot:
        local.state.set_gateway_faults(duplicate=0.05, shuffle=6, garble=0.0005)
        talk = asyncio.create_task(talk_at_length(local, said, count=5_000))
        while not talk.done():
            await asyncio.sleep(0.5)
            random.choice([local.state.drop, local.state.reconnect])()
        local.state.clear_faults()
        await until(lambda: len(message_ids(redis_stream)) >= 5_000, seconds=60)
        assert message_ids(redis_stream) == dict.fromkeys(said, 1)
        assert bot.stats.lost == 0
