"""Roles as desired state: those of levels, those that members redeemed, and those that come with a support.

Invariant: of a member's roles only those that `level_role` lists, or that this member's own redemptions and supports name, are compared, then added
and removed one by one; a PATCH of the whole set would erase what others just gave.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, connection, transaction

from engagement.audit.actor import Actor
from engagement.audit.services import record_audit
from engagement.members.models import Member
from engagement.members.selectors import get_discord_id
from engagement.progression.models import MemberProgress
from engagement.rewards.fulfilment_selectors import RoleGrant, list_role_grants
from engagement.supporters.roles import SupportRole, forget_roles, list_support_roles, note_roles
from saas.core.errors import NotFoundError
from saas.events.jobs import JobRow, defer_rows
from tenants.context import TenantContext
from tenants.gatekeeping import require_gate

from .client import DiscordClient
from .errors import (
    MISSING_PERMISSIONS,
    UNKNOWN_MEMBER,
    UNKNOWN_ROLE,
    BadLevelRoleError,
    DiscordRefusedError,
)
from .hierarchy import Standing
from .models import LevelRole
from .problems import clear_problem, note_problem

SWEEP_LOCK = "sweep level roles"
_STANDING_SECONDS = 30.0
_standings: dict[int, tuple[float, Standing]] = {}


def desired_roles(roles: Iterable[LevelRole], level: int) -> set[int]:
    """The role ids that a member of `level` is to have."""
    reached = [role for role in roles if role.level <= level]
    highest = max((role.level for role in reached), default=0)
    return {role.role_id for role in reached if role.keep == LevelRole.Keep.STACK or role.level == highest}


@dataclass(frozen=True, slots=True)
class Synced:
    """How a member's roles stand: `changed` so many, `held` of those that are ours afterwards, `problems` by role. `away`: no member of
    the guild, or without an account there."""

    changed: int = 0
    held: frozenset[int] = frozenset()
    problems: Mapping[int, str] = field(default_factory=dict)
    away: bool = False


def sync_member_roles(context: TenantContext, client: DiscordClient, *, member_id: int) -> int:
    """Give and take until the member's level roles, and those of what they redeemed and support, are as desired. Returns how many changed.

    Idempotent. What Discord would refuse is noted as a problem with its fix, and not asked. Somebody who left or was deleted is passed
    over. Raises RetryLaterError, DiscordAwayError.
    """
    return bring_roles(context, client, member_id=member_id).changed


def bring_roles(
    context: TenantContext, client: DiscordClient, *, member_id: int, levels: bool = True
) -> Synced:
    """As sync_member_roles, and how they stand then. Without `levels` level roles are left alone: the plan may not have them.

    Of a redeemed role, and of one that came with a support, only what we gave is taken back: who had it before keeps it
    (engagement.rewards.fulfilling, engagement.supporters.roles).
    """
    roles = list(LevelRole.objects.all()) if levels else []
    grants = list_role_grants(member_id=member_id)
    supports = list_support_roles(member_id=member_id)
    user_id = get_discord_id(member_id=member_id)
    left = not Member.objects.filter(pk=member_id, departed_at=None, deleted_at=None).exists()
    if not (roles or grants or supports):
        return Synced()
    if user_id is None or left or context.guild_id is None:
        return Synced(away=True)
    level = MemberProgress.objects.filter(pk=member_id).values_list("level", flat=True).first() or 0
    redeemed = {grant.role_id for grant in grants if grant.wanted}
    desired = desired_roles(roles, level) | redeemed | {role.role_id for role in supports if role.wanted}
    managed = _managed(roles, [*grants, *supports], desired)
    try:
        told = client.get_member(context.guild_id, user_id)
    except DiscordRefusedError as error:
        if error.code == UNKNOWN_MEMBER:
            return Synced(away=True)
        raise
    if supports:
        note_roles(member_id=member_id, held={int(role) for role in told["roles"]})
    held = {int(role) for role in told["roles"]} & managed
    problems: dict[int, str] = {}
    changed = 0
    for role, give in [(role, True) for role in sorted(desired - held)] + [
        (role, False) for role in sorted(held - desired)
    ]:
        why = _reason(role, level, redeemed=redeemed, supports={one.role_id for one in supports}, roles=roles)
        problem = _change(context.guild_id, client, user_id, role, give, why)
        if problem is None:
            changed += 1
            held ^= {role}
        elif problem:
            problems[role] = problem
    if supports:
        forget_roles(member_id=member_id, held=held)
    return Synced(changed, frozenset(held), problems)


def _managed(
    roles: Iterable[LevelRole], given: Iterable[RoleGrant | SupportRole], desired: set[int]
) -> set[int]:
    """Roles that may be given or taken here: what the member had before we gave it is left alone, unless they are to have it."""
    given = list(given)
    ours = {role.role_id for role in roles} | {one.role_id for one in given if one.ours}
    had = {one.role_id for one in given if one.ours is False}
    return (ours - had) | desired


def _reason(
    role: int, level: int, *, redeemed: set[int], supports: set[int], roles: Iterable[LevelRole]
) -> str:
    """What Discord's own log of the server shows. Of a support it says nothing of money."""
    if role in supports and role not in redeemed:
        return "Supporter"
    return f"Level {level}" if role not in redeemed and any(True for _ in roles) else "Redeemed"


