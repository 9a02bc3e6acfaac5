"""The rows of this world. Ids are integers here and strings on the wire; moments are milliseconds since 1970."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

TEXT, DM, VOICE, CATEGORY, ANNOUNCEMENT = 0, 1, 2, 4, 5
ANNOUNCEMENT_THREAD, PUBLIC_THREAD, PRIVATE_THREAD, STAGE, FORUM = 10, 11, 12, 13, 15
THREADS = frozenset({ANNOUNCEMENT_THREAD, PUBLIC_THREAD, PRIVATE_THREAD})
MESSAGEABLE = frozenset({TEXT, DM, VOICE, ANNOUNCEMENT, STAGE, *THREADS})

EPHEMERAL = 1 << 6
LOADING = 1 << 7
HAS_THREAD = 1 << 5


@dataclass(slots=True)
class User:
    id: int
    username: str
    global_name: str | None = None
    avatar: str | None = None
    bot: bool = False
    email: str | None = None
    email_verified: bool = True
    dms_open: bool = True
    locale: str = "en-US"


@dataclass(slots=True)
class Role:
    id: int
    name: str
    position: int = 0
    permissions: int = 0
    color: int = 0
    hoist: bool = False
    mentionable: bool = False
    managed: bool = False
    bot_id: int | None = None


@dataclass(slots=True)
class Overwrite:
    """A channel's allow and deny. `type` is 0 for a role and 1 for a member."""

    id: int
    type: int
    allow: int = 0
    deny: int = 0


@dataclass(slots=True)
class Channel:
    id: int
    type: int
    name: str = ""
    guild_id: int | None = None
    parent_id: int | None = None
    position: int = 0
    topic: str | None = None
    nsfw: bool = False
    slowmode: int = 0
    overwrites: dict[int, Overwrite] = field(default_factory=dict)
    last_message_id: int | None = None
    user_limit: int = 0
    bitrate: int = 64000
    # threads
    owner_id: int | None = None
    archived: bool = False
    locked: bool = False
    auto_archive: int = 1440
    created_ms: int = 0
    thread_members: dict[int, int] = field(default_factory=dict)
    # direct messages
    recipients: list[int] = field(default_factory=list)

    @property
    def is_thread(self) -> bool:
        return self.type in THREADS


@dataclass(slots=True)
class Member:
    """`pending` is true while a member has not passed the guild's screening."""

    user_id: int
    joined_ms: int
    nick: str | None = None
    roles: list[int] = field(default_factory=list)
    pending: bool = False
    mute: bool = False
    deaf: bool = False
    timeout_ms: int | None = None


@dataclass(slots=True)
class VoiceState:
    user_id: int
    channel_id: int | None
    session_id: str
    self_mute: bool = False
    self_deaf: bool = False
    self_video: bool = False
    mute: bool = False
    deaf: bool = False
    suppress: bool = False


@dataclass(slots=True)
class Reaction:
    """Who reacted with one emoji; `emoji_id` is set for a guild's own emoji."""

    name: str
    emoji_id: int | None = None
    users: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Message:
    """`ephemeral_for` names the only person who sees it; such a message never reaches the gateway."""

    id: int
    channel_id: int
    author_id: int
    content: str
    timestamp_ms: int
    guild_id: int | None = None
    type: int = 0
    flags: int = 0
    edited_ms: int | None = None
    tts: bool = False
    pinned: bool = False
    embeds: list[dict[str, Any]] = field(default_factory=list)
    components: list[dict[str, Any]] = field(default_factory=list)
    attachments: list[dict[str, Any]] = field(default_factory=list)
    mentions: list[int] = field(default_factory=list)
    mention_roles: list[int] = field(default_factory=list)
    mention_everyone: bool = False
    reactions: list[Reaction] = field(default_factory=list)
    reference: dict[str, Any] | None = None
    nonce: str | int | None = None
    interaction: dict[str, Any] | None = None
    webhook_id: int | None = None
    webhook_name: str | None = None
    application_id: int | None = None
    thread_id: int | None = None
    ephemeral_for: int | None = None


@dataclass(slots=True)
class Command:
    """A registered application command: Discord's own fields, kept as they were sent."""

    id: int
    guild_id: int | None
    version: int
    fields: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.fields["name"])

    @property
    def type(self) -> int:
        return int(self.fields.get("type") or 1)


@dataclass(slots=True)
class AuditEntry:
    id: int
    action: int
    user_id: int | None
    target_id: int | None
    reason: str | None = None
    changes: list[dict[str, Any]] = field(default_factory=list)
    options: dict[str, Any] | None = None


@dataclass(slots=True)
class Webhook:
    id: int
    token: str
    channel_id: int
    guild_id: int
    name: str
    creator_id: int


@dataclass(slots=True)
class Guild:
    """`roles` always holds the @everyone role under the guild's own id."""

    id: int
    name: str
    owner_id: int
    icon: str | None = None
    description: str | None = None
    locale: str = "en-US"
    afk_channel_id: int | None = None
    afk_timeout: int = 300
    system_channel_id: int | None = None
    rules_channel_id: int | None = None
    screening: bool = False
    unavailable: bool = False
    features: list[str] = field(default_factory=list)
    roles: dict[int, Role] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    members: dict[int, Member] = field(default_factory=dict)
    voice: dict[int, VoiceState] = field(default_factory=dict)
    bans: dict[int, str] = field(default_factory=dict)
    audit: list[AuditEntry] = field(default_factory=list)
    emojis: list[dict[str, Any]] = field(default_factory=list)
    automod: dict[int, dict[str, Any]] = field(default_factory=dict)
