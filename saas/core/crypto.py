"""Signed texts, which we hand out and must recognise when they come back; sealed texts, which only we can read.

Invariant: every use names its purpose, and a text made for one purpose is worthless for another. Signing keys derive from
SECRET_KEY; SECRET_KEY_FALLBACKS lets a changed key still recognise what was handed out under the old one. Sealing uses
FIELD_KEYS: the first key seals, all of them open.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core import signing

from saas.core import clock
from saas.core.errors import EngageHubError, NotAllowedError

_NONCE_BYTES = 12


class BadSignatureError(NotAllowedError):
    """A signed text was changed, was made for something else, or is too old."""

    code = "bad_signature"


class BadSealError(EngageHubError):
    """A sealed text cannot be opened: it was changed, sealed for something else, or its key is gone."""

    code = "bad_seal"
    http_status = 500


def new_secret() -> str:
    """256 random bits, safe in an address and in a cookie."""
    return secrets.token_urlsafe(32)


def digest_of(secret: str) -> str:
    """What may be shown or stored of a secret: its SHA-256 in hex."""
    return hashlib.sha256(secret.encode()).hexdigest()


def is_digest_of(secret: str, digest: str) -> bool:
    """Compares in constant time."""
    return hmac.compare_digest(digest_of(secret), digest)


def sign(payload: dict[str, Any], *, purpose: str) -> str:
    """`payload` (JSON values) as a signed text that is safe in an address. It is readable: put no secret in it."""
    return signing.dumps(payload, salt=f"engagehub:{purpose}")


def unsign(text: str, *, purpose: str, max_age: int) -> dict[str, Any]:
    """The payload of a text that `sign` made for `purpose` at most `max_age` seconds ago. Raises BadSignatureError."""
    try:
        payload = signing.loads(text, salt=f"engagehub:{purpose}", max_age=max_age)
    except signing.SignatureExpired as error:
        raise BadSignatureError("This link is too old. Ask for a new one.") from error
    except signing.BadSignature as error:
        raise BadSignatureError("This link is not whole. Copy all of it, or ask for a new one.") from error
    return dict(payload)


def sign_until(payload: dict[str, Any], *, purpose: str, until: datetime) -> str:
    """As `sign`, and over at `until`. The same for the same payload and moment, so that an address made of it can be cached."""
    signer = signing.Signer(salt=f"engagehub:until:{purpose}")
    return str(signer.sign_object({**payload, "until": int(until.timestamp())}))


def unsign_until(text: str, *, purpose: str) -> dict[str, Any]:
    """The payload of a text that `sign_until` made for `purpose` and that is not over. Raises BadSignatureError."""
    try:
        payload = dict(signing.Signer(salt=f"engagehub:until:{purpose}").unsign_object(text))
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise BadSignatureError("This link is not whole. Copy all of it, or ask for a new one.") from error
    if clock.now().timestamp() >= payload.pop("until", 0):
        raise BadSignatureError("This link is too old. Ask for a new one.")
    return payload


def keyed_digest(text: str, *, purpose: str) -> bytes:
    """32 bytes by which the same text is known again, and which say nothing of it to whoever does not hold FIELD_KEYS."""
    keys = settings.FIELD_KEYS
    if not keys:
        raise BadSealError(
            "FIELD_KEYS is not set, so nothing secret can be kept. Set it; ops/environment.md says how."
        )
    key = base64.urlsafe_b64decode(keys[-1])  # the oldest: a key that is put before it changes no digest
    return hmac.digest(key, f"{purpose}:{text}".encode(), "sha256")


def seal(text: str, *, purpose: str) -> str:
    """`text` encrypted and authenticated (AES-256-GCM), for a column of the database."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    sealed = _ciphers()[0].encrypt(nonce, text.encode(), purpose.encode())
    return base64.urlsafe_b64encode(nonce + sealed).decode()


def unseal(text: str, *, purpose: str) -> str:
    """What `seal` was given for `purpose`. Raises BadSealError."""
    try:
        raw = base64.urlsafe_b64decode(text.encode())
    except (binascii.Error, ValueError):
        raw = b""
    for cipher in _ciphers():
        try:
            return cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], purpose.encode()).decode()
        except (InvalidTag, ValueError):
            continue
    raise BadSealError(
        "A secret in the database cannot be read. It was changed, or the key that sealed it is no longer in FIELD_KEYS."
    )


def _ciphers() -> list[AESGCM]:
    keys = [AESGCM(base64.urlsafe_b64decode(key)) for key in settings.FIELD_KEYS]
    if not keys:
        raise BadSealError(
            "FIELD_KEYS is not set, so no secret can be sealed. Set it; ops/environment.md says how."
        )
    return keys
