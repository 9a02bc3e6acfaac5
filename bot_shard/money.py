"""How amounts of money are written in replies. Pure. An amount is an integer of minor units with its currency beside it."""

from __future__ import annotations

from typing import Final

from .words import local_digits

_SIGNS: Final = {"usd": "$", "eur": "€", "gbp": "£"}


def write_money(language: str, amount: int, currency: str) -> str:
    """450, eur → `€4.50`; in German `4,50 €`."""
    sign = _SIGNS.get(currency.lower(), f"{currency.upper()} ")
    whole, cents = divmod(amount, 100)
    if language == "de":
        digits = local_digits(language, f"{whole:,}") + (f",{cents:02}" if cents else "")
        return f"{digits} {sign.strip()}"
    return f"{sign}{whole:,}" + (f".{cents:02}" if cents else "")
