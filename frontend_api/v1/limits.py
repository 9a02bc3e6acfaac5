"""How often: a token bucket for each caller in each community, kept in Redis.

Programs of a community whose plan says so share one bucket: a minute's worth of what the plan includes. A bucket holds as many
requests as its policy's `burst` and fills by `per_second`. Counting is one round trip; while Redis is away
nobody is refused, and the log says so.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from math import ceil
from typing import Any, Final

from redis import RedisError

from saas.core import clock
from saas.core.crypto import digest_of
from saas.core.errors import RateLimitedError
from saas.core.redis_clients import cache_redis
from tenants.context import TenantContext
from tenants.entitlements import UNLIMITED
from tenants.errors import ProgramsRateError
from tenants.gates import limit_of

from .callers import Caller

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Policy:
    """Requests at once, and how many come back each second."""

    burst: int
    per_second: float
    is_plans: bool = False  # of all programs together, by the community's plan

    @property
    def seconds(self) -> int:
        """How long an empty bucket takes to fill."""
        return self.time_for(self.burst)

    def time_for(self, requests: int) -> int:
        """Whole seconds until so many have come back."""
        return ceil(round(requests / self.per_second, 6))

    @property
    def header(self) -> str:
        return f"{self.burst};w={self.seconds}"


_MINUTE: Final = 60
POLICIES: Final = {
    "key": Policy(burst=600, per_second=20),
    "user": Policy(burst=300, per_second=10),
    "member": Policy(burst=120, per_second=4),
    "nobody": Policy(burst=120, per_second=2),  # an address
}
# KEYS[1] bucket; ARGV burst, tokens per second, cost → {allowed, tokens left, ms until `cost` are there}
_TAKE: Final = """
local burst, rate, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local state = redis.call('HMGET', KEYS[1], 'n', 't')
local tokens, at = tonumber(state[1]) or burst, tonumber(state[2]) or now
tokens = math.min(burst, tokens + math.max(0, now - at) * rate / 1000)
local allowed = tokens >= cost and 1 or 0
if allowed == 1 then tokens = tokens - cost end
redis.call('HSET', KEYS[1], 'n', tokens, 't', now)
redis.call('PEXPIRE', KEYS[1], math.ceil(burst / rate * 1000) + 1000)
return {allowed, math.floor(tokens), math.ceil(math.max(0, cost - tokens) * 1000 / rate)}
"""


@dataclass(frozen=True, slots=True)
class Usage:
    """What is left of a bucket, for the headers. `seconds`: until a refused request would be let through."""

    policy: Policy
    remaining: int
    allowed: bool
    seconds: int

    @property
    def headers(self) -> dict[str, str]:
        full = self.policy.time_for(self.policy.burst - self.remaining)
        return {
            "RateLimit-Limit": str(self.policy.burst),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(full),
            "RateLimit-Policy": self.policy.header,
        }


def policy_of(caller: Caller, context: TenantContext | None) -> Policy:
    """How often this caller may ask. No query."""
    if caller.kind == "key" and context is not None:
        allowed = limit_of("api_rate", context.entitlements, clock.now())
        if allowed < UNLIMITED:
            # A plan without any would leave nothing to wait for.
            return Policy(max(1, allowed), max(1, allowed) / _MINUTE, is_plans=True)
    return POLICIES[caller.kind]


def take(
    *, tenant: str, caller: Caller, address: str, cost: int = 1, context: TenantContext | None = None
) -> Usage | None:
    """Count this request. None while Redis is away."""
    policy = policy_of(caller, context)
    # An address is personal data: only its digest is kept, for a minute.
    who = caller.label if caller.is_known else f"address:{digest_of(address)[:24]}"
    if policy.is_plans:
        who = "programs"
    try:
        found: Any = cache_redis().eval(
            _TAKE, 1, f"rate:{tenant}:{who}", str(policy.burst), str(policy.per_second), str(cost)
        )
    except (RedisError, OSError) as error:
        logger.warning("API requests are not counted: %s", error)
        return None
    allowed, remaining, wait_ms = (int(value) for value in found)
    return Usage(policy, remaining, bool(allowed), max(1, -(-wait_ms // 1000)))


def refuse(usage: Usage) -> RateLimitedError:
    """The error of an empty bucket."""
    if usage.policy.is_plans:
        return ProgramsRateError(usage.policy.burst, retry_after=usage.seconds)
    return RateLimitedError(
        f"Too many requests. Wait {usage.seconds} second{'' if usage.seconds == 1 else 's'}, then go on; "
        f"{usage.policy.per_second:g} a second are fine for as long as you like.",
        retry_after=usage.seconds,
    )
