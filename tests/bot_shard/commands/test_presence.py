"""What the pages know of the bot: whether its shard is connected, and which commands it answers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from redis import Redis

from tests.cast import ACME

if TYPE_CHECKING:
    from bot_shard.serve import BotService


async def test_a_shard_tells_of_itself(service: BotService, redis_cache: Redis) -> None:
    from integrations.discord.presence import KEY, read_presence

    for _ in range(100):
        presence = await asyncio.to_thread(read_presence, ACME.guild_id)
        if presence is not None and presence.is_connected:
            break
        await asyncio.sleep(0.05)
    assert presence is not None
    assert presence.is_connected
    assert {"earn", "points", "Give points"} <= presence.commands
    redis_cache.delete(KEY)
    assert await asyncio.to_thread(read_presence, ACME.guild_id) is None, "what is not there is not known"
