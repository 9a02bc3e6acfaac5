"""What each shard of the bot says of itself, for the pages that show whether it works.

Kept in REDIS_URL, which may be lost at any time: what is not there is not known. bot_shard writes it every few seconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import orjson
from redis import RedisError

from saas.core import clock
from saas.core.redis_clients import cache_redis

KEY: Final = "bot:presence"  # a hash, one field a shard
TELL_SECONDS: Final = 10.0
FRESH_SECONDS: Final = 45.0
KEPT_SECONDS: Final = 600


@dataclass(frozen=True, slots=True)
class Presence:
    """One shard. `members_intent`: whether Discord tells it of joins and departures. `commands`: names that it answers."""

    is_connected: bool
    members_intent: bool
    commands: frozenset[str]


def presence_field(shard_id: int, shard_count: int) -> str:
    return f"{shard_id}/{shard_count}"


def encode_presence(*, is_connected: bool, members_intent: bool, commands: Iterable[str]) -> bytes:
    return orjson.dumps(
        {
            "at": clock.now().timestamp(),
            "connected": is_connected,
            "members": members_intent,
            "commands": sorted(commands),
        }
    )


def read_presence(guild_id: int) -> Presence | None:
    """What the guild's shard said within the last moments; None when it said nothing, or nobody can tell."""
    try:
        told: Any = cache_redis().hgetall(KEY)
    except RedisError:
        return None
    newest: tuple[float, Presence] | None = None
    for field, value in told.items():
        shard_id, _, count = field.decode().partition("/")
        facts = orjson.loads(value)
        age = clock.now().timestamp() - facts["at"]
        # While the number of shards changes, two may answer for a guild: the newer word counts.
        if (guild_id >> 22) % int(count) == int(shard_id) and age < FRESH_SECONDS:
            found = Presence(facts["connected"], facts["members"], frozenset(facts["commands"]))
            if newest is None or facts["at"] > newest[0]:
                newest = (facts["at"], found)
    return newest[1] if newest else None
