"""How often somebody may try to sign in. Counted in the cache; where the cache is away, trying stays possible."""

from __future__ import annotations

import logging

from django.http import HttpRequest
from django_ratelimit.core import get_usage
from redis import RedisError

from saas.core.errors import RateLimitedError

logger = logging.getLogger(__name__)
PER_LOGIN = "5/m"
PER_ADDRESS = "30/m"


def check_sign_in_rate(request: HttpRequest, login: str) -> None:
    """Counts this try against the name and the address. Raises RateLimitedError with the seconds to wait."""
    for group, rate, key in (
        ("sign-in:login", PER_LOGIN, login.casefold()),
        ("sign-in:address", PER_ADDRESS, request.META.get("REMOTE_ADDR") or "unknown"),
    ):
        try:
            usage = get_usage(
                request, group=group, key=lambda *_, key=key: key, rate=rate, method="POST", increment=True
            )
        except (RedisError, OSError) as error:
            logger.warning("Sign-in tries are not counted: %s", error)
            return
        if usage and usage["should_limit"]:
            seconds = max(1, int(usage["time_left"]))
            raise RateLimitedError(
                f"Too many tries to sign in. Wait {seconds} seconds, then try again.", retry_after=seconds
            )
