"""The words of an announcement: a sentence of the community's own with places for what it is about. Pure.

Invariant: a text that was checked can always be filled; what it is filled with is put in as it is, so whoever fills it for a
place that reads formats (Discord) escapes the values first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from saas.core.errors import InvalidInputError

MAX_TEXT: Final = 500
# Place → what stands there, in words for whoever writes the text.
PLACES: Final[Mapping[str, str]] = {
    "member": "the member’s name, as they chose to be shown",
    "level": "the level’s number",
    "level_name": "the level’s name; its number where it has none",
    "points": "all that they have earned, such as “1,284 points”",
    "community": "the community’s name",
}
THANKS_PLACES: Final[Mapping[str, str]] = {
    "member": "the member’s name, as they chose to be shown",
    "tier": "the tier’s name",
    "community": "the community’s name",
}
# By language: whoever writes their own text chooses one.
DEFAULT_THANKS: Final[Mapping[str, str]] = {
    "en": "💛 **{member}** supports {community} with **{tier}** now. Thank you.",
    "de": "💛 **{member}** unterstützt {community} jetzt mit **{tier}**. Danke.",
}
DEFAULT_TO_CHANNEL: Final = "🎉 **{member}** reached **level {level}** — {points}."
DEFAULT_TO_MEMBER: Final = "🎉 You reached **level {level}** in {community} — {points} so far."
_PLACE: Final = re.compile(r"\{([^{}]*)\}")


class InvalidTextError(InvalidInputError):
    """The text is too long or names a place that does not exist."""

    code = "invalid_text"


def check_text(text: str, *, places: Mapping[str, str] = PLACES, field: str = "text") -> str:
    """The text as it is stored; empty stands for the default. Raises InvalidTextError."""
    text = "\n".join(" ".join(line.split()) for line in text.replace("\x00", "").strip().splitlines())
    if len(text) > MAX_TEXT:
        raise InvalidTextError(
            f"The text has {len(text)} characters; at most {MAX_TEXT} are possible. Shorten it.", field=field
        )
    unknown = next((name for name in _PLACE.findall(text) if name not in places), None)
    if unknown is not None:
        known = ", ".join(f"{{{name}}}" for name in places)
        raise InvalidTextError(
            f"There is nothing to put in place of {{{unknown:.40}}}. Use {known}.", field=field
        )
    return text


def fill_text(text: str, values: Mapping[str, str]) -> str:
    """The text with its places filled; one pass, so that a value that looks like a place stays as it is."""
    return _PLACE.sub(lambda found: values.get(found[1], found[0]), text)
