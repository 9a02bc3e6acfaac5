"""What the pages know of the bot: whether its shard is connected, and which commands it answers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from redis import Redis

from tests.bot_shard.running import comes
from tests.cast import ACME

if TYPE_CHECKING:
    from bot_shard.serve import BotService


async def test_a_shard_tells_of_itself(service: BotService, redis_cache: Redis) -> None:
    from integrations.discord.presence import KEY, read_presence

    presence = await comes(
        lambda: asyncio.to_thread(read_presence, ACME.guild_id),
        lambda found: found is not None and found.is_connected,
    )
    assert presence is not None
    assert {"earn", "points", "Give points"} <= presence.commands
    redis_cache.delete(KEY)
    assert await asyncio.to_thread(read_presence, ACME.guild_id) is None, "what is not there is not known"
