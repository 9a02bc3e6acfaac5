"""A condition's lines between form and rule: people write names and days, rules hold ids and numbers.

In the form each line is three inputs; as one value of the field `condition` it is `field operator value`, which is also how the
page of a conflict shows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django.http import QueryDict

from engagement.rules.condition_rows import ConditionRow
from engagement.rules.condition_words import FIELD_WORDS, WEEKDAYS, operators_of
from engagement.rules.conditions import FLAG_FIELDS, LIST_FIELDS, NUMBER_FIELDS
from integrations.discord.directory import Directory

NAMED = frozenset({"channel", "category", "parent", "roles"})
BLANK_LINES = 2  # ready to be filled in, for those without scripts
_PARTS = ("condition_field", "condition_operator", "condition_value")


def gather(data: QueryDict) -> QueryDict:
    """The sent form with its lines as values of `condition`; lines without a field are left out."""
    if not any(part in data for part in _PARTS):
        return data
    gathered = data.copy()
    fields, operators, values = (data.getlist(part) for part in _PARTS)
    lines = [
        f"{field} {operator} {value}"
        for field, operator, value in zip(fields, operators, values, strict=False)
        if field
    ]
    gathered.setlist("condition", lines)
    for part in _PARTS:
        gathered.setlist(part, [])
    return gathered


def read_line(line: str) -> ConditionRow:
    """A line as a row; what it does not understand is left for the row's own check to refuse."""
    field, _, rest = line.partition(" ")
    known = sorted(operators_of(field), key=len, reverse=True) if field in FIELD_WORDS else []
    for operator in known:
        if rest == operator or rest.startswith(f"{operator} "):
            return ConditionRow(field, operator, rest[len(operator) + 1 :])
    return ConditionRow(field, "", rest)


def write_line(row: ConditionRow) -> str:
    return f"{row.field} {row.operator} {row.value}"


def to_ids(row: ConditionRow, directory: Directory) -> ConditionRow:
    """Names of channels and roles as ids, days as numbers. A name that nobody knows stays, and is refused by `unknown_name`."""
    if row.field == "weekday":
        days = {day.casefold(): str(number) for number, day in enumerate(WEEKDAYS)}
        return ConditionRow(row.field, row.operator, days.get(row.value.strip().casefold(), row.value))
    if row.field not in NAMED:
        return row
    ids = {_plain(name): id for id, name in directory.names.items()}
    return _map(row, lambda word: word if word.isdecimal() else ids.get(_plain(word), word))


def to_names(row: ConditionRow, directory: Directory) -> ConditionRow:
    """The other way round, for the form."""
    if row.field == "weekday" and row.value.isdecimal() and int(row.value) < len(WEEKDAYS):
        return ConditionRow(row.field, row.operator, WEEKDAYS[int(row.value)])
    return _map(row, directory.name_of) if row.field in NAMED else row


def unknown_name(row: ConditionRow) -> str:
    """The first word of a row, already in ids, that is no id; empty where all are."""
    if row.field not in NAMED:
        return ""
    return next((word for word in _words(row.value) if not word.isdecimal()), "")


def kind_of(field: str) -> str:
    """Which operators and which suggestions a field takes, for the page's script."""
    if field in FLAG_FIELDS:
        return "flag"
    if field in LIST_FIELDS:
        return "list"
    return "number" if field in NUMBER_FIELDS else "text"


def _map(row: ConditionRow, change: Callable[[str], str]) -> ConditionRow:
    return ConditionRow(row.field, row.operator, ", ".join(change(word) for word in _words(row.value)))


def _words(text: str) -> Iterable[str]:
    return (word.strip() for word in text.split(",") if word.strip())


def _plain(name: str) -> str:
    return name.strip().lstrip("#@").removesuffix(" (category)").casefold()
