"""Where, who and under which condition a rule holds."""

from __future__ import annotations

from typing import Any

import pytest

from engagement.rules.evaluation import MemberState, Refusal, evaluate

from .material import DAY, NOON, a_message, rule_set


def earns(definition: dict[str, Any], state: MemberState | None = None, **attributes: Any) -> bool:
    rules = rule_set({"triggers": ["message"], "amount": 5, **definition})
    assert not rules.problems
    return bool(evaluate(a_message(**attributes), state or MemberState(1), rules))


@pytest.mark.parametrize(
    ("definition", "attributes", "expected"),
    [
        ({"channels_in": ["1"]}, {"channel": "1"}, True),
        ({"channels_in": ["1"]}, {"channel": "2"}, False),
        ({"channels_in": ["1"]}, {}, False),
        ({"channels_in": ["1"]}, {"channel": "9", "parent": "1", "thread": True}, True),
        ({"channels_out": ["1"]}, {"channel": "1"}, False),
        ({"channels_out": ["1"]}, {"channel": "9", "parent": "1", "thread": True}, False),
        ({"channels_out": ["1"]}, {"channel": "2"}, True),
        ({"categories_in": ["c"]}, {"channel": "1", "category": "c"}, True),
        ({"categories_in": ["c"]}, {"channel": "1"}, False),
        ({"categories_out": ["c"]}, {"channel": "1", "category": "c"}, False),
        ({"roles_in": ["r"]}, {"roles": ["r", "s"]}, True),
        ({"roles_in": ["r"]}, {"roles": ["s"]}, False),
        ({"roles_out": ["r"]}, {"roles": ["r", "s"]}, False),
        ({"roles_out": ["r"]}, {"roles": []}, True),
    ],
)
def test_places_and_roles(definition: dict[str, Any], attributes: dict[str, Any], expected: bool) -> None:
    assert earns(definition, **attributes) is expected


def test_the_members_stored_roles_count_when_the_activity_tells_none() -> None:
    member = MemberState(1, role_ids=frozenset({"r"}))

    assert earns({"roles_in": ["r"]}, member)
    assert not earns({"roles_in": ["r"]}, member, roles=["other"])


def test_level_and_membership_age() -> None:
    assert earns({"min_level": 3}, MemberState(1, level=3))
    assert not earns({"min_level": 3}, MemberState(1, level=2))
    assert earns({"min_membership_days": 7}, MemberState(1, joined_at_ms=NOON - 7 * DAY))
    assert not earns({"min_membership_days": 7}, MemberState(1, joined_at_ms=NOON - 7 * DAY + 1))
    assert not earns({"min_membership_days": 7}, MemberState(1, joined_at_ms=None))


@pytest.mark.parametrize(
    "attributes", [{"channel": "1"}, {"channel": "8", "parent": "1"}, {"category": "c"}, {"roles": ["r"]}]
)
def test_what_the_community_excludes_earns_nothing_by_any_rule(attributes: dict[str, Any]) -> None:
    rules = rule_set(
        {"triggers": ["message"], "amount": 5},
        excluded_channels=frozenset({"1"}),
        excluded_categories=frozenset({"c"}),
        excluded_roles=frozenset({"r"}),
    )

    assert evaluate(a_message(**attributes), MemberState(1), rules) == []
    assert evaluate(a_message(channel="2"), MemberState(1), rules) != []


def test_a_condition_holds_or_not() -> None:
    long_enough = {"condition": {"field": "length", "is": ">=", "value": 20}}

    assert earns(long_enough, length=20)
    assert not earns(long_enough, length=19)


def test_a_condition_on_what_the_activity_does_not_carry_says_so() -> None:
    rules = rule_set(
        {"triggers": ["message"], "amount": 5, "condition": {"field": "length", "is": ">", "value": 1}}
    )
    notes: list[Refusal] = []

    assert evaluate(a_message(), MemberState(1), rules, notes) == []
    assert notes == [Refusal(1, 101, "the condition needs length, which this activity does not carry")]


def test_a_condition_that_fails_awards_nothing_and_is_marked_as_a_fault() -> None:
    rules = rule_set(
        {"triggers": ["message"], "amount": 5, "condition": {"expression": "length / (length - 5) > 0"}},
        {"triggers": ["message"], "amount": 3},
    )
    notes: list[Refusal] = []

    assert [e.amount for e in evaluate(a_message(length=5), MemberState(1), rules, notes)] == [3]
    assert notes[0].is_fault


def test_a_stored_rule_that_no_longer_compiles_is_left_out_and_named() -> None:
    rules = rule_set({"triggers": ["left"], "amount": 5}, {"triggers": ["message"], "amount": 3})

    assert [e.amount for e in evaluate(a_message(), MemberState(1), rules)] == [3]
    assert rules.problems[0].startswith("Rule “Rule 1” is left out:")
