"""Text that people type: made safe to store, to show in a line, and to put into a mail's head."""

from __future__ import annotations

import unicodedata

# What joins emoji and letters of some scripts; every other invisible character could hide or reverse text.
_JOINERS = {"\u200c", "\u200d"}


def clean_line(text: str, *, limit: int) -> str:
    """`text` as one line of at most `limit` characters, without control, direction and other invisible characters.

    Composed (NFC), inner white space collapsed. May be empty: that is the caller's to refuse.
    """
    # Cut first: nobody gets to have 100 kB composed.
    short = unicodedata.normalize("NFC", text[: limit * 8])
    kept = "".join(
        character
        for character in " ".join(short.split())
        if character in _JOINERS or not unicodedata.category(character).startswith(("C", "Zl", "Zp"))
    )
    return " ".join(kept.split())[:limit].strip()
