"""Addresses that Stripe takes: one @, no space, a domain with a dot in it."""

from __future__ import annotations

import re
from typing import Final

from .errors import invalid

_ADDRESS: Final = re.compile(r"[^\s@]+@[^\s@.]+(\.[^\s@.]+)+", re.ASCII)


def check_email(email: str | None, param: str = "email") -> None:
    """Raises `email_invalid`."""
    if email and not _ADDRESS.fullmatch(email):
        raise invalid(f"Invalid email address: {email}", param, "email_invalid")
