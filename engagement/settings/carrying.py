"""A community's settings as plain data that can be carried to another, and what they would change there. Reads only.

Invariants: nothing that is carried names a channel, a role or a person of the server it comes from, because none of them exists
anywhere else; each of the two communities is read by a function of its own, inside its own schema.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from engagement.commands.models import CommandSetting
from engagement.commands.selectors import EVERY_COMMAND
from engagement.levels.selectors import get_curve_choice, list_level_names
from engagement.notifications.selectors import get_notification_settings
from engagement.rules.conditions import compile_condition
from engagement.rules.definition import parse_definition
from engagement.rules.differences import describe_differences
from engagement.rules.errors import InvalidRuleError
from engagement.rules.models import Rule
from engagement.rules.selectors import get_rules_settings
from engagement.standings.models import StandingsState
from saas.core.crypto import digest_of
from tenants.community import FIELD_NAMES, get_facts
from tenants.context import TenantContext, enter_tenant

ADD: Final = "add"
CHANGE: Final = "change"
KEEP: Final = "keep"
# Part → (name, what it is, the permission that changing it asks for). In the order in which they are shown and written.
PARTS: Final[Mapping[str, tuple[str, str, str]]] = {
    "look": ("Look and words", "Colour, emblem, language and what points are called.", "change_settings"),
    "rules": ("Rules", "Every way to earn, and for how long a deletion takes points back.", "change_rules"),
    "levels": ("Levels", "What each level costs and how it is called.", "change_levels"),
    "announcements": ("Announcements", "How level-ups are told, and in which words.", "change_announcements"),
    "boards": ("Boards", "Which leaderboards are offered.", "change_boards"),
    "commands": ("Bot commands", "Which commands answer, and how often.", "change_commands"),
}
LOOK_FIELDS: Final = ("colour", "emblem_url", "locale", "points_name")
_PLACE_FIELDS: Final = (
    "channels_in", "channels_out", "categories_in", "categories_out", "roles_in", "roles_out",
)  # fmt: skip
_PLACES: Final = frozenset({"channel", "category", "parent", "roles"})
_TOLD: Final = {"channel": "in a channel", "dm": "to the member alone", "off": "not at all"}


@dataclass(frozen=True, slots=True)
class CarriedRule:
    """`bound`: it names channels or roles of the server that it comes from, so it cannot be carried."""

    key: str
    name: str
    definition: Mapping[str, Any]
    enabled: bool
    bound: bool


@dataclass(frozen=True, slots=True)
class Carried:
    """Everything that can be carried out of one community."""

    tenant_id: int
    name: str
    look: Mapping[str, Any]
    rules: tuple[CarriedRule, ...]
    reversal_seconds: int
    curve: tuple[str, Mapping[str, Any]]
    level_names: Mapping[int, str]
    level_up: str
    text: str
    hidden_periods: tuple[str, ...]
    commands: Mapping[str, Mapping[str, Any]]  # command → uses, seconds, enabled


@dataclass(frozen=True, slots=True)
class CopyLine:
    """One thing that would change, or (`act` is keep) would not, and why. `before` and `after` are in words."""

    part: str
    act: str
    title: str
    before: str
    after: str


@dataclass(slots=True)
class CopyPlan:
    """What copying would do in the community in hand. Empty parts stay as they are."""

    carried: Carried
    parts: tuple[str, ...]
    lines: list[CopyLine] = field(default_factory=list)
    look: dict[str, Any] = field(default_factory=dict)
    add_rules: list[CarriedRule] = field(default_factory=list)
    change_rules: list[CarriedRule] = field(default_factory=list)
    switch_rules: list[CarriedRule] = field(default_factory=list)
    reversal_seconds: int | None = None
    curve: tuple[str, Mapping[str, Any]] | None = None
    level_names: dict[int, str] = field(default_factory=dict)  # an empty name goes
    announcements: tuple[str, str] | None = None
    hidden_periods: tuple[str, ...] | None = None
    commands: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def changes(self) -> list[CopyLine]:
        return [line for line in self.lines if line.act != KEEP]

    @property
    def digest(self) -> str:
        """The same for the same difference: what somebody confirmed is held against what stands by then."""
        return digest_of(
            repr([(line.part, line.act, line.title, line.before, line.after) for line in self.lines])
        )


def carry_settings(*, context: TenantContext) -> Carried:
    """Read everything that can be carried. Enters the tenant. A fixed number of queries."""
    with enter_tenant(context):
        kind, parameters, _ = get_curve_choice()
        told = get_notification_settings()
        return Carried(
            tenant_id=context.tenant_id,
            name=context.name,
            look={
                name: value
                for name, value in get_facts(tenant_id=context.tenant_id).items()
                if name in LOOK_FIELDS
            },
            rules=tuple(_carry_rule(rule) for rule in _list_rules()),
            reversal_seconds=get_rules_settings().reversal_seconds,
            curve=(kind, dict(parameters)),
            level_names=list_level_names(),
            level_up=told.level_up,
            text=told.text,
            hidden_periods=read_hidden_periods(),
            commands=read_commands(),
        )


def plan_copy(*, context: TenantContext, carried: Carried, parts: tuple[str, ...]) -> CopyPlan:
    """What copying these parts would change. Enters the tenant. A fixed number of queries."""
    plan = CopyPlan(carried, tuple(part for part in PARTS if part in parts))
    with enter_tenant(context):
        for part in plan.parts:
            _PLANNERS[part](plan, context)
    return plan


def names_places(definition: Mapping[str, Any]) -> bool:
    """Whether a rule speaks of channels, categories or roles, which are one server's own."""
    if any(definition.get(name) for name in _PLACE_FIELDS):
        return True
    condition = definition.get("condition")
    return condition is not None and bool(_PLACES.intersection(compile_condition(condition).names))


