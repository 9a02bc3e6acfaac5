"""Level roles from the organiser's page: a role that is missing is made, one that is there is taken, and a level is changed.

Invariant: a form sent twice makes one role: the second finds the first one's by its name.
"""

from __future__ import annotations

from typing import Final

from django.db import connection, transaction

from engagement.audit.actor import Actor
from engagement.audit.services import record_audit
from saas.core.errors import NotFoundError
from saas.core.text import clean_line
from saas.events.jobs import JobRow, defer_rows
from saas.events.retries import PermanentJobError, RetryLaterError
from tenants.context import TenantContext
from tenants.gatekeeping import require_gate

from .client import DiscordClient
from .directory import forget_directory
from .errors import BadLevelRoleError, DiscordAwayError, DiscordUnavailableError
from .models import LevelRole
from .roles import SWEEP_LOCK, add_level_role, forget_standing, get_standing

MAX_NAME: Final = 100


def make_level_role(
    context: TenantContext,
    client: DiscordClient,
    *,
    level: int,
    name: str,
    actor: Actor,
    keep: str = LevelRole.Keep.STACK,
) -> LevelRole:
    """Make a role of that name in Discord, without permissions, and give it from `level` on. A role of that name which the bot can
    give is taken instead of making another.

    Holds the tenant's advisory lock while Discord is asked, so that a form sent twice makes one role. Raises
    BadLevelRoleError, DiscordUnavailableError, GateClosedError before Discord is asked.
    """
    require_gate("level_roles")
    name = clean_line(name, limit=MAX_NAME)
    if not name:
        raise BadLevelRoleError(f"Give the role a name of 1 to {MAX_NAME} characters.", field="name")
    if context.guild_id is None:
        raise BadLevelRoleError(
            "No Discord server is linked, so no role can be made. Link one first.", field="name"
        )
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"level roles {context.schema}"])
        try:
            role_id = _find_or_make(context.guild_id, client, name, level)
        except (DiscordAwayError, RetryLaterError) as error:
            raise DiscordUnavailableError() from error
        except PermanentJobError as error:
            raise BadLevelRoleError(
                f"Discord did not make the role “{name}”: {error} Check EngageHub's permissions there.",
                field="name",
            ) from error
        row = add_level_role(level=level, role_id=role_id, keep=keep, actor=actor)
    forget_standing(context.guild_id)
    forget_directory(context)
    return row


@transaction.atomic
def change_level_role(*, role_id: int, level: int, keep: str, actor: Actor) -> LevelRole:
    """Give a level role from another level on, or keep it otherwise; the sweep that this defers brings members in line.

    Locks the row. Idempotent. Raises NotFoundError, BadLevelRoleError, GateClosedError.
    """
    require_gate("level_roles")
    row = LevelRole.objects.select_for_update().filter(role_id=role_id).first()
    if row is None:
        raise NotFoundError("This role belongs to no level any more. Add it again.")
    if not 1 <= level <= 10_000 or keep not in LevelRole.Keep.values:
        raise BadLevelRoleError("Give the role from a level between 1 and 10,000 on.", field="level")
    if (row.level, row.keep) == (level, keep):
        return row
    before = {"level": row.level, "keep": row.keep}
    row.level, row.keep = level, keep
    row.save(update_fields=["level", "keep"])
    record_audit(
        actor=actor,
        action="level_role.added",
        target_kind="level_role",
        target_id=role_id,
        target_name=f"role {role_id}",
        before=before,
        after={"level": level, "keep": keep},
    )
    with connection.cursor() as cursor:
        schema: str = connection.schema_name  # type: ignore[attr-defined]
        sweep = JobRow("integrations.discord.sweep_tenant_roles", schema, queueing_lock=SWEEP_LOCK)
        defer_rows(cursor, [sweep])
    return row


def _find_or_make(guild_id: int, client: DiscordClient, name: str, level: int) -> int:
    standing = get_standing(client, guild_id, fresh=True)
    named = [role for role in standing.roles.values() if role.name == name and role.id != guild_id]
    for role in named:
        if standing.find_problem(role.id) is None:
            return role.id
    if not standing.may_manage_roles:
        raise BadLevelRoleError(
            f"EngageHub may not make roles: it lacks Manage Roles. In Discord open Server Settings → Roles → “{standing.top.name}” "
            "→ Permissions and switch Manage Roles on.",
            field="name",
        )
    return client.create_role(guild_id, name, reason=f"Level {level}")


def list_level_roles() -> list[LevelRole]:
    """The lowest level first. One query."""
    return list(LevelRole.objects.order_by("level", "role_id"))


def get_level_role(*, role_id: int) -> LevelRole:
    """Raises NotFoundError."""
    row = LevelRole.objects.filter(role_id=role_id).first() if role_id < 2**63 else None
    if row is None:
        raise NotFoundError("This role belongs to no level here.")
    return row
