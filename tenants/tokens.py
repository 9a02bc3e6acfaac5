"""Tokens of people: short access tokens, refresh tokens that are exchanged once, families that end as a whole.

A token that was issued on BASE_DOMAIN is the person's and works in every community, with the role that they have there; one that
was issued on a community's host names that community and works nowhere else.

Invariants: at most one refresh token of a family is good at a time; a family ends with the person's password and with their
login; an access token is no better than its family, which is looked up each time.

A refresh token that was exchanged within the last GRACE gives the same successor again: the first answer may have been lost on
its way, and two tabs may refresh at once. Shown later it is a copy in somebody's hands, and the family ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

from django.db import transaction
from django.db.models import Q, QuerySet
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import Token

from saas.core import clock
from saas.core.crypto import digest_of
from saas.core.schemas import PUBLIC, enter_schema

from .errors import BadTokenError, SessionNotFoundError, TokenReusedError
from .models import TokenFamily, User

ACCESS_LIFE: Final = timedelta(minutes=10)
REFRESH_LIFE: Final = timedelta(days=14)
FAMILY_LIFE: Final = timedelta(days=90)
GRACE: Final = timedelta(seconds=10)
KEPT_AFTER_END: Final = timedelta(days=30)
MAX_FAMILIES: Final = 50  # that work at a time, per person; the oldest ends when one more is opened
_FAMILY: Final = "fam"
_TENANT: Final = "ten"


class AccessToken(Token):
    token_type = "access"  # noqa: S105
    lifetime = ACCESS_LIFE


class RefreshToken(Token):
    token_type = "refresh"  # noqa: S105
    lifetime = REFRESH_LIFE


@dataclass(frozen=True, slots=True)
class TokenPair:
    access: str
    refresh: str
    family: str
    expires_in: int = int(ACCESS_LIFE.total_seconds())


def open_family(*, user: User, tenant_id: int | None, program: str = "") -> TokenPair:
    """A first pair of tokens for a person whose password (and code) was checked. Not idempotent. Locks the person's row."""
    now = clock.now()
    with enter_schema(PUBLIC), transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        for old in _list_live(user)[MAX_FAMILIES - 1 :]:
            _end(old, TokenFamily.Reason.REVOKED)
        family = TokenFamily.objects.create(
            user=user,
            tenant_id=tenant_id,
            login_digest=_login_digest(user),
            current_id=uuid4().hex,
            rotated_at=now,
            created_at=now,
            expires_at=now + REFRESH_LIFE,
            program="".join(c for c in program if c.isprintable())[:200],
        )
        return _pair(family)


def refresh_tokens(*, token: str, tenant_id: int | None) -> TokenPair:
    """Exchange a refresh token for a new pair, once; `tenant_id` is the community whose host was called.

    Locks the family's row, so that of two exchanges at once one comes first. Idempotent for GRACE. Raises BadTokenError, and
    TokenReusedError, which has ended the family.
    """
    payload = _read(RefreshToken, token)
    with enter_schema(PUBLIC), transaction.atomic():
        family = _find(payload, tenant_id, lock=True)
        now = clock.now()
        if payload["jti"] == family.current_id:
            family.previous_id, family.current_id = family.current_id, uuid4().hex
            family.rotated_at = now
            family.expires_at = min(now + REFRESH_LIFE, family.created_at + FAMILY_LIFE)
            family.save(update_fields=["previous_id", "current_id", "rotated_at", "expires_at"])
            return _pair(family)
        if payload["jti"] == family.previous_id and now - family.rotated_at <= GRACE:
            return _pair(family)
        _end(family, TokenFamily.Reason.REUSED)
    raise TokenReusedError(
        "This refresh token was used before, so somebody may hold a copy of it. We have ended this sign-in; sign in again."
    )


def authenticate_token(*, token: str, tenant_id: int | None) -> TokenFamily:
    """The family, with its user, of an access token that is good on this host. One query. Raises BadTokenError."""
    payload = _read(AccessToken, token)
    with enter_schema(PUBLIC):
        return _find(payload, tenant_id, lock=False)


