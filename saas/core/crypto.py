"""Signed texts: what we hand out and must recognise when it comes back.

Invariant: every use names its purpose, and a text signed for one purpose is worthless for another. Keys derive from
SECRET_KEY; SECRET_KEY_FALLBACKS lets a changed key still recognise what was handed out under the old one.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Any

from django.core import signing

from saas.core.errors import NotAllowedError


class BadSignatureError(NotAllowedError):
    """A signed text was changed, was made for something else, or is too old."""

    code = "bad_signature"


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
