"""Identifiers: ULIDs for things that need a name before they have a row, short references for people to quote."""

from __future__ import annotations

import secrets
import time

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_ulid() -> str:
    """26 characters, sortable by creation time: 48 bits of milliseconds, then 80 random bits (the ULID spec)."""
    number = (int(time.time() * 1000) << 80) | secrets.randbits(80)
    return "".join(_CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))


def new_reference() -> str:
    """Four characters that a person can read out, such as 7F3K. Unique enough within a day's log."""
    return "".join(secrets.choice(_CROCKFORD) for _ in range(4))
