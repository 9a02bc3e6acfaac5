"""A condition in words, and the words of its fields and operators, which the form offers and the sentence uses.

Ids of channels and roles are written as `names` knows them, for the caller to supply: rules know no guild.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from saas.core.text import group_digits

from .conditions import FLAG_FIELDS, LIST_FIELDS, NUMBER_FIELDS
from .languages import SENTENCES
from .languages.english import ENGLISH

_say = SENTENCES.say


def _words(part: str) -> Mapping[str, str]:
    """The English ones, which the form offers, in the order in which it offers them."""
    return {key.removeprefix(part): text for key, text in ENGLISH.items() if key.startswith(part)}


FIELD_WORDS: Final = _words("field.")
WEEKDAYS: Final = tuple(_words("weekday.").values())
NUMBER_OPERATORS: Final = _words("number.")
TEXT_OPERATORS: Final = _words("text.")
FLAG_OPERATORS: Final = _words("flag.")
LIST_OPERATORS: Final = _words("list.")


def operators_of(field: str) -> Mapping[str, str]:
    """Operator → its words, for one field."""
    if field in NUMBER_FIELDS:
        return NUMBER_OPERATORS
    if field in FLAG_FIELDS:
        return FLAG_OPERATORS
    return LIST_OPERATORS if field in LIST_FIELDS else TEXT_OPERATORS


def condition_text(
    form: object, names: Mapping[str, str] | None = None, *, inner: bool = False, language: str = "en"
) -> str:
    """“the message's length is at least 20 and the member's level is less than 5”. Never raises: what it does not
    understand it calls by its expression."""
    names = names or {}
    match form:
        case {"all": list() as parts} if parts:
            return _joined("and", parts, names, inner, language)
        case {"any": list() as parts} if parts:
            return _joined("either", parts, names, inner, language)
        case {"not": part}:
            return _say(language, "not", condition=condition_text(part, names, language=language))
        case {"expression": str() as text}:
            return _say(language, "expression", text=text[:120])
        case {"field": str() as field, "is": str() as operator, "value": value}:
            return _comparison(field, operator, value, names, language)
    return _say(language, "some_condition")


def _joined(word: str, parts: list[object], names: Mapping[str, str], inner: bool, language: str) -> str:
    text = _say(language, word).join(
        condition_text(part, names, inner=True, language=language) for part in parts
    )
    return f"({text})" if inner and len(parts) > 1 else text


def _comparison(field: str, operator: str, value: object, names: Mapping[str, str], language: str) -> str:
    name = SENTENCES.find(language, f"field.{field}") or field
    if field in FLAG_FIELDS:
        return name if value is True else _say(language, "not_flag", field=name)
    words = f"{name} {SENTENCES.find(language, f'{_kind_of(field)}.{operator}') or operator}"
    if field == "weekday" and type(value) is int and 0 <= value < len(WEEKDAYS):
        return f"{words} {_say(language, f'weekday.{value}')}"
    if isinstance(value, list):
        return f"{words} {', '.join(_named(item, names, language) for item in value)}"
    return f"{words} {_named(value, names, language)}"


def _kind_of(field: str) -> str:
    if field in NUMBER_FIELDS:
        return "number"
    if field in FLAG_FIELDS:
        return "flag"
    return "list" if field in LIST_FIELDS else "text"


def _named(value: object, names: Mapping[str, str], language: str) -> str:
    return group_digits(language, value) if type(value) is int else names.get(str(value), f"“{value}”")
