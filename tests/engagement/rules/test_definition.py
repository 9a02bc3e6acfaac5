"""Definitions: what is taken, what is refused and which part the error names; rules in words."""

from __future__ import annotations

from typing import Any

import pytest

from engagement.activity.messages import TYPES
from engagement.rules.definition import EARNING_TYPES, NEVER_EARNING, parse_definition
from engagement.rules.errors import InvalidRuleError
from engagement.rules.seeds import DEFAULT_RULES
from engagement.rules.words import amount_text, limit_texts, rule_text, trigger_text

GOOD = {"triggers": ["message"], "amount": 5}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"triggers": []}, "triggers"),
        ({"triggers": "message"}, "triggers"),
        ({"triggers": ["left"]}, "triggers"),
        ({"triggers": [["message"]]}, "triggers"),
        ({"triggers": ["message", "daily_bonus"]}, "triggers"),
        ({"amount": 0}, "amount"),
        ({"amount": -5}, "amount"),
        ({"amount": True}, "amount"),
        ({"amount": 1.5}, "amount"),
        ({"amount": 1_000_001}, "amount"),
        ({"amount": {"from": 5, "to": 4}}, "amount"),
        ({"amount": {"from": 1}}, "amount"),
        ({"amount": {"from": True, "to": 4}}, "amount"),
        ({"multiplier_percent": 0}, "multiplier_percent"),
        ({"cooldown_seconds": -1}, "cooldown_seconds"),
        ({"cooldown_seconds": "60"}, "cooldown_seconds"),
        ({"daily_count_cap": 0}, "daily_count_cap"),
        ({"daily_points_cap": 0}, "daily_points_cap"),
        ({"channels_in": "1"}, "channels_in"),
        ({"channels_out": [1]}, "channels_out"),
        ({"roles_in": ["x"] * 201}, "roles_in"),
        ({"min_level": 1001}, "min_level"),
        ({"min_membership_days": -1}, "min_membership_days"),
        ({"condition": "length > 1"}, "condition"),
        ({"bonus": 1}, "bonus"),
    ],
)
def test_the_error_names_the_part_that_is_wrong(change: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRuleError) as caught:
        parse_definition({**GOOD, **change})

    assert caught.value.field == field


@pytest.mark.parametrize("data", [None, [], "message", 5])
def test_a_definition_is_an_object(data: Any) -> None:
    with pytest.raises(InvalidRuleError):
        parse_definition(data)


def test_every_earning_type_is_a_type_of_the_stream() -> None:
    assert set(EARNING_TYPES) <= TYPES


@pytest.mark.parametrize(
    ("key", "definition"), [(key, definition) for key, _, definition, _ in DEFAULT_RULES]
)
def test_the_default_rules_are_good_and_can_be_said_in_words(key: str, definition: dict[str, Any]) -> None:
    parsed = parse_definition(definition)

    assert trigger_text(parsed)[0].isupper()
    assert amount_text(parsed)


def test_a_rule_in_words() -> None:
    rule = parse_definition(
        {
            "triggers": ["message", "reply"],
            "amount": {"from": 15, "to": 25},
            "multiplier_percent": 200,
            "cooldown_seconds": 90,
            "daily_count_cap": 1000,
            "min_membership_days": 2,
            "roles_out": ["1"],
        }
    )

    assert trigger_text(rule) == "Write a message or answer somebody's message"
    assert amount_text(rule) == "30–50"
    assert limit_texts(rule) == [
        "once every 90 seconds",
        "up to 1,000 times a day",
        "after 2 days here",
        "not with certain roles",
    ]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (60, "once every minute"),
        (7200, "once every 2 hours"),
        (86_400, "once every day"),
        (3650 * 86_400, "only once"),
    ],
)
def test_cooldowns_in_words(seconds: int, text: str) -> None:
    assert limit_texts(parse_definition({**GOOD, "cooldown_seconds": seconds})) == [text]


@pytest.mark.parametrize("name", ["lesson.completed", "purchase", "video_watched", "a-b.c1"])
def test_a_programs_own_types_can_earn(name: str) -> None:
    definition = parse_definition({**GOOD, "triggers": ["message", name]})

    assert definition.triggers == ("message", name)
    assert "reported by a connected program" in trigger_text(definition)


@pytest.mark.parametrize(
    "name", ["Lesson", "lesson completed", ".a", "a.", "a..b", "é", "1a", "a" * 41, "", "a\n"]
)
def test_a_name_that_is_no_type_is_refused(name: str) -> None:
    with pytest.raises(InvalidRuleError):
        parse_definition({**GOOD, "triggers": [name]})


def test_what_is_no_deed_never_earns() -> None:
    assert set(EARNING_TYPES) | NEVER_EARNING >= TYPES
    for name in NEVER_EARNING:
        with pytest.raises(InvalidRuleError):
            parse_definition({**GOOD, "triggers": [name]})


def test_a_rule_in_one_sentence() -> None:
    definition = parse_definition(
        {
            **GOOD,
            "amount": {"from": 15, "to": 25},
            "cooldown_seconds": 60,
            "condition": {
                "field": "channel",
                "is": "in",
                "value": ["123456789012345678", "123456789012345679"],
            },
        }
    )
    assert rule_text(definition, "coins") == (
        "Write a message: 15–25 coins, once every minute, when the channel is one of those chosen."
    )
    assert rule_text(parse_definition({"triggers": ["voice_minute"], "amount": 1}), "points") == (
        "Talk in a voice channel, not alone and not muted: 1 point a minute."
    )
