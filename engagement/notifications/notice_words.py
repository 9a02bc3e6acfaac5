"""A notice in words, in the reader's language. Pure.

Facts are stored as they are — whole numbers, names, moments in ISO 8601 — and written out here, so that one notice reads right in
every language. The facts of AMOUNTS get the community's own word for points.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from saas.core.counts import write_count

from .languages.english import ENGLISH
from .languages.german import GERMAN

LANGUAGES: Final[Mapping[str, Mapping[str, str]]] = {"en": ENGLISH, "de": GERMAN}
FOLLOWS: Final = (
    "earned",
    "lost",
    "reason",
    "question",
    "tracking",
    "until",
)  # facts that add a sentence to any kind
AMOUNTS: Final = frozenset({"points", "earned", "lost"})  # of points
_GROUPED: Final[Mapping[str, str]] = {"de": "."}


def choose_language(*wishes: str) -> str:
    """The first of the wishes that is written here, the region aside; else English."""
    for wish in wishes:
        language = wish.replace("_", "-").partition("-")[0].lower()
        if language in LANGUAGES:
            return language
    return "en"


def write_notice(
    kind: str,
    facts: Mapping[str, Any],
    *,
    language: str,
    points_name: str,
    when: Callable[[datetime], str],
    escape: Callable[[str], str] = str,
) -> str:
    """The notice's sentences. `when` writes a moment as its place does, `escape` makes a name safe for it."""
    values = {name: _write(name, value, language, points_name, when, escape) for name, value in facts.items()}
    words = LANGUAGES[language]
    keys = [kind, *(name for name in FOLLOWS if values.get(name))]
    if facts.get("count") and f"{kind}.more" in ENGLISH:
        keys.append(f"{kind}.more")
    return " ".join(_fill(words.get(key) or ENGLISH[key], values) for key in keys)


def say(language: str, key: str, **values: str) -> str:
    """One of the sentences that are no notice."""
    return _fill(LANGUAGES[language].get(key) or ENGLISH[key], values)


def _fill(sentence: str, values: Mapping[str, str]) -> str:
    return sentence.format_map(_Places(values))


class _Places(dict[str, str]):
    """A fact that an older release did not store leaves a dash, instead of a page that fails."""

    def __missing__(self, key: str) -> str:
        return "–"


def _write(
    name: str,
    value: Any,
    language: str,
    points_name: str,
    when: Callable[[datetime], str],
    escape: Callable[[str], str],
) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        text = write_count(value, points_name) if name in AMOUNTS else f"{value:,}"
        return text.replace(",", _GROUPED[language]) if language in _GROUPED else text
    if name == "until":
        try:
            return when(datetime.fromisoformat(str(value)))
        except ValueError:
            return ""
    return escape(str(value))
