"""API keys: how programs come in to one tenant.

    ehk_live_<prefix>_<secret><checksum>      such as ehk_live_k3v9x2m7qd_9s…4f0a1c2d

`prefix` (10 characters) names the key; `secret` has 200 random bits; `checksum` is the CRC32 of all before it, in hex, so that a
typo and a scanner's false alarm are told apart from a key without asking anybody.

A plan includes so many keys. Over that the newest are frozen, which is derived from the plan in force and never stored: a key that
replaced another one takes its place in the order.

Invariants: the text is shown once and only its SHA-256 is kept; nothing is cached, so a revoked key is refused from the commit
on; a key speaks for its own tenant and nobody else's.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zlib import crc32

from django.db import transaction
from django.db.models import F, IntegerField, Q, QuerySet
from django.db.models.expressions import RawSQL

from saas.core import clock
from saas.core.crypto import digest_of, is_digest_of
from saas.core.schemas import PUBLIC, enter_schema

from .entitlements import Entitlements
from .errors import (
    ApiKeyEndedError,
    ApiKeyNotFoundError,
    BadApiKeyError,
    InvalidApiKeyError,
    KeyFrozenError,
    TooManyApiKeysError,
)
from .gates import limit_of, require_room
from .models import ApiKey, Tenant, User
from .routing import invalidate_routing
from .scopes import SCOPES

MARK: Final = "ehk_live_"
MAX_KEYS: Final = 50  # that work at a time, per tenant
MAX_SCOPES: Final = 40
LONGEST_GRACE: Final = timedelta(days=7)
_ALPHABET: Final = "abcdefghjkmnpqrstvwxyz0123456789"  # 5 bits a character
_PREFIX_LENGTH: Final = 10
_SECRET_LENGTH: Final = 40
_TOKEN = re.compile(
    rf"{MARK}([{_ALPHABET}]{{{_PREFIX_LENGTH}}})_[{_ALPHABET}]{{{_SECRET_LENGTH}}}([0-9a-f]{{8}})"
)
_USE_NOTED_EVERY: Final = timedelta(minutes=1)
_NOBODYS: Final = digest_of("")
KEYS: Final = "api_keys"
# How many keys in force come no later than this one; those that replaced one another are one.
_NUMBER: Final = (
    "(SELECT count(DISTINCT coalesce(k.line, k.id)) FROM api_key k WHERE k.tenant_id = api_key.tenant_id AND k.revoked_at IS NULL "
    "AND (k.expires_at IS NULL OR k.expires_at > %s) AND coalesce(k.line, k.id) <= coalesce(api_key.line, api_key.id))"
)


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A key that was just made. `token` is its text: it is shown now and never again."""

    key: ApiKey
    token: str


def issue_api_key(
    *,
    tenant_id: int,
    name: str,
    scopes: Iterable[str],
    created_by: User | None,
    created_by_name: str = "",
    expires_at: datetime | None = None,
) -> IssuedKey:
    """Make a key. Locks the tenant's row, which bounds how many there are. Not idempotent: each call makes one.

    Raises InvalidApiKeyError, TooManyApiKeysError, LimitReachedError.
    """
    with enter_schema(PUBLIC), transaction.atomic():
        _require_room(_lock_tenant(tenant_id))
        return _make(
            tenant_id=tenant_id,
            name=_checked_name(name),
            scopes=_checked_scopes(scopes),
            created_by=created_by,
            created_by_name=created_by_name or ("" if created_by is None else str(created_by)),
            expires_at=_checked_end(expires_at),
        )


def revoke_api_key(*, tenant_id: int, key_id: int) -> ApiKey:
    """The key is refused from the commit on. Repeating it changes nothing. Raises ApiKeyNotFoundError."""
    with enter_schema(PUBLIC), transaction.atomic():
        key = _lock_key(tenant_id, key_id)
        if key.revoked_at is None:
            key.revoked_at = clock.now()
            key.save(update_fields=["revoked_at"])
    return key


