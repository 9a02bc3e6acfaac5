"""Every sentence that the bot says, in one place, by language and key. English and German.

A reply is in the member's language, else the guild's, else the tenant's, else English. What services raise is said as
they say it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from .languages.english import ENGLISH
from .languages.german import GERMAN

LANGUAGES: Final[Mapping[str, Mapping[str, str]]] = {"en": ENGLISH, "de": GERMAN}

_GROUPED: Final[Mapping[str, str]] = {"de": "."}


def choose_language(*wishes: str | None) -> str:
    """The first of the wishes that is spoken here, the region aside (`en-GB` is `en`)."""
    for wish in wishes:
        language = (wish or "").replace("_", "-").split("-")[0].lower()
        if language in LANGUAGES:
            return language
    return "en"


def say(language: str, key: str, **values: object) -> str:
    """The sentence, with its values filled in. A language that lacks one says it in English."""
    return (LANGUAGES[language].get(key) or ENGLISH[key]).format(**values)


def list_keys() -> Iterable[str]:
    return ENGLISH.keys()


def number(language: str, value: int) -> str:
    """1234 → 1,234 (1.234 in German) and a real minus sign."""
    return local_digits(language, f"{value:,}".replace("-", "−"))


def signed(language: str, value: int) -> str:
    return f"{'+' if value > 0 else ''}{number(language, value)}"


def local_digits(language: str, text: str) -> str:
    """A number as English groups it, grouped as the language does."""
    return text.replace(",", _GROUPED[language]) if language in _GROUPED else text
