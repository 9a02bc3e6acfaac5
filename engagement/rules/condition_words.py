"""A condition in words, and the words of its fields and operators, which the form offers and the sentence uses.

Ids of channels and roles are written as `names` knows them, for the caller to supply: rules know no guild.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from .conditions import FLAG_FIELDS, LIST_FIELDS, NUMBER_FIELDS

# In the order in which the form offers them.
FIELD_WORDS: Final[Mapping[str, str]] = {
    "length": "the message's length",
    "channel": "the channel",
    "category": "the category",
    "parent": "the thread's channel",
    "thread": "it is inside a thread",
    "emoji": "the emoji",
    "type": "what was done",
    "roles": "the member's roles",
    "level": "the member's level",
    "lifetime": "what the member has earned in all",
    "membership_days": "the days since the member joined",
    "hour": "the hour on the member's clock",
    "weekday": "the day of the week",
}
WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
NUMBER_OPERATORS: Final[Mapping[str, str]] = {
    ">=": "is at least",
    "<=": "is at most",
    ">": "is more than",
    "<": "is less than",
    "==": "is",
    "!=": "is not",
}
TEXT_OPERATORS: Final[Mapping[str, str]] = {
    "==": "is",
    "!=": "is not",
    "in": "is one of",
    "not in": "is none of",
}
FLAG_OPERATORS: Final[Mapping[str, str]] = {"==": "is"}
LIST_OPERATORS: Final[Mapping[str, str]] = {
    "any of": "include any of",
    "all of": "include all of",
    "none of": "include none of",
}


def operators_of(field: str) -> Mapping[str, str]:
    """Operator → its words, for one field."""
    if field in NUMBER_FIELDS:
        return NUMBER_OPERATORS
    if field in FLAG_FIELDS:
        return FLAG_OPERATORS
    return LIST_OPERATORS if field in LIST_FIELDS else TEXT_OPERATORS


def condition_text(form: object, names: Mapping[str, str] | None = None, *, inner: bool = False) -> str:
    """“the message's length is at least 20 and the member's level is less than 5”. Never raises: what it does not
    understand it calls by its expression."""
    names = names or {}
    match form:
        case {"all": list() as parts} if parts:
            return _joined(" and ", parts, names, inner)
        case {"any": list() as parts} if parts:
            return _joined(" or ", parts, names, inner)
        case {"not": part}:
            return f"not ({condition_text(part, names)})"
        case {"expression": str() as text}:
            return f"the expression “{text:.120}” holds"
        case {"field": str() as field, "is": str() as operator, "value": value}:
            return _comparison(field, operator, value, names)
    return "a condition holds"


def _joined(word: str, parts: list[object], names: Mapping[str, str], inner: bool) -> str:
    text = word.join(condition_text(part, names, inner=True) for part in parts)
    return f"({text})" if inner and len(parts) > 1 else text


def _comparison(field: str, operator: str, value: object, names: Mapping[str, str]) -> str:
    if field in FLAG_FIELDS:
        return FIELD_WORDS[field] if value is True else f"not: {FIELD_WORDS[field]}"
    words = f"{FIELD_WORDS.get(field, field)} {operators_of(field).get(operator, operator)}"
    if field == "weekday" and type(value) is int and 0 <= value < len(WEEKDAYS):
        return f"{words} {WEEKDAYS[value]}"
    if isinstance(value, list):
        return f"{words} {', '.join(_named(item, names) for item in value)}"
    return f"{words} {_named(value, names)}"


def _named(value: object, names: Mapping[str, str]) -> str:
    return f"{value:,}" if type(value) is int else names.get(str(value), f"“{value}”")
