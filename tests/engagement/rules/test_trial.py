"""One made-up activity held against a rule."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from engagement.rules.errors import InvalidRuleError
from engagement.rules.ruleset import RulesSettings
from engagement.rules.trial import Trial, Verdict, try_rule

NOW = datetime(2026, 11, 18, 11, tzinfo=UTC)  # a Wednesday
TALK = {"triggers": ["message"], "amount": {"from": 15, "to": 25}, "multiplier_percent": 200}


def verdict(definition: dict[str, Any], trial: Trial | None = None, **settings: Any) -> Verdict:
    return try_rule(
        definition, trial or Trial(), settings=RulesSettings(**settings), now=NOW, timezone="Europe/Berlin"
    )


def test_what_it_would_earn_with_the_range_and_the_multiplier() -> None:
    assert verdict(TALK) == Verdict(30, 50)
    assert verdict({**TALK, "daily_points_cap": 40}) == Verdict(30, 40)
    assert verdict({**TALK, "daily_points_cap": 10}) == Verdict(10, 10)
    assert verdict({"triggers": ["daily_bonus"], "amount": 30}) == Verdict(30, 30)


@pytest.mark.parametrize(
    ("change", "trial", "reason"),
    [
        ({}, Trial(type="reply"), "the rule does not reward that"),
        ({"min_level": 5}, Trial(level=4), "the member was below level 5"),
        ({"min_membership_days": 7}, Trial(), "it is not known since when the member is here"),
        ({"min_membership_days": 7}, Trial(membership_days=6), "the member was here for less than 7 days"),
        ({"channels_in": ["1"]}, Trial(channel_id="2"), "the channel is not one of the rule's"),
        (
            {"channels_out": ["1"]},
            Trial(channel_id="1", is_thread=True),
            "the channel is left out by the rule",
        ),
        ({"roles_out": ["1"]}, Trial(role_ids=("1",)), "the member had a role that the rule leaves out"),
        (
            {"condition": {"field": "length", "is": ">=", "value": 20}},
            Trial(),
            "the condition needs length, which this activity does not carry",
        ),
        ({"condition": {"field": "weekday", "is": "==", "value": 6}}, Trial(), "the condition does not hold"),
    ],
)
def test_why_nothing(change: dict[str, Any], trial: Trial, reason: str) -> None:
    assert verdict({**TALK, **change}, trial) == Verdict(0, 0, reason)


@pytest.mark.parametrize(
    ("change", "trial"),
    [
        ({"min_membership_days": 7}, Trial(membership_days=7)),
        ({"channels_in": ["1"]}, Trial(channel_id="1", is_thread=True)),
        ({"condition": {"field": "hour", "is": "==", "value": 12}}, Trial()),
        ({"condition": {"field": "length", "is": ">=", "value": 20}}, Trial(length=20)),
    ],
)
def test_why_something(change: dict[str, Any], trial: Trial) -> None:
    assert verdict({**TALK, **change}, trial) == Verdict(30, 50)


def test_what_is_left_out_for_all_rules_is_left_out_here() -> None:
    left_out = verdict(TALK, Trial(channel_id="9"), excluded_channels=frozenset({"9"}))
    assert (left_out.high, left_out.reason) == (0, "the place or the role is left out of earning altogether")


def test_a_programs_own_type_can_be_tried() -> None:
    assert verdict(
        {"triggers": ["lesson.completed"], "amount": 5}, Trial(type="lesson.completed")
    ) == Verdict(5, 5)


def test_a_wrong_definition_is_refused() -> None:
    with pytest.raises(InvalidRuleError):
        verdict({"triggers": ["message"], "amount": 0})
