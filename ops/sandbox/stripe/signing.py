"""The body and the `Stripe-Signature` of a delivery, as Stripe makes them in test mode."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Sequence

import orjson

from .store import Json, shown


def body_of(event: Json) -> bytes:
    return orjson.dumps(shown(event), option=orjson.OPT_INDENT_2)


def sign(body: bytes, secrets: Sequence[str], *, at: float | None = None) -> str:
    """One `v1` a secret (two while a secret is rolled), and the `v0` that test mode adds and nobody checks."""
    moment = int(time.time() if at is None else at)
    signed = [_mac(f"{moment}.".encode() + body, secret) for secret in secrets]
    return ",".join([f"t={moment}", *(f"v1={one}" for one in signed), f"v0={_mac(body, 'v0')}"])


def _mac(text: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()
