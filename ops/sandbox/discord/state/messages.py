"""Messages, replies, reactions, pins and threads.

Invariant: a message is stored before MESSAGE_CREATE is emitted; an ephemeral one is never emitted to the gateway. A
nonce sent with `enforce_nonce` gives the earlier message back for a few minutes instead of posting again.
"""

from __future__ import annotations

import re
from typing import Any

from .entities import HAS_THREAD, LOADING, PUBLIC_THREAD, Channel, Guild, Message, Reaction
from .payloads import channel_payload, member_payload, message_event, thread_member_payload
from .snowflakes import now_ms
from .world import Happening, World

_USER = re.compile(r"<@!?(\d{1,20})>")
_ROLE = re.compile(r"<@&(\d{1,20})>")
_NONCES_KEPT = 10_000
_NONCE_MS = 5 * 60 * 1000


def post_message(
    world: World,
    channel: Channel,
    author_id: int,
    content: str,
    *,
    allowed_mentions: dict[str, Any] | None = None,
    nonce: str | int | None = None,
    enforce_nonce: bool = False,
    **fields: Any,
) -> Message:
    """Post into a channel and emit MESSAGE_CREATE. `fields` are further columns of Message."""
    moment = now_ms()
    nonce_key = (channel.id, author_id, str(nonce))
    if nonce is not None and enforce_nonce:
        earlier = world.find_message(channel.id, world.nonces.get(nonce_key, 0))
        if earlier is not None and moment - earlier.timestamp_ms < _NONCE_MS:
            return earlier
    message = Message(
        world.ids.make(),
        channel.id,
        author_id,
        content,
        moment,
        guild_id=channel.guild_id,
        nonce=nonce,
        **fields,
    )
    if content:
        _read_mentions(world, message, allowed_mentions)
    reference = message.reference
    if reference is not None and message.type == 19:
        _mention_replied_author(world, message, allowed_mentions)
    world.store_message(message)
    if nonce is not None and enforce_nonce:
        world.nonces[nonce_key] = message.id
        while len(world.nonces) > _NONCES_KEPT:
            world.nonces.popitem(last=False)
    if message.ephemeral_for is None:
        channel.last_message_id = message.id
        if channel.is_thread and channel.archived and not channel.locked:
            channel.archived = False
            emit_thread(world, channel, "THREAD_UPDATE")
    emit_message(world, message, "MESSAGE_CREATE")
    return message


def _read_mentions(world: World, message: Message, allowed: dict[str, Any] | None) -> None:
    content = message.content
    if "<@" not in content and "@everyone" not in content and "@here" not in content:
        return
    parse = set(allowed.get("parse") or []) if allowed is not None else {"users", "roles", "everyone"}
    named_users = {int(user) for user in (allowed or {}).get("users") or []}
    named_roles = {int(role) for role in (allowed or {}).get("roles") or []}
    for match in _USER.finditer(content):
        user_id = int(match[1])
        pings = "users" in parse or user_id in named_users
        if pings and user_id in world.users and user_id not in message.mentions:
            message.mentions.append(user_id)
    for match in _ROLE.finditer(content):
        role_id = int(match[1])
        if ("roles" in parse or role_id in named_roles) and role_id not in message.mention_roles:
            message.mention_roles.append(role_id)
    everyone = "@everyone" in content or "@here" in content
    message.mention_everyone = everyone and "everyone" in parse


def _mention_replied_author(world: World, message: Message, allowed: dict[str, Any] | None) -> None:
    reference = message.reference or {}
    target = world.find_message(message.channel_id, int(reference.get("message_id", 0)))
    wanted = (allowed or {}).get("replied_user", allowed is None)
    if target is not None and wanted and target.author_id not in message.mentions:
        message.mentions.append(target.author_id)


def emit_message(world: World, message: Message, type: str) -> None:
    data = message_event(world, message)
    hidden = message.ephemeral_for is not None
    world.emit(
        Happening(
            type,
            data,
            guild_id=message.guild_id,
            channel_id=message.channel_id,
            author_id=message.author_id,
            mentions_bot=world.bot_id in message.mentions,
            only_user=message.ephemeral_for,
            to_gateway=not hidden,
        )
    )


def edit_message(world: World, message: Message, **fields: Any) -> Message:
    """Change a message and emit MESSAGE_UPDATE. Filling in a deferred answer is no edit."""
    was_loading = message.flags & LOADING
    for key, value in fields.items():
        setattr(message, key, value)
    if {"content", "embeds", "components", "attachments"} & fields.keys() and not was_loading:
        message.edited_ms = now_ms()
    emit_message(world, message, "MESSAGE_UPDATE")
    return message


def delete_message(world: World, message: Message) -> None:
    """Delete a message and emit MESSAGE_DELETE."""
    world.messages[message.channel_id].pop(message.id, None)
    data = {"id": str(message.id), "channel_id": str(message.channel_id)}
    if message.guild_id is not None:
        data["guild_id"] = str(message.guild_id)
    world.emit(
        Happening(
            "MESSAGE_DELETE",
            data,
            guild_id=message.guild_id,
            channel_id=message.channel_id,
            only_user=message.ephemeral_for,
            to_gateway=message.ephemeral_for is None,
        )
    )


def delete_messages(world: World, channel: Channel, message_ids: list[int]) -> list[int]:
    """Delete several at once with one MESSAGE_DELETE_BULK; unknown ids are passed over."""
    kept = world.messages.get(channel.id)
    gone = [i for i in message_ids if kept is not None and kept.pop(i, None) is not None]
    if gone:
        data: dict[str, Any] = {"ids": [str(i) for i in gone], "channel_id": str(channel.id)}
        if channel.guild_id is not None:
            data["guild_id"] = str(channel.guild_id)
        world.emit(Happening("MESSAGE_DELETE_BULK", data, guild_id=channel.guild_id, channel_id=channel.id))
    return gone