def _carry_rule(rule: Rule) -> CarriedRule:
    assert rule.latest is not None
    definition = dict(rule.latest.definition)
    return CarriedRule(rule.key, rule.name, definition, rule.enabled, _is_bound(definition))


def _is_bound(definition: Mapping[str, Any]) -> bool:
    """What no longer holds cannot be carried either."""
    try:
        parse_definition(dict(definition))
        return names_places(definition)
    except InvalidRuleError:
        return True


def _list_rules() -> list[Rule]:
    found = Rule.objects.select_related("latest").filter(archived_at=None, latest__isnull=False)
    return list(found.order_by("position", "pk"))


def read_hidden_periods() -> tuple[str, ...]:
    return tuple(StandingsState.objects.filter(pk=1).values_list("hidden_periods", flat=True).first() or ())


def read_commands() -> dict[str, Mapping[str, Any]]:
    rows = CommandSetting.objects.order_by("command").values("command", "uses", "seconds", "enabled")
    return {row["command"]: {name: row[name] for name in ("uses", "seconds", "enabled")} for row in rows}


def _plan_look(plan: CopyPlan, context: TenantContext) -> None:
    here = get_facts(tenant_id=context.tenant_id)
    for name, value in plan.carried.look.items():
        if here[name] != value:
            plan.look[name] = value
            plan.lines.append(
                CopyLine("look", CHANGE, FIELD_NAMES[name], str(here[name]) or "none", str(value) or "none")
            )


def _plan_rules(plan: CopyPlan, context: TenantContext) -> None:
    here = {rule.key: rule for rule in Rule.objects.select_related("latest")}
    for rule in plan.carried.rules:
        _plan_rule(plan, rule, here.pop(rule.key, None))
    for own in here.values():
        if own.archived_at is None:
            plan.lines.append(CopyLine("rules", KEEP, own.name, "A rule of its own", "stays as it is"))
    standing = get_rules_settings().reversal_seconds
    if standing != plan.carried.reversal_seconds:
        plan.reversal_seconds = plan.carried.reversal_seconds
        plan.lines.append(
            CopyLine(
                "rules", CHANGE, "Deleted messages give points back",
                _write_seconds(standing), _write_seconds(plan.carried.reversal_seconds),
            )
        )  # fmt: skip


