"""What the control API tells: the world as a page or a check needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ControlError
from ..state import permissions
from ..state.audit import audit_payload
from ..state.entities import Guild, Message, User
from ..state.payloads import (
    Payload,
    channel_payload,
    command_payload,
    guild_payload,
    member_payload,
    message_payload,
    user_payload,
    voice_payload,
)
from ..state.world import World
from .commands import visible_commands
from .find import find_user

if TYPE_CHECKING:
    from ..server import LocalDiscord


def overview(discord: LocalDiscord) -> Payload:
    """Everything but messages."""
    world = discord.world
    return {
        "application": {"id": str(world.bot_id), "name": world.users[world.bot_id].username},
        "api_url": discord.api_url,
        "gateway_url": discord.gateway_url,
        "users": [_person(user) for user in world.users.values()],
        "guilds": [_guild(world, guild) for guild in world.guilds.values()],
        "dms": [
            channel_payload(world, dm) | {"user_id": str(next(u for u in dm.recipients if u != world.bot_id))}
            for dm in world.dms.values()
        ],
        "sessions": discord.hub.describe(),
        "faults": discord.faults.describe(),
        "traffic": discord.traffic.describe(),
        "violations": len(discord.violations),
        "document": discord.document is not None,
    }


def _person(user: User) -> Payload:
    return user_payload(user) | {"dms_open": user.dms_open, "email": user.email}


def _guild(world: World, guild: Guild) -> Payload:
    return guild_payload(world, guild) | {
        "unavailable": guild.unavailable,
        "screening": guild.screening,
        "has_bot": world.bot_id in guild.members,
        "channels": [channel_payload(world, channel) for channel in guild.channels.values()],
        "members": [
            member_payload(member) | {"user_id": str(member.user_id)} for member in guild.members.values()
        ],
        "voice_states": [voice_payload(guild, state) for state in guild.voice.values()],
    }


def channel_messages(
    world: World, channel_id: int, *, user_id: int | None, limit: int, before: int
) -> list[Payload]:
    """The newest messages that a person sees, oldest first, ephemeral ones of theirs included."""
    kept = world.messages.get(channel_id)
    rows = [] if kept is None else list(kept.values())
    rows = [row for row in rows if row.ephemeral_for in (None, user_id) and (not before or row.id < before)]
    return [_shown(world, row) for row in rows[-limit:]]


def _shown(world: World, message: Message) -> Payload:
    """A message with what the page needs beside it: who reacted, and who alone sees it."""
    payload = message_payload(world, message)
    for told, reaction in zip(payload.get("reactions", []), message.reactions, strict=True):
        told["users"] = [str(user) for user in reaction.users]
    payload["ephemeral_for"] = None if message.ephemeral_for is None else str(message.ephemeral_for)
    return payload


def may_see(world: World, guild: Guild, user_id: int) -> list[str]:
    """The ids of the channels that a member sees."""
    member = guild.members.get(user_id)
    if member is None:
        raise ControlError(f"{find_user(world, user_id).username} is no member of {guild.name}.")
    return [
        str(channel.id)
        for channel in guild.channels.values()
        if permissions.channel_permissions(guild, member, channel) & permissions.VIEW_CHANNEL
    ]


def commands_for(world: World, guild: Guild | None, user: User) -> list[Payload]:
    return [command_payload(world.bot_id, command) for command in visible_commands(world, guild, user)]


def audit_log(guild: Guild, limit: int) -> list[Payload]:
    return [audit_payload(entry) for entry in reversed(guild.audit[-limit:])]
