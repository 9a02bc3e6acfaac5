"""Short texts from outside made fit to be shown: one line, whole characters, nothing that turns the page around."""

from __future__ import annotations

import unicodedata

from saas.core.errors import InvalidInputError

# Marks that reorder what stands beside them: a name with one could spell another name, or swallow the words after it.
_TURNS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Joins emoji and the letters of several scripts, so it stays.
_JOINERS = frozenset("\u200c\u200d")


def clean_line(text: str, *, longest: int, what: str, field: str) -> str:
    """`text` on one line, with single spaces and without marks of direction and control, of 1 to `longest` characters.

    `what` begins the message, such as “The community's name”. Raises InvalidInputError, whose `field` is given.
    """
    if len(text) > longest * 20:
        # Not worth normalising, and not worth showing.
        raise InvalidInputError(
            f"{what} must have 1 to {longest} characters; this is far longer.", field=field
        )
    line = " ".join("".join(_keep(sign) for sign in unicodedata.normalize("NFC", text)).split())
    if not any(sign.isprintable() and not sign.isspace() and sign not in _JOINERS for sign in line):
        raise InvalidInputError(f"{what} must have 1 to {longest} characters.", field=field)
    if len(line) > longest:
        raise InvalidInputError(
            f"{what} must have 1 to {longest} characters; this has {len(line)}. Shorten it.", field=field
        )
    return line


def _keep(sign: str) -> str:
    if sign in _TURNS:
        return ""
    if sign in _JOINERS:
        return sign
    # Line ends and tabs part words; other control, surrogate, private and unassigned signs are nothing to show.
    kind = unicodedata.category(sign)
    if kind in {"Cc", "Zl", "Zp"}:
        return " "
    return "" if kind.startswith("C") else sign
