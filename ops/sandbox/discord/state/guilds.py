"""Guilds, their channels and their roles.

Invariant: a guild always has its @everyone role and an owner who is a member.
"""

from __future__ import annotations

from typing import Any

from . import audit, permissions
from .entities import CATEGORY, Channel, Guild, Member, Overwrite, Role
from .payloads import channel_payload, guild_create, guild_payload, role_payload
from .snowflakes import now_ms
from .world import Happening, World


def create_guild(world: World, *, name: str, owner_id: int, guild_id: int | None = None) -> Guild:
    """A guild with its owner as the only member; the bot is not in it yet."""
    identifier = guild_id or world.ids.make()
    guild = Guild(identifier, name, owner_id)
    guild.roles[identifier] = Role(identifier, "@everyone", 0, permissions.EVERYONE)
    guild.members[owner_id] = Member(owner_id, now_ms())
    world.guilds[identifier] = guild
    return guild


def announce_guild(world: World, guild: Guild, *, joined: bool) -> None:
    """GUILD_CREATE to the bot that is in the guild, shaped per session by the gateway.

    A guild that was joined comes without `unavailable`; one that is back from an outage with `unavailable: false`.
    """
    if world.in_guild(guild.id):
        world.permissions_changed()
        data = guild_create(world, guild, all_members=True)
        if joined:
            del data["unavailable"]
        world.emit(Happening("GUILD_CREATE", data, guild_id=guild.id))


def update_guild(world: World, guild: Guild, **fields: Any) -> None:
    """Change plain fields of the guild and emit GUILD_UPDATE."""
    for key, value in fields.items():
        setattr(guild, key, value)
    world.emit(Happening("GUILD_UPDATE", guild_payload(world, guild), guild_id=guild.id))


def set_unavailable(world: World, guild: Guild, *, unavailable: bool) -> None:
    """An outage of one guild: GUILD_DELETE with `unavailable`, and GUILD_CREATE when it is over."""
    guild.unavailable = unavailable
    if unavailable:
        data = {"id": str(guild.id), "unavailable": True}
        world.emit(Happening("GUILD_DELETE", data, guild_id=guild.id))
    else:
        announce_guild(world, guild, joined=False)


def remove_bot(world: World, guild: Guild, *, delete: bool = False) -> None:
    """The bot is removed from the guild, or the guild is deleted: GUILD_DELETE without `unavailable`."""
    data = {"id": str(guild.id)}
    happening = Happening("GUILD_DELETE", data, guild_id=guild.id)
    if delete:
        world.emit(happening)
        for channel in list(guild.channels.values()):
            world.forget_channel(guild, channel)
        del world.guilds[guild.id]
        return
    world.emit(happening)
    guild.members.pop(world.bot_id, None)
    for role in [role for role in guild.roles.values() if role.bot_id == world.bot_id]:
        del guild.roles[role.id]
    for command_id in [c.id for c in world.commands.values() if c.guild_id == guild.id]:
        del world.commands[command_id]
    world.permissions_changed()


def install_bot(world: World, guild: Guild, *, granted: int, installer_id: int | None = None) -> None:
    """Add the bot with a managed role holding the granted permissions. Installing twice only widens the role."""
    role = next((role for role in guild.roles.values() if role.bot_id == world.bot_id), None)
    if role is None:
        position = 1
        for other in guild.roles.values():
            if other.position >= position:
                other.position += 1
        name = world.users[world.bot_id].username
        role = Role(world.ids.make(), name, position, granted, managed=True, bot_id=world.bot_id)
        guild.roles[role.id] = role
    else:
        role.permissions |= granted
    if world.bot_id in guild.members:
        world.permissions_changed()
        emit_role(world, guild, role, "GUILD_ROLE_UPDATE")
        return
    guild.members[world.bot_id] = Member(world.bot_id, now_ms(), roles=[role.id])
    announce_guild(world, guild, joined=True)
    audit.record_audit(world, guild, audit.BOT_ADD, user_id=installer_id, target_id=world.bot_id)


# --- channels ---


