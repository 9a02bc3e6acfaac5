"""Changes of the community's facts, and the taking back of any setting's change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.db import transaction

from engagement.audit.actor import Actor
from engagement.audit.models import AuditEntry
from engagement.audit.payloads import CUT
from engagement.audit.selectors import get_entry
from engagement.audit.services import record_audit
from engagement.commands.services import change_command_policy, clear_command_policy
from engagement.levels.selectors import get_curve_choice
from engagement.levels.services import set_level_name
from engagement.notifications.selectors import get_notification_settings
from engagement.notifications.services import set_level_announcements
from engagement.progression.boards import offer_periods, set_board_rules
from engagement.progression.levelling import change_curve
from engagement.progression.seasons import change_season_length
from engagement.rules.services import (
    archive_rule,
    restore_rule,
    revert_rule,
    set_rule_enabled,
    set_rules_settings,
)
from engagement.standings.periods import KINDS
from tenants.community import change_facts
from tenants.context import TenantContext

from .errors import NotRevertibleError

Values = dict[str, Any]


def change_settings(
    *,
    context: TenantContext,
    changes: Mapping[str, Any],
    actor: Actor,
    expected: Mapping[str, Any] | None = None,
) -> Values:
    """Change facts of the community (tenants.community) and record it, in one transaction. Answers what differs now.

    As `change_facts`: idempotent, all or nothing, locks the tenant's row. Raises InvalidInputError, CommunityChangedError.
    """
    with transaction.atomic():
        before, after = change_facts(tenant_id=context.tenant_id, changes=changes, expected=expected)
        if after:
            record_audit(
                actor=actor,
                action="settings.changed",
                target_kind="settings",
                target_name=context.name,
                before=before,
                after=after,
            )
    return after


def revert_change(*, entry_id: int, context: TenantContext, actor: Actor) -> None:
    """Write the values that an audit entry tells of as they were before it, through the service that changed them.

    Idempotent in effect: what stands as it was before is no change. Raises AuditEntryNotFoundError, NotRevertibleError, and what
    the service raises.
    """
    entry = get_entry(entry_id)
    revert = _REVERTS.get(entry.action)
    if revert is None or not is_revertible(entry):
        raise NotRevertibleError()
    revert(entry, dict(entry.before or {}), context, actor)


def is_revertible(entry: AuditEntry) -> bool:
    """Whether the entry is of a setting, and whole: what was cut to fit the log cannot be written back."""
    if entry.action not in _REVERTS or entry.is_erased or entry.outcome != "done":
        return False
    if entry.action in _WITHOUT_VALUES:
        return True
    return (bool(entry.before) or entry.action in _FROM_NOTHING) and not _is_cut(entry.before)


def _is_cut(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_is_cut, value.values()))
    if isinstance(value, list):
        return any(map(_is_cut, value))
    return isinstance(value, str) and value.endswith(CUT)


def _facts(entry: AuditEntry, before: Values, context: TenantContext, actor: Actor) -> None:
    change_settings(context=context, changes=before, actor=actor)


def _rules(entry: AuditEntry, before: Values, context: TenantContext, actor: Actor) -> None:
    set_rules_settings(actor=actor, **before)


def _rule(entry: AuditEntry, before: Values, context: TenantContext, actor: Actor) -> None:
    number = before.get("version")
    if type(number) is not int:
        raise NotRevertibleError()
    revert_rule(key=entry.target_id, number=number, actor=actor)


def _switch(entry: AuditEntry, before: Values, context: TenantContext, actor: Actor) -> None:
    set_rule_enabled(key=entry.target_id, enabled=entry.action == "rule.disabled", actor=actor)


def _archived(entry: AuditEntry, before: Values, context: TenantContext, actor: Actor) -> None:
    act = restore_rule if entry.action == "rule.archived" else archive_rule
    act(key=entry.target_id, actor=actor)


def _curve(entry: AuditEntry, before: Values, context: TenantContext, actor: Actor) -> None:
    kind, parameters, _ = get_curve_choice()
    change_curve(kind=before.get("kind", kind), parameters=before.get("parameters", parameters), actor=actor)


def _level_name(entry: AuditEntry, before: Values, context: TenantContext, actor: Actor) -> None:
    set_level_name(level=int(entry.target_id), name=str(before.get("name", "")), actor=actor)


def _announcements(entry: AuditEntry, before: Values, context: TenantContext, actor: Actor) -> None:
    standing = get_notification_settings()
    set_level_announcements(
        level_up=before.get("level_up", standing.level_up if before else "channel"),
        channel_id=before.get("channel_id", standing.channel_id if before else None),
        text=before.get("text", standing.text if before else ""),
        actor=actor,
    )


def _board(entry: AuditEntry, before: Values, context: TenantContext, actor: Actor) -> None:
    if "excluded_roles" in before:
        set_board_rules(excluded_roles=before["excluded_roles"], actor=actor, context=context)
    if "hidden_periods" in before:
        offer_periods(periods=[kind for kind in KINDS if kind not in before["hidden_periods"]], actor=actor)
    if "season_length" in before:
        change_season_length(length=before["season_length"], actor=actor)


def _commands(entry: AuditEntry, before: Values, context: TenantContext, actor: Actor) -> None:
    if entry.before is None:
        clear_command_policy(command=entry.target_id, actor=actor)
        return
    known = {
        name: value for name, value in before.items() if name in {"channel_ids", "uses", "seconds", "enabled"}
    }
    change_command_policy(command=entry.target_id, actor=actor, **known)


Revert = Callable[[AuditEntry, Values, TenantContext, Actor], None]
_REVERTS: Final[Mapping[str, Revert]] = {
    "settings.changed": _facts,
    "rule_settings.changed": _rules,
    "rule.revised": _rule,
    "rule.enabled": _switch,
    "rule.disabled": _switch,
    "rule.archived": _archived,
    "rule.restored": _archived,
    "levels.changed": _curve,
    "levels.named": _level_name,
    "announcements.changed": _announcements,
    "board.changed": _board,
    "commands.changed": _commands,
}
_WITHOUT_VALUES: Final = frozenset({"rule.enabled", "rule.disabled", "rule.archived", "rule.restored"})
# First changes of these tell of nothing before: then the defaults held.
_FROM_NOTHING: Final = frozenset({"announcements.changed", "commands.changed", "levels.named"})
SETTING_ACTIONS: Final = (
    *_REVERTS, "rule.created", "figure.chosen", "level_role.added", "level_role.removed", "role_map.changed",
    "tenant.address_changed", "tenant.renamed", "tenant.went_live", "tenant.went_shadow", "template.applied", "template.undone",
)  # fmt: skip
