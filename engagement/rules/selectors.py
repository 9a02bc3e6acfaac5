"""Reads of rules: the compiled set that ingest runs, and the words in which a member is told how to earn."""

from __future__ import annotations

from dataclasses import dataclass

from .definition import DAILY_BONUS, Definition, parse_definition
from .errors import InvalidRuleError, RuleNotFoundError
from .freezing import keep_running, rules_allowed
from .models import Rule, RulesState, RuleVersion
from .ruleset import RuleRow, RuleSet, RulesSettings, compile_rules
from .words import amount_text, limit_texts, trigger_text


@dataclass(frozen=True, slots=True)
class WayToEarn:
    """A live rule in words. `activity_type` is its first trigger; channels and roles are ids, for the caller to name."""

    title: str
    amount_text: str
    limits: list[str]
    activity_type: str
    description: str
    channel_ids: list[str]
    role_ids: list[str]


def get_rules_version() -> int:
    """The number that every change to the tenant's rules raises; 0 where nothing was ever set."""
    return RulesState.objects.filter(pk=1).values_list("version", flat=True).first() or 0


def get_rules_settings() -> RulesSettings:
    """What holds for all rules of the tenant in hand; the defaults where nothing was ever set. One query."""
    state = RulesState.objects.filter(pk=1).first() or RulesState()
    return RulesSettings(
        version=state.version,
        reversal_seconds=state.reversal_seconds,
        excluded_channels=frozenset(state.excluded_channels),
        excluded_categories=frozenset(state.excluded_categories),
        excluded_roles=frozenset(state.excluded_roles),
    )


def load_rule_set() -> RuleSet:
    """The tenant's compiled rules, in two queries. Settings are read first: rules that change in between bump the version
    past the one read, so that a set is never newer in name than in content."""
    settings = get_rules_settings()
    return compile_rules(list_live_rows(), settings)


def get_rule(*, key: str) -> Rule:
    """Raises RuleNotFoundError."""
    rule = Rule.objects.select_related("latest").filter(key=key).first()
    if rule is None:
        raise RuleNotFoundError(f"There is no rule “{key}”. `/earn` lists the rules that exist.")
    return rule


def get_rule_by_id(*, rule_id: int) -> Rule:
    """Raises RuleNotFoundError."""
    rule = Rule.objects.select_related("latest").filter(pk=min(rule_id, 2**31 - 1)).first()
    if rule is None or rule.latest is None:
        raise RuleNotFoundError("There is no such rule in this community.")
    return rule


def list_rule_versions(*, key: str) -> list[RuleVersion]:
    """All versions of a rule, the newest first. Raises RuleNotFoundError."""
    return list(get_rule(key=key).versions.order_by("-number"))


def get_rule_version(*, key: str, number: int) -> RuleVersion:
    """Raises RuleNotFoundError."""
    version = RuleVersion.objects.filter(rule__key=key, number=number).first()
    if version is None:
        raise RuleNotFoundError(f"There is no version {number} of a rule “{key}” in this community.")
    return version


def list_rules(*, include_archived: bool = False) -> list[Rule]:
    """In the order in which they are judged, each with its latest version."""
    rules = Rule.objects.select_related("latest")
    return list(rules if include_archived else rules.filter(archived_at=None))


def list_ways_to_earn(*, language: str = "en") -> list[WayToEarn]:
    """The live rules in words, in their order. One query."""
    ways = []
    for row in list_live_rows():
        try:
            definition = parse_definition(row.definition)
        except InvalidRuleError:
            continue  # ingest leaves it out as well
        ways.append(_way(row.name, definition, language))
    return ways


def list_live_rows() -> list[RuleRow]:
    """The rules that are on and that the plan in force lets run, as `compile_rules` takes them. One query."""
    columns = ("id", "latest_id", "key", "name", "position", "enabled", "latest__definition")
    live = Rule.objects.filter(enabled=True, archived_at=None, latest__isnull=False)
    return keep_running([RuleRow(*row) for row in live.values_list(*columns)], rules_allowed())


def _way(name: str, definition: Definition, language: str) -> WayToEarn:
    return WayToEarn(
        title=name,
        amount_text=amount_text(definition, language),
        limits=limit_texts(definition, language),
        activity_type=DAILY_BONUS if definition.is_daily_bonus else definition.triggers[0],
        description=trigger_text(definition, language),
        channel_ids=sorted(definition.channels_in),
        role_ids=sorted(definition.roles_in),
    )
