"""Activities and rules for the tests of this folder."""

from __future__ import annotations

from typing import Any

from engagement.activity.messages import Activity
from engagement.rules.evaluation import Effect, MemberState, apply_usage, evaluate
from engagement.rules.ruleset import RuleRow, RuleSet, RulesSettings, compile_rules

NOON = 1_760_097_600_000  # 2025-10-10 12:00 UTC, a Friday
MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def a_message(number: int = 1, *, at: int = NOON, type: str = "message", **attributes: Any) -> Activity:
    return Activity(f"discord:{type}:{number}", "discord:77", "discord:5", type, at, attributes)


def rule_set(*definitions: dict[str, Any], **settings: Any) -> RuleSet:
    """Rules 1, 2, … with versions 101, 102, …"""
    rows = [
        RuleRow(number, 100 + number, f"rule{number}", f"Rule {number}", number, True, definition)
        for number, definition in enumerate(definitions, 1)
    ]
    return compile_rules(rows, RulesSettings(**settings))


def judge(activity: Activity, state: MemberState, rules: RuleSet) -> list[Effect]:
    """Evaluate and move on, as ingest does."""
    effects = evaluate(activity, state, rules)
    apply_usage(state, activity, effects)
    return effects


def amounts(activities: list[Activity], state: MemberState, rules: RuleSet) -> list[int]:
    return [sum(effect.amount for effect in judge(activity, state, rules)) for activity in activities]
