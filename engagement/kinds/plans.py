"""What applying a template would change, said before anybody applies it. Reads only.

A template changes what a template put there, and nothing else: a rule, a name or a curve that a person has written since stays
theirs, and what they archived stays archived.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from engagement.levels.curves import DEFAULT_PARAMETERS, QUADRATIC
from engagement.levels.models import LevelSettings
from engagement.levels.selectors import list_level_names
from engagement.rules.differences import describe_differences
from engagement.rules.freezing import room_for_rules
from engagement.rules.models import Rule
from engagement.rules.seeds import RuleSeed
from engagement.rules.services import SEEDER
from engagement.standings.seasons import can_change_season, get_season_length
from tenants.context import TenantContext
from tenants.models import Tenant

from .lines import ADD, CHANGE, KEEP, OFF, ON, PlanLine
from .packs import Pack, get_pack, list_packs
from .starters import REMEMBERED, Starters, plan_rewards, plan_types

_SEASONS: Final = {"month": "a month", "quarter": "a quarter of a year", "year": "a year"}


@dataclass(slots=True)
class Plan:
    """What would be done. Empty parts stay as they are."""

    pack: Pack
    rules: list[PlanLine] = field(default_factory=list)
    others: list[PlanLine] = field(default_factory=list)
    # What `apply` writes, by kind.
    add: list[RuleSeed] = field(default_factory=list)
    change: list[RuleSeed] = field(default_factory=list)
    switch_on: list[str] = field(default_factory=list)
    switch_off: list[str] = field(default_factory=list)
    curve: tuple[str, dict[str, Any]] | None = None
    names: dict[int, str] = field(default_factory=dict)  # an empty name goes
    season: str | None = None
    points_name: str | None = None
    rewards: Starters = field(default_factory=Starters)
    submissions: Starters = field(default_factory=Starters)

    @property
    def lines(self) -> list[PlanLine]:
        return [*self.rules, *self.others, *self.rewards.lines, *self.submissions.lines]

    @property
    def changes(self) -> list[PlanLine]:
        return [line for line in self.lines if line.act != KEEP]

    @property
    def kept(self) -> list[PlanLine]:
        return [line for line in self.lines if line.act == KEEP]


def make_plan(*, kind: str, tenant: Tenant, context: TenantContext) -> Plan:
    """The plan for the tenant in hand. Raises UnknownPackError. The number of queries depends on nothing."""
    plan = Plan(get_pack(kind))
    former = get_pack(tenant.setup.get("template", {}).get("kind", tenant.kind))
    _plan_rules(plan, set(tenant.setup.get("switched_off", ())))
    _say_what_finds_no_room(plan)
    _plan_levels(plan, former)
    _plan_season(plan)
    _plan_points_name(plan, tenant)
    brought = tenant.setup.get(REMEMBERED, {})
    points_name = plan.points_name or tenant.points_name
    plan.rewards = plan_rewards(plan.pack, brought.get("rewards", {}), context, points_name)
    plan.submissions = plan_types(plan.pack, brought.get("types", {}), context)
    return plan


def read_curve() -> tuple[str, dict[str, Any]]:
    """The curve in force as kind and parameters."""
    row = LevelSettings.objects.filter(pk=1).values_list("kind", "parameters").first()
    return (QUADRATIC, dict(DEFAULT_PARAMETERS)) if row is None or not row[1] else (row[0], dict(row[1]))


def is_by_template(rule: Rule) -> bool:
    """Whether nobody wrote a version of the rule since a template did."""
    return rule.latest is not None and rule.latest.created_by == SEEDER


def _plan_rules(plan: Plan, switched_off: set[str]) -> None:
    here = {rule.key: rule for rule in Rule.objects.select_related("latest")}
    for seed in plan.pack.rules:
        rule = here.pop(seed.key, None)
        if rule is None:
            plan.add.append(seed)
            plan.rules.append(PlanLine(ADD, seed.name, "New"))
        else:
            _plan_known_rule(plan, seed, rule, switched_off)
    for rule in here.values():
        if not rule.enabled or rule.archived_at is not None:
            continue
        if is_by_template(rule):
            plan.switch_off.append(rule.key)
            plan.rules.append(PlanLine(OFF, rule.name, "This template does without it"))
        else:
            plan.rules.append(PlanLine(KEEP, rule.name, "Your own rule"))


def _say_what_finds_no_room(plan: Plan) -> None:
    """Active rules are limited by the tenant's plan: what goes beyond comes switched off, and may change places later."""
    more = len(plan.switch_on) + sum(seed.enabled for seed in plan.add)
    over = more - (room_for_rules() + len(plan.switch_off)) if more else 0
    if over > 0:
        text = "More active rules than your plan includes, so they wait switched off"
        plan.rules.append(PlanLine(KEEP, f"{over} of the new rules", text))


