"""May the bot give a role, and if not, what has the organiser to do? Pure, over what Discord's API tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

ADMINISTRATOR, MANAGE_ROLES = 1 << 3, 1 << 28


@dataclass(frozen=True, slots=True)
class GuildRole:
    id: int
    name: str
    position: int
    managed: bool

    def stands_under(self, other: GuildRole) -> bool:
        """Among equal positions Discord puts the older role higher."""
        return (self.position, -self.id) < (other.position, -other.id)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the bot stands in a guild."""

    guild_id: int
    roles: dict[int, GuildRole]
    top: GuildRole
    may_manage_roles: bool

    @classmethod
    def read(cls, guild: dict[str, Any], own: dict[str, Any]) -> Standing:
        """From GET /guilds/{id} and the bot's own member."""
        guild_id = int(guild["id"])
        roles = {
            int(role["id"]): GuildRole(
                int(role["id"]), role["name"], int(role["position"]), bool(role["managed"])
            )
            for role in guild["roles"]
        }
        bits = {int(role["id"]): int(role["permissions"]) for role in guild["roles"]}
        held = [guild_id, *(int(role) for role in own["roles"])]
        granted = 0
        for role in held:
            granted |= bits.get(role, 0)
        top = max((roles[role] for role in held if role in roles), key=lambda role: (role.position, -role.id))
        return cls(guild_id, roles, top, bool(granted & (ADMINISTRATOR | MANAGE_ROLES)))

    def find_problem(self, role_id: int) -> str | None:
        """Why the bot cannot give that role, with the fix; None when it can."""
        role = self.roles.get(role_id)
        if role is None or role_id == self.guild_id:
            return (
                f"The role {role_id} no longer exists in Discord, so nobody gets it. Remove it from the level roles, "
                "or choose another one."
            )
        if role.managed:
            return f"Discord itself manages the role “{role.name}” for an integration; nobody else can give it. Choose another one."
        if not self.may_manage_roles:
            return (
                f"EngageHub may not give the role “{role.name}”: it lacks Manage Roles. In Discord open Server Settings → "
                f"Roles → “{self.top.name}” → Permissions and switch Manage Roles on."
            )
        if not role.stands_under(self.top):
            return (
                f"EngageHub may not give the role “{role.name}”, which stands above its own. In Discord open Server "
                f"Settings → Roles and drag “{self.top.name}” above “{role.name}”."
            )
        return None