def holds_role(context: TenantContext, client: DiscordClient, *, member_id: int, role_id: int) -> bool | None:
    """Whether the member has the role in Discord now; None for somebody who is not there."""
    user_id = get_discord_id(member_id=member_id)
    if user_id is None or context.guild_id is None:
        return None
    try:
        told = client.get_member(context.guild_id, user_id)
    except DiscordRefusedError as error:
        if error.code == UNKNOWN_MEMBER:
            return None
        raise
    return str(role_id) in {str(role) for role in told["roles"]}


def _change(
    guild_id: int, client: DiscordClient, user_id: int, role_id: int, give: bool, why: str
) -> str | None:
    """None when it is done; else what stands in the way, empty where the member is gone."""
    key = f"role:{role_id}"
    problem = get_standing(client, guild_id).find_problem(role_id)
    if problem is None:
        act = client.add_role if give else client.remove_role
        try:
            act(guild_id, user_id, role_id, reason=why)
        except DiscordRefusedError as error:
            if error.code not in {MISSING_PERMISSIONS, UNKNOWN_ROLE, UNKNOWN_MEMBER}:
                raise
            # The picture was out of date: look again, once.
            problem = get_standing(client, guild_id, fresh=True).find_problem(role_id)
            if problem is None and error.code != UNKNOWN_MEMBER:
                problem = f"Discord did not let EngageHub change the role {role_id}: {error}. Check its permissions."
            if problem is None:
                return ""
        else:
            clear_problem(key=key)
            return None
    note_problem(key=key, message=problem)
    return problem


def get_standing(client: DiscordClient, guild_id: int, *, fresh: bool = False) -> Standing:
    """Where the bot stands in the guild, remembered for half a minute. `fresh` asks again."""
    known = _standings.get(guild_id)
    if known is None or fresh or time.monotonic() - known[0] > _STANDING_SECONDS:
        own = client.get_member(guild_id, client.get_own_id())
        known = (time.monotonic(), Standing.read(client.get_guild(guild_id), own))
        _standings[guild_id] = known
    return known[1]


def forget_standing(guild_id: int) -> None:
    """Ask again the next time: a role was just made, which the picture in hand does not know."""
    _standings.pop(guild_id, None)


def check_level_roles(context: TenantContext, client: DiscordClient) -> list[str]:
    """What stands in the way of each level role, with its fix; the noted problems are brought up to date."""
    if context.guild_id is None:
        return [
            f"{context.name} is not linked to a Discord server. Link one: manage.py tenant link {context.slug} <id>"
        ]
    standing = get_standing(client, context.guild_id, fresh=True)
    problems = []
    for role in LevelRole.objects.order_by("level"):
        problem = standing.find_problem(role.role_id)
        if problem is None:
            clear_problem(key=f"role:{role.role_id}")
        else:
            note_problem(key=f"role:{role.role_id}", message=problem)
            problems.append(problem)
    return problems


@transaction.atomic
def add_level_role(*, level: int, role_id: int, actor: Actor, keep: str = LevelRole.Keep.STACK) -> LevelRole:
    """From `level` on, members get the role; those who are there already, by the sweep that this defers.

    Repeating it changes nothing. Raises BadLevelRoleError, GateClosedError.
    """
    require_gate("level_roles")
    if not 1 <= level <= 10_000:
        raise BadLevelRoleError(f"A level role needs a level from 1 to 10,000, not {level}.", field="level")
    if not 10**16 <= role_id < 2**63:
        raise BadLevelRoleError(
            f"{role_id} is no Discord role id. Copy it from the role's menu in Discord.", field="role_id"
        )
    if keep not in LevelRole.Keep.values:
        raise BadLevelRoleError(f"A role is kept 'stack' or 'highest', not {keep!r}.", field="keep")
    try:
        with transaction.atomic():
            row, created = LevelRole.objects.get_or_create(
                level=level, role_id=role_id, defaults={"keep": keep}
            )
    except IntegrityError as error:
        raise BadLevelRoleError(
            f"The role {role_id} belongs to another level already. Remove it there first.", field="role_id"
        ) from error
    if created or row.keep != keep:
        before: dict[str, Any] | None = None if created else {"level": level, "keep": row.keep}
        row.keep = keep
        row.save(update_fields=["keep"])
        _record(actor, "level_role.added", role_id, before, {"level": level, "keep": keep})
    with connection.cursor() as cursor:
        # By name: the jobs import this module.
        sweep = "integrations.discord.sweep_tenant_roles"
        schema = connection.schema_name  # type: ignore[attr-defined]
        defer_rows(cursor, [JobRow(sweep, schema, queueing_lock=SWEEP_LOCK)])
    return row


@transaction.atomic
def remove_level_role(*, role_id: int, actor: Actor) -> None:
    """The role is no longer ours: those who have it keep it. Raises NotFoundError."""
    before = LevelRole.objects.filter(role_id=role_id).values("level", "keep").first()
    if before is None:
        raise NotFoundError(f"The role {role_id} belongs to no level.")
    LevelRole.objects.filter(role_id=role_id).delete()
    clear_problem(key=f"role:{role_id}")
    _record(actor, "level_role.removed", role_id, before, None)


def _record(
    actor: Actor, action: str, role_id: int, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> None:
    record_audit(
        actor=actor,
        action=action,
        target_kind="level_role",
        target_id=role_id,
        target_name=f"role {role_id}",
        before=before,
        after=after,
    )
