"""Who may do what: the one table (DESIGN section 3, "Who may").

A person's role in a tenant is the higher of the Membership of the linked user and what Discord says of them: their
permissions (Manage Server → admin, Moderate Members → moderator) and the tenant's own map of Discord roles. A Membership
may hold more than its role, or less: single actions given to this person, or taken from them. Pages, bot, API and
documentation all ask the table; an action that does not stand in it does not exist.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import IntEnum

from saas.core.errors import NotAllowedError

from .context import TenantContext
from .models import Membership
from .seats import is_frozen, with_seats


class Role(IntEnum):
    """What a person is in a tenant, lowest first; each may do what those before it may."""

    STRANGER = 0
    PARTNER = 5  # reserved for people of businesses that give rewards: so far nobody is one, and may do what strangers may
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
    Permission("claim_member", Role.MEMBER, "claim a member with a code"),
    Permission("view_dashboard", Role.ANALYST, "see the dashboard"),
    Permission("explain_any_entry", Role.ANALYST, "have anyone's points explained"),
    Permission("adjust_points", Role.MODERATOR, "give and take points"),
    Permission("undo_adjustment", Role.MODERATOR, "undo an adjustment"),
    Permission("send_activities", Role.ADMIN, "report what members did"),
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
    Permission("view_boosts", Role.ANALYST, "see the boosts"),
    Permission("change_boosts", Role.ADMIN, "start and stop boosts"),
    Permission("view_shop", Role.STRANGER, "see the rewards"),
    Permission("redeem_rewards", Role.MEMBER, "redeem rewards"),
    Permission("view_rewards", Role.ANALYST, "see the catalogue as it is kept"),
    Permission("change_rewards", Role.ADMIN, "change the rewards"),
    Permission("view_redemptions", Role.ANALYST, "see who redeemed what"),
    Permission("decide_redemptions", Role.MODERATOR, "decide on redemptions"),
    Permission("fulfil_redemptions", Role.MODERATOR, "ship rewards and read addresses"),
    Permission("export_redemptions", Role.MODERATOR, "export the redemptions"),
    Permission("submit_work", Role.MEMBER, "hand something in"),
    Permission("view_submissions", Role.ANALYST, "see what was handed in"),
    Permission("review_submissions", Role.MODERATOR, "review what was handed in"),
    Permission("change_submission_types", Role.ADMIN, "change what can be handed in"),
    Permission("request_credits", Role.MEMBER, "request credits"),
    Permission("view_credits", Role.ANALYST, "see credits and requests"),
    Permission("decide_credits", Role.MODERATOR, "decide on credit requests"),
    Permission("grant_credits", Role.ADMIN, "grant and revoke credits"),
    Permission("spend_credits", Role.ADMIN, "spend members' credits"),
    Permission("change_credits", Role.ADMIN, "change the kinds of credits"),
    Permission("view_economy", Role.ANALYST, "see how the economy is"),
    Permission("support_community", Role.MEMBER, "support the community with money"),
    Permission("view_supporters", Role.MODERATOR, "see who supports the community and what comes in"),
    Permission("manage_supporters", Role.ADMIN, "change the tiers and refund supporters"),
    Permission("manage_payouts", Role.OWNER, "connect the account that supporters' money goes to"),
    Permission("view_billing", Role.ADMIN, "see the plan and what it costs"),
    Permission("manage_billing", Role.OWNER, "change the plan and pay for it"),
    Permission("link_guild", Role.ADMIN, "link a Discord server"),
    Permission("change_address", Role.OWNER, "change the community's address"),
    Permission("transfer_ownership", Role.OWNER, "hand the community over"),
    Permission("delete_community", Role.OWNER, "delete the community"),
    Permission("operate", Role.OPERATOR, "see the operator's pages"),
)
PERMISSIONS = {row.action: row for row in _TABLE}
# What a community may keep to its members (`board_public` off).
_CLOSABLE = frozenset({"view_board", "view_profile", "view_shop"})
# What can be given to one person, or taken from them: neither what everybody here may do nor what an owner alone may.
GRANTABLE = tuple(row.action for row in _TABLE if Role.MEMBER < row.role <= Role.ADMIN)


@dataclass(frozen=True, slots=True)
class Rights:
    """What one person may do in a tenant: their role, and the single actions given to them or taken from them.

    Nothing is taken from an owner or from EngageHub's staff. `frozen_from`: the role of a seat that the plan no longer includes,
    which looks and changes nothing (tenants.seats).
    """

    role: Role
    given: frozenset[str] = frozenset()
    taken: frozenset[str] = frozenset()
    frozen_from: Role | None = None

    def may(self, action: str) -> bool:
        """Raises KeyError for an action that stands in no row."""
        by_role = self.role >= PERMISSIONS[action].role
        if self.role >= Role.OWNER:
            return by_role
        return action in self.given or (by_role and action not in self.taken)

    @property
    def actions(self) -> frozenset[str]:
        return frozenset(action for action in PERMISSIONS if self.may(action))


STRANGER = Rights(Role.STRANGER)


class NotPermittedError(NotAllowedError):
    """The person may not do it. `action` names what was tried, for the audit log."""

    code = "not_permitted"

    def __init__(self, permission: Permission, message: str = "") -> None:
        super().__init__(
            message
            or f"Only {permission.role.title}s and above may {permission.asks}. Ask one of them, or ask the owner for the role."
        )
        self.action = permission.action


def may(who: Role | Rights, action: str) -> bool:
    """Whether a role, or a person with these rights, may do `action`. Raises KeyError for one that stands in no row."""
    return (who if isinstance(who, Rights) else Rights(who)).may(action)


def require(who: Role | Rights, action: str) -> None:
    """Raises NotPermittedError, which says whom to ask."""
    if not may(who, action):
        raise NotPermittedError(PERMISSIONS[action], _why_taken(who, action))


def may_here(context: TenantContext, who: Role | Rights, action: str) -> bool:
    """As `may`, in a community that may keep its boards and profiles to its members."""
    role = who.role if isinstance(who, Rights) else who
    return may(who, action) and (context.board_public or action not in _CLOSABLE or role >= Role.MEMBER)


def require_here(context: TenantContext, who: Role | Rights, action: str) -> None:
    """Raises NotPermittedError."""
    require(who, action)
    if not may_here(context, who, action):
        asked = PERMISSIONS[action]
        raise NotPermittedError(Permission(action, Role.MEMBER, asked.asks), "")


def _why_taken(who: Role | Rights, action: str) -> str:
    """For somebody whose role may, but from whom just this was taken, or whose seat is frozen; else empty."""
    if not isinstance(who, Rights):
        return ""
    if who.frozen_from is not None and PERMISSIONS[action].role <= who.frozen_from:
        return (
            f"Your place on this team only looks for now, so you may not {PERMISSIONS[action].asks}: the community's plan includes "
            "fewer people. The owner can change the plan under Billing, or make room on the team."
        )
    if action not in who.taken or who.role < PERMISSIONS[action].role:
        return ""
    return f"You may not {PERMISSIONS[action].asks} here: the owner or an admin took this from you. Ask them."


def rights_of(membership: Membership | None) -> Rights:
    """What a Membership says; without one, a stranger's. Actions of former releases count for nothing."""
    if membership is None:
        return STRANGER
    return Rights(
        Role[membership.role.upper()],
        frozenset(membership.given) & frozenset(GRANTABLE),
        frozenset(membership.taken) & frozenset(GRANTABLE),
    )


