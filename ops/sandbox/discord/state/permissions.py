"""Permission bits and how they add up, as Discord documents the computation.

Invariant: the owner and administrators may everything; a channel's overwrites apply in the order everyone, roles,
member; a thread takes its parent's overwrites; a member in time-out keeps only viewing and reading.
"""

from __future__ import annotations

from .entities import Channel, Guild, Member, Role

CREATE_INVITE = 1 << 0
KICK_MEMBERS = 1 << 1
BAN_MEMBERS = 1 << 2
ADMINISTRATOR = 1 << 3
MANAGE_CHANNELS = 1 << 4
MANAGE_GUILD = 1 << 5
ADD_REACTIONS = 1 << 6
VIEW_AUDIT_LOG = 1 << 7
VIEW_CHANNEL = 1 << 10
SEND_MESSAGES = 1 << 11
MANAGE_MESSAGES = 1 << 13
EMBED_LINKS = 1 << 14
ATTACH_FILES = 1 << 15
READ_HISTORY = 1 << 16
MENTION_EVERYONE = 1 << 17
EXTERNAL_EMOJIS = 1 << 18
CONNECT = 1 << 20
SPEAK = 1 << 21
MUTE_MEMBERS = 1 << 22
DEAFEN_MEMBERS = 1 << 23
MOVE_MEMBERS = 1 << 24
VAD = 1 << 25
CHANGE_NICKNAME = 1 << 26
MANAGE_NICKNAMES = 1 << 27
MANAGE_ROLES = 1 << 28
MANAGE_WEBHOOKS = 1 << 29
USE_COMMANDS = 1 << 31
MANAGE_THREADS = 1 << 34
CREATE_PUBLIC_THREADS = 1 << 35
CREATE_PRIVATE_THREADS = 1 << 36
SEND_IN_THREADS = 1 << 38
MODERATE_MEMBERS = 1 << 40

ALL = (1 << 50) - 1
TIMED_OUT = VIEW_CHANNEL | READ_HISTORY
EVERYONE = (
    CREATE_INVITE | ADD_REACTIONS | VIEW_CHANNEL | SEND_MESSAGES | EMBED_LINKS | ATTACH_FILES | READ_HISTORY
    | EXTERNAL_EMOJIS | CONNECT | SPEAK | VAD | CHANGE_NICKNAME | USE_COMMANDS | CREATE_PUBLIC_THREADS
    | SEND_IN_THREADS
)  # fmt: skip
MODERATOR = EVERYONE | KICK_MEMBERS | MANAGE_MESSAGES | MODERATE_MEMBERS | MUTE_MEMBERS | MANAGE_THREADS
BOT = (
    EVERYONE | MANAGE_ROLES | VIEW_AUDIT_LOG | MANAGE_MESSAGES | CREATE_PRIVATE_THREADS | MANAGE_WEBHOOKS
)  # fmt: skip


def base_permissions(guild: Guild, member: Member) -> int:
    """What a member may in the guild as a whole."""
    if member.user_id == guild.owner_id:
        return ALL
    allowed = guild.roles[guild.id].permissions
    for role_id in member.roles:
        role = guild.roles.get(role_id)
        if role is not None:
            allowed |= role.permissions
    return ALL if allowed & ADMINISTRATOR else allowed


def channel_permissions(guild: Guild, member: Member, channel: Channel, *, at_ms: int = 0) -> int:
    """What a member may in one channel, at a moment (0: time-outs are not looked at)."""
    allowed = base_permissions(guild, member)
    if allowed == ALL:
        return ALL
    source = channel
    if channel.is_thread and channel.parent_id is not None:
        source = guild.channels.get(channel.parent_id, channel)
    everyone = source.overwrites.get(guild.id)
    if everyone is not None:
        allowed = allowed & ~everyone.deny | everyone.allow
    allow = deny = 0
    for role_id in member.roles:
        overwrite = source.overwrites.get(role_id)
        if overwrite is not None:
            allow |= overwrite.allow
            deny |= overwrite.deny
    allowed = allowed & ~deny | allow
    own = source.overwrites.get(member.user_id)
    if own is not None:
        allowed = allowed & ~own.deny | own.allow
    if not allowed & VIEW_CHANNEL:
        return 0
    if member.timeout_ms is not None and at_ms and member.timeout_ms > at_ms:
        allowed &= TIMED_OUT
    return allowed


def top_position(guild: Guild, member: Member) -> int:
    """The place of a member's highest role; the owner stands above all."""
    if member.user_id == guild.owner_id:
        return 1 << 30
    return max((guild.roles[role].position for role in member.roles if role in guild.roles), default=0)


def outranks_role(guild: Guild, member: Member, role: Role) -> bool:
    """May this member, holding Manage Roles, give or change that role? Only roles below the own highest one.

    Of two roles at the same position the one with the lower id ranks higher, as Discord sorts them.
    """
    if member.user_id == guild.owner_id:
        return True
    own = [guild.roles[held] for held in member.roles if held in guild.roles]
    return any((held.position, -held.id) > (role.position, -role.id) for held in own)


def outranks_member(guild: Guild, member: Member, other: Member) -> bool:
    """May this member act upon the other? The owner is out of reach."""
    if other.user_id == guild.owner_id:
        return False
    return top_position(guild, member) > top_position(guild, other)
