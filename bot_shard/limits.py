"""How often one member may use a command: a window in REDIS_URL, counted per tenant, command and member.

That Redis may be lost at any time; then nobody is held back.
"""

from __future__ import annotations

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from saas.core.errors import RateLimitedError
from tenants.context import TenantContext

from .words import say

log = structlog.get_logger(__name__)

# Count this use; answer the milliseconds to wait when it is one too many, else 0.
_COUNT = """
local uses = redis.call('incr', KEYS[1])
if uses == 1 then redis.call('pexpire', KEYS[1], ARGV[2]) end
if uses > tonumber(ARGV[1]) then return redis.call('pttl', KEYS[1]) end
return 0
"""


class CommandLimiter:
    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def wait_seconds(
        self, context: TenantContext, *, command: str, user_id: int, uses: int, seconds: int
    ) -> int:
        """Counts one use. 0 when it may go on, else the whole seconds until the next one may."""
        key = f"rate:{context.schema}:{command}:{user_id}"
        try:
            left = int(await self._redis.eval(_COUNT, 1, key, str(uses), str(seconds * 1000)))
        except (RedisError, OSError) as error:
            log.warning("command_limit_unguarded", problem=str(error))
            return 0
        return -(-left // 1000)


def too_often(language: str, seconds: int) -> RateLimitedError:
    key = "too_often_one" if seconds == 1 else "too_often"
    return RateLimitedError(say(language, key, seconds=seconds), retry_after=seconds)