def rights_in_force(membership: Membership | None) -> Rights:
    """What a Membership lets somebody do now: as `rights_of`, but a seat that the plan does not include only looks.

    For rows of tenants.seats.with_seats. This is what every door asks; `rights_of` is for those who change what is written.
    """
    rights = rights_of(membership)
    if membership is None or not is_frozen(membership):
        return rights
    return Rights(min(rights.role, Role.ANALYST), taken=rights.taken, frozen_from=rights.role)


def rights_of_user(*, user_id: int | None, tenant_id: int) -> Rights:
    """What a login may do by its Membership. One query."""
    if user_id is None:
        return STRANGER
    mine = Membership.objects.filter(user_id=user_id, tenant_id=tenant_id)
    return rights_in_force(with_seats(mine).first())


def role_of_user(*, user_id: int | None, tenant_id: int) -> Role:
    """The role that a login has by its Membership, to be shown or compared. One query."""
    return rights_of_user(user_id=user_id, tenant_id=tenant_id).role


def rights_for_interaction(
    context: TenantContext, user_id: int, permissions_bits: int, role_ids: Iterable[int]
) -> Rights:
    """What the Discord user `user_id` who sent an interaction may do, from its own payload. One query.

    `permissions_bits` is the payload's `member.permissions` (a guild's owner has every bit), `role_ids` its `member.roles`.
    Discord can raise the role, a frozen seat's too; what the Membership gives or takes holds either way.
    """
    discord_role = max([role_of_bits(permissions_bits), *_mapped_roles(context, role_ids)])
    mine = Membership.objects.filter(user__discord_id=user_id, tenant_id=context.tenant_id)
    rights = rights_in_force(with_seats(mine).first())
    return replace(rights, role=max(discord_role, rights.role))


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
