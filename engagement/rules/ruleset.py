"""A tenant's live rules, compiled once per version and never changed: what `evaluate` runs through.

A stored definition that no longer compiles (say, after a release tightened a limit) is left out and named in
`problems`; the other rules go on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from .boosting import BoostTimeline
from .conditions import Condition, compile_condition
from .definition import Definition, parse_definition
from .errors import InvalidRuleError

DEFAULT_REVERSAL_SECONDS: Final = 7 * 86_400


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule with its latest version, as stored."""

    rule_id: int
    version_id: int
    key: str
    name: str
    position: int
    enabled: bool
    definition: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RulesSettings:
    """What holds for all rules of a tenant. `reversal_seconds`: how long a deletion takes points back."""

    version: int = 0
    reversal_seconds: int = DEFAULT_REVERSAL_SECONDS
    excluded_channels: frozenset[str] = frozenset()
    excluded_categories: frozenset[str] = frozenset()
    excluded_roles: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule with its questions answered beforehand, so that the hot path asks only those that matter."""

    rule_id: int
    version_id: int
    key: str  # the rule's key in a member's usage
    name: str
    definition: Definition
    condition: Condition | None
    is_daily: bool
    cooldown_ms: int
    has_filters: bool
    has_places: bool
    has_roles: bool
    counts_days: bool
    needs_usage: bool


@dataclass(frozen=True, slots=True)
class RuleSet:
    version: int
    settings: RulesSettings
    by_type: Mapping[str, tuple[CompiledRule, ...]]
    daily: tuple[CompiledRule, ...]
    excluded_channels: frozenset[str]
    excluded_categories: frozenset[str]
    excluded_roles: frozenset[str]
    has_exclusions: bool
    problems: tuple[str, ...] = field(default=())
    boosts: BoostTimeline | None = None

    @property
    def reversal_ms(self) -> int:
        return self.settings.reversal_seconds * 1000


def compile_rules(rows: Iterable[RuleRow], settings: RulesSettings) -> RuleSet:
    """Compile the enabled rules of `rows`, in their order (position, then id). Never raises for one bad rule."""
    by_type: dict[str, list[CompiledRule]] = {}
    daily: list[CompiledRule] = []
    problems: list[str] = []
    for row in sorted(rows, key=lambda row: (row.position, row.rule_id)):
        if not row.enabled:
            continue
        try:
            rule = compile_rule(row)
        except InvalidRuleError as error:
            problems.append(f"Rule “{row.name}” is left out: {error.message}")
            continue
        if rule.is_daily:
            daily.append(rule)
        else:
            for trigger in rule.definition.triggers:
                by_type.setdefault(trigger, []).append(rule)
    return RuleSet(
        version=settings.version,
        settings=settings,
        by_type={trigger: tuple(rules) for trigger, rules in by_type.items()},
        daily=tuple(daily),
        excluded_channels=settings.excluded_channels,
        excluded_categories=settings.excluded_categories,
        excluded_roles=settings.excluded_roles,
        has_exclusions=bool(
            settings.excluded_channels or settings.excluded_categories or settings.excluded_roles
        ),
        problems=tuple(problems),
    )


def compile_rule(row: RuleRow) -> CompiledRule:
    """One rule, ready to run. Raises InvalidRuleError."""
    definition = parse_definition(row.definition)
    condition = None if definition.condition is None else compile_condition(definition.condition)
    has_places = bool(
        definition.channels_in
        or definition.channels_out
        or definition.categories_in
        or definition.categories_out
    )
    has_roles = bool(definition.roles_in or definition.roles_out)
    counts_days = (
        definition.is_daily_bonus
        or definition.daily_count_cap is not None
        or definition.daily_points_cap is not None
    )
    return CompiledRule(
        rule_id=row.rule_id,
        version_id=row.version_id,
        key=str(row.rule_id),
        name=row.name,
        definition=definition,
        condition=condition,
        is_daily=definition.is_daily_bonus,
        cooldown_ms=definition.cooldown_seconds * 1000,
        has_filters=bool(
            has_places
            or has_roles
            or condition is not None
            or definition.min_level
            or definition.min_membership_days
        ),
        has_places=has_places,
        has_roles=has_roles,
        counts_days=counts_days,
        needs_usage=counts_days or definition.cooldown_seconds > 0,
    )
