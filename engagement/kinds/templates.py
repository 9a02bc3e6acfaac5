"""Putting a template on and taking it off, until the community is live.

Invariants: one transaction under the ledger lock, so that ingest books before or after, and the locks of what a template brought
(starters); only what a template wrote is changed (see plans); an undo goes back to what stood before, as far as nobody has changed it since.
"""

from __future__ import annotations

from typing import Any, Final

from engagement.audit.actor import SYSTEM, Actor
from engagement.audit.services import record_audit
from engagement.levels.selectors import list_level_names
from engagement.levels.services import set_level_name
from engagement.progression.levelling import change_curve
from engagement.rules.freezing import room_for_rules
from engagement.rules.models import Rule
from engagement.rules.services import create_rule, revise_rule, set_rule_enabled
from engagement.standings.seasons import get_season_length, seed_season_length
from tenants.context import TenantContext
from tenants.models import Tenant
from tenants.routing import invalidate_routing
from tenants.setup import lock_tenant

from .errors import NothingToUndoError, TemplateLockedError
from .packs import get_pack
from .plans import Plan, is_by_template, make_plan, read_curve
from .starters import REMEMBERED, template_unit, undo_starters, write_starters

# The pieces are written as the system's, which is how a later template knows them; the person stands in the audit log.
_PEN: Final = SYSTEM


def plan_template(*, kind: str, context: TenantContext) -> Plan:
    """What applying it would change now. Raises UnknownPackError."""
    return make_plan(kind=kind, tenant=Tenant.objects.get(pk=context.tenant_id), context=context)


def apply_template(*, kind: str, actor: Actor, context: TenantContext) -> Plan:
    """Put the template on; answers what was changed. Repeating it changes nothing and records nothing.

    Locks the ledger and the tenant's row. Publishes CurveChanged where levels moved. Raises UnknownPackError,
    TemplateLockedError, TooManyRulesError.
    """
    with template_unit():
        tenant = lock_tenant(context.tenant_id)
        if tenant.live:
            raise TemplateLockedError()
        plan = make_plan(kind=kind, tenant=tenant, context=context)
        former = tenant.setup.get("template", {})
        if not plan.changes and former.get("kind") == kind:
            return plan
        before = _take_snapshot(plan, tenant)
        _write_rules(plan)
        _write_others(plan, tenant)
        brought = write_starters(
            plan.rewards, plan.submissions, plan.pack, tenant.setup.get(REMEMBERED, {}), context
        )
        tenant.setup = {**tenant.setup, REMEMBERED: brought}
        _remember(tenant, plan, before)
        record_audit(
            actor=actor,
            action="template.applied",
            target_kind="template",
            target_id=kind,
            target_name=plan.pack.name,
            before={"template": former.get("kind", "")},
            after={"template": kind},
            note="; ".join(f"{line.title}: {line.text}" for line in plan.changes),
        )
        invalidate_routing(tenant_id=tenant.pk)
    return plan


def undo_template(*, actor: Actor, context: TenantContext) -> str:
    """Take the last template off again; answers its kind. What somebody changed since stays as they wrote it.

    Rules that it brought are switched off, rewards and kinds of submissions archived, not deleted: entries may name them. Locks the ledger and the tenant's row.
    Raises NothingToUndoError, TemplateLockedError.
    """
    with template_unit():
        tenant = lock_tenant(context.tenant_id)
        if tenant.live:
            raise TemplateLockedError()
        template = tenant.setup.get("template", {})
        snapshot = template.get("before")
        if snapshot is None:
            raise NothingToUndoError()
        off = _put_rules_back(snapshot, set(tenant.setup.get("switched_off", ())))
        _put_others_back(snapshot, tenant)
        brought = _put_starters_back(snapshot, tenant, context)
        setup = {**tenant.setup, "switched_off": sorted(off), REMEMBERED: brought}
        setup["template"] = {"kind": snapshot["kind"]} if snapshot["kind"] else {}
        tenant.setup = setup
        tenant.save(update_fields=["setup", "points_name"])
        record_audit(
            actor=actor,
            action="template.undone",
            target_kind="template",
            target_id=template["kind"],
            target_name=get_pack(template["kind"]).name,
            before={"template": template["kind"]},
            after={"template": snapshot["kind"]},
        )
        invalidate_routing(tenant_id=tenant.pk)
    return str(template["kind"])


