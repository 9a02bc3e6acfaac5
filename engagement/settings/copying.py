"""Settings of one community written into another, and the way back.

Invariants: one transaction under the ledger lock of the community that is written; what was carried is plain data, read in the
other community's own schema before; every setting goes through its own service, which checks and records it; an undo goes back
to what stood before, as far as nobody has changed it since.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from engagement.audit.actor import Actor
from engagement.audit.services import record_audit
from engagement.commands.services import change_command_policy, clear_command_policy
from engagement.ledger.statements import ledger_unit
from engagement.levels.selectors import get_curve_choice, list_level_names
from engagement.levels.services import set_level_name
from engagement.notifications.selectors import get_notification_settings
from engagement.notifications.services import set_level_announcements
from engagement.progression.boards import offer_periods
from engagement.progression.levelling import change_curve
from engagement.rules.models import Rule
from engagement.rules.selectors import get_rules_settings
from engagement.rules.services import (
    archive_rule,
    create_rule,
    revert_rule,
    revise_rule,
    set_rule_enabled,
    set_rules_settings,
)
from engagement.standings.periods import KINDS
from saas.core import clock
from saas.core.schemas import PUBLIC, enter_schema
from tenants.community import get_facts
from tenants.context import TenantContext, enter_tenant
from tenants.models import Tenant
from tenants.setup import lock_tenant

from .carrying import PARTS, Carried, CopyPlan, carry_settings, plan_copy, read_commands, read_hidden_periods
from .errors import CopyMovedError, NothingCopiedError, SameCommunityError
from .services import change_settings

_KEY: Final = "copied"  # in Tenant.setup
Snapshot = dict[str, Any]


@dataclass(frozen=True, slots=True)
class LastCopy:
    """What was copied into a community last, and can be taken back."""

    source: str
    at: datetime
    by: str
    parts: tuple[str, ...]


def get_last_copy(*, tenant_id: int) -> LastCopy | None:
    """One query."""
    with enter_schema(PUBLIC):
        setup = Tenant.objects.values_list("setup", flat=True).get(pk=tenant_id)
    told = setup.get(_KEY)
    if not told:
        return None
    return LastCopy(told["from"], datetime.fromisoformat(told["at"]), told["by"], tuple(told["parts"]))


def apply_copy(
    *, context: TenantContext, carried: Carried, parts: tuple[str, ...], expected: str, actor: Actor
) -> CopyPlan:
    """Write the parts into the community and remember what stood there; answers what was done. A repeat finds nothing to do.

    `expected` is the digest of the plan that was confirmed: when another difference stands by now, nothing is written. Locks the
    ledger and the tenant's row. Recorded in the community's log, setting by setting and as a whole. Raises CopyMovedError,
    SameCommunityError, and what the services raise, such as LimitReachedError.
    """
    if carried.tenant_id == context.tenant_id:
        raise SameCommunityError
    with enter_tenant(context), ledger_unit():
        tenant = lock_tenant(context.tenant_id)
        plan = plan_copy(context=context, carried=carried, parts=parts)
        if not plan.changes:
            return plan
        if plan.digest != expected:
            raise CopyMovedError
        before = _take_snapshot(plan, context)
        _write(plan, context, actor)
        _note_versions(before)
        told = {
            "from": carried.name,
            "at": clock.now().isoformat(),
            "by": actor.name,
            "parts": list(plan.parts),
            "before": before,
        }
        _remember(tenant, told)
        record_audit(
            actor=actor,
            action="settings.copied",
            target_kind="settings",
            target_name=context.name,
            after={"from": carried.name, "parts": [PARTS[part][0] for part in plan.parts]},
        )
    return plan


def copy_settings(
    *, source: TenantContext, target: TenantContext, parts: tuple[str, ...], expected: str, actor: Actor
) -> CopyPlan:
    """Copy parts of one community's settings into another, and say so in both logs, in one transaction. As `apply_copy`.

    Who asks may change these settings in both: callers check it.
    """
    with transaction.atomic():
        carried = carry_settings(context=source)
        plan = apply_copy(context=target, carried=carried, parts=parts, expected=expected, actor=actor)
        if plan.changes:
            record_lending(context=source, receiver=target.name, parts=plan.parts, actor=actor)
    return plan


def record_lending(*, context: TenantContext, receiver: str, parts: tuple[str, ...], actor: Actor) -> None:
    """The line in the log of the community that was copied from. Enters the tenant; call it in the copy's transaction."""
    with enter_tenant(context):
        record_audit(
            actor=actor,
            action="settings.lent",
            target_kind="settings",
            target_name=context.name,
            after={"to": receiver, "parts": [PARTS[part][0] for part in parts]},
        )


