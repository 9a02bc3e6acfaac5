"""Rows as the JSON that Discord sends. Ids become strings, moments ISO 8601."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .entities import (
    CATEGORY,
    DM,
    STAGE,
    VOICE,
    Channel,
    Command,
    Guild,
    Member,
    Message,
    Role,
    User,
    VoiceState,
)
from .permissions import channel_permissions
from .snowflakes import iso_from_ms, snowflake_ms

if TYPE_CHECKING:
    from .world import World

Payload = dict[str, Any]


def user_payload(user: User) -> Payload:
    payload: Payload = {
        "id": str(user.id),
        "username": user.username,
        "discriminator": "0000" if user.bot else "0",
        "global_name": user.global_name,
        "avatar": user.avatar,
        "public_flags": 0,
        "flags": 0,
        "avatar_decoration_data": None,
        "primary_guild": None,
    }
    if user.bot:
        payload["bot"] = True
    return payload


def member_payload(member: Member, user: User | None = None) -> Payload:
    payload: Payload = {
        "avatar": None,
        "banner": None,
        "communication_disabled_until": iso_from_ms(member.timeout_ms) if member.timeout_ms else None,
        "deaf": member.deaf,
        "flags": 0,
        "joined_at": iso_from_ms(member.joined_ms),
        "mute": member.mute,
        "nick": member.nick,
        "pending": member.pending,
        "premium_since": None,
        "roles": [str(role) for role in member.roles],
    }
    if user is not None:
        payload["user"] = user_payload(user)
    return payload


def role_payload(role: Role) -> Payload:
    payload: Payload = {
        "id": str(role.id),
        "name": role.name,
        "color": role.color,
        "colors": {"primary_color": role.color, "secondary_color": None, "tertiary_color": None},
        "hoist": role.hoist,
        "icon": None,
        "unicode_emoji": None,
        "position": role.position,
        "permissions": str(role.permissions),
        "managed": role.managed,
        "mentionable": role.mentionable,
        "flags": 0,
    }
    if role.bot_id is not None:
        payload["tags"] = {"bot_id": str(role.bot_id)}
    return payload


def channel_payload(world: World, channel: Channel) -> Payload:
    if channel.type == DM:
        return {
            "id": str(channel.id),
            "type": DM,
            "last_message_id": _optional(channel.last_message_id),
            "flags": 0,
            "recipients": [
                user_payload(world.users[user]) for user in channel.recipients if user != world.bot_id
            ],
        }
    payload: Payload = {
        "id": str(channel.id),
        "type": channel.type,
        "guild_id": str(channel.guild_id),
        "name": channel.name,
        "parent_id": _optional(channel.parent_id),
        "flags": 0,
    }
    if channel.is_thread:
        return payload | _thread_fields(channel)
    payload["position"] = channel.position
    payload["permission_overwrites"] = [
        {"id": str(o.id), "type": o.type, "allow": str(o.allow), "deny": str(o.deny)}
        for o in channel.overwrites.values()
    ]
    if channel.type == CATEGORY:
        return payload
    payload |= {
        "last_message_id": _optional(channel.last_message_id),
        "nsfw": channel.nsfw,
        "rate_limit_per_user": channel.slowmode,
    }
    if channel.type in (VOICE, STAGE):
        payload |= {"bitrate": channel.bitrate, "user_limit": channel.user_limit, "rtc_region": None}
    else:
        payload["topic"] = channel.topic
    return payload


def _thread_fields(channel: Channel) -> Payload:
    return {
        "owner_id": str(channel.owner_id),
        "last_message_id": _optional(channel.last_message_id),
        "message_count": 0,
        "total_message_sent": 0,
        "member_count": min(len(channel.thread_members), 50),
        "rate_limit_per_user": channel.slowmode,
        "thread_metadata": {
            "archived": channel.archived,
            "archive_timestamp": iso_from_ms(channel.created_ms),
            "auto_archive_duration": channel.auto_archive,
            "locked": channel.locked,
            "create_timestamp": iso_from_ms(channel.created_ms),
        },
    }


def voice_payload(guild: Guild, state: VoiceState) -> Payload:
    return {
        "guild_id": str(guild.id),
        "channel_id": _optional(state.channel_id),
        "user_id": str(state.user_id),
        "session_id": state.session_id,
        "deaf": state.deaf,
        "mute": state.mute,
        "self_deaf": state.self_deaf,
        "self_mute": state.self_mute,
        "self_video": state.self_video,
        "suppress": state.suppress,
        "request_to_speak_timestamp": None,
    }


def message_payload(world: World, message: Message, *, with_reference: bool = True) -> Payload:
    """A message as REST answers it; the gateway's own fields are added by `message_event`."""
    author = world.users[message.author_id]
    author_payload = user_payload(author)
    if message.webhook_id is not None and message.webhook_id != message.application_id:
        author_payload |= {"id": str(message.webhook_id), "username": message.webhook_name, "bot": True}
    payload: Payload = {
        "id": str(message.id),
        "channel_id": str(message.channel_id),
        "author": author_payload,
        "content": message.content,
        "timestamp": iso_from_ms(message.timestamp_ms),
        "edited_timestamp": iso_from_ms(message.edited_ms) if message.edited_ms else None,
        "tts": message.tts,
        "mention_everyone": message.mention_everyone,
        "mentions": [user_payload(world.users[user]) for user in message.mentions],
        "mention_roles": [str(role) for role in message.mention_roles],
        "attachments": message.attachments,
        "embeds": message.embeds,
        "components": message.components,
        "pinned": message.pinned,
        "type": message.type,
        "flags": message.flags,
    }
    if message.reactions and with_reference:
        payload["reactions"] = [_reaction(world, reaction) for reaction in message.reactions]
    if message.webhook_id is not None:
        payload["webhook_id"] = str(message.webhook_id)
    if message.application_id is not None:
        payload["application_id"] = str(message.application_id)
    if message.interaction is not None:
        payload["interaction_metadata"] = message.interaction
    if message.reference is not None:
        payload["message_reference"] = message.reference
        if with_reference and message.type in (19, 21):
            payload["referenced_message"] = _referenced(world, message)
    if message.thread_id is not None and message.guild_id is not None:
        thread = world.guilds[message.guild_id].channels.get(message.thread_id)
        if thread is not None:
            payload["thread"] = channel_payload(world, thread)
    if message.nonce is not None:
        payload["nonce"] = message.nonce
    return payload


