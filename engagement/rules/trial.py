"""One made-up activity held against a rule: what it would earn, or why nothing. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from saas.core.days import DAY_MS

from .definition import parse_definition
from .evaluation import MemberState, Refusal, evaluate
from .ruleset import RuleRow, RulesSettings, compile_rules

_RULE: Final = 1
# What a daily bonus needs: something else that is rewarded on that day.
_ANY_DEED: Final = {"triggers": ["message"], "amount": 1}


@dataclass(frozen=True, slots=True)
class Trial:
    """What somebody imagines: who does what, where and when. None where it is not known."""

    type: str = "message"
    channel_id: str = ""
    category_id: str = ""
    is_thread: bool = False
    length: int | None = None
    emoji: str = ""
    level: int = 0
    lifetime: int = 0
    role_ids: tuple[str, ...] = ()
    membership_days: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`points` from `low` to `high`; both 0 with a `reason` when nothing is earned."""

    low: int
    high: int
    reason: str = ""


def try_rule(
    definition: Mapping[str, Any], trial: Trial, *, settings: RulesSettings, now: datetime, timezone: str
) -> Verdict:
    """What the rule says to a first such activity at `now`: no cooldown is running and no cap is used up. Raises
    InvalidRuleError."""
    draft = parse_definition(definition)
    rows = [RuleRow(_RULE, _RULE, "draft", "", 0, True, definition)]
    type = trial.type
    if draft.is_daily_bonus:
        rows.append(RuleRow(_RULE + 1, _RULE + 1, "deed", "", 1, True, _ANY_DEED))
        type = "message"
    elif type not in draft.triggers:
        return Verdict(0, 0, "the rule does not reward that")
    notes: list[Refusal] = []
    activity = _Imagined(type, now, trial)
    effects = evaluate(
        activity, _state(trial, activity.occurred_ms, timezone), compile_rules(rows, settings), notes
    )
    effect = next((effect for effect in effects if effect.rule_id == _RULE), None)
    if effect is None:
        reason = next((note.reason for note in notes if note.rule_id == _RULE), "")
        return Verdict(0, 0, reason or "the place or the role is left out of earning altogether")
    percent, cap = draft.multiplier_percent, draft.daily_points_cap
    ends = [(base * percent + 50) // 100 for base in (draft.low, draft.high)]
    low, high = (end if cap is None else min(end, cap) for end in ends)
    return Verdict(low, high)


class _Imagined:
    """The trial as evaluation reads an activity."""

    def __init__(self, type: str, now: datetime, trial: Trial) -> None:
        self.source_id = "trial"
        self.type = type
        self.occurred_ms = int(now.timestamp() * 1000)
        known = {
            "channel": trial.channel_id,
            "category": trial.category_id,
            "parent": trial.channel_id if trial.is_thread else "",
            "emoji": trial.emoji,
            "length": trial.length,
            "thread": trial.is_thread,
            "roles": list(trial.role_ids),
        }
        self.attributes: dict[str, Any] = {
            name: value for name, value in known.items() if value not in (None, "")
        }


def _state(trial: Trial, at: int, timezone: str) -> MemberState:
    days = trial.membership_days
    return MemberState(
        member_id=0,
        joined_at_ms=None if days is None else at - days * DAY_MS - 60_000,
        level=trial.level,
        lifetime=trial.lifetime,
        timezone=timezone,
        role_ids=frozenset(trial.role_ids),
    )