def create_channel(
    world: World,
    guild: Guild,
    *,
    name: str,
    type: int = 0,
    parent_id: int | None = None,
    channel_id: int | None = None,
    topic: str | None = None,
    overwrites: list[Overwrite] | None = None,
) -> Channel:
    """A channel or category at the end of its list; emits CHANNEL_CREATE."""
    channel = Channel(
        channel_id or world.ids.make(),
        type,
        name,
        guild.id,
        parent_id=None if type == CATEGORY else parent_id,
        position=sum(1 for other in guild.channels.values() if not other.is_thread),
        topic=topic,
        overwrites={o.id: o for o in overwrites or []},
    )
    world.add_channel(guild, channel)
    emit_channel(world, channel, "CHANNEL_CREATE")
    return channel


def update_channel(world: World, channel: Channel, **fields: Any) -> None:
    for key, value in fields.items():
        setattr(channel, key, value)
    world.permissions_changed()
    emit_channel(world, channel, "THREAD_UPDATE" if channel.is_thread else "CHANNEL_UPDATE")


def delete_channel(world: World, guild: Guild, channel: Channel) -> None:
    """Delete a channel with its threads; a category's channels lose their parent."""
    for other in list(guild.channels.values()):
        if other.parent_id == channel.id:
            if other.is_thread:
                delete_channel(world, guild, other)
            else:
                update_channel(world, other, parent_id=None)
    happening = _channel_happening(world, channel, "THREAD_DELETE" if channel.is_thread else "CHANNEL_DELETE")
    world.emit(happening)
    world.forget_channel(guild, channel)


def emit_channel(world: World, channel: Channel, type: str) -> None:
    world.emit(_channel_happening(world, channel, type))


def _channel_happening(world: World, channel: Channel, type: str) -> Happening:
    data = channel_payload(world, channel)
    if type == "THREAD_DELETE":
        data = {key: data[key] for key in ("id", "guild_id", "parent_id", "type")}
    return Happening(type, data, guild_id=channel.guild_id, channel_id=channel.id)


# --- roles ---


def create_role(
    world: World,
    guild: Guild,
    *,
    name: str = "new role",
    role_id: int | None = None,
    allowed: int = 0,
    color: int = 0,
    hoist: bool = False,
    mentionable: bool = False,
) -> Role:
    """A role just above @everyone, pushing the others up, as Discord places it; emits GUILD_ROLE_CREATE."""
    pushed = [other for other in guild.roles.values() if other.id != guild.id]
    for other in pushed:
        other.position += 1
        emit_role(world, guild, other, "GUILD_ROLE_UPDATE")
    role = Role(role_id or world.ids.make(), name, 1, allowed, color, hoist, mentionable)
    guild.roles[role.id] = role
    emit_role(world, guild, role, "GUILD_ROLE_CREATE")
    return role


def update_role(world: World, guild: Guild, role: Role, **fields: Any) -> None:
    for key, value in fields.items():
        setattr(role, key, value)
    world.permissions_changed()
    emit_role(world, guild, role, "GUILD_ROLE_UPDATE")


def move_roles(world: World, guild: Guild, order: dict[int, int]) -> None:
    """Set positions, then number them without gaps, @everyone at 0; emits one update for each that moved."""
    before = {role.id: role.position for role in guild.roles.values()}
    wanted = sorted(
        (role for role in guild.roles.values() if role.id != guild.id),
        key=lambda role: (order.get(role.id, role.position), role.id in order, -role.id),
    )
    for position, role in enumerate(wanted, start=1):
        role.position = position
    world.permissions_changed()
    for role in wanted:
        if before[role.id] != role.position:
            emit_role(world, guild, role, "GUILD_ROLE_UPDATE")


def delete_role(world: World, guild: Guild, role: Role) -> None:
    """Delete a role and take it from everybody who held it."""
    del guild.roles[role.id]
    for member in guild.members.values():
        if role.id in member.roles:
            member.roles.remove(role.id)
    world.permissions_changed()
    data = {"guild_id": str(guild.id), "role_id": str(role.id)}
    world.emit(Happening("GUILD_ROLE_DELETE", data, guild_id=guild.id))


def emit_role(world: World, guild: Guild, role: Role, type: str) -> None:
    data = {"guild_id": str(guild.id), "role": role_payload(role)}
    world.emit(Happening(type, data, guild_id=guild.id))
