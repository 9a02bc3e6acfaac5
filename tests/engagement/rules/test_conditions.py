"""Conditions: the form, what is refused, and that no text breaks out of its quotes."""

from __future__ import annotations

import contextlib
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engagement.rules.conditions import FIELDS, compile_condition
from engagement.rules.errors import InvalidConditionError
from engagement.rules.evaluation import _READERS, MemberState, evaluate

from .material import DAY, NOON, a_message, rule_set


@pytest.mark.parametrize(
    ("form", "values", "expected"),
    [
        ({"field": "channel", "is": "in", "value": ["1", "2"]}, {"channel": "2"}, True),
        ({"field": "channel", "is": "not in", "value": ["1", "2"]}, {"channel": "2"}, False),
        ({"field": "emoji", "is": "==", "value": "👍'\\"}, {"emoji": "👍'\\"}, True),
        ({"field": "emoji", "is": "!=", "value": "👍"}, {"emoji": "👍"}, False),
        ({"field": "thread", "is": "==", "value": False}, {"thread": False}, True),
        ({"field": "roles", "is": "any of", "value": ["a", "b"]}, {"roles": ["b"]}, True),
        ({"field": "roles", "is": "all of", "value": ["a", "b"]}, {"roles": ["b"]}, False),
        ({"field": "roles", "is": "none of", "value": ["a", "b"]}, {"roles": ["c"]}, True),
        (
            {
                "all": [
                    {"field": "hour", "is": ">=", "value": 9},
                    {"not": {"field": "weekday", "is": ">", "value": 4}},
                ]
            },
            {"hour": 9, "weekday": 4},
            True,
        ),
        (
            {
                "any": [
                    {"field": "level", "is": ">", "value": 9},
                    {"field": "lifetime", "is": "<", "value": 5},
                ]
            },
            {"level": 9, "lifetime": 5},
            False,
        ),
        ({"expression": "roles.exists(r, r.startsWith('a'))"}, {"roles": ["ab"]}, True),
    ],
)
def test_a_form_means_what_it_says(form: Any, values: dict[str, Any], expected: bool) -> None:
    condition = compile_condition(form)

    assert condition.names == tuple(sorted(values))
    assert (condition.refusal(values) is None) is expected


@pytest.mark.parametrize(
    "form",
    [
        None,
        [],
        {},
        {"all": []},
        {"all": [{"any": "x"}]},
        {"field": "password", "is": "==", "value": "x"},
        {"field": "length", "is": ">=", "value": "20"},
        {"field": "length", "is": ">=", "value": True},
        {"field": "length", "is": "matches", "value": 1},
        {"field": "channel", "is": "in", "value": []},
        {"field": "channel", "is": "in", "value": [1]},
        {"field": "channel", "is": "in", "value": ["x"] * 101},
        {"field": "channel", "is": "==", "value": "x" * 201},
        {"field": "roles", "is": "==", "value": "x"},
        {"field": "thread", "is": "==", "value": "yes"},
        {"field": "length", "is": ">=", "value": 1, "extra": 1},
        {"not": {"not": {"not": {"not": {"not": {"field": "length", "is": ">", "value": 1}}}}}},
        {"all": [{"field": "length", "is": ">", "value": 1}] * 51},
        {"expression": ""},
        {"expression": "length >"},
        {"expression": "true) || (true"},
        {"expression": "unknown_name == 1"},
        {"expression": "length"},
        {"expression": "length > 'a'"},
        {"expression": "true // && false"},
        {"expression": "1 == 1 && " * 300 + "true"},
        {"expression": "[1,2].map(x, [1,2].map(y, x * y)) == []"},
        {"expression": "[1,2].exists(x, [1,2] . all (y, x == y))"},
        {"expression": "[1,2].exists(x, ')' == '' && [1,2].all(y, x == y))"},
    ],
)
def test_what_is_refused(form: Any) -> None:
    with pytest.raises(InvalidConditionError):
        compile_condition(form)


def test_comprehensions_one_after_the_other_are_fine() -> None:
    compile_condition({"expression": "roles.all(r, r != 'x') && roles.filter(r, r == 'y').all(s, s == 'y')"})


@given(st.text(max_size=60))
def test_no_text_breaks_out_of_its_quotes(text: str) -> None:
    condition = compile_condition({"field": "emoji", "is": "==", "value": text})

    assert condition.refusal({"emoji": text}) is None
    assert condition.refusal({"emoji": text + "x"}) is not None


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["all", "any", "not", "field", "is", "value", "expression"]), inner
            )
        ),
        max_leaves=12,
    )
)
def test_any_json_compiles_or_is_refused_with_a_reason(form: Any) -> None:
    with contextlib.suppress(InvalidConditionError):
        compile_condition(form)


def test_the_largest_lists_allowed_are_quick() -> None:
    deep = {"expression": "roles.exists(r, roles.size() < 0 || r == 'x')"}
    condition = compile_condition(deep)
    started = time.process_time()
    condition.refusal({"roles": [str(n) for n in range(250)]})  # Discord's limit of roles

    assert time.process_time() - started < 0.1


def test_every_field_can_be_read() -> None:
    assert set(_READERS) == FIELDS
    rules = rule_set(
        {
            "triggers": ["message"],
            "amount": 5,
            "condition": {
                "expression": "type == 'message' && channel == '1' && category == '2' && parent == '3' && emoji == ''"
                " && length == 4 && level == 5 && lifetime == 6 && membership_days == 7 && hour == 14 && weekday == 4"
                " && thread && 'r' in roles"
            },
        }
    )
    state = MemberState(1, joined_at_ms=NOON - 7 * DAY, level=5, lifetime=6, timezone="Europe/Berlin")
    activity = a_message(channel="1", category="2", parent="3", length=4, thread=True, roles=["r"])

    assert len(evaluate(activity, state, rules)) == 1
