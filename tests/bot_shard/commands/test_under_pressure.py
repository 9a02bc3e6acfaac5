"""Commands while the stream takes nothing: the shard goes on answering, and loses nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from django.conf import settings

from bot_shard.serve import BotService
from ops.devstack.redis import STREAM_DATABASE, RedisServer
from tests.bot_shard.running import message_ids, options, until
from tests.stack import TestStack

from .conftest import Talk
from .test_member_commands import embed


@pytest.fixture
def own_redis(test_stack: TestStack) -> Iterator[RedisServer]:
    server = RedisServer(test_stack.home, durable=True, name=f"press-{test_stack.worker}")
    server.start()
    with server.client(STREAM_DATABASE) as client:
        client.flushall()
    yield server
    server.stop()


async def test_commands_are_answered_while_the_queue_is_full(talk: Talk, own_redis: RedisServer) -> None:
    await talk.service.bot.stop_shards()
    talk.local.state.expire_sessions()
    chosen = options(
        talk.local.api_url,
        own_redis.address(STREAM_DATABASE),
        cache_url=settings.REDIS_URL,
        queue_capacity=20,
    )
    service = BotService(chosen, talk.service.routing, site="")
    stop = asyncio.Event()
    task = asyncio.create_task(service.run(stop))
    await until(lambda: service.process.ready or task.done())
    own_redis.kill()
    said = {
        str(talk.local.state.post_message("Acme Makers", "general", "acme-member", f"line {n}").id)
        for n in range(200)
    }
    await until(lambda: service.process.stats.discarded > 100)
    for _ in range(3):
        answer = await talk.command("member", "help")
        assert "title" in embed(answer)
        assert answer["answered_after_ms"] < 3_000
    await asyncio.to_thread(own_redis.start)
    with own_redis.client(STREAM_DATABASE) as client:
        await until(lambda: said <= set(message_ids(client)), seconds=60)
    # The commands were replayed with the messages; they were not answered twice.
    assert service.process.stats.commands[("help", "answered")] == 3
    stop.set()
    await task