def undo_copy(*, context: TenantContext, actor: Actor) -> LastCopy:
    """Put back what the last copy changed; what somebody changed since stays as they wrote it. Rules that it brought are archived,
    because entries may name them.

    Locks the ledger and the tenant's row. Raises NothingCopiedError, also when it was taken back already.
    """
    with enter_tenant(context), ledger_unit():
        tenant = lock_tenant(context.tenant_id)
        told = tenant.setup.get(_KEY)
        if not told:
            raise NothingCopiedError
        _put_back(told["before"], context, actor)
        _remember(tenant, None)
        record_audit(
            actor=actor,
            action="settings.copy_undone",
            target_kind="settings",
            target_name=context.name,
            before={"from": told["from"]},
        )
    return LastCopy(told["from"], datetime.fromisoformat(told["at"]), told["by"], tuple(told["parts"]))


def _remember(tenant: Tenant, told: Mapping[str, Any] | None) -> None:
    rest = {name: value for name, value in tenant.setup.items() if name != _KEY}
    tenant.setup = {**rest, _KEY: dict(told)} if told is not None else rest
    with enter_schema(PUBLIC):
        tenant.save(update_fields=["setup"])


# --- writing ---


def _write(plan: CopyPlan, context: TenantContext, actor: Actor) -> None:
    if plan.look:
        change_settings(context=context, changes=plan.look, actor=actor)
    _write_rules(plan, actor)
    if plan.curve is not None:
        change_curve(kind=plan.curve[0], parameters=plan.curve[1], actor=actor)
    for level, name in plan.level_names.items():
        set_level_name(level=level, name=name, actor=actor)
    if plan.announcements is not None:
        _announce(plan.announcements[0], plan.announcements[1], actor)
    if plan.hidden_periods is not None:
        _hide(plan.hidden_periods, actor)
    for command, policy in plan.commands.items():
        change_command_policy(command=command, actor=actor, **policy)


def _write_rules(plan: CopyPlan, actor: Actor) -> None:
    for rule in plan.add_rules:
        create_rule(
            key=rule.key, name=rule.name, definition=rule.definition, enabled=rule.enabled, actor=actor
        )
    for rule in plan.change_rules:
        revise_rule(key=rule.key, name=rule.name, definition=rule.definition, actor=actor)
    for rule in plan.switch_rules:
        set_rule_enabled(key=rule.key, enabled=rule.enabled, actor=actor)
    if plan.reversal_seconds is not None:
        set_rules_settings(reversal_seconds=plan.reversal_seconds, actor=actor)


def _announce(level_up: str, text: str, actor: Actor) -> None:
    """The channel is the server's own, and stays."""
    standing = get_notification_settings()
    set_level_announcements(level_up=level_up, channel_id=standing.channel_id, text=text, actor=actor)


def _hide(periods: tuple[str, ...] | list[str], actor: Actor) -> None:
    offer_periods(periods=[kind for kind in KINDS if kind not in periods], actor=actor)


# --- the way back ---