# --- reactions ---


def add_reaction(
    world: World, message: Message, user_id: int, name: str, emoji_id: int | None = None
) -> bool:
    """React; emits MESSAGE_REACTION_ADD. False when that person had reacted so already."""
    reaction = find_reaction(message, name, emoji_id)
    if reaction is None:
        reaction = Reaction(name, emoji_id)
        message.reactions.append(reaction)
    if user_id in reaction.users:
        return False
    reaction.users.append(user_id)
    data = _reaction_data(message, user_id, name, emoji_id) | {
        "message_author_id": str(message.author_id),
        "burst": False,
        "type": 0,
    }
    guild = world.guilds.get(message.guild_id) if message.guild_id is not None else None
    if guild is not None and user_id in guild.members:
        data["member"] = member_payload(guild.members[user_id], world.users[user_id])
    _emit_reaction(world, message, "MESSAGE_REACTION_ADD", data)
    return True


def remove_reaction(
    world: World, message: Message, user_id: int, name: str, emoji_id: int | None = None
) -> bool:
    """Take a reaction back; emits MESSAGE_REACTION_REMOVE. False when there was none."""
    reaction = find_reaction(message, name, emoji_id)
    if reaction is None or user_id not in reaction.users:
        return False
    reaction.users.remove(user_id)
    if not reaction.users:
        message.reactions.remove(reaction)
    data = _reaction_data(message, user_id, name, emoji_id) | {"burst": False, "type": 0}
    _emit_reaction(world, message, "MESSAGE_REACTION_REMOVE", data)
    return True


def clear_reactions(
    world: World, message: Message, name: str | None = None, emoji_id: int | None = None
) -> None:
    """Remove everybody's reactions: all of them, or those with one emoji."""
    data: dict[str, Any] = {"channel_id": str(message.channel_id), "message_id": str(message.id)}
    if message.guild_id is not None:
        data["guild_id"] = str(message.guild_id)
    if name is None:
        message.reactions.clear()
        _emit_reaction(world, message, "MESSAGE_REACTION_REMOVE_ALL", data)
        return
    reaction = find_reaction(message, name, emoji_id)
    if reaction is not None:
        message.reactions.remove(reaction)
        data["emoji"] = {"id": str(emoji_id) if emoji_id else None, "name": name}
        _emit_reaction(world, message, "MESSAGE_REACTION_REMOVE_EMOJI", data)


def find_reaction(message: Message, name: str, emoji_id: int | None) -> Reaction | None:
    for reaction in message.reactions:
        if reaction.emoji_id == emoji_id and (emoji_id is not None or reaction.name == name):
            return reaction
    return None


def _reaction_data(message: Message, user_id: int, name: str, emoji_id: int | None) -> dict[str, Any]:
    data: dict[str, Any] = {
        "user_id": str(user_id),
        "channel_id": str(message.channel_id),
        "message_id": str(message.id),
        "emoji": {"id": str(emoji_id) if emoji_id else None, "name": name, "animated": False},
    }
    if message.guild_id is not None:
        data["guild_id"] = str(message.guild_id)
    return data


def _emit_reaction(world: World, message: Message, type: str, data: dict[str, Any]) -> None:
    world.emit(
        Happening(
            type,
            data,
            guild_id=message.guild_id,
            channel_id=message.channel_id,
            to_gateway=message.ephemeral_for is None,
            only_user=message.ephemeral_for,
        )
    )


# --- threads ---


def start_thread(
    world: World,
    guild: Guild,
    parent: Channel,
    owner_id: int,
    name: str,
    *,
    message: Message | None = None,
    type: int = PUBLIC_THREAD,
    auto_archive: int = 1440,
) -> Channel:
    """A thread, out of a message (whose id it takes) or on its own; emits THREAD_CREATE."""
    thread = Channel(
        message.id if message is not None else world.ids.make(),
        type, name, guild.id, parent_id=parent.id, owner_id=owner_id, created_ms=now_ms(), auto_archive=auto_archive,
    )  # fmt: skip
    thread.thread_members[owner_id] = thread.created_ms
    world.add_channel(guild, thread)
    emit_thread(world, thread, "THREAD_CREATE")
    if message is not None:
        edit_message(world, message, thread_id=thread.id, flags=message.flags | HAS_THREAD)
    else:
        reference = {"channel_id": str(thread.id), "guild_id": str(guild.id)}
        post_message(world, parent, owner_id, name, type=18, reference=reference)
    return thread


def emit_thread(world: World, thread: Channel, type: str) -> None:
    data = channel_payload(world, thread)
    if type == "THREAD_CREATE":
        data["newly_created"] = True
    world.emit(Happening(type, data, guild_id=thread.guild_id, channel_id=thread.id))


def change_thread_members(world: World, thread: Channel, *, added: list[int], removed: list[int]) -> None:
    """People join or leave a thread; emits THREAD_MEMBERS_UPDATE."""
    moment = now_ms()
    added = [user for user in added if user not in thread.thread_members]
    removed = [user for user in removed if thread.thread_members.pop(user, None) is not None]
    for user in added:
        thread.thread_members[user] = moment
    if not added and not removed:
        return
    data: dict[str, Any] = {
        "id": str(thread.id),
        "guild_id": str(thread.guild_id),
        "member_count": len(thread.thread_members),
    }
    if added:
        data["added_members"] = [thread_member_payload(thread, user) for user in added]
    if removed:
        data["removed_member_ids"] = [str(user) for user in removed]
    world.emit(Happening("THREAD_MEMBERS_UPDATE", data, guild_id=thread.guild_id, channel_id=thread.id))
