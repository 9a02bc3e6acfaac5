"""Members: joining, leaving, screening, roles, bans; and the direct-message channels of users.

Invariant: a happening about a member is emitted after the rows changed; a ban removes the member first.
"""

from __future__ import annotations

from typing import Any

from .entities import DM, Channel, Guild, Member, User
from .payloads import member_payload, user_payload
from .snowflakes import now_ms
from .voice import leave_voice
from .world import Happening, World


def create_user(
    world: World,
    *,
    username: str,
    display_name: str | None = None,
    user_id: int | None = None,
    bot: bool = False,
) -> User:
    """A person of this Discord, with a generated avatar and a mail address."""
    identifier = user_id or world.ids.make()
    user = User(
        identifier,
        username,
        display_name,
        avatar=f"{identifier & 0xFFFFFFFFFFFFFFFF:032x}",
        bot=bot,
        email=None if bot else f"{username}@example.com",
    )
    world.users[identifier] = user
    return user


def join_guild(
    world: World, guild: Guild, user: User, *, roles: list[int] | None = None, joined_ms: int | None = None
) -> Member:
    """A user joins. Where the guild screens newcomers they are pending until `pass_screening`."""
    member = guild.members.get(user.id)
    if member is not None:
        return member
    member = Member(
        user.id, joined_ms or now_ms(), roles=list(roles or []), pending=guild.screening and not user.bot
    )
    guild.members[user.id] = member
    data = member_payload(member, user) | {"guild_id": str(guild.id)}
    world.emit(Happening("GUILD_MEMBER_ADD", data, guild_id=guild.id, author_id=user.id))
    return member


def leave_guild(world: World, guild: Guild, user_id: int) -> None:
    """A member leaves or is removed; they leave voice first."""
    leave_voice(world, guild, user_id)
    guild.members.pop(user_id, None)
    data = {"guild_id": str(guild.id), "user": user_payload(world.users[user_id])}
    world.emit(Happening("GUILD_MEMBER_REMOVE", data, guild_id=guild.id, author_id=user_id))


def update_member(world: World, guild: Guild, member: Member, **fields: Any) -> None:
    """Change fields of a member (nick, roles, timeout_ms, pending, …) and emit GUILD_MEMBER_UPDATE."""
    for key, value in fields.items():
        setattr(member, key, value)
    if member.user_id == world.bot_id:
        world.permissions_changed()
    data = member_payload(member, world.users[member.user_id]) | {"guild_id": str(guild.id)}
    world.emit(Happening("GUILD_MEMBER_UPDATE", data, guild_id=guild.id, author_id=member.user_id))


def pass_screening(world: World, guild: Guild, member: Member) -> None:
    if member.pending:
        update_member(world, guild, member, pending=False)


def ban_member(world: World, guild: Guild, user_id: int, *, reason: str = "") -> None:
    guild.bans[user_id] = reason
    if user_id in guild.members:
        leave_guild(world, guild, user_id)
    data = {"guild_id": str(guild.id), "user": user_payload(world.users[user_id])}
    world.emit(Happening("GUILD_BAN_ADD", data, guild_id=guild.id))


def unban_member(world: World, guild: Guild, user_id: int) -> None:
    guild.bans.pop(user_id, None)
    data = {"guild_id": str(guild.id), "user": user_payload(world.users[user_id])}
    world.emit(Happening("GUILD_BAN_REMOVE", data, guild_id=guild.id))


def open_dm(world: World, user: User) -> Channel:
    """The bot's direct-message channel with a user, made when it is asked for the first time."""
    channel_id = world.dm_of.get(user.id)
    if channel_id is not None:
        return world.dms[channel_id]
    channel = Channel(world.ids.make(), DM, recipients=[world.bot_id, user.id])
    world.dms[channel.id] = channel
    world.dm_of[user.id] = channel.id
    return channel


def accepts_dm(world: World, user: User) -> bool:
    """Can the bot write to this person? They must allow it, be no bot, and share a guild with it."""
    if user.bot or not user.dms_open:
        return False
    return any(user.id in guild.members for guild in world.bot_guilds())