def _referenced(world: World, message: Message) -> Payload | None:
    reference = message.reference or {}
    found = world.find_message(
        int(reference.get("channel_id", message.channel_id)), int(reference.get("message_id", 0))
    )
    return message_payload(world, found, with_reference=False) if found is not None else None


def _reaction(world: World, reaction: Any) -> Payload:
    return {
        "emoji": {"id": _optional(reaction.emoji_id), "name": reaction.name},
        "count": len(reaction.users),
        "count_details": {"burst": 0, "normal": len(reaction.users)},
        "burst_colors": [],
        "me_burst": False,
        "me": world.bot_id in reaction.users,
    }


def message_event(world: World, message: Message) -> Payload:
    """MESSAGE_CREATE and MESSAGE_UPDATE: the message with guild, member and the mentioned members."""
    payload = message_payload(world, message)
    guild = world.guilds.get(message.guild_id) if message.guild_id is not None else None
    if guild is None:
        return payload
    payload["guild_id"] = str(guild.id)
    member = guild.members.get(message.author_id)
    if member is not None and (message.webhook_id is None or message.webhook_id == message.application_id):
        payload["member"] = member_payload(member)
    for mentioned in payload["mentions"]:
        row = guild.members.get(int(mentioned["id"]))
        if row is not None:
            mentioned["member"] = member_payload(row)
    return payload


