"""Roles: list, create, change, move, delete. Nobody gives what they do not hold, nor touches a role above their own."""

from __future__ import annotations

from typing import Any

from ..errors import refused
from ..state import audit, permissions
from ..state.entities import Guild, Role
from ..state.guilds import create_role, delete_role, move_roles, update_role
from ..state.payloads import Payload, role_payload
from .call import Call, route

_ROLE = "/guilds/{guild_id}/roles/{role_id}"
_PLAIN = ("name", "color", "hoist", "mentionable")


@route("GET", "/guilds/{guild_id}/roles")
async def list_roles(call: Call) -> list[Payload]:
    return [role_payload(role) for role in call.guild().roles.values()]


@route("GET", "/guilds/{guild_id}/roles/member-counts")
async def count_role_members(call: Call) -> dict[str, int]:
    guild = call.guild()
    members = guild.members.values()
    return {
        str(role): sum(1 for member in members if role in member.roles)
        for role in guild.roles
        if role != guild.id
    }


def _role(call: Call, guild: Guild) -> Role:
    role = guild.roles.get(call.id("role_id"))
    if role is None:
        raise refused(10011)
    return role


@route("GET", _ROLE)
async def get_role(call: Call) -> Payload:
    return role_payload(_role(call, call.guild()))


def _read(call: Call, guild: Guild) -> dict[str, Any]:
    body = call.fields()
    fields: dict[str, Any] = {key: body[key] for key in _PLAIN if body.get(key) is not None}
    primary = (body.get("colors") or {}).get("primary_color")
    if primary is not None:
        fields["color"] = int(primary)
    if body.get("permissions") is not None:
        wanted = int(body["permissions"])
        held = permissions.base_permissions(guild, call.bot_member(guild))
        if wanted & ~held:
            raise refused(50013)
        fields["permissions"] = wanted
    return fields


@route("POST", "/guilds/{guild_id}/roles", limit=5, window=10.0)
async def add_role(call: Call) -> Payload:
    guild = call.guild()
    call.need(guild, permissions.MANAGE_ROLES)
    if len(guild.roles) >= 251:
        raise refused(30005)
    fields = _read(call, guild)
    default = guild.roles[guild.id].permissions
    role = create_role(call.world, guild, allowed=fields.pop("permissions", default), **fields)
    audit.record_audit(
        call.world, guild, audit.ROLE_CREATE, user_id=call.world.bot_id, target_id=role.id, reason=call.reason,
        changes=[audit.changed("name", None, role.name)],
    )  # fmt: skip
    return role_payload(role)


def _manageable(call: Call, guild: Guild, role: Role) -> None:
    call.need(guild, permissions.MANAGE_ROLES)
    if role.id != guild.id and not permissions.outranks_role(guild, call.bot_member(guild), role):
        raise refused(50013)


@route("PATCH", _ROLE, limit=5, window=10.0)
async def patch_role(call: Call) -> Payload:
    guild = call.guild()
    role = _role(call, guild)
    _manageable(call, guild, role)
    fields = _read(call, guild)
    changes = [audit.changed(key, getattr(role, key), value) for key, value in fields.items()]
    update_role(call.world, guild, role, **fields)
    audit.record_audit(
        call.world, guild, audit.ROLE_UPDATE, user_id=call.world.bot_id, target_id=role.id,
        reason=call.reason, changes=changes,
    )  # fmt: skip
    return role_payload(role)


@route("PATCH", "/guilds/{guild_id}/roles", limit=5, window=10.0)
async def reorder_roles(call: Call) -> list[Payload]:
    """Move roles, all of which must stand below the bot's highest and stay there."""
    guild = call.guild()
    call.need(guild, permissions.MANAGE_ROLES)
    order = {
        int(row["id"]): int(row["position"]) for row in call.body or [] if row.get("position") is not None
    }
    top = permissions.top_position(guild, call.bot_member(guild))
    for role_id, position in order.items():
        role = guild.roles.get(role_id)
        if role is None:
            raise refused(10011)
        _manageable(call, guild, role)
        if position >= top:
            raise refused(50013)
    move_roles(call.world, guild, order)
    return [role_payload(role) for role in guild.roles.values()]


@route("DELETE", _ROLE, limit=5, window=10.0)
async def remove_role(call: Call) -> None:
    guild = call.guild()
    role = _role(call, guild)
    _manageable(call, guild, role)
    if role.managed or role.id == guild.id:
        raise refused(50028)
    delete_role(call.world, guild, role)
    audit.record_audit(
        call.world, guild, audit.ROLE_DELETE, user_id=call.world.bot_id, target_id=role.id, reason=call.reason,
        changes=[audit.changed("name", role.name, None)],
    )  # fmt: skip