def _plan_known_rule(plan: Plan, seed: RuleSeed, rule: Rule, switched_off: set[str]) -> None:
    if rule.archived_at is not None:
        plan.rules.append(PlanLine(KEEP, rule.name, "You archived it, so it stays away"))
        return
    if not rule.enabled and rule.key not in switched_off:
        plan.rules.append(PlanLine(KEEP, rule.name, "You switched it off, so it stays off"))
        return
    if not is_by_template(rule) or rule.latest is None:
        plan.rules.append(PlanLine(KEEP, rule.name, "You changed it, so it stays as you wrote it"))
        return
    differences = describe_differences(
        (rule.latest.name, rule.latest.definition), (seed.name, dict(seed.definition))
    )
    if differences:
        plan.change.append(seed)
        text = "; ".join(f"{line.label}: {line.before} → {line.after}" for line in differences)
        plan.rules.append(PlanLine(CHANGE, seed.name, text))
    if not rule.enabled:
        plan.switch_on.append(rule.key)
        plan.rules.append(PlanLine(ON, seed.name, "A former template had switched it off"))


def _plan_levels(plan: Plan, former: Pack) -> None:
    pack, now = plan.pack, read_curve()
    wanted = (pack.curve_kind, dict(pack.curve_parameters))
    if now != wanted:
        if now in ((former.curve_kind, dict(former.curve_parameters)), (QUADRATIC, dict(DEFAULT_PARAMETERS))):
            plan.curve = wanted
            plan.others.append(PlanLine(CHANGE, "Level curve", "What each level costs"))
        else:
            plan.others.append(PlanLine(KEEP, "Level curve", "You chose another one"))
    names = list_level_names()
    for level in sorted({*names, *pack.level_names}):
        name, next_name = names.get(level, ""), pack.level_names.get(level, "")
        if name != next_name and name in {"", former.level_names.get(level, "")}:
            plan.names[level] = next_name
    if plan.names:
        given = [name for name in plan.names.values() if name]
        text = ", ".join(given) if given else "Names of the former template go"
        plan.others.append(PlanLine(CHANGE, "Names of levels", text))


def _plan_season(plan: Plan) -> None:
    now = get_season_length()
    if now == plan.pack.season:
        return
    if can_change_season():
        plan.season = plan.pack.season
        plan.others.append(
            PlanLine(CHANGE, "Season", f"{_SEASONS.get(now, now)} → {_SEASONS[plan.season]}".capitalize())
        )
    else:
        plan.others.append(PlanLine(KEEP, "Season", "Points were counted in the running one already"))


def _plan_points_name(plan: Plan, tenant: Tenant) -> None:
    usual = {"points", *(pack.points_name for pack in list_packs())}
    if tenant.points_name == plan.pack.points_name:
        return
    if tenant.points_name in usual:
        plan.points_name = plan.pack.points_name
        plan.others.append(
            PlanLine(CHANGE, "Points are called", f"{tenant.points_name} → {plan.points_name}")
        )
    else:
        plan.others.append(PlanLine(KEEP, "Points are called", f"{tenant.points_name}, as you named them"))


def describe_snapshot(snapshot: Mapping[str, Any]) -> str:
    """What an undo goes back to, in words."""
    kind = snapshot.get("kind")
    return f"the template “{get_pack(kind).name}”" if kind else "how the community began"
