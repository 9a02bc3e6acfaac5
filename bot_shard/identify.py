"""The guard of IDENTIFY: one every five seconds per `max_concurrency` bucket, over all processes, and never more in a
day than Discord allows.

The lease is a key in REDIS_URL. That Redis may be lost at any time: then this process keeps the five seconds by itself
and Discord's op 9 settles what two processes do at once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from saas.core.ids import new_ulid

log = structlog.get_logger(__name__)

SPACING_MS = 5_200  # Discord's five seconds and a little
HOLD_MS = 70_000  # longer than a connection attempt may take
RESERVE = 10  # sessions a day that we never start: a person may need them to repair things

# Shorten the lease to the spacing, but only if it is still ours.
_RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) end"


@dataclass(frozen=True)
class StartLimit:
    """Discord's own answer to how many sessions may still be started."""

    total: int
    remaining: int
    reset_after_ms: int
    max_concurrency: int


class IdentifyLease:
    """`async with lease.held(shard_id, limit):` around connecting and identifying."""

    def __init__(self, redis: Redis, *, bot: str) -> None:
        self._redis = redis
        self.bot = bot
        self._free_at: dict[int, float] = {}

    @asynccontextmanager
    async def held(self, shard_id: int, limit: StartLimit) -> AsyncIterator[None]:
        await self._wait_for_allowance(limit)
        bucket = shard_id % max(limit.max_concurrency, 1)
        key = f"identify:{self.bot}:{bucket}"
        token = new_ulid()
        await self._wait_for_bucket(bucket)
        await self._take(key, token)
        await self._count(limit)
        try:
            yield
        finally:
            self._free_at[bucket] = time.monotonic() + SPACING_MS / 1000
            try:
                await self._redis.eval(_RELEASE, 1, key, token, str(SPACING_MS))
            except (RedisError, OSError):
                log.warning("identify_lease_not_released", key=key)

    async def _wait_for_allowance(self, limit: StartLimit) -> None:
        if limit.remaining > min(RESERVE, limit.total // 10):
            return
        seconds = limit.reset_after_ms / 1000
        log.error(
            "identify_limit_reached", remaining=limit.remaining, total=limit.total, wait_seconds=seconds
        )
        await asyncio.sleep(seconds)

    async def _wait_for_bucket(self, bucket: int) -> None:
        """In line behind this process' own shards; each takes the next free moment."""
        free_at = max(self._free_at.get(bucket, 0.0), time.monotonic())
        self._free_at[bucket] = free_at + SPACING_MS / 1000
        await asyncio.sleep(free_at - time.monotonic())

    async def _take(self, key: str, token: str) -> None:
        while True:
            try:
                if await self._redis.set(key, token, nx=True, px=HOLD_MS):
                    return
                left = await self._redis.pttl(key)
            except (RedisError, OSError) as error:
                log.warning("identify_lease_unguarded", problem=str(error))
                return
            # A holder that died keeps HOLD_MS; one that is done keeps the spacing. Look again soon either way.
            await asyncio.sleep(min(max(left, 50), 1_000) / 1000)

    async def _count(self, limit: StartLimit) -> None:
        key = f"identify:{self.bot}:day"
        try:
            count = await self._redis.incr(key)
            if count == 1:
                await self._redis.pexpire(key, max(limit.reset_after_ms, 1_000))
        except (RedisError, OSError):
            return
        log.info("identify", today=count, remaining=limit.remaining, total=limit.total)
