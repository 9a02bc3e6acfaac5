"""How often one member may use a command, and how often a whole community may use commands: windows in REDIS_URL.

The first is the community's own setting, counted per tenant, command and member; the second is the plan's limit `commands`, counted per
tenant. Buttons and forms count nothing for the plan: what somebody began is answered. That Redis may be lost at any time; then nobody
is held back.
"""

from __future__ import annotations

from typing import Final

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from saas.core import clock
from saas.core.errors import RateLimitedError
from tenants.context import TenantContext
from tenants.entitlements import UNLIMITED
from tenants.gates import limit_of

from .words import say

log = structlog.get_logger(__name__)
COMMANDS: Final = "commands"
MINUTE: Final = 60
HINT_SECONDS: Final = 3_600  # how seldom one of the team is shown what the plan has to do with it

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
        return await self._count(f"rate:{context.schema}:{command}:{user_id}", uses, seconds)

    async def check_community(self, context: TenantContext, language: str) -> None:
        """Counts one command of the community's minute. No query; nothing is asked where the plan counts none. Raises
        CommunityBusyError."""
        allowed = limit_of(COMMANDS, context.entitlements, clock.now())
        if allowed >= UNLIMITED:
            return
        seconds = await self._count(f"rate:{context.schema}:commands", allowed, MINUTE)
        if seconds:
            raise CommunityBusyError(language, seconds, allowed)

    async def may_hint(self, context: TenantContext, user_id: int) -> bool:
        """Whether this person may be told of the plan: once in a while, so that a busy hour asks the database once for each."""
        key = f"hinted:{context.schema}:commands:{user_id}"
        try:
            return bool(await self._redis.set(key, "1", nx=True, ex=HINT_SECONDS))
        except (RedisError, OSError):
            return False

    async def _count(self, key: str, uses: int, seconds: int) -> int:
        try:
            left = int(await self._redis.eval(_COUNT, 1, key, str(uses), str(seconds * 1000)))
        except (RedisError, OSError) as error:
            log.warning("command_limit_unguarded", problem=str(error))
            return 0
        return -(-left // 1000)


class CommunityBusyError(RateLimitedError):
    """The plan's commands of this minute are used up. Members read how long to wait, and nothing of a plan."""

    code = "community_rate_limited"

    def __init__(self, language: str, seconds: int, allowed: int) -> None:
        key = "community_busy_one" if seconds == 1 else "community_busy"
        super().__init__(say(language, key, seconds=seconds), retry_after=seconds)
        self.allowed = allowed


def too_often(language: str, seconds: int) -> RateLimitedError:
    key = "too_often_one" if seconds == 1 else "too_often"
    return RateLimitedError(say(language, key, seconds=seconds), retry_after=seconds)