def rotate_api_key(
    *, tenant_id: int, key_id: int, created_by: User | None, grace: timedelta = timedelta(hours=24)
) -> IssuedKey:
    """A new key with the same name, scopes and end; the old one works for `grace` longer (0 to 7 days), then no more.

    Locks the tenant's row and the key's. Raises ApiKeyNotFoundError, ApiKeyEndedError, InvalidApiKeyError, TooManyApiKeysError.
    """
    if not timedelta() <= grace <= LONGEST_GRACE:
        raise InvalidApiKeyError("The old key can go on for 0 to 7 days, no longer.", field="grace")
    with enter_schema(PUBLIC), transaction.atomic():
        _lock_tenant(tenant_id)
        old = _lock_key(tenant_id, key_id)
        now = clock.now()
        if not is_in_force(old, now):
            raise ApiKeyEndedError("This key was revoked or has expired. Make a new one instead.")
        made = _make(
            tenant_id=tenant_id,
            name=old.name,
            scopes=list(old.scopes),
            created_by=created_by,
            created_by_name="" if created_by is None else str(created_by),
            expires_at=old.expires_at,
            follows=old,
        )
        end = now + grace
        old.expires_at = end if old.expires_at is None else min(end, old.expires_at)
        old.save(update_fields=["expires_at"])
    return made


def authenticate_api_key(*, token: str, tenant_id: int) -> ApiKey:
    """The key of that text, when it is in force and the tenant's. Takes the same time for a wrong secret as for a right one.

    One query; a second one, at most once a minute a key, notes its use. Raises BadApiKeyError, which says no more than whoever
    holds the right text may know, and KeyFrozenError.
    """
    prefix = read_prefix(token)
    now = clock.now()
    with enter_schema(PUBLIC):
        key = _with_numbers(now).filter(prefix=prefix).first() if prefix else None
        known = is_digest_of(token, _NOBODYS if key is None else key.digest)
        if key is None or not known or key.tenant_id != tenant_id:
            raise BadApiKeyError(
                "This API key does not work here. Check that it is whole and made in this community."
            )
        if key.revoked_at is not None:
            raise BadApiKeyError("This API key was revoked. Make a new one in the dashboard, under API keys.")
        if not is_in_force(key, now):
            raise BadApiKeyError("This API key has expired. Make a new one in the dashboard, under API keys.")
        if is_key_frozen(key, now):
            raise KeyFrozenError(_allowed(key, now))
        _note_use(key, now)
    return key


def is_in_force(key: ApiKey, now: datetime) -> bool:
    """Whether the key works at that moment."""
    return key.revoked_at is None and (key.expires_at is None or now < key.expires_at)


def list_api_keys(*, tenant_id: int) -> list[ApiKey]:
    """A tenant's keys, those that ended too, the newest first. One query."""
    with enter_schema(PUBLIC):
        mine = _with_numbers(clock.now()).filter(tenant_id=tenant_id)
        return list(mine.select_related("created_by").order_by("-pk"))


def read_prefix(token: str) -> str:
    """The prefix of a text that has a key's form and checksum; empty for any other. Asks nobody."""
    match = _TOKEN.fullmatch(token)
    if match is None or match[2] != _checksum(token[:-8]):
        return ""
    return match[1]


