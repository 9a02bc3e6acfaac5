"""Claims: the right to link one guild, given to one Discord user by a button that Discord says they may press.

    ticket   Discord → BASE_DOMAIN; 15 minutes; single use; bound to the guild and to the Discord user
    claim    kept in that user's session for an hour, while they make the community that the guild is for

Invariants: a ticket's content lies in Redis under its random name and is taken out by the one redemption that wins (GETDEL); it
is worth nothing to a login that is not that Discord user. Whoever acts on a claim asks Discord again whether they still may.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import asdict, dataclass
from typing import Any

import orjson
from django.conf import settings
from redis import RedisError

from saas.core import clock
from saas.core.crypto import digest_of, new_secret, sign, unsign
from saas.core.errors import NotAllowedError, UnavailableError
from saas.core.redis_clients import cache_redis

from .guild_facts import clean_name
from .tickets import BadTicketError

TICKET_SECONDS = 15 * 60
KEPT_SECONDS = 60 * 60
SESSION_KEY = "guild_claim"
_PURPOSE = "ticket:claim"
_AWAY = "The server cannot be connected right now. Try again in a minute."


class WrongClaimantError(NotAllowedError):
    """The login is not the Discord user who pressed the button."""

    code = "wrong_claimant"

    def __init__(self) -> None:
        super().__init__(
            "This link was made for the Discord user who pressed the button, and you are signed in as somebody else. Sign in with "
            "that Discord user, or press the button in your server yourself."
        )


@dataclass(frozen=True, slots=True)
class Claim:
    """`discord_id` pressed the button in that guild, and Discord said that they manage it."""

    guild_id: int
    guild_name: str
    discord_id: int


def get_claim_address(*, guild_id: int, guild_name: str, discord_id: int) -> str:
    """The whole address, for a reply that only this person sees. Raises UnavailableError."""
    name = new_secret()
    claim = Claim(guild_id, clean_name(guild_name), discord_id)
    try:
        cache_redis().set(_key(name), orjson.dumps(asdict(claim)), ex=TICKET_SECONDS)
    except RedisError as error:
        raise UnavailableError(_AWAY) from error
    return f"{settings.BASE_URL}/claim/?ticket={sign({'n': name}, purpose=_PURPOSE)}"


def read_claim_ticket(*, token: str) -> Claim:
    """What the ticket is for; it stays good. Raises BadSignatureError, BadTicketError and UnavailableError."""
    return _parse(_ask("get", token))


def redeem_claim_ticket(*, token: str, discord_id: int | None) -> Claim:
    """Take the ticket out, once, for the login of that Discord user.

    Raises WrongClaimantError, which leaves the ticket to its owner, BadSignatureError, BadTicketError and UnavailableError.
    """
    check_claimant(read_claim_ticket(token=token), discord_id)
    return _parse(_ask("getdel", token))


def check_claimant(claim: Claim, discord_id: int | None) -> None:
    """Raises WrongClaimantError."""
    if discord_id is None or discord_id != claim.discord_id:
        raise WrongClaimantError


def keep_claim(session: MutableMapping[str, Any], claim: Claim) -> None:
    """For an hour, in the session of whoever redeemed it: while they make the community that the guild is for."""
    session[SESSION_KEY] = asdict(claim) | {"until": clock.now().timestamp() + KEPT_SECONDS}


def find_claim(session: MutableMapping[str, Any], *, discord_id: int | None) -> Claim | None:
    """The claim that this session keeps for this login, while it is good. Changes nothing."""
    kept = session.get(SESSION_KEY)
    if not isinstance(kept, dict) or kept.get("until", 0) < clock.now().timestamp():
        return None
    claim = Claim(int(kept["guild_id"]), str(kept["guild_name"]), int(kept["discord_id"]))
    return claim if claim.discord_id == discord_id else None


def drop_claim(session: MutableMapping[str, Any]) -> None:
    """The community was made, or the person thought better of it."""
    session.pop(SESSION_KEY, None)


def _ask(command: str, token: str) -> bytes:
    name = str(unsign(token, purpose=_PURPOSE, max_age=TICKET_SECONDS)["n"])
    try:
        stored = getattr(cache_redis(), command)(_key(name))
    except RedisError as error:
        raise UnavailableError(_AWAY) from error
    if not isinstance(stored, bytes):
        raise BadTicketError(
            "This link was used already or has expired. Press the button in your server again for a new one."
        )
    return stored


def _parse(stored: bytes) -> Claim:
    return Claim(**orjson.loads(stored))


def _key(name: str) -> str:
    return f"ticket:claim:{digest_of(name)}"