def _take_snapshot(plan: CopyPlan, context: TenantContext) -> Snapshot:
    """Only what the plan is about to change, each with what it becomes."""
    facts, names = get_facts(tenant_id=context.tenant_id), list_level_names()
    touched = {rule.key for rule in (*plan.change_rules, *plan.switch_rules)}
    rows = {rule.key: rule for rule in Rule.objects.select_related("latest").filter(key__in=touched)}
    snapshot: Snapshot = {
        "look": [[name, facts[name], value] for name, value in plan.look.items()],
        "added": [rule.key for rule in plan.add_rules],
        "changed": {rule.key: [_version(rows[rule.key]), 0] for rule in plan.change_rules},
        "switched": [[rule.key, rows[rule.key].enabled, rule.enabled] for rule in plan.switch_rules],
        "names": [[level, names.get(level, ""), name] for level, name in plan.level_names.items()],
    }
    if plan.reversal_seconds is not None:
        snapshot["reversal"] = [get_rules_settings().reversal_seconds, plan.reversal_seconds]
    if plan.curve is not None:
        kind, parameters, _ = get_curve_choice()
        snapshot["curve"] = [[kind, dict(parameters)], [plan.curve[0], dict(plan.curve[1])]]
    if plan.announcements is not None:
        standing = get_notification_settings()
        snapshot["announcements"] = [[standing.level_up, standing.text], list(plan.announcements)]
    if plan.hidden_periods is not None:
        snapshot["periods"] = [list(read_hidden_periods()), list(plan.hidden_periods)]
    if plan.commands:
        here = read_commands()
        snapshot["commands"] = [
            [name, here.get(name), dict(wanted)] for name, wanted in plan.commands.items()
        ]
    return snapshot


def _note_versions(snapshot: Snapshot) -> None:
    """Which version of each changed rule is the copy's: a later one is somebody's own."""
    rows = Rule.objects.select_related("latest").filter(key__in=snapshot["changed"])
    for rule in rows:
        snapshot["changed"][rule.key][1] = _version(rule)


def _put_back(snapshot: Snapshot, context: TenantContext, actor: Actor) -> None:
    facts = get_facts(tenant_id=context.tenant_id)
    look = {name: was for name, was, became in snapshot["look"] if facts[name] == became}
    if look:
        change_settings(context=context, changes=look, actor=actor)
    _put_rules_back(snapshot, actor)
    names = list_level_names()
    for level, was, became in snapshot["names"]:
        if names.get(level, "") == became:
            set_level_name(level=level, name=was, actor=actor)
    if "curve" in snapshot:
        kind, parameters, _ = get_curve_choice()
        if [kind, dict(parameters)] == snapshot["curve"][1]:
            change_curve(kind=snapshot["curve"][0][0], parameters=snapshot["curve"][0][1], actor=actor)
    if "announcements" in snapshot:
        standing = get_notification_settings()
        if [standing.level_up, standing.text] == snapshot["announcements"][1]:
            level_up, text = snapshot["announcements"][0]
            _announce(level_up, text, actor)
    if "periods" in snapshot and list(read_hidden_periods()) == snapshot["periods"][1]:
        _hide(snapshot["periods"][0], actor)
    _put_commands_back(snapshot.get("commands", ()), actor)


def _put_rules_back(snapshot: Snapshot, actor: Actor) -> None:
    keys = [*snapshot["added"], *snapshot["changed"], *(key for key, _, _ in snapshot["switched"])]
    here = {
        rule.key: rule
        for rule in Rule.objects.select_related("latest").filter(key__in=keys, archived_at=None)
    }
    for key in snapshot["added"]:
        if key in here and _version(here[key]) == 1:
            archive_rule(key=key, actor=actor)
    for key, (was, became) in snapshot["changed"].items():
        if key in here and _version(here[key]) == became:
            revert_rule(key=key, number=was, actor=actor)
    for key, was, became in snapshot["switched"]:
        if key in here and here[key].enabled == became:
            set_rule_enabled(key=key, enabled=was, actor=actor)
    if "reversal" in snapshot and get_rules_settings().reversal_seconds == snapshot["reversal"][1]:
        set_rules_settings(reversal_seconds=snapshot["reversal"][0], actor=actor)


def _put_commands_back(lines: Any, actor: Actor) -> None:
    here = read_commands()
    for command, was, became in lines:
        if here.get(command) != became:
            continue
        if was is None:
            clear_command_policy(command=command, actor=actor)
        else:
            change_command_policy(command=command, actor=actor, **was)


def _version(rule: Rule) -> int:
    return rule.latest.number if rule.latest is not None else 0
