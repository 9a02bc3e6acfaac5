"""Amounts, reasons and keys as they are kept."""

from __future__ import annotations

from typing import Final

from saas.core.text import clean_line

from .errors import CreditKeyReusedError, InvalidCreditsError

MOST: Final = 1_000_000_000
MAX_REASON: Final = 500  # of a request
MAX_NOTE: Final = 300  # of a decision and of a move
MAX_KEY: Final = 120


def check_amount(amount: object, *, field: str = "amount") -> int:
    """A whole number from 1 to MOST. Raises InvalidCreditsError."""
    if type(amount) is not int or not 1 <= amount <= MOST:
        raise InvalidCreditsError(
            f"Give a whole number from 1 to {MOST:,}; this is {amount!r:.30}.", field=field
        )
    return amount


def check_text(text: object, *, longest: int, field: str, needed: str = "") -> str:
    """One clean line. `needed` is what is said where it is empty; without it, it may be. Raises InvalidCreditsError."""
    if not isinstance(text, str):
        raise InvalidCreditsError("This has to be text.", field=field)
    line = clean_line(text, limit=longest + 1)
    if len(line) > longest or len(text) > longest * 8:
        raise InvalidCreditsError(
            f"At most {longest} characters are kept; this has more. Shorten it.", field=field
        )
    if not line and needed:
        raise InvalidCreditsError(needed, field=field)
    return line


def check_key(key: str) -> str:
    """Raises InvalidCreditsError: keys are made by programs, so a wrong one is said plainly."""
    if not 1 <= len(key) <= MAX_KEY or not key.isprintable():
        raise InvalidCreditsError(f"An idempotency key has 1 to {MAX_KEY} printable characters.", field="key")
    return key


def require_same(before: tuple[object, ...], now: tuple[object, ...]) -> None:
    """What a key stands for stays. Raises CreditKeyReusedError."""
    if before != now:
        raise CreditKeyReusedError
