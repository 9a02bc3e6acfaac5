"""The two Redis roles (DESIGN section 2), as synchronous clients that give up quickly.

`cache_redis` may be lost at any time: wake-ups, caches, leases. `stream_redis` carries the activity stream. A client is
made once a process and is safe to share between threads.
"""

from __future__ import annotations

from functools import cache

from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry


@cache
def cache_redis() -> Redis:
    """Wake-ups, caches and leases. Half a second is the most that any caller waits for it."""
    return _connect(settings.REDIS_URL, 0.5)


@cache
def stream_redis() -> Redis:
    """The activity stream."""
    return _connect(settings.REDIS_STREAM_URL, 5)


def _connect(url: str, seconds: float) -> Redis:
    return Redis.from_url(
        url,
        socket_timeout=seconds,
        socket_connect_timeout=seconds,
        retry=Retry(NoBackoff(), 1),
        health_check_interval=30,
    )