def end_family_of(*, token: str) -> None:
    """Sign out: the family of this refresh token ends. Repeating it changes nothing, and so does a token that is no longer good."""
    try:
        payload = _read(RefreshToken, token)
    except BadTokenError:
        return
    with enter_schema(PUBLIC), transaction.atomic():
        family = TokenFamily.objects.select_for_update().filter(key=payload[_FAMILY]).first()
        if family is not None:
            _end(family, TokenFamily.Reason.SIGNED_OUT)


def end_family(*, user: User, key: str) -> None:
    """End one sign-in of the person's. Repeating it changes nothing. Raises SessionNotFoundError."""
    with enter_schema(PUBLIC), transaction.atomic():
        family = TokenFamily.objects.select_for_update().filter(key=key, user=user).first()
        if family is None:
            raise SessionNotFoundError(
                "You have no such session. The list of your sessions shows those you have."
            )
        _end(family, TokenFamily.Reason.REVOKED)


def list_families(*, user: User) -> list[TokenFamily]:
    """The person's sign-ins that still work, the one used last first. One query."""
    with enter_schema(PUBLIC):
        return _list_live(user)


def prune_families() -> int:
    """Forget sign-ins that ended more than 30 days ago. Answers how many rows went."""
    past = clock.now() - KEPT_AFTER_END
    gone, _ = TokenFamily.objects.filter(Q(expires_at__lte=past) | Q(revoked_at__lte=past)).delete()
    return gone


def _list_live(user: User) -> list[TokenFamily]:
    live: QuerySet[TokenFamily] = TokenFamily.objects.filter(
        user=user, revoked_at=None, expires_at__gt=clock.now(), login_digest=_login_digest(user)
    )
    return list(live.select_related("tenant").order_by("-rotated_at", "-pk"))


def _find(payload: dict[str, Any], tenant_id: int | None, *, lock: bool) -> TokenFamily:
    families = TokenFamily.objects.select_related("user")
    if lock:
        families = families.select_for_update(of=("self",))
    family = families.filter(key=payload[_FAMILY]).first()
    if family is None or payload.get(_TENANT) != family.tenant_id:
        raise BadTokenError("This token is not known. Sign in again.")
    if family.tenant_id is not None and family.tenant_id != tenant_id:
        raise BadTokenError(
            "This token was made for another community. Sign in here, or on our main address for all of yours."
        )
    if family.revoked_at is not None or family.expires_at <= clock.now():
        raise BadTokenError("This sign-in has ended. Sign in again.")
    if not family.user.is_active or family.login_digest != _login_digest(family.user):
        raise BadTokenError("The password was changed or the login was closed. Sign in again.")
    return family


def _end(family: TokenFamily, reason: TokenFamily.Reason) -> None:
    if family.revoked_at is None:
        family.revoked_at, family.revoked_because = clock.now(), reason
        family.save(update_fields=["revoked_at", "revoked_because"])


def _pair(family: TokenFamily) -> TokenPair:
    now = clock.now()
    access, refresh = AccessToken(), RefreshToken()
    for token in (access, refresh):
        token[_FAMILY] = family.key
        token["sub"] = str(family.user_id)
        if family.tenant_id is not None:
            token[_TENANT] = family.tenant_id
    access.set_exp(from_time=now, lifetime=ACCESS_LIFE)
    # Made of the row alone, so that a repeat within GRACE gives the very same text.
    refresh["jti"] = family.current_id
    refresh.set_iat(at_time=family.rotated_at)
    refresh.set_exp(from_time=family.expires_at, lifetime=timedelta())
    return TokenPair(str(access), str(refresh), family.key)


def _read(kind: type[Token], token: str) -> dict[str, Any]:
    """The claims of a token that we signed. Raises BadTokenError."""
    try:
        payload: dict[str, Any] = kind(token).payload  # type: ignore[arg-type]
    except TokenError as error:
        raise BadTokenError("This token is not whole, has expired, or is of the wrong kind.") from error
    if not isinstance(payload.get(_FAMILY), str) or not isinstance(payload.get("jti"), str):
        raise BadTokenError("This token is of an older kind. Sign in again.")
    return payload


def _login_digest(user: User) -> str:
    """Changes with the password, and tells nothing of it."""
    return digest_of(user.get_session_auth_hash())
