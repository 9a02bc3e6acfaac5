"""What must survive: kills, a stream that is away or slow, and a gateway that lies. Long rounds are in test_faults."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator

import pytest
from django.conf import settings
from redis import Redis

from bot_shard.gateway import GatewayClient
from bot_shard.process import BotProcess
from ops.devstack.redis import STREAM_DATABASE, RedisServer
from ops.sandbox.discord import Config, LocalDiscord
from ops.sandbox.discord.gateway.connection import Connection
from tests.stack import TestStack

from .running import BotChild, message_ids, options, read_stream, running, until

StartBot = Callable[..., Awaitable[BotProcess[GatewayClient]]]


@pytest.fixture
def own_redis(test_stack: TestStack) -> Iterator[RedisServer]:
    """A durable server for this test alone, to be killed and slowed."""
    server = RedisServer(test_stack.home, durable=True, name=f"own-{test_stack.worker}")
    server.start()
    with server.client(STREAM_DATABASE) as client:
        client.flushall()
    yield server
    server.stop()


async def keep_talking(local: LocalDiscord, count: int, said: set[str], *, pause: float = 0.002) -> None:
    for number in range(count):
        said.add(str(local.state.post_message("Pixel Pals", "general", "milo", f"line {number}").id))
        await asyncio.sleep(pause)


async def test_a_killed_shard_misses_and_doubles_nothing(local: LocalDiscord, redis_stream: Redis) -> None:
    said: set[str] = set()
    child = BotChild(options(local.api_url, settings.REDIS_STREAM_URL), local.world.guilds)
    try:
        await asyncio.to_thread(child.start)
        for _ in range(3):
            talk = asyncio.create_task(keep_talking(local, 250, said))
            await asyncio.sleep(random.uniform(0.1, 0.4))
            child.kill()
            await asyncio.sleep(0.1)
            await asyncio.to_thread(child.start)
            await talk
        await until(lambda: said <= set(message_ids(redis_stream)))
    finally:
        child.close()
    # Appended, then killed before the watermark was stored: the same name twice, which ingest counts once.
    assert set(message_ids(redis_stream)) == said
    assert not redis_stream.exists("gaps")


async def test_the_stream_killed_amid_messages_loses_nothing(
    local: LocalDiscord, own_redis: RedisServer
) -> None:
    said: set[str] = set()
    chosen = options(local.api_url, own_redis.address(STREAM_DATABASE))
    async with running(chosen, local.world.guilds) as bot:
        talk = asyncio.create_task(keep_talking(local, 400, said))
        await asyncio.sleep(0.3)
        own_redis.kill()
        await until(lambda: bot.stats.stream_errors)
        await asyncio.to_thread(own_redis.start)
        await talk
        with own_redis.client(STREAM_DATABASE) as client:
            await until(lambda: said <= set(message_ids(client)))
            assert set(message_ids(client)) == said
        assert bot.stats.stream_errors
        assert bot.stats.identifies == 1


async def test_a_full_queue_passes_over_and_comes_back(local: LocalDiscord, own_redis: RedisServer) -> None:
    """Redis is away until long after the queue is full; the shard stays connected and loses nothing."""
    said: set[str] = set()
    chosen = options(local.api_url, own_redis.address(STREAM_DATABASE), queue_capacity=40)
    async with running(chosen, local.world.guilds) as bot:
        await keep_talking(local, 30, said)
        own_redis.kill()
        await keep_talking(local, 300, said)
        await until(lambda: bot.stats.discarded > 100)
        session = bot.sessions[0]
        assert session.connected
        assert session.watermark.pinned
        assert session.watermark.value < session.watermark.heard
        resumes = bot.stats.resumes
        await asyncio.to_thread(own_redis.start)
        with own_redis.client(STREAM_DATABASE) as client:
            await until(lambda: said <= set(message_ids(client)), seconds=60)
            assert set(message_ids(client)) == said
        assert bot.stats.resumes > resumes
        assert (bot.stats.identifies, session.watermark.pinned) == (1, False)


async def test_a_refused_record_is_tried_again(local: LocalDiscord, own_redis: RedisServer) -> None:
    """Out of memory is an answer, not a broken connection: the record must wait, not vanish."""
    said: set[str] = set()
    chosen = options(local.api_url, own_redis.address(STREAM_DATABASE))
    async with running(chosen, local.world.guilds) as bot:
        with own_redis.client(STREAM_DATABASE) as client:
            client.config_set("maxmemory", 1)
            await keep_talking(local, 20, said)
            await until(lambda: bot.writer.away)
            assert read_stream(client) == []
            assert bot.problems() == ["the stream's Redis takes no records"]
            client.config_set("maxmemory", 0)
            await until(lambda: said <= set(message_ids(client)))
            assert message_ids(client) == dict.fromkeys(said, 1)


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param({"duplicate": 0.5}, id="duplicates"),
        pytest.param({"shuffle": 8}, id="shuffled"),
        pytest.param({"duplicate": 0.3, "shuffle": 5}, id="both"),
    ],
)
async def test_repeated_and_reordered_dispatches_count_once(
    local: LocalDiscord, start_bot: StartBot, redis_stream: Redis, faults: dict[str, float]
) -> None:
    bot = await start_bot()
    local.state.set_gateway_faults(**faults)
    said: set[str] = set()
    for _ in range(20):
        await keep_talking(local, 10, said, pause=0)
        await asyncio.sleep(0.01)
    await until(lambda: said <= set(message_ids(redis_stream)))
    assert message_ids(redis_stream) == dict.fromkeys(said, 1)
    assert bot.stats.lost == 0


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot_shard.link.HOLE_SECONDS", 0.2)


@pytest.mark.usefixtures("impatient")
async def test_garbled_payloads_are_counted_and_asked_for_again(
    local: LocalDiscord, start_bot: StartBot, redis_stream: Redis
) -> None:
    bot = await start_bot()
    local.state.set_gateway_faults(garble=0.3)
    said: set[str] = set()
    await keep_talking(local, 40, said)
    await until(lambda: bot.stats.garbled)
    local.state.clear_faults()
    await keep_talking(local, 5, said)
    await until(lambda: said <= set(message_ids(redis_stream)), seconds=60)
    assert message_ids(redis_stream) == dict.fromkeys(said, 1)
    assert (bot.stats.identifies, bot.stats.lost) == (1, 0)


@pytest.mark.usefixtures("impatient")
async def test_a_dispatch_that_is_always_garbled_is_given_up_and_counted(
    local: LocalDiscord, start_bot: StartBot, redis_stream: Redis
) -> None:
    bot = await start_bot()
    local.state.set_gateway_faults(garble=1.0)
    said: set[str] = set()
    await keep_talking(local, 3, said)
    await until(lambda: bot.stats.garbled > 6, seconds=60)
    local.state.clear_faults()
    await until(lambda: bot.sessions[0].connected)
    after: set[str] = set()
    await keep_talking(local, 5, after)
    await until(lambda: after <= set(message_ids(redis_stream)), seconds=60)


async def test_a_payload_of_the_wrong_shape_is_counted_and_its_neighbours_go_on(
    local: LocalDiscord, start_bot: StartBot, redis_stream: Redis
) -> None:
    from ops.sandbox.discord.state.world import Happening

    bot = await start_bot()
    guild_id = next(iter(local.world.guilds))
    said: set[str] = set()
    await keep_talking(local, 3, said)
    for broken in (
        {"author": 5},
        {"author": {}, "member": {}},
        {"id": "x", "author": {"id": "1", "username": "u"}, "member": {}},
    ):
        happening = {"guild_id": str(guild_id), "channel_id": "1", "id": "2", "type": 0} | broken
        local.world.emit(Happening("MESSAGE_CREATE", happening, guild_id=guild_id))
    await keep_talking(local, 3, said)
    await until(lambda: said <= set(message_ids(redis_stream)))
    assert bot.stats.unreadable == 3
    assert bot.sessions[0].connected


class TestHeartbeats:
    @pytest.fixture
    def config(self) -> Config:
        return Config(identify_interval=0.0, heartbeat_interval=0.5, rate_limits=False)

    async def test_the_bot_beats_and_stays_connected(
        self, local: LocalDiscord, start_bot: StartBot, redis_stream: Redis, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        beats: list[object] = []
        handle = Connection._handle

        def count(connection: Connection, op: object, body: object) -> None:
            beats.extend([op] if op == 1 else [])
            handle(connection, op, body)

        monkeypatch.setattr(Connection, "_handle", count)
        # A machine that stands still is as silent as a bot that does not beat.
        monkeypatch.setattr(Connection, "_watch_heartbeat", lambda self: asyncio.sleep(600))
        bot = await start_bot()
        said: set[str] = set()
        await keep_talking(local, 5, said)
        await until(lambda: len(beats) >= 3)
        assert bot.sessions[0].connected
        await until(lambda: said <= set(message_ids(redis_stream)))
        assert bot.stats.resumes == 0
