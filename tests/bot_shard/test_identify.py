"""One IDENTIFY per bucket and spacing, over all processes, and never past the day's limit."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest
from django.conf import settings
from redis.asyncio import Redis

from bot_shard.identify import IdentifyLease, StartLimit

LIMIT = StartLimit(total=1000, remaining=900, reset_after_ms=60_000, max_concurrency=2)


@pytest.fixture(autouse=True)
def _no_identify_spacing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here the spacing is what is tested: shorter than Discord's, but there."""
    monkeypatch.setattr("bot_shard.identify.SPACING_MS", 400)


@pytest.fixture
async def redis(redis_cache: object) -> AsyncIterator[Redis]:
    async with Redis.from_url(settings.REDIS_URL) as client:
        yield client


async def hold(lease: IdentifyLease, shard_id: int, moments: list[float], seconds: float = 0.0) -> None:
    async with lease.held(shard_id, LIMIT):
        moments.append(time.monotonic())
        await asyncio.sleep(seconds)


async def test_two_processes_take_turns_in_a_bucket(redis: Redis) -> None:
    moments: list[float] = []
    leases = [IdentifyLease(redis, bot="b") for _ in range(3)]
    await asyncio.gather(*(hold(lease, 0, moments) for lease in leases))
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    assert all(gap >= 0.39 for gap in gaps), gaps


async def test_the_spacing_counts_from_the_identify_not_from_the_lease(redis: Redis) -> None:
    moments: list[float] = []
    first = asyncio.create_task(hold(IdentifyLease(redis, bot="b"), 0, moments, seconds=0.6))
    await asyncio.sleep(0.05)
    await hold(IdentifyLease(redis, bot="b"), 0, moments)
    await first
    assert moments[1] - moments[0] >= 0.6 + 0.39


async def test_buckets_and_bots_do_not_wait_for_each_other(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot_shard.identify.SPACING_MS", 600_000)
    moments: list[float] = []
    together = asyncio.gather(
        hold(IdentifyLease(redis, bot="b"), 0, moments),
        hold(IdentifyLease(redis, bot="b"), 1, moments),
        hold(IdentifyLease(redis, bot="another"), 0, moments),
    )
    await asyncio.wait_for(together, 60)
    assert len(moments) == 3


async def test_one_process_keeps_the_spacing_when_redis_is_away() -> None:
    moments: list[float] = []
    lease = IdentifyLease(Redis.from_url("unix:///nowhere/at-all.sock"), bot="b")
    await asyncio.gather(hold(lease, 0, moments), hold(lease, 2, moments))
    assert abs(moments[1] - moments[0]) >= 0.39


async def test_the_days_limit_is_waited_for(redis: Redis) -> None:
    nearly = StartLimit(total=1000, remaining=5, reset_after_ms=300, max_concurrency=1)
    began = time.monotonic()
    async with IdentifyLease(redis, bot="b").held(0, nearly):
        assert time.monotonic() - began >= 0.3


async def test_identifies_are_counted(redis: Redis) -> None:
    for shard_id in range(3):
        await hold(IdentifyLease(redis, bot="b"), shard_id, [])
    assert await redis.get("identify:b:day") == b"3"
