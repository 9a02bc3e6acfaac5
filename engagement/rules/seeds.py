"""The rules a new community starts with: what people know from other bots (15–25 points a message, once a minute)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple


class RuleSeed(NamedTuple):
    """A rule as a new community gets it."""

    key: str
    name: str
    definition: Mapping[str, Any]
    enabled: bool = True


_DEFAULTS: Final[tuple[tuple[str, str, dict[str, Any], bool], ...]] = (
    (
        "message",
        "Messages",
        {"triggers": ["message", "reply"], "amount": {"from": 15, "to": 25}, "cooldown_seconds": 60},
        True,
    ),
    (
        "reply",
        "Helping others",
        {"triggers": ["reply"], "amount": 5, "cooldown_seconds": 60, "daily_count_cap": 20},
        True,
    ),
    ("thread", "Starting a thread", {"triggers": ["thread"], "amount": 20, "daily_count_cap": 3}, True),
    (
        "reaction_given",
        "Reacting",
        {"triggers": ["reaction_given"], "amount": 1, "daily_points_cap": 10},
        True,
    ),
    (
        "reaction_received",
        "Being reacted to",
        {"triggers": ["reaction_received"], "amount": 2, "daily_points_cap": 40},
        True,
    ),
    ("voice", "Voice chat", {"triggers": ["voice_minute"], "amount": 2, "daily_points_cap": 240}, True),
    ("joined", "Welcome", {"triggers": ["joined"], "amount": 50, "cooldown_seconds": 3_650 * 86_400}, True),
    ("daily_bonus", "First of the day", {"triggers": ["daily_bonus"], "amount": 30}, True),
)
DEFAULT_RULES: Final = tuple(RuleSeed(*row) for row in _DEFAULTS)
