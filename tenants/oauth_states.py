"""States of OAuth journeys that we begin ourselves: what we asked Discord for, on whose behalf, from which browser.

Invariants: a state is good once (GETDEL) and for ten minutes; it is worth nothing in another session, for another login or
for another purpose, and showing it there spends it. The PKCE verifier never leaves the server. When Redis lost a state it is
void. Signing in has states of its own (allauth's); ours are told apart by their beginning, which allauth's never have.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import asdict, dataclass

import orjson
from redis import RedisError

from saas.core import clock
from saas.core.crypto import digest_of, new_secret
from saas.core.errors import NotAllowedError, UnavailableError
from saas.core.redis_clients import cache_redis

STATE_SECONDS = 10 * 60  # Discord's own codes live as long
PREFIX = "eh-"
_LONGEST = 200


class BadStateError(NotAllowedError):
    """The state was used, has expired, or belongs to another browser, login or purpose."""

    code = "bad_oauth_state"


@dataclass(frozen=True, slots=True)
class OAuthState:
    """What was begun. `issued_at` is in seconds since 1970."""

    purpose: str
    session_digest: str
    user_id: int
    tenant_id: int
    next_path: str
    verifier: str
    issued_at: float


@dataclass(frozen=True, slots=True)
class Journey:
    """What goes into the address of Discord's page."""

    state: str
    challenge: str  # PKCE, S256


def begin_journey(
    *, purpose: str, session_key: str, user_id: int, tenant_id: int, next_path: str = "/"
) -> Journey:
    """Remember what is asked for, for ten minutes. Raises UnavailableError."""
    name, verifier = new_secret(), new_secret()
    state = OAuthState(
        purpose, digest_of(session_key), user_id, tenant_id, next_path, verifier, clock.now().timestamp()
    )
    try:
        cache_redis().set(_key(name), orjson.dumps(asdict(state)), ex=STATE_SECONDS)
    except RedisError as error:
        raise UnavailableError("Discord cannot be asked right now. Try again in a minute.") from error
    digest = hashlib.sha256(verifier.encode()).digest()
    return Journey(PREFIX + name, base64.urlsafe_b64encode(digest).rstrip(b"=").decode())


def is_own_state(text: str) -> bool:
    """Whether `text` looks like a state of ours, be it still good or not. Asks nobody."""
    return text.startswith(PREFIX)


def take_state(*, text: str, session_key: str, user_id: int | None) -> OAuthState:
    """Take the state out, once. Raises BadStateError and UnavailableError.

    Shown in another session or by another login it is spent all the same: somebody has got hold of it.
    """
    try:
        stored = cache_redis().getdel(_key(text.removeprefix(PREFIX)[:_LONGEST]))
    except RedisError as error:
        raise UnavailableError(
            "Discord's answer cannot be read right now. Start again in a minute."
        ) from error
    if not is_own_state(text) or not isinstance(stored, bytes):
        raise BadStateError(
            "This answer from Discord was used already, or it took longer than ten minutes. Start again; nothing was changed."
        )
    state = OAuthState(**orjson.loads(stored))
    if not hmac.compare_digest(state.session_digest, digest_of(session_key)) or state.user_id != user_id:
        raise BadStateError(
            "This was started in another browser or by another login. Start again from here; nothing was changed."
        )
    return state


def _key(name: str) -> str:
    return f"oauth:{digest_of(name)}"