def guild_payload(world: World, guild: Guild) -> Payload:
    """A guild as REST answers it."""
    return {
        "id": str(guild.id),
        "name": guild.name,
        "icon": guild.icon,
        "description": guild.description,
        "home_header": None,
        "splash": None,
        "discovery_splash": None,
        "features": guild.features,
        "banner": None,
        "owner_id": str(guild.owner_id),
        "application_id": None,
        "region": "local",
        "afk_channel_id": _optional(guild.afk_channel_id),
        "afk_timeout": guild.afk_timeout,
        "system_channel_id": _optional(guild.system_channel_id),
        "system_channel_flags": 0,
        "widget_enabled": False,
        "widget_channel_id": None,
        "verification_level": 0,
        "roles": [role_payload(role) for role in guild.roles.values()],
        "default_message_notifications": 1,
        "mfa_level": 0,
        "explicit_content_filter": 0,
        "max_presences": None,
        "max_members": 500_000,
        "max_stage_video_channel_users": 50,
        "max_video_channel_users": 25,
        "vanity_url_code": None,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "preferred_locale": guild.locale,
        "rules_channel_id": _optional(guild.rules_channel_id),
        "safety_alerts_channel_id": None,
        "public_updates_channel_id": None,
        "premium_progress_bar_enabled": False,
        "nsfw": False,
        "nsfw_level": 0,
        "emojis": guild.emojis,
        "stickers": [],
        "incidents_data": None,
    }


def guild_create(world: World, guild: Guild, *, all_members: bool) -> Payload:
    """GUILD_CREATE. Without the members intent only the bot and people in voice are listed, as on Discord."""
    shown = guild.members.values() if all_members else _visible_members(world, guild)
    bot = guild.members[world.bot_id]
    threads = [
        channel
        for channel in guild.channels.values()
        if channel.is_thread and not channel.archived and channel_permissions(guild, bot, channel)
    ]
    return guild_payload(world, guild) | {
        "joined_at": iso_from_ms(bot.joined_ms),
        "large": len(guild.members) > 250,
        "unavailable": False,
        "member_count": len(guild.members),
        "version": 1,
        "lazy": True,
        "voice_states": [
            {key: value for key, value in voice_payload(guild, state).items() if key != "guild_id"}
            for state in guild.voice.values()
        ],
        "members": [member_payload(member, world.users[member.user_id]) for member in shown],
        "channels": [channel_payload(world, c) for c in guild.channels.values() if not c.is_thread],
        "threads": [channel_payload(world, thread) for thread in threads],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def _visible_members(world: World, guild: Guild) -> list[Member]:
    shown = {world.bot_id, *guild.voice}
    return [guild.members[user] for user in shown if user in guild.members]


def command_payload(application_id: int, command: Command) -> Payload:
    """A registered command with the defaults that Discord fills in."""
    fields = command.fields
    default = fields.get("default_member_permissions")
    payload: Payload = {
        "id": str(command.id),
        "application_id": str(application_id),
        "version": str(command.version),
        "default_member_permissions": None if default is None else str(default),
        "type": command.type,
        "name": command.name,
        "name_localizations": fields.get("name_localizations"),
        "description": fields.get("description") or "",
        "description_localizations": fields.get("description_localizations"),
        "dm_permission": fields.get("dm_permission", True),
        "contexts": fields.get("contexts"),
        "integration_types": fields.get("integration_types") or [0],
        "nsfw": fields.get("nsfw", False),
    }
    if command.guild_id is not None:
        payload["guild_id"] = str(command.guild_id)
    if fields.get("options"):
        payload["options"] = fields["options"]
    return payload


def thread_member_payload(channel: Channel, user_id: int) -> Payload:
    return {
        "id": str(channel.id),
        "user_id": str(user_id),
        "join_timestamp": iso_from_ms(channel.thread_members.get(user_id, snowflake_ms(channel.id))),
        "flags": 0,
    }


def _optional(value: int | None) -> str | None:
    return None if value is None else str(value)
