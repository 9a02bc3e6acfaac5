"""How amounts of money are written on pages. Pure. An amount is an integer of minor units with its currency beside it."""

from __future__ import annotations

from typing import Final

from frontend_api.figures import MINUS

_SIGNS: Final = {
    "usd": "$",
    "eur": "€",
    "gbp": "£",
    "jpy": "¥",
    "cad": "CA$",
    "aud": "A$",
    "inr": "₹",
    "brl": "R$",
}
# Currencies without minor units: Stripe counts these in whole ones.
_WHOLE: Final = frozenset(
    {
        "bif",
        "clp",
        "djf",
        "gnf",
        "jpy",
        "kmf",
        "krw",
        "mga",
        "pyg",
        "rwf",
        "ugx",
        "vnd",
        "vuv",
        "xaf",
        "xof",
        "xpf",
    }
)


def write_money(amount: int, currency: str, *, exact: bool = False) -> str:
    """2500, usd → `$25`; 1250 → `$12.50`; -500 → `−$5`. `exact` keeps the cents of whole amounts, as on an invoice."""
    code = currency.lower()
    sign = _SIGNS.get(code, f"{code.upper()} ")
    return f"{MINUS if amount < 0 else ''}{sign}{_write_number(abs(amount), code, exact)}"


def write_plain(amount: int, currency: str) -> str:
    """2500, usd → `25.00`: for a file that programs read, with the currency in a column of its own."""
    code = currency.lower()
    return ("-" if amount < 0 else "") + _write_number(abs(amount), code, True).replace(",", "")


def _write_number(amount: int, code: str, exact: bool) -> str:
    if code in _WHOLE:
        return f"{amount:,}"
    whole, cents = divmod(amount, 100)
    return f"{whole:,}.{cents:02}" if cents or exact else f"{whole:,}"
