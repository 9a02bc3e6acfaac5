"""A condition as rows of a form: field, operator, value, joined by all or any. What rows cannot say stays an expression.

Invariant: `rows_of(build_form(rows, join))` gives the same rows back.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from .condition_words import operators_of
from .conditions import FIELDS, FLAG_FIELDS, LIST_FIELDS, NUMBER_FIELDS, compile_condition
from .errors import InvalidConditionError

ALL: Final = "all"
ANY: Final = "any"
MAX_ROWS: Final = 12
_NUMBER: Final = re.compile(r"[+-]?\d{1,15}")


@dataclass(frozen=True, slots=True)
class ConditionRow:
    """One line as a person fills it in: the value is text, several values are separated by commas."""

    field: str
    operator: str
    value: str


@dataclass(frozen=True, slots=True)
class ConditionRows:
    """`join` is all or any. `expression` holds what rows cannot say, as CEL; then there are no rows."""

    rows: tuple[ConditionRow, ...] = ()
    join: str = ALL
    expression: str = ""


class InvalidConditionRowsError(InvalidConditionError):
    """Some rows are wrong: `rows` tells for each of them, by its number from 0, what."""

    code = "invalid_condition_rows"

    def __init__(self, rows: dict[int, str]) -> None:
        first = min(rows)
        super().__init__(f"Line {first + 1} of the condition: {rows[first]}", field="condition")
        self.rows = rows


def build_form(given: ConditionRows) -> object:
    """The condition's form, checked; None where nothing is asked. Raises InvalidConditionRowsError, which names the rows, and
    InvalidConditionError for an expression or a whole that is wrong."""
    if given.expression.strip():
        form: object = {"expression": given.expression.strip()}
        compile_condition(form)
        return form
    if not given.rows:
        return None
    if len(given.rows) > MAX_ROWS:
        raise InvalidConditionError(
            f"A condition has at most {MAX_ROWS} lines; this one has {len(given.rows)}. Write an expression instead.",
            field="condition",
        )
    parts, wrong = _check_rows(given.rows)
    if wrong:
        raise InvalidConditionRowsError(wrong)
    form = parts[0] if len(parts) == 1 else {ANY if given.join == ANY else ALL: parts}
    compile_condition(form)
    return form


def rows_of(form: object) -> ConditionRows:
    """A stored condition as the form shows it."""
    if form is None:
        return ConditionRows()
    for join in (ALL, ANY):
        if isinstance(form, dict) and set(form) == {join} and isinstance(form[join], list):
            rows = [_row_of(part) for part in form[join]]
            if len(rows) <= MAX_ROWS and None not in rows:
                return ConditionRows(tuple(row for row in rows if row is not None), join)
    single = _row_of(form)
    if single is not None:
        return ConditionRows((single,))
    try:
        return ConditionRows(expression=compile_condition(form).text)
    except InvalidConditionError:
        return ConditionRows(expression=str(form))


def _check_rows(rows: Sequence[ConditionRow]) -> tuple[list[dict[str, Any]], dict[int, str]]:
    parts: list[dict[str, Any]] = []
    wrong: dict[int, str] = {}
    for number, row in enumerate(rows):
        try:
            part = {"field": row.field, "is": row.operator, "value": _value(row)}
            compile_condition(part)
            parts.append(part)
        except InvalidConditionError as error:
            wrong[number] = error.message
    return parts, wrong


def _value(row: ConditionRow) -> object:
    """What was typed, as the field wants it."""
    text = row.value.strip()
    if row.field not in FIELDS:
        raise InvalidConditionError("Choose what to look at.", field="condition")
    if row.operator not in operators_of(row.field):
        raise InvalidConditionError("Choose how to compare.", field="condition")
    if not text:
        raise InvalidConditionError("Fill in what to compare with.", field="condition")
    if row.field in NUMBER_FIELDS:
        if not _NUMBER.fullmatch(text):
            raise InvalidConditionError(f"“{text:.40}” is no whole number.", field="condition")
        return int(text)
    if row.field in FLAG_FIELDS:
        return text.lower() in {"yes", "true", "1"}
    if row.field in LIST_FIELDS or row.operator in {"in", "not in"}:
        return list(dict.fromkeys(item.strip() for item in text.split(",") if item.strip()))
    return text


def _row_of(part: object) -> ConditionRow | None:
    match part:
        case {"field": str() as field, "is": str() as operator, "value": value, **rest} if not rest:
            if field not in FIELDS or operator not in operators_of(field):
                return None
            if isinstance(value, bool):
                return ConditionRow(field, operator, "yes" if value else "no")
            if isinstance(value, list):
                texts = [str(item) for item in value]
                # A comma inside a value would read as two values.
                return (
                    None
                    if any("," in item for item in texts)
                    else ConditionRow(field, operator, ", ".join(texts))
                )
            return ConditionRow(field, operator, str(value))
    return None