def _plan_rule(plan: CopyPlan, rule: CarriedRule, here: Rule | None) -> None:
    if rule.bound:
        plan.lines.append(
            CopyLine("rules", KEEP, rule.name, "Names channels or roles of the other server", "is not copied")
        )
    elif here is None:
        plan.add_rules.append(rule)
        plan.lines.append(CopyLine("rules", ADD, rule.name, "none", "on" if rule.enabled else "switched off"))
    elif here.archived_at is not None or here.latest is None:
        plan.lines.append(CopyLine("rules", KEEP, rule.name, "Archived here", "stays away"))
    else:
        differences = describe_differences(
            (here.latest.name, here.latest.definition), (rule.name, rule.definition)
        )
        if differences:
            plan.change_rules.append(rule)
            plan.lines += [
                CopyLine("rules", CHANGE, f"{rule.name}: {one.label}", one.before, one.after)
                for one in differences
            ]
        if here.enabled != rule.enabled:
            plan.switch_rules.append(rule)
            states = ("on", "switched off")
            plan.lines.append(
                CopyLine("rules", CHANGE, rule.name, states[not here.enabled], states[not rule.enabled])
            )


def _plan_levels(plan: CopyPlan, context: TenantContext) -> None:
    kind, parameters, _ = get_curve_choice()
    wanted_kind, wanted = plan.carried.curve
    if (kind, dict(parameters)) != (wanted_kind, dict(wanted)):
        plan.curve = plan.carried.curve
        plan.lines.append(
            CopyLine(
                "levels",
                CHANGE,
                "What each level costs",
                _curve(kind, parameters),
                _curve(wanted_kind, wanted),
            )
        )
    names = list_level_names()
    for level in sorted({*names, *plan.carried.level_names}):
        before, after = names.get(level, ""), plan.carried.level_names.get(level, "")
        if before != after:
            plan.level_names[level] = after
            plan.lines.append(
                CopyLine("levels", CHANGE, f"Name of level {level}", before or "none", after or "none")
            )


def _plan_announcements(plan: CopyPlan, context: TenantContext) -> None:
    here = get_notification_settings()
    wanted = (plan.carried.level_up, plan.carried.text)
    if (here.level_up, here.text) == wanted:
        return
    plan.announcements = wanted
    if here.level_up != wanted[0]:
        plan.lines.append(
            CopyLine(
                "announcements", CHANGE, "Level-ups are told",
                _TOLD.get(here.level_up, here.level_up), _TOLD.get(wanted[0], wanted[0]),
            )
        )  # fmt: skip
    if here.text != wanted[1]:
        plan.lines.append(
            CopyLine(
                "announcements", CHANGE, "Their words", here.text or "EngageHub’s", wanted[1] or "EngageHub’s"
            )
        )


def _plan_boards(plan: CopyPlan, context: TenantContext) -> None:
    here = read_hidden_periods()
    if set(here) != set(plan.carried.hidden_periods):
        plan.hidden_periods = plan.carried.hidden_periods
        plan.lines.append(
            CopyLine(
                "boards", CHANGE, "Boards that are not offered",
                ", ".join(here) or "none", ", ".join(plan.carried.hidden_periods) or "none",
            )
        )  # fmt: skip


def _plan_commands(plan: CopyPlan, context: TenantContext) -> None:
    here = read_commands()
    for command, wanted in plan.carried.commands.items():
        standing = here.get(command)
        if standing != wanted:
            plan.commands[command] = wanted
            title = f"/{command}" if command != EVERY_COMMAND else "Every command"
            plan.lines.append(
                CopyLine(
                    "commands", ADD if standing is None else CHANGE, title,
                    _policy(standing) if standing else "as every command", _policy(wanted),
                )
            )  # fmt: skip


def _policy(policy: Mapping[str, Any]) -> str:
    if not policy["enabled"]:
        return "switched off"
    return f"{policy['uses']} times in {_write_seconds(policy['seconds'])}"


def _curve(kind: str, parameters: Mapping[str, Any]) -> str:
    told = ", ".join(f"{name} {_short(value)}" for name, value in sorted(parameters.items()))
    return f"{kind} ({told})" if told else kind


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _write_seconds(seconds: int) -> str:
    for size, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds and seconds % size == 0:
            count = seconds // size
            return f"{count} {name}{'' if count == 1 else 's'}"
    return f"{seconds} seconds" if seconds else "never"


Planner = Callable[[CopyPlan, TenantContext], None]
_PLANNERS: Final[Mapping[str, Planner]] = {
    "look": _plan_look,
    "rules": _plan_rules,
    "levels": _plan_levels,
    "announcements": _plan_announcements,
    "boards": _plan_boards,
    "commands": _plan_commands,
}
