"""Conditions as rows of a form: there and back, in words, and the error beside the row that it is about."""

from __future__ import annotations

from typing import Any

import pytest

from engagement.rules.condition_rows import (
    ConditionRow,
    ConditionRows,
    InvalidConditionRowsError,
    build_form,
    rows_of,
)
from engagement.rules.condition_words import FIELD_WORDS, condition_text, operators_of
from engagement.rules.conditions import FIELDS, compile_condition
from engagement.rules.errors import InvalidConditionError

LENGTH = ConditionRow("length", ">=", "20")
LEVEL = ConditionRow("level", "<", "5")
FORMS: list[Any] = [
    {"field": "length", "is": ">=", "value": 20},
    {"all": [{"field": "length", "is": ">=", "value": 20}, {"field": "thread", "is": "==", "value": False}]},
    {
        "any": [
            {"field": "roles", "is": "none of", "value": ["1", "2"]},
            {"field": "emoji", "is": "==", "value": "👍"},
        ]
    },
    {"all": [{"field": "weekday", "is": "==", "value": 6}, {"field": "channel", "is": "in", "value": ["7"]}]},
]


@pytest.mark.parametrize("form", FORMS)
def test_what_rows_can_say_comes_back_as_it_was(form: Any) -> None:
    assert build_form(rows_of(form)) == form


def test_nothing_asked_is_no_condition() -> None:
    assert build_form(ConditionRows()) is None
    assert rows_of(None) == ConditionRows()


def test_rows_are_joined_by_all_or_any() -> None:
    assert build_form(ConditionRows((LENGTH, LEVEL), "any")) == {
        "any": [{"field": "length", "is": ">=", "value": 20}, {"field": "level", "is": "<", "value": 5}]
    }


@pytest.mark.parametrize(
    "form",
    [
        {"not": {"field": "level", "is": "==", "value": 3}},
        {"all": [{"any": [FORMS[0]]}]},
        {"expression": "length > 3 || level > 2"},
        {"field": "emoji", "is": "in", "value": ["a,b"]},
        {"all": [FORMS[0]] * 13},
    ],
)
def test_what_rows_cannot_say_is_shown_as_its_expression(form: Any) -> None:
    shown = rows_of(form)

    assert shown.rows == ()
    assert shown.expression == compile_condition(form).text
    again = build_form(shown)
    assert compile_condition(again).text == shown.expression


@pytest.mark.parametrize(
    ("row", "part"),
    [
        (ConditionRow("length", ">=", "many"), "no whole number"),
        (ConditionRow("length", ">=", ""), "Fill in"),
        (ConditionRow("length", "in", "3"), "Choose how"),
        (ConditionRow("height", "==", "3"), "Choose what"),
        (ConditionRow("roles", "any of", " , "), "1 to 100 entries"),
        (ConditionRow("emoji", "==", "x" * 201), "at most 200"),
        (ConditionRow("level", "==", "9" * 5000), "no whole number"),
    ],
)
def test_the_error_stands_beside_its_row(row: ConditionRow, part: str) -> None:
    with pytest.raises(InvalidConditionRowsError) as caught:
        build_form(ConditionRows((LENGTH, row)))

    assert list(caught.value.rows) == [1]
    assert part in caught.value.rows[1]


def test_every_wrong_row_is_told_at_once() -> None:
    wrong = ConditionRow("level", "==", "x")
    with pytest.raises(InvalidConditionRowsError) as caught:
        build_form(ConditionRows((wrong, LENGTH, wrong)))
    assert sorted(caught.value.rows) == [0, 2]


def test_too_many_rows_and_a_bad_expression_are_refused() -> None:
    with pytest.raises(InvalidConditionError):
        build_form(ConditionRows((LENGTH,) * 13))
    with pytest.raises(InvalidConditionError):
        build_form(ConditionRows(expression="length >"))


def test_a_value_cannot_end_its_text() -> None:
    form = build_form(ConditionRows((ConditionRow("emoji", "==", "' || true || '<script>\u202e"),)))
    assert compile_condition(form).refusal({"emoji": "a"}) == "the condition does not hold"


def test_words_name_what_they_can() -> None:
    form = {
        "all": [FORMS[0], {"any": [{"field": "channel", "is": "in", "value": ["7", "8"]}, {"not": FORMS[0]}]}]
    }
    assert condition_text(form, {"7": "#help"}) == (
        "the message's length is at least 20 and (the channel is one of #help, “8” or "
        "not (the message's length is at least 20))"
    )
    assert condition_text({"field": "weekday", "is": "==", "value": 0}) == "the day of the week is Monday"
    assert condition_text({"field": "thread", "is": "==", "value": False}) == "not: it is inside a thread"
    assert condition_text({"expression": "true"}) == "the expression “true” holds"
    assert condition_text({"odd": 1}) == "a condition holds"


def test_every_field_has_words_and_operators() -> None:
    assert set(FIELD_WORDS) == FIELDS
    for field in FIELDS:
        assert operators_of(field)
