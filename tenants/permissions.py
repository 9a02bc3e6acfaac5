"""Who may do what: the one table (DESIGN section 3, "Who may").

A person's role in a tenant is the higher of the Membership of the linked user and what Discord says of them: their
permissions (Manage Server → admin, Moderate Members → moderator) and the tenant's own map of Discord roles. Pages, bot,
API and documentation all ask the table; an action that does not stand in it does not exist.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from saas.core.errors import NotAllowedError

from .context import TenantContext
from .models import Membership


class Role(IntEnum):
    """What a person is in a tenant, lowest first; each may do what those before it may."""

    STRANGER = 0
    MEMBER = 10
    ANALYST = 20
    MODERATOR = 30
    ADMIN = 40
    OWNER = 50
    OPERATOR = 60

    @property
    def title(self) -> str:
        return self.name.lower()


# Discord's permission bits that mean something here.
ADMINISTRATOR = 1 << 3
MANAGE_GUILD = 1 << 5
MODERATE_MEMBERS = 1 << 40


@dataclass(frozen=True, slots=True)
class Permission:
    """`action` may be done by `role` and those above it. `asks` completes "Only … may"."""

    action: str
    role: Role
    asks: str


_TABLE = (
    Permission("view_board", Role.STRANGER, "see the leaderboard"),
    Permission("view_ways_to_earn", Role.STRANGER, "see how points are earned"),
    Permission("view_profile", Role.STRANGER, "see a member's page"),
    Permission("view_own_history", Role.MEMBER, "see their own history"),
    Permission("change_own_privacy", Role.MEMBER, "change their own visibility"),
    Permission("view_dashboard", Role.ANALYST, "see the dashboard"),
    Permission("explain_any_entry", Role.ANALYST, "have anyone's points explained"),
    Permission("adjust_points", Role.MODERATOR, "give and take points"),
    Permission("undo_adjustment", Role.MODERATOR, "undo an adjustment"),
    Permission("view_members", Role.ANALYST, "see the list of members"),
    Permission("export_members", Role.MODERATOR, "export the list of members"),
    Permission("manage_members", Role.MODERATOR, "register and change members"),
    Permission("delete_members", Role.ADMIN, "delete, restore and merge members"),
    Permission("view_rules", Role.ANALYST, "see the rules as they are written"),
    Permission("change_rules", Role.ADMIN, "change the rules"),
    Permission("change_levels", Role.ADMIN, "change the levels"),
    Permission("change_boards", Role.ADMIN, "change the leaderboards"),
    Permission("run_imports", Role.ADMIN, "bring levels over from another bot"),
    Permission("view_team", Role.ANALYST, "see who is on the team"),
    Permission("manage_team", Role.ADMIN, "invite people and change what they may do"),
    Permission("view_settings", Role.ANALYST, "see the settings"),
    Permission("change_settings", Role.ADMIN, "change the settings"),
    Permission("manage_api_keys", Role.ADMIN, "make and revoke API keys"),
    Permission("view_audit", Role.ADMIN, "read the audit log"),
    Permission("export_audit", Role.ADMIN, "export the audit log"),
    Permission("go_live", Role.ADMIN, "take the community live"),
    Permission("change_announcements", Role.ADMIN, "change announcements and level roles"),
    Permission("change_commands", Role.ADMIN, "set the bot's commands up"),
    Permission("link_guild", Role.ADMIN, "link a Discord server"),
    Permission("change_address", Role.OWNER, "change the community's address"),
    Permission("transfer_ownership", Role.OWNER, "hand the community over"),
    Permission("delete_community", Role.OWNER, "delete the community"),
    Permission("operate", Role.OPERATOR, "see the operator's pages"),
)
PERMISSIONS = {row.action: row for row in _TABLE}


class NotPermittedError(NotAllowedError):
    """The person's role is too low for the action."""

    code = "not_permitted"

    def __init__(self, permission: Permission) -> None:
        super().__init__(
            f"Only {permission.role.title}s and above may {permission.asks}. Ask one of them, or ask the owner for the role."
        )


def may(role: Role, action: str) -> bool:
    """Whether `role` may do `action`. Raises KeyError for an action that stands in no row."""
    return role >= PERMISSIONS[action].role


def require(role: Role, action: str) -> None:
    """Raises NotPermittedError, which says whom to ask."""
    if not may(role, action):
        raise NotPermittedError(PERMISSIONS[action])


def role_of_user(*, user_id: int | None, tenant_id: int) -> Role:
    """The role that a login has by its Membership. One query."""
    if user_id is None:
        return Role.STRANGER
    found = (
        Membership.objects.filter(user_id=user_id, tenant_id=tenant_id).values_list("role", flat=True).first()
    )
    return Role[found.upper()] if found else Role.STRANGER


def role_for_interaction(
    context: TenantContext, user_id: int, permissions_bits: int, role_ids: Iterable[int]
) -> Role:
    """The role of the Discord user `user_id` who sent an interaction, from its own payload. One query.

    `permissions_bits` is the payload's `member.permissions` (a guild's owner has every bit), `role_ids` its `member.roles`.
    """
    discord_role = max([role_of_bits(permissions_bits), *_mapped_roles(context, role_ids)])
    if discord_role >= Role.OWNER:
        return discord_role
    return max(discord_role, _role_of_discord_user(context, user_id))


def role_of_bits(permissions_bits: int) -> Role:
    """What Discord's own permissions make of a member of the guild."""
    if permissions_bits & (ADMINISTRATOR | MANAGE_GUILD):
        return Role.ADMIN
    if permissions_bits & MODERATE_MEMBERS:
        return Role.MODERATOR
    return Role.MEMBER


def _mapped_roles(context: TenantContext, role_ids: Iterable[int]) -> list[Role]:
    """Owner is never mapped: who owns a community is decided by a Membership alone."""
    mapped = dict(context.role_map)
    return [min(Role[mapped[role].upper()], Role.ADMIN) for role in role_ids if role in mapped]


def _role_of_discord_user(context: TenantContext, discord_id: int) -> Role:
    found = (
        Membership.objects.filter(user__discord_id=discord_id, tenant_id=context.tenant_id)
        .values_list("role", flat=True)
        .first()
    )
    return Role[found.upper()] if found else Role.STRANGER
