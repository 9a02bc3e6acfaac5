"""Finding what a tester means: an id, a name, or the row itself."""

from __future__ import annotations

from ..errors import ControlError
from ..state.entities import DM, Channel, Guild, Message, Role, User
from ..state.members import open_dm
from ..state.world import World

GuildLike = Guild | int | str
ChannelLike = Channel | int | str
UserLike = User | int | str
RoleLike = Role | int | str


def find_guild(world: World, wanted: GuildLike) -> Guild:
    if isinstance(wanted, Guild):
        return wanted
    guild = world.guilds.get(_number(wanted))
    guild = guild or next((g for g in world.guilds.values() if g.name.lower() == str(wanted).lower()), None)
    if guild is None:
        known = ", ".join(g.name for g in world.guilds.values())
        raise ControlError(f"There is no guild {wanted!r}. There are: {known or 'none'}.")
    return guild


def find_channel(world: World, guild: Guild | None, wanted: ChannelLike) -> Channel:
    """A channel of the guild, by id or name; without a guild a direct-message channel by id."""
    if isinstance(wanted, Channel):
        return wanted
    if guild is None:
        channel = world.dms.get(_number(wanted))
    else:
        name = str(wanted).lstrip("#")
        channel = guild.channels.get(_number(wanted)) or next(
            (c for c in guild.channels.values() if c.name == name), None
        )
    if channel is None:
        where = f"in {guild.name}" if guild else "among the direct messages"
        raise ControlError(f"There is no channel {wanted!r} {where}.")
    return channel


def find_user(world: World, wanted: UserLike) -> User:
    if isinstance(wanted, User):
        return wanted
    user = world.users.get(_number(wanted))
    user = user or next((u for u in world.users.values() if u.username == str(wanted).lstrip("@")), None)
    if user is None:
        raise ControlError(f"There is no user {wanted!r}. Give an id or a username.")
    return user


def find_member(world: World, guild: Guild, wanted: UserLike) -> User:
    """A user who is a member of the guild."""
    user = find_user(world, wanted)
    if user.id not in guild.members:
        raise ControlError(f"{user.username} is no member of {guild.name}. Let them join first.")
    return user


def find_role(guild: Guild, wanted: RoleLike) -> Role:
    if isinstance(wanted, Role):
        return wanted
    role = guild.roles.get(_number(wanted))
    role = role or next((r for r in guild.roles.values() if r.name == str(wanted)), None)
    if role is None:
        raise ControlError(f"There is no role {wanted!r} in {guild.name}.")
    return role


def find_message(world: World, wanted: Message | int | str) -> Message:
    """A message by id, wherever it is."""
    if isinstance(wanted, Message):
        return wanted
    number = _number(wanted)
    for kept in world.messages.values():
        if number in kept:
            return kept[number]
    raise ControlError(f"There is no message {wanted!r}; only the newest of each channel are kept.")


def find_place(
    world: World, guild: GuildLike | None, channel: ChannelLike | None, user: User
) -> tuple[Guild | None, Channel]:
    """Where somebody acts: a guild's channel, or (without a guild) their direct messages with the bot."""
    if guild is None:
        dm = open_dm(world, user) if channel is None else find_channel(world, None, channel)
        if dm.type != DM or user.id not in dm.recipients:
            raise ControlError(f"{user.username} does not take part in these direct messages.")
        return None, dm
    found = find_guild(world, guild)
    find_member(world, found, user)
    if channel is None:
        raise ControlError("Name the channel.")
    return found, find_channel(world, found, channel)


def _number(wanted: object) -> int:
    text = str(wanted)
    return int(text) if text.isdigit() else -1
