"""How often rewards are seen and opened, counted without a write on the way of a page.

A view adds to counters in REDIS_URL, one round trip a page; a job moves them into RewardDay every few minutes. That Redis may be
lost at any time, and then what it held is not counted: these are figures of a funnel, not money. A worker that is killed between
its commit and the end of its batch counts that batch once more, for the same reason.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any, Final
from uuid import uuid4
from zoneinfo import ZoneInfo

import structlog
from django.db import connection
from redis.exceptions import RedisError

from saas.core import clock
from saas.core.redis_clients import cache_redis
from tenants.context import TenantContext

log = structlog.get_logger(__name__)

_TENANTS: Final = "rewards:seen"  # schemas that have something to be counted
_KEPT: Final = 3 * 86_400  # seconds: longer than any worker is away
_BATCH: Final = "batch"
# Rewards that are gone meanwhile are left out by the join.
_ADD: Final = (
    "INSERT INTO reward_day AS d (reward_id, day, seen, opened) "
    "SELECT r.id, g.day, g.seen, g.opened FROM unnest(%s::bigint[], %s::date[], %s::int[], %s::int[]) "
    "AS g (reward_id, day, seen, opened) JOIN reward r ON r.id = g.reward_id ORDER BY r.id, g.day "
    "ON CONFLICT (reward_id, day) DO UPDATE SET seen = d.seen + excluded.seen, opened = d.opened + excluded.opened"
)


def count_seen(*, context: TenantContext, reward_ids: Iterable[int]) -> None:
    """These stood in a list that somebody looked at. No query; never raises: nobody's page waits for a figure."""
    _count(context, [f"{reward_id}:s" for reward_id in reward_ids])


def count_opened(*, context: TenantContext, reward_id: int) -> None:
    """Somebody opened this one. As `count_seen`."""
    _count(context, [f"{reward_id}:o"])


def _count(context: TenantContext, fields: list[str]) -> None:
    if not fields:
        return
    day = clock.now().astimezone(ZoneInfo(context.timezone)).date()
    key = _key(context.schema)
    try:
        pipe = cache_redis().pipeline(transaction=False)
        for name in fields:
            pipe.hincrby(key, f"{day}:{name}", 1)
        pipe.expire(key, _KEPT)
        pipe.sadd(_TENANTS, context.schema)
        pipe.execute()
    except (RedisError, OSError) as error:
        log.info("impressions_not_counted", tenant=context.slug, problem=str(error))


def take_tenants() -> list[str]:
    """The schemas for which something waits; each is named once, until something is counted for it again."""
    taken: Any = cache_redis().spop(_TENANTS, 100_000)
    return sorted(one.decode() for one in taken or ())


def store_impressions(*, schema: str) -> int:
    """Add what waits to RewardDay; how many of its rows changed. The schema is in hand. Lock: the caller's job, one a tenant.

    Batches that an earlier run began and did not finish are taken as well.
    """
    redis = cache_redis()
    key = _key(schema)
    if redis.exists(key):
        batch = f"{key}:{_BATCH}:{uuid4().hex}"
        redis.rename(key, batch)
        redis.sadd(f"{key}:{_BATCH}es", batch)
    rows = 0
    begun: Any = redis.smembers(f"{key}:{_BATCH}es")
    for batch in sorted(begun):
        counts: Any = redis.hgetall(batch)
        rows += _add(counts)
        redis.delete(batch)
        redis.srem(f"{key}:{_BATCH}es", batch)
    return rows


def _add(counts: dict[bytes, bytes]) -> int:
    sums: dict[tuple[int, date], list[int]] = defaultdict(lambda: [0, 0])
    for name, count in counts.items():
        day, reward_id, what = name.decode().split(":")
        sums[int(reward_id), date.fromisoformat(day)][what == "o"] += int(count)
    if not sums:
        return 0
    keys = sorted(sums)
    with connection.cursor() as cursor:
        cursor.execute(
            _ADD,
            (
                [reward_id for reward_id, _ in keys],
                [day for _, day in keys],
                [sums[one][0] for one in keys],
                [sums[one][1] for one in keys],
            ),
        )
        return int(cursor.rowcount)


def _key(schema: str) -> str:
    return f"rewards:seen:{schema}"
