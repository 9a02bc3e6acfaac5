"""What an earlier process left in the stream's Redis, taken up before the first connection.

Read once at start; everything else about these keys is written by the stream writer, in order with the records.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from .hearing import BOTS_KEY, Ears
from .places import guilds_key
from .session import ShardSession, session_key
from .voice import voice_key

log = structlog.get_logger(__name__)


async def recall(redis: Redis, sessions: Iterable[ShardSession], ears: Ears) -> None:
    """`redis` decodes its answers. Fill the sessions and the ears. Waits for as long as Redis is away: without it there is no telling where to
    RESUME from, and nowhere to put what would be heard."""
    pause = 0.2
    while True:
        try:
            await _recall(redis, sessions, ears)
            return
        except (RedisError, OSError) as error:
            log.warning(
                "stream_away", problem=str(error), effect="The shards wait for it before they connect."
            )
            await asyncio.sleep(pause)
            pause = min(pause * 2, 5.0)


async def _recall(redis: Redis, sessions: Iterable[ShardSession], ears: Ears) -> None:
    ears.bots.update(str(user_id) for user_id in await redis.smembers(BOTS_KEY))
    for session in sessions:
        resumable = session.restore(await _read(redis, session_key(session.shard_id)))
        for guild_id, facts in (await _read(redis, guilds_key(session.shard_id))).items():
            ears.guild(guild_id).restore(facts)
            ears.voice.restore(guild_id, await _read(redis, voice_key(guild_id)))
        log.info(
            "session_recalled",
            shard=session.shard_id,
            resumable=resumable,
            sequence=session.watermark.value,
            guilds=len(session.guild_ids),
        )


async def _read(redis: Redis, key: str) -> dict[str, str]:
    return {str(name): str(value) for name, value in (await redis.hgetall(key)).items()}
