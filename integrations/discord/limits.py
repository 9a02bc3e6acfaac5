"""Discord's patience: pauses that its headers ask for, and a breaker before it bans the address.

Shared between processes through Redis, and kept by each process for itself while that is away. A pause is per bucket (a
route and the guild or channel it is about) or global; 10,000 refusals in ten minutes end in a ban, so everything stops
at a tenth of that.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping

from redis import RedisError

from saas.core.redis_clients import cache_redis

logger = logging.getLogger(__name__)
MOST_INVALID = 1_000
_WINDOW_SECONDS = 600
_GLOBAL = "global"


class Patience:
    """Pauses and refusals of one bot. `name` tells bots apart that share a Redis."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._until: dict[str, float] = {}
        self._invalid: list[float] = []
        self._lock = threading.Lock()

    def seconds_left(self, bucket: str) -> float:
        """How long to wait before the next call in `bucket`; 0 when it may go out now."""
        return max(self._left(bucket), self._left(_GLOBAL))

    def pause(self, seconds: float, *, bucket: str = _GLOBAL) -> None:
        """No call in `bucket` (by default: at all) for so long."""
        if seconds <= 0:
            return
        with self._lock:
            self._until[bucket] = max(self._until.get(bucket, 0), time.monotonic() + seconds)
        try:
            cache_redis().set(self._key(bucket), "1", px=max(1, int(seconds * 1000)))
        except RedisError as error:
            logger.warning("A pause of %.1f s is known to this process alone: %s", seconds, error)

    def heed(self, headers: Mapping[str, str], *, bucket: str) -> None:
        """What every answer says: with nothing remaining, the bucket rests until its window ends."""
        if headers.get("X-RateLimit-Remaining") == "0":
            self.pause(_number(headers.get("X-RateLimit-Reset-After")), bucket=bucket)

    def count_invalid(self) -> int:
        """One more answer of 401, 403 or 429. At MOST_INVALID in ten minutes everything pauses."""
        now = time.monotonic()
        with self._lock:
            self._invalid = [moment for moment in self._invalid if now - moment < _WINDOW_SECONDS] + [now]
            count = len(self._invalid)
        try:
            key = self._key("invalid")
            with cache_redis().pipeline() as pipe:
                pipe.incr(key)
                pipe.expire(key, _WINDOW_SECONDS)
                count = max(count, int(pipe.execute()[0]))
        except RedisError as error:
            logger.warning("A refusal is counted by this process alone: %s", error)
        if count >= MOST_INVALID:
            logger.error(
                "Discord refused %s calls within ten minutes; everything pauses for a minute.", count
            )
            self.pause(60)
        return count

    def _left(self, bucket: str) -> float:
        own = max(0.0, self._until.get(bucket, 0) - time.monotonic())
        try:
            shared = int(cache_redis().pttl(self._key(bucket))) / 1000
        except RedisError:
            shared = 0.0
        return max(own, shared)

    def _key(self, bucket: str) -> str:
        return f"discord:{self._name}:pause:{bucket}"


def _number(text: str | None) -> float:
    try:
        return float(text or 0)
    except ValueError:
        return 0.0
