"""A pack tried out before it is applied: what a typical day gives, how long the levels take. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from engagement.levels.curves import LevelCurve, build_curve
from engagement.rewards.kinds import get_kind
from engagement.rules.definition import parse_definition
from engagement.rules.evaluation import MemberState, apply_usage, evaluate
from engagement.rules.ruleset import RuleRow, RulesSettings, compile_rules
from engagement.rules.words import amount_text, limit_texts, trigger_text
from engagement.submissions.ready_made.parts import Template
from engagement.submissions.scoring import most_points
from engagement.submissions.templates import TEMPLATES, form_of_template

from .packs import Pack, RewardIdea

_MINUTE: Final = 60_000
_MORNING: Final = 1_767_600_000_000  # some day at 08:00 UTC; which one changes nothing
_FAR: Final = 3_650


@dataclass(frozen=True, slots=True)
class RuleLine:
    name: str
    deed: str
    amount: str
    limits: list[str]
    day_points: int
    day_awards: int


@dataclass(frozen=True, slots=True)
class LevelLine:
    """A level with a name. `days` of typical activity lead there."""

    level: int
    name: str
    points: int
    days: int
    role: str


@dataclass(frozen=True, slots=True)
class RewardLine:
    """A reward to begin with. `days` of typical activity pay for it. `how` is its kind, in words."""

    name: str
    description: str
    how: str
    price: int
    days: int


@dataclass(frozen=True, slots=True)
class HandingLine:
    """What can be handed in, and what it gives at most."""

    name: str
    description: str
    points: int


@dataclass(frozen=True, slots=True)
class DayPreview:
    """A typical member's day: what they do, and what each rule gives for it; what they can get and hand in."""

    rules: list[RuleLine]
    total: int
    deeds: int
    levels: list[LevelLine]
    rewards: list[RewardLine]
    handing: list[HandingLine]


@dataclass(slots=True)
class _Deed:
    source_id: str
    type: str
    occurred_ms: int
    attributes: dict[str, object]


def preview_pack(pack: Pack) -> DayPreview:
    """What a member gets who does what the pack calls a typical day."""
    rows = [
        RuleRow(number, number, rule.key, rule.name, number, rule.enabled, rule.definition)
        for number, rule in enumerate(pack.rules, 1)
    ]
    rules, state = compile_rules(rows, RulesSettings()), MemberState(member_id=1)
    curve = build_curve(pack.curve_kind, pack.curve_parameters)
    points: dict[int, int] = {}
    awards: dict[int, int] = {}
    deeds = list(_list_deeds(pack))
    for deed in deeds:
        effects = evaluate(deed, state, rules)
        apply_usage(state, deed, effects, curve.level_for)
        for effect in effects:
            points[effect.rule_id] = points.get(effect.rule_id, 0) + effect.amount
            awards[effect.rule_id] = awards.get(effect.rule_id, 0) + 1
    total = sum(points.values())
    lines = []
    for row in rows:
        definition = parse_definition(row.definition)
        lines.append(
            RuleLine(
                row.name,
                trigger_text(definition),
                amount_text(definition),
                limit_texts(definition),
                points.get(row.rule_id, 0),
                awards.get(row.rule_id, 0),
            )
        )
    return DayPreview(
        lines,
        total,
        len(deeds),
        _list_levels(pack, curve, total),
        [_reward_line(idea, total) for idea in pack.rewards],
        [_handing_line(TEMPLATES[key]) for key in pack.submissions],
    )


def _reward_line(idea: RewardIdea, total: int) -> RewardLine:
    about = str(idea.facts.get("description", ""))
    return RewardLine(idea.name, about, get_kind(idea.kind).title, idea.price, _days_for(idea.price, total))


def _handing_line(template: Template) -> HandingLine:
    return HandingLine(template.name, template.description, most_points(form_of_template(template)))


def _days_for(points: int, total: int) -> int:
    return min(_FAR, -(-points // total)) if total else _FAR


def _list_deeds(pack: Pack) -> Iterator[_Deed]:
    """In the order of the day."""
    deeds = [
        _Deed(f"day:{line.type}:{number}", line.type, _MORNING + number * line.minutes_apart * _MINUTE, {})
        for line in pack.day
        for number in range(line.times)
    ]
    yield from sorted(deeds, key=lambda deed: (deed.occurred_ms, deed.source_id))


def _list_levels(pack: Pack, curve: LevelCurve, total: int) -> list[LevelLine]:
    roles = {role.level: role.name for role in pack.level_roles}
    lines = []
    for level in sorted({*pack.level_names, *roles}):
        points = curve.floor_of(level)
        days = _days_for(points, total)
        lines.append(LevelLine(level, pack.level_names.get(level, ""), points, days, roles.get(level, "")))
    return lines
