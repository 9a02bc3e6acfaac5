"""What a template brings to Discord: the announcement of level-ups, and level roles.

Invariants: one transaction with the template itself; nothing is asked of Discord before the community is live: a role that is to
be made is only remembered (tenant.setup["discord"]) until then; an undo takes back what stands as the template put it, and leaves
what somebody changed since.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction

from engagement.audit.actor import SYSTEM, Actor
from engagement.audit.services import record_audit
from engagement.kinds.plans import Plan
from engagement.kinds.starters import template_unit
from engagement.kinds.templates import apply_template, undo_template
from engagement.notifications.models import LevelUp
from engagement.notifications.selectors import get_notification_settings
from engagement.notifications.services import set_level_announcements
from saas.core.text import clean_line
from tenants.context import TenantContext
from tenants.models import Tenant
from tenants.setup import lock_tenant

from .client import DiscordClient
from .errors import BadLevelRoleError
from .models import LevelRole
from .problems import clear_problem, note_problem
from .role_making import MAX_NAME, make_level_role
from .roles import add_level_role, remove_level_role

_KEY: Final = "discord"


@dataclass(frozen=True, slots=True)
class Announcement:
    """What the organiser wants announced; `channel_id` None: where it happened."""

    level_up: str
    channel_id: int | None
    text: str


@dataclass(frozen=True, slots=True)
class WantedRole:
    """A level role that the organiser accepted; without `role_id` it is made once the community goes live."""

    level: int
    name: str
    keep: str = "stack"
    role_id: int | None = None


def list_wanted_roles(*, context: TenantContext) -> list[WantedRole]:
    """The roles of the template in use that the organiser accepted, planned ones too."""
    return _read_roles(Tenant.objects.get(pk=context.tenant_id).setup.get(_KEY, {}).get("roles", []))


def list_planned_roles(*, context: TenantContext) -> list[WantedRole]:
    """Those that going live makes."""
    return [role for role in list_wanted_roles(context=context) if role.role_id is None]


def is_announced_by_template(*, context: TenantContext) -> bool:
    """Whether nobody has chosen announcements, or they stand as a template put them."""
    told = Tenant.objects.get(pk=context.tenant_id).setup.get(_KEY, {}).get("announcement")
    standing = get_notification_settings()
    return standing._state.adding or (told is not None and _picture() == told["after"])


def apply_with_parts(
    *,
    kind: str,
    announcement: Announcement | None,
    roles: Iterable[WantedRole],
    actor: Actor,
    context: TenantContext,
) -> Plan:
    """Put the template on, and what of it belongs to Discord as far as it was accepted. None and no roles: those parts stay out.

    Repeating it changes nothing and records nothing. Roles that a former template brought and that are not wanted again go.
    Locks the ledger and the tenant's row. Raises what apply_template raises, InvalidInputError and BadLevelRoleError.
    """
    wanted = [_check(role, context) for role in roles]
    with template_unit():
        plan = apply_template(kind=kind, actor=actor, context=context)
        tenant = lock_tenant(context.tenant_id)
        former = tenant.setup.get(_KEY, {})
        again = former.get("kind") == kind
        have = _read_roles(former.get("roles", []))
        ours = _settle_roles(have, wanted, actor)
        told = former.get("announcement") if again or announcement is None else None
        if announcement is not None:
            told = _announce(announcement, told, actor)
        _keep(
            tenant,
            {
                "kind": kind,
                "announcement": told,
                "roles": [_write(role) for role in ours],
                "was": former.get("was", []) if again else former.get("roles", []),
            },
            actor,
        )
    return plan


def undo_with_parts(*, actor: Actor, context: TenantContext) -> str:
    """Take the last template off again with what it brought to Discord; answers its kind.

    Roles that were there before stay in Discord, and members keep those they have. Raises NothingToUndoError, TemplateLockedError.
    """
    with template_unit():
        kind = undo_template(actor=actor, context=context)
        tenant = lock_tenant(context.tenant_id)
        former = tenant.setup.get(_KEY, {})
        if former.get("kind") != kind:
            return kind
        taken = set(LevelRole.objects.values_list("role_id", flat=True))
        have = _read_roles(former["roles"])
        # What a person gave to a level since is theirs.
        was = [role for role in _read_roles(former["was"]) if role in have or role.role_id not in taken]
        was = _settle_roles(have, was, actor)
        told = former["announcement"]
        if told is not None and _picture() == told["after"]:
            set_level_announcements(**told["before"], actor=actor)
        back = tenant.setup.get("template", {}).get("kind", "")
        _keep(
            tenant,
            {"kind": back, "announcement": None, "roles": [_write(role) for role in was], "was": []},
            actor,
        )
    return kind


def make_planned_roles(context: TenantContext, client: DiscordClient, planned: Iterable[WantedRole]) -> int:
    """Make the roles that were planned in shadow mode. Returns how many now belong to a level.

    Idempotent: a role of that name is taken. What Discord or its hierarchy refuses is noted as a problem with its fix, and tried again
    with the next sweep. Locks the tenant's row, so that nobody goes back to shadow or undoes it midway.
    Raises DiscordUnavailableError.
    """
    made = 0
    for role in planned:
        key = f"planned:{role.level}:{role.name}"[:60]
        try:
            made += _make(role, context, client)
        except BadLevelRoleError as error:
            note_problem(key=key, message=error.message)
        else:
            clear_problem(key=key)
    return made


@transaction.atomic
def _make(role: WantedRole, context: TenantContext, client: DiscordClient) -> bool:
    tenant = lock_tenant(context.tenant_id)
    parts = tenant.setup.get(_KEY, {})
    roles = _read_roles(parts.get("roles", []))
    if not tenant.live or role not in roles:
        return False
    row = make_level_role(context, client, level=role.level, name=role.name, keep=role.keep, actor=SYSTEM)
    roles[roles.index(role)] = WantedRole(role.level, role.name, role.keep, row.role_id)
    tenant.setup = {**tenant.setup, _KEY: {**parts, "roles": [_write(one) for one in roles]}}
    tenant.save(update_fields=["setup"])
    return True


def _settle_roles(have: list[WantedRole], want: list[WantedRole], actor: Actor) -> list[WantedRole]:
    """Give up what is no longer wanted, take on what is new; answers what is the template's: roles that a person gave to that level
    before stay theirs. Planned ones are only remembered."""
    for role in have:
        if role.role_id is not None and role not in want:
            standing = LevelRole.objects.filter(role_id=role.role_id, level=role.level, keep=role.keep)
            if standing.exists():
                remove_level_role(role_id=role.role_id, actor=actor)
    ours = []
    for role in want:
        if role.role_id is not None and role not in have:
            if LevelRole.objects.filter(role_id=role.role_id, level=role.level).exists():
                continue
            add_level_role(level=role.level, role_id=role.role_id, keep=role.keep, actor=actor)
        ours.append(role)
    return ours


def _announce(wanted: Announcement, told: dict[str, Any] | None, actor: Actor) -> dict[str, Any]:
    """What stood before the template, and what stands now."""
    now = _picture()
    before = told["before"] if told is not None and now == told["after"] else now
    channel = wanted.channel_id if wanted.level_up == LevelUp.CHANNEL else None
    set_level_announcements(level_up=wanted.level_up, channel_id=channel, text=wanted.text, actor=actor)
    return {"before": before, "after": _picture()}


def _picture() -> dict[str, Any]:
    row = get_notification_settings()
    return {"level_up": str(row.level_up), "channel_id": row.channel_id, "text": row.text}


def _keep(tenant: Tenant, parts: dict[str, Any], actor: Actor) -> None:
    """Remember it; planned roles leave a line in the audit log, because nothing else tells of them until they are made."""
    former = tenant.setup.get(_KEY, {})
    if parts == former:
        return
    before, after = (
        {"planned": [f"{role.name} at level {role.level}" for role in _read_roles(one.get("roles", [])) if role.role_id is None]}
        for one in (former, parts)
    )  # fmt: skip
    tenant.setup = {**tenant.setup, _KEY: parts}
    tenant.save(update_fields=["setup"])
    if before != after:
        record_audit(
            actor=actor,
            action="level_role.planned",
            target_kind="template",
            target_id=parts["kind"],
            target_name="level roles",
            before=before,
            after=after,
        )


def _check(role: WantedRole, context: TenantContext) -> WantedRole:
    if context.guild_id is None:
        raise BadLevelRoleError("No Discord server is linked, so no level can give a role. Link one first.")
    name = clean_line(role.name, limit=MAX_NAME)
    if not name:
        raise BadLevelRoleError(f"Give the role a name of 1 to {MAX_NAME} characters.", field="name")
    return WantedRole(role.level, name, role.keep, role.role_id)


def _write(role: WantedRole) -> dict[str, Any]:
    # The id as text: JSON in a browser would round it.
    return {"level": role.level, "name": role.name, "keep": role.keep, "role_id": str(role.role_id or "")}


def _read_roles(rows: Iterable[dict[str, Any]]) -> list[WantedRole]:
    return [
        WantedRole(row["level"], row["name"], row["keep"], int(row["role_id"]) if row["role_id"] else None)
        for row in rows
    ]
