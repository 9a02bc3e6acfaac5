"""Text that people type: made safe to store, to show in a line, and to put into a mail's head."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from saas.core.errors import InvalidInputError

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


def require_line(text: str, *, longest: int, what: str, field: str) -> str:
    """`clean_line` of a text that must be there and must fit. `what` begins the message, such as “The community's name”.

    Raises InvalidInputError, whose `field` is given.
    """
    line = clean_line(text, limit=longest + 1)
    if len(text) > longest * 8 or len(line) > longest:
        raise InvalidInputError(
            f"{what} must have 1 to {longest} characters; this has more. Shorten it.", field=field
        )
    if not any(character.isprintable() and not character.isspace() for character in line):
        raise InvalidInputError(f"{what} must have 1 to {longest} characters.", field=field)
    return line


def clean_lines(text: str, *, limit: int) -> str:
    """As `clean_line` for a text of several lines: line breaks stay, of empty lines at most one in a row. May be empty."""
    # Cut first, as there; a little more, because white space goes.
    lines = [clean_line(line, limit=limit) for line in text[: limit * 8].splitlines()]
    kept = [line for number, line in enumerate(lines) if line or (number and lines[number - 1])]
    return "\n".join(kept).strip()[:limit].strip()


class Sentences:
    """What one package says, in each language that it speaks: keys → sentences with places in braces. English has every key, and says
    what another language lacks."""

    def __init__(self, **languages: Mapping[str, str]) -> None:
        self.languages: Mapping[str, Mapping[str, str]] = languages

    def say(self, language: str, key: str, **values: object) -> str:
        """The sentence, with its values filled in; whole numbers grouped as the language does. An unknown language reads English."""
        sentence = self.languages.get(language, {}).get(key) or self.languages["en"][key]
        if not values:
            return sentence
        written = {
            name: group_digits(language, value) if type(value) is int else value
            for name, value in values.items()
        }
        return sentence.format_map(written)

    def find(self, language: str, key: str) -> str | None:
        """The sentence where there is one, for keys that come from outside."""
        return self.languages.get(language, {}).get(key) or self.languages["en"].get(key)


def group_digits(language: str, value: int) -> str:
    """1234 → 1,234, in German 1.234."""
    return f"{value:,}".replace(",", ".") if language == "de" else f"{value:,}"
