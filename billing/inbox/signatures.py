"""Stripe's signature of a webhook: HMAC-SHA256 over `<t>.<body>`, as `Stripe-Signature: t=…,v1=…,v1=…`.

Checked here and not by the library, whose import costs every web process 30 MB; a test holds the two against each other.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from .errors import BadSignatureError, StaleSignatureError

TOLERANCE: Final = timedelta(minutes=5)
LONGEST_HEADER: Final = 2_000
MOST_SIGNATURES: Final = 10


def check_signature(body: bytes, header: str, *, secrets: Sequence[str], now: datetime) -> None:
    """Return when one of `secrets` signed the body within TOLERANCE of `now`. Comparing takes as long whatever was sent.

    Raises BadSignatureError, and StaleSignatureError for one that is right but old: a stranger learns nothing from the time.
    """
    moment, signatures = _parse(header)
    fits = False
    for secret in secrets:
        right = sign_body(body, moment=moment, secret=secret).encode()
        for signature in signatures:
            fits |= hmac.compare_digest(right, signature)
    if not fits:
        raise BadSignatureError
    if abs(now.timestamp() - moment) > TOLERANCE.total_seconds():
        raise StaleSignatureError(int(TOLERANCE.total_seconds() // 60))


def sign_body(body: bytes, *, moment: int, secret: str) -> str:
    """What Stripe writes behind `v1=`. `moment` in Unix seconds."""
    return hmac.new(secret.encode(), b"%d." % moment + body, sha256).hexdigest()


def _parse(header: str) -> tuple[int, list[bytes]]:
    moment = 0
    signatures = []
    for part in header[:LONGEST_HEADER].split(","):
        name, _, value = part.partition("=")
        if name == "t" and value.isascii() and value.isdigit() and len(value) < 12:
            moment = int(value)
        elif name == "v1":
            signatures.append(value.encode("utf-8", "replace"))
    if not moment or not signatures or len(signatures) > MOST_SIGNATURES:
        raise BadSignatureError
    return moment, signatures
