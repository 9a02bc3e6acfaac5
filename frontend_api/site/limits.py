"""How often somebody may try. Counted in the cache; where the cache is away, trying stays possible and the log says so."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from django.http import HttpRequest
from django_ratelimit import ALL
from django_ratelimit.core import get_usage
from redis import RedisError

from saas.core.errors import RateLimitedError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limit:
    """`rate` tries of one key. `what` completes "Too many …"."""

    name: str
    rate: str
    what: str


SIGN_IN_LOGIN = Limit("sign-in:login", "5/m", "tries to sign in")
SIGN_IN_ADDRESS = Limit("sign-in:address", "30/m", "tries to sign in")
SIGN_IN_FAILED = Limit("sign-in:failed", "20/h", "wrong passwords for this login")
SIGN_UP_ADDRESS = Limit("sign-up:address", "20/h", "new logins from here")
MAIL_ADDRESS = Limit("mail:address", "30/h", "mails asked for from here")
MAIL_TO = Limit("mail:to", "5/h", "mails to this address")
CODE = Limit("code", "6/5m", "codes")
PROOF = Limit("proof", "6/5m", "tries")
DISCORD = Limit("discord", "30/m", "tries to sign in with Discord")
INVITE = Limit("invite", "60/h", "invites opened from here")
FOUNDING = Limit("new:found", "10/h", "new communities in an hour")
FOUNDING_LOOK = Limit("new:address", "120/m", "looks at addresses")
SURVEY_ADDRESS = Limit("survey:address", "600/m", "survey responses from here")
ALERT_AT = 10  # wrong passwords in an hour, after which the person is told


def check_rate(request: HttpRequest, limit: Limit, key: object) -> None:
    """Counts this try against `key`. Raises RateLimitedError with the seconds to wait."""
    _refuse(limit, _count(request, limit, key, increment=True))


def check_mail_to(request: HttpRequest, email: str) -> None:
    """Count a mail to that address. What cannot be one gets none; everybody's empty forms would share its count."""
    if "@" in email:
        check_rate(request, MAIL_TO, email)


def check_address(request: HttpRequest, limit: Limit) -> None:
    """`check_rate` for the network address that the request comes from."""
    check_rate(request, limit, request.META.get("REMOTE_ADDR") or "unknown")


def check_sign_in_rate(request: HttpRequest, login: str) -> None:
    """Counts this try to sign in against the login and the address. Raises RateLimitedError."""
    _refuse(SIGN_IN_FAILED, _count(request, SIGN_IN_FAILED, login.casefold(), increment=False))
    check_rate(request, SIGN_IN_LOGIN, login.casefold())
    check_address(request, SIGN_IN_ADDRESS)


def count_failure(request: HttpRequest, login: str) -> int:
    """Counts a wrong password. How many there were for this login within the hour; 0 where nothing is counted."""
    usage = _count(request, SIGN_IN_FAILED, login.casefold(), increment=True)
    return int(usage["count"]) if usage else 0


def _count(request: HttpRequest, limit: Limit, key: object, *, increment: bool) -> dict[str, int] | None:
    try:
        usage: dict[str, int] | None = get_usage(
            request,
            group=limit.name,
            key=lambda *_: str(key),
            rate=limit.rate,
            method=ALL,
            increment=increment,
        )
        return usage
    except (RedisError, OSError) as error:
        logger.warning("Tries are not counted (%s): %s", limit.name, error)
        return None


def _refuse(limit: Limit, usage: dict[str, int] | None) -> None:
    if not usage or not usage["should_limit"]:
        return
    seconds = max(1, int(usage["time_left"]))
    raise RateLimitedError(
        f"Too many {limit.what}. Wait {_span(seconds)}, then try again.", retry_after=seconds
    )


def _span(seconds: int) -> str:
    if seconds < 120:
        return f"{seconds} seconds"
    return f"{(seconds + 59) // 60} minutes"
