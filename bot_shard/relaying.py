"""What services say, in the reader's language.

Services speak English. Their sentences are known here by their templates, so that no service has to know who reads: a sentence is
taken apart by its template and put together in the other language. One that is not known is told as it came.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Final, NamedTuple

from .languages.german_messages import GERMAN_FRAGMENTS, GERMAN_MESSAGES
from .words import local_digits

_MESSAGES: Final[Mapping[str, Mapping[str, str]]] = {"de": GERMAN_MESSAGES}
_FRAGMENTS: Final[Mapping[str, Mapping[str, str]]] = {"de": GERMAN_FRAGMENTS}
_AND: Final = {"de": " und "}
_PLACE: Final = re.compile(r"\{[~#w]?\}")
# What holds words may be empty: an ending, or a sentence that is said only sometimes.
_MARKS: Final = {"{}": "(.+?)", "{#}": r"(\d[\d,]*)", "{w}": "([A-Za-z]+)", "{~}": "(.*?)"}
_NUMBER: Final = re.compile(r"-?\d{1,3}(,\d{3})+")
_DEEPEST: Final = 6
_LONGEST: Final = 1_000


class _Template(NamedTuple):
    pattern: re.Pattern[str]
    is_words: tuple[bool, ...]
    said: str


@lru_cache(maxsize=512)
def relay(language: str, text: str) -> str:
    """The sentence for a reader of `language`; as it is where its template, or the language, is not known."""
    known = _MESSAGES.get(language)
    if known is None or len(text) > _LONGEST:
        return text
    if text in known and "{" not in text:
        return known[text]
    return _match(_compile(language), language, text, 0) or text


def _fragment(language: str, text: str, depth: int) -> str:
    """A part of a sentence: a known one, a list of known ones, or itself."""
    if text in _FRAGMENTS[language] and "{" not in text:
        return _FRAGMENTS[language][text]
    if depth >= _DEEPEST:
        return text
    if text in _MESSAGES[language] and "{" not in text:
        return _MESSAGES[language][text]
    found = _match(_compile(language), language, text, depth)
    if found is not None:
        return found
    parts = re.split(r", | and ", text)
    if len(parts) < 2:
        return text
    *first, last = (_fragment(language, part, depth + 1) for part in parts)
    return f"{', '.join(first)}{_AND[language]}{last}"


def _match(templates: Sequence[_Template], language: str, text: str, depth: int) -> str | None:
    for template in templates:
        found = template.pattern.fullmatch(text)
        if found is not None:
            values = [
                _fragment(language, value, depth + 1) if is_words else _digits(language, value)
                for value, is_words in zip(found.groups(), template.is_words, strict=True)
            ]
            return template.said.format(*values).strip() if depth == 0 else template.said.format(*values)
    return None


def _digits(language: str, value: str) -> str:
    return local_digits(language, value) if _NUMBER.fullmatch(value) else value


@cache
def _compile(language: str) -> tuple[_Template, ...]:
    """Templates with places, those with the most text of their own first: the narrower one wins."""
    made = []
    for english, said in {**_FRAGMENTS[language], **_MESSAGES[language]}.items():
        places = _PLACE.findall(english)
        if places:
            marks = [_MARKS[place] for place in places]
            texts = [re.escape(text) for text in _PLACE.split(english)]
            pattern = texts[0] + "".join(mark + text for mark, text in zip(marks, texts[1:], strict=True))
            is_words = tuple(place in ("{~}", "{w}") for place in places)
            made.append((len("".join(texts)), _Template(re.compile(pattern, re.DOTALL), is_words, said)))
    return tuple(template for _, template in sorted(made, key=lambda one: -one[0]))