def _write_rules(plan: Plan) -> None:
    for key in plan.switch_off:
        set_rule_enabled(key=key, enabled=False, actor=_PEN)
    for seed in plan.change:
        revise_rule(key=seed.key, name=seed.name, definition=seed.definition, actor=_PEN)
    # What the tenant's plan has no room for comes switched off, so that the rest of the template still fits.
    room = room_for_rules()
    for key in plan.switch_on[:room]:
        set_rule_enabled(key=key, enabled=True, actor=_PEN)
    room -= min(room, len(plan.switch_on))
    for seed in plan.add:
        enabled = seed.enabled and room > 0
        create_rule(key=seed.key, name=seed.name, definition=seed.definition, enabled=enabled, actor=_PEN)
        room -= enabled


def _write_others(plan: Plan, tenant: Tenant) -> None:
    if plan.curve is not None:
        change_curve(kind=plan.curve[0], parameters=plan.curve[1], actor=_PEN)
    for level, name in plan.names.items():
        set_level_name(level=level, name=name, actor=_PEN)
    if plan.season is not None:
        seed_season_length(plan.season)
    if plan.points_name is not None:
        tenant.points_name = plan.points_name


def _remember(tenant: Tenant, plan: Plan, before: dict[str, Any]) -> None:
    off = (set(tenant.setup.get("switched_off", ())) - {*plan.switch_on}) | {*plan.switch_off}
    skipped = [step for step in tenant.setup.get("skipped", []) if step != "template"]
    template = {"kind": plan.pack.kind, "before": before}
    tenant.setup = {**tenant.setup, "template": template, "switched_off": sorted(off), "skipped": skipped}
    tenant.save(update_fields=["setup", "points_name"])


def _take_snapshot(plan: Plan, tenant: Tenant) -> dict[str, Any]:
    """What an undo goes back to: only what the plan is about to change, each with what it becomes."""
    touched = {seed.key for seed in plan.change} | {*plan.switch_on, *plan.switch_off}
    names = list_level_names()
    snapshot: dict[str, Any] = {
        "kind": tenant.setup.get("template", {}).get("kind", ""),
        "added": [seed.key for seed in plan.add],
        "rules": {
            rule.key: {
                "enabled": rule.enabled,
                "name": rule.name,
                "definition": rule.latest.definition if rule.latest else None,
            }
            for rule in Rule.objects.select_related("latest").filter(key__in=touched)
        },
        "names": [[level, names.get(level, ""), name] for level, name in plan.names.items()],
    }
    for name, starters in (("rewards_brought", plan.rewards), ("types_brought", plan.submissions)):
        snapshot[name] = {"new": [*starters.add, *starters.back], "gone": starters.away}
    if plan.curve is not None:
        snapshot["curve"] = [list(read_curve()), list(plan.curve)]
    if plan.season is not None:
        snapshot["season"] = [get_season_length(), plan.season]
    if plan.points_name is not None:
        snapshot["points_name"] = [tenant.points_name, plan.points_name]
    return snapshot


def _put_rules_back(snapshot: dict[str, Any], off: set[str]) -> set[str]:
    """Answers the keys of the rules that templates have switched off."""
    here = Rule.objects.select_related("latest").filter(
        key__in=[*snapshot["added"], *snapshot["rules"]], archived_at=None
    )
    for rule in here:
        if not is_by_template(rule):
            continue
        was = snapshot["rules"].get(rule.key)
        if was is not None and was["definition"] is not None:
            revise_rule(key=rule.key, name=was["name"], definition=was["definition"], actor=_PEN)
        enabled = was is not None and was["enabled"] and (rule.enabled or room_for_rules() > 0)
        set_rule_enabled(key=rule.key, enabled=enabled, actor=_PEN)
        off = off - {rule.key} if enabled else off | {rule.key}
    return off


def _put_starters_back(snapshot: dict[str, Any], tenant: Tenant, context: TenantContext) -> dict[str, Any]:
    """Answers what is to be remembered. A template of a former release brought none."""
    none: dict[str, list[str]] = {"new": [], "gone": []}
    return undo_starters(
        snapshot.get("rewards_brought", none),
        snapshot.get("types_brought", none),
        tenant.setup.get(REMEMBERED, {}),
        context,
    )


def _put_others_back(snapshot: dict[str, Any], tenant: Tenant) -> None:
    names = list_level_names()
    for level, was, became in snapshot["names"]:
        if names.get(level, "") == became:
            set_level_name(level=level, name=was, actor=_PEN)
    if "curve" in snapshot:
        (kind, parameters), became = snapshot["curve"]
        if list(read_curve()) == became:
            change_curve(kind=kind, parameters=parameters, actor=_PEN)
    if "season" in snapshot and get_season_length() == snapshot["season"][1]:
        seed_season_length(snapshot["season"][0])
    if "points_name" in snapshot and tenant.points_name == snapshot["points_name"][1]:
        tenant.points_name = snapshot["points_name"][0]