def _make(
    *,
    tenant_id: int,
    name: str,
    scopes: list[str],
    created_by: User | None,
    created_by_name: str,
    expires_at: datetime | None,
    follows: ApiKey | None = None,
) -> IssuedKey:
    in_force = ApiKey.objects.filter(tenant_id=tenant_id, revoked_at=None)
    in_force = in_force.filter(Q(expires_at=None) | Q(expires_at__gt=clock.now()))
    if follows is not None:
        # It is on its way out, and does not stand in the way of the one that follows it.
        in_force = in_force.exclude(pk=follows.pk)
    if in_force.count() >= MAX_KEYS:
        raise TooManyApiKeysError(
            f"A community has at most {MAX_KEYS} API keys at a time. Revoke one that is no longer used."
        )
    prefix = _random(_PREFIX_LENGTH)
    text = f"{MARK}{prefix}_{_random(_SECRET_LENGTH)}"
    token = text + _checksum(text)
    key = ApiKey.objects.create(
        tenant_id=tenant_id,
        name=name,
        prefix=prefix,
        digest=digest_of(token),
        scopes=scopes,
        created_by=created_by,
        created_by_name=created_by_name[:100],
        expires_at=expires_at,
        follows=follows,
        line=None if follows is None else follows.line or follows.pk,
    )
    # Whoever reads the activity stream must know whose the key is before it sends anything.
    invalidate_routing(tenant_id=tenant_id)
    return IssuedKey(key, token)


def _note_use(key: ApiKey, now: datetime) -> None:
    if key.last_used_at is None or now - key.last_used_at >= _USE_NOTED_EVERY:
        unnoted = Q(last_used_at=None) | Q(last_used_at__lte=now - _USE_NOTED_EVERY)
        ApiKey.objects.filter(unnoted, pk=key.pk).update(last_used_at=now)
        key.last_used_at = now


def _lock_tenant(tenant_id: int) -> Tenant:
    row: Tenant = Tenant.objects.select_for_update().get(pk=tenant_id)
    return row


def _require_room(tenant: Tenant) -> None:
    """One more key by the plan in force. Raises LimitReachedError."""
    now = clock.now()
    lines = {key.line or key.pk for key in ApiKey.objects.filter(tenant=tenant) if is_in_force(key, now)}
    entitlements = Entitlements.parse(tenant.entitlements, tenant.entitlements_version)
    require_room(KEYS, entitlements, now, used=len(lines))


def _with_numbers(now: datetime) -> QuerySet[ApiKey]:
    """Keys as `is_key_frozen` reads them."""
    return ApiKey.objects.annotate(
        number=RawSQL(_NUMBER, [now], output_field=IntegerField()),  # noqa: S611  # our own text
        plan=F("tenant__entitlements"),
    )


def _allowed(key: ApiKey, now: datetime) -> int:
    numbered: Any = key
    return limit_of(KEYS, Entitlements.parse(numbered.plan, 0), now)


def is_key_frozen(key: ApiKey, now: datetime) -> bool:
    """Whether the plan in force at `now` leaves this key out. For keys in force of `list_api_keys`."""
    numbered: Any = key
    return bool(numbered.number > _allowed(key, now))


def _lock_key(tenant_id: int, key_id: int) -> ApiKey:
    key = ApiKey.objects.select_for_update().filter(pk=key_id, tenant_id=tenant_id).first()
    if key is None:
        raise ApiKeyNotFoundError
    return key


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not 1 <= len(name) <= 60 or not name.isprintable():
        raise InvalidApiKeyError(
            "Give the key a name of 1 to 60 printable characters, such as “shop”.", field="name"
        )
    return name


def _checked_scopes(scopes: Iterable[str]) -> list[str]:
    chosen = sorted(set(scopes))
    if not 1 <= len(chosen) <= MAX_SCOPES:
        raise InvalidApiKeyError(
            f"Choose what the key may do: 1 to {MAX_SCOPES} scopes, such as members:read.", field="scopes"
        )
    wrong = next((scope for scope in chosen if scope not in SCOPES), None)
    if wrong is not None:
        raise InvalidApiKeyError(
            f"There is no scope {wrong!r:.60}. There are: {', '.join(SCOPES)}.", field="scopes"
        )
    return chosen


def _checked_end(expires_at: datetime | None) -> datetime | None:
    if expires_at is not None and expires_at <= clock.now():
        raise InvalidApiKeyError(
            "The key would have expired already. Choose a later day.", field="expires_at"
        )
    return expires_at


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _checksum(text: str) -> str:
    return f"{crc32(text.encode()):08x}"
