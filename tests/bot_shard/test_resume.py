"""Sessions outlive what breaks, and nothing that was said meanwhile is missed or doubled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import orjson
from redis import Redis

from bot_shard.gateway import GatewayClient
from bot_shard.process import BotProcess
from ops.sandbox.discord import LocalDiscord

from .running import message_ids, until

StartBot = Callable[..., Awaitable[BotProcess[GatewayClient]]]


def say(local: LocalDiscord, count: int, *, who: str = "milo") -> set[str]:
    return {str(local.state.post_message("Pixel Pals", "general", who, f"line {n}").id) for n in range(count)}


async def test_messages_reach_the_stream_once(
    local: LocalDiscord, start_bot: StartBot, redis_stream: Redis
) -> None:
    await start_bot()
    said = say(local, 50)
    await until(lambda: message_ids(redis_stream).total() >= 50)
    assert message_ids(redis_stream) == dict.fromkeys(said, 1)


async def test_two_shards_share_the_guilds(
    local: LocalDiscord, start_bot: StartBot, redis_stream: Redis
) -> None:
    bot = await start_bot(shards=2)
    said = say(local, 10)
    said |= {str(local.state.post_message("Night Owls", "lobby", "noor", "hello").id)}
    await until(lambda: message_ids(redis_stream).total() >= 11)
    assert set(message_ids(redis_stream)) == said
    heard = [session.guild_ids for session in bot.sessions.values()]
    assert sum(len(guilds) for guilds in heard) == len(local.world.guilds)


async def test_dropped_connections_and_op_7_resume(
    local: LocalDiscord, start_bot: StartBot, redis_stream: Redis
) -> None:
    bot = await start_bot()
    said = say(local, 20)
    local.state.drop()
    said |= say(local, 20)
    await until(lambda: message_ids(redis_stream).total() >= 40)
    local.state.reconnect()
    said |= say(local, 20)
    await until(lambda: message_ids(redis_stream).total() >= 60)
    assert message_ids(redis_stream) == dict.fromkeys(said, 1)
    assert (bot.stats.identifies, bot.stats.resumes) == (1, 2)


async def test_a_planned_stop_resumes_in_the_next_process(
    local: LocalDiscord, start_bot: StartBot, redis_stream: Redis
) -> None:
    from django.conf import settings

    from .running import options, running

    chosen = options(local.api_url, settings.REDIS_STREAM_URL)
    async with running(chosen, local.world.guilds):
        said = say(local, 10)
    said |= say(local, 10)
    heir = await start_bot()
    await until(lambda: message_ids(redis_stream).total() >= 20)
    assert message_ids(redis_stream) == dict.fromkeys(said, 1)
    assert (heir.stats.identifies, heir.stats.resumes) == (0, 1)
    assert not redis_stream.exists("gaps")


async def test_what_a_guild_looks_like_survives_a_resume(local: LocalDiscord, start_bot: StartBot) -> None:
    from django.conf import settings

    from .running import options, running

    async with running(options(local.api_url, settings.REDIS_STREAM_URL), local.world.guilds) as first:
        before = {guild_id: guild.channels for guild_id, guild in first.ears.guilds.items()}
    heir = await start_bot()
    assert {guild_id: guild.channels for guild_id, guild in heir.ears.guilds.items()} == before
    assert all(before.values())


async def test_op_9_starts_anew_and_records_the_gap(
    local: LocalDiscord, start_bot: StartBot, redis_stream: Redis
) -> None:
    bot = await start_bot()
    say(local, 5)
    await until(lambda: message_ids(redis_stream).total() >= 5)
    local.state.invalidate()
    await until(lambda: bot.stats.identifies == 2 and bot.sessions[0].connected)
    said = say(local, 5)
    await until(lambda: said <= set(message_ids(redis_stream)))
    [(_, gap)] = redis_stream.xrange("gaps")  # type: ignore[misc]
    assert gap[b"shard"] == b"0"
    assert set(orjson.loads(gap[b"guilds"])) == {str(guild_id) for guild_id in local.world.guilds}
    assert 0 < int(gap[b"from_ms"]) <= int(gap[b"to_ms"])
    assert b"session" in gap[b"reason"]


async def test_op_9_that_may_resume_does(
    local: LocalDiscord, start_bot: StartBot, redis_stream: Redis
) -> None:
    bot = await start_bot()
    local.state.invalidate(resumable=True)
    said = say(local, 5)
    await until(lambda: message_ids(redis_stream).total() >= 5)
    assert set(message_ids(redis_stream)) == said
    assert bot.stats.identifies == 1


async def test_a_stale_session_falls_back_and_records_the_gap(
    local: LocalDiscord, start_bot: StartBot, redis_stream: Redis
) -> None:
    from django.conf import settings

    from .running import options, running

    async with running(options(local.api_url, settings.REDIS_STREAM_URL), local.world.guilds):
        say(local, 3)
    local.state.expire_sessions()
    say(local, 3)
    heir = await start_bot()
    await until(lambda: heir.stats.gaps == 1 and redis_stream.exists("gaps"))
    said = say(local, 3)
    await until(lambda: said <= set(message_ids(redis_stream)))


async def test_the_first_start_has_no_gap(start_bot: StartBot, redis_stream: Redis) -> None:
    bot = await start_bot()
    assert bot.stats.gaps == 0
    assert not redis_stream.exists("gaps")


async def test_an_outage_is_sat_out(local: LocalDiscord, start_bot: StartBot, redis_stream: Redis) -> None:
    bot = await start_bot()
    said = say(local, 5)
    local.state.outage(2.0)
    said |= say(local, 5)
    await until(lambda: message_ids(redis_stream).total() >= 10)
    assert message_ids(redis_stream) == dict.fromkeys(said, 1)
    assert bot.stats.identifies == 1


async def test_a_changed_number_of_shards_starts_anew_and_removes_nobody(
    local: LocalDiscord, start_bot: StartBot, redis_stream: Redis
) -> None:
    from django.conf import settings

    from .running import Linked, options, running

    async with running(options(local.api_url, settings.REDIS_STREAM_URL), local.world.guilds):
        pass
    left: list[int] = []
    chosen = options(local.api_url, settings.REDIS_STREAM_URL, shards=2)
    heir = BotProcess(chosen, Linked(local.world.guilds), client=GatewayClient)
    heir.ears.on_guild_left = left.append
    stop = asyncio.Event()
    task = asyncio.create_task(heir.run(stop))
    await until(lambda: heir.ready and redis_stream.exists("gaps"))
    said = say(local, 3) | {str(local.state.post_message("Night Owls", "lobby", "noor", "hello").id)}
    await until(lambda: said <= set(message_ids(redis_stream)))
    assert heir.stats.identifies == 2
    assert left == []
    stop.set()
    await task


async def test_a_guild_that_was_left_while_away_is_noticed(local: LocalDiscord, redis_stream: Redis) -> None:
    from django.conf import settings

    from ops.sandbox.discord.state.members import leave_guild

    from .running import Linked, options, running

    async with running(options(local.api_url, settings.REDIS_STREAM_URL), local.world.guilds):
        pass
    local.state.expire_sessions()
    guild = next(guild for guild in local.world.guilds.values() if guild.name == "Night Owls")
    leave_guild(local.world, guild, local.world.bot_id)
    left: list[int] = []
    heir = BotProcess(
        options(local.api_url, settings.REDIS_STREAM_URL), Linked(local.world.guilds), client=GatewayClient
    )
    heir.ears.on_guild_left = left.append
    stop = asyncio.Event()
    task = asyncio.create_task(heir.run(stop))
    await until(lambda: heir.ready)
    assert left == [guild.id]
    stop.set()
    await task
