"""What a rule says, checked: the JSON of a rule version and its typed form.

    {"triggers": ["message", "reply"],          activity types, also a program's own such as "lesson.completed";
                                                or ["daily_bonus"]
     "amount": 20 | {"from": 15, "to": 25},     points, before the multiplier
     "multiplier_percent": 100,
     "cooldown_seconds": 60,                    no two awards of the rule to one member nearer than this
     "daily_count_cap": 10, "daily_points_cap": 100,                       per member and local day
     "channels_in": [], "channels_out": [], "categories_in": [], "categories_out": [],  ids, as strings;
     "roles_in": [], "roles_out": [],                               a thread counts as its parent channel
     "min_level": 0, "min_membership_days": 0,
     "condition": null}                         see conditions.py

Only triggers and amount are required.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import Any, Final

from .conditions import compile_condition
from .errors import InvalidRuleError

DAILY_BONUS: Final = "daily_bonus"
# The types that can earn. Leaving, deleting and changing a role are facts, not deeds.
EARNING_TYPES: Final = (
    "message",
    "reply",
    "thread",
    "reaction_given",
    "reaction_received",
    "voice_minute",
    "joined",
)
NEVER_EARNING: Final = frozenset(
    {"left", "message_deleted", "reaction_removed", "reactions_cleared", "member_updated"}
)
TRIGGERS: Final = frozenset({*EARNING_TYPES, DAILY_BONUS})
MAX_TRIGGERS: Final = 20
MAX_TYPE: Final = 40
# A type of a community's own programs: small words, joined by dots, dashes or underscores.
_OWN_TYPE: Final = re.compile(r"[a-z][a-z0-9]*(?:[._-][a-z0-9]+)*")
MAX_AMOUNT: Final = 1_000_000
MAX_IDS: Final = 200
_ID_LISTS: Final = (
    "channels_in",
    "channels_out",
    "categories_in",
    "categories_out",
    "roles_in",
    "roles_out",
)


@dataclass(frozen=True, slots=True)
class Definition:
    triggers: tuple[str, ...]
    low: int
    high: int
    multiplier_percent: int = 100
    cooldown_seconds: int = 0
    daily_count_cap: int | None = None
    daily_points_cap: int | None = None
    channels_in: frozenset[str] = frozenset()
    channels_out: frozenset[str] = frozenset()
    categories_in: frozenset[str] = frozenset()
    categories_out: frozenset[str] = frozenset()
    roles_in: frozenset[str] = frozenset()
    roles_out: frozenset[str] = frozenset()
    min_level: int = 0
    min_membership_days: int = 0
    condition: object = None

    @property
    def is_daily_bonus(self) -> bool:
        return self.triggers == (DAILY_BONUS,)


KEYS: Final = frozenset(field.name for field in fields(Definition)) - {"low", "high"} | {"amount"}


def is_trigger(name: object) -> bool:
    """Whether a rule may reward that: what Discord tells of as a deed, the daily bonus, or a program's own type."""
    if not isinstance(name, str) or name in NEVER_EARNING:
        return False
    return name in TRIGGERS or (len(name) <= MAX_TYPE and _OWN_TYPE.fullmatch(name) is not None)


def parse_definition(data: object) -> Definition:
    """The typed form of a definition. Raises InvalidRuleError, whose `field` names the part that is wrong."""
    if not isinstance(data, dict):
        raise InvalidRuleError("A rule's definition is an object.", field="definition")
    unknown = sorted(str(key) for key in data.keys() - KEYS)
    if unknown:
        raise InvalidRuleError(
            f"A rule has no {unknown[0]!r}. It has: {', '.join(sorted(KEYS))}.", field=unknown[0]
        )
    low, high = _amount(data.get("amount"))
    if data.get("condition") is not None:
        compile_condition(data["condition"])
    return Definition(
        triggers=_triggers(data.get("triggers")),
        low=low,
        high=high,
        multiplier_percent=_number(data, "multiplier_percent", 100, low=1, high=1_000),
        cooldown_seconds=_number(data, "cooldown_seconds", 0, low=0, high=3_650 * 86_400),
        daily_count_cap=_cap(data, "daily_count_cap"),
        daily_points_cap=_cap(data, "daily_points_cap"),
        min_level=_number(data, "min_level", 0, low=0, high=1_000),
        min_membership_days=_number(data, "min_membership_days", 0, low=0, high=3_650),
        condition=data.get("condition"),
        **{name: _ids(data, name) for name in _ID_LISTS},
    )


def _triggers(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not 0 < len(value) <= MAX_TRIGGERS or not all(map(is_trigger, value)):
        raise InvalidRuleError(
            f"Choose what the rule rewards: at most {MAX_TRIGGERS} of {', '.join((*EARNING_TYPES, DAILY_BONUS))}, or types of "
            f"your own programs, in small letters with dots, dashes or underscores, at most {MAX_TYPE} long, such as "
            "lesson.completed.",
            field="triggers",
        )
    chosen = tuple(dict.fromkeys(value))
    if DAILY_BONUS in chosen and len(chosen) > 1:
        raise InvalidRuleError("The daily bonus stands in a rule of its own.", field="triggers")
    return chosen


def _amount(value: object) -> tuple[int, int]:
    match value:
        case bool():
            pass
        case int() as points if 1 <= points <= MAX_AMOUNT:
            return points, points
        case {"from": int() as low, "to": int() as high, **rest} if not rest:
            if type(low) is int and type(high) is int and 1 <= low <= high <= MAX_AMOUNT:
                return low, high
    raise InvalidRuleError(
        f"The amount is {value!r:.80}. Give 1 to {MAX_AMOUNT} points, or a range whose “from” is not above its “to”.",
        field="amount",
    )


def _number(data: dict[str, Any], name: str, default: int, *, low: int, high: int) -> int:
    value = data.get(name)
    if value is None:
        return default
    if type(value) is not int or not low <= value <= high:
        raise InvalidRuleError(
            f"{name} is {value!r:.80}. Give a whole number from {low} to {high}.", field=name
        )
    return value


def _cap(data: dict[str, Any], name: str) -> int | None:
    return _number(data, name, 0, low=1, high=MAX_AMOUNT) or None


def _ids(data: dict[str, Any], name: str) -> frozenset[str]:
    value = data.get(name)
    if value is None:
        return frozenset()
    if (
        not isinstance(value, list)
        or len(value) > MAX_IDS
        or not all(isinstance(item, str) and 0 < len(item) <= 40 for item in value)
    ):
        raise InvalidRuleError(
            f"{name} is a list of at most {MAX_IDS} ids, as texts; got {value!r:.80}.", field=name
        )
    return frozenset(value)
