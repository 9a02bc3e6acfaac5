"""Gateway payloads for tests, in the shape that Discord sends them."""

from __future__ import annotations

from typing import Any

GUILD = "2000000000000000000"
TEXT, CATEGORY, VOICE, AFK = (
    "2000000000000000010",
    "2000000000000000011",
    "2000000000000000012",
    "2000000000000000013",
)
THREAD = "2000000000000000014"
ADA, BEN, CAT, ROBOT = (
    "3000000000000000001",
    "3000000000000000002",
    "3000000000000000003",
    "3000000000000000009",
)
MESSAGE = "1300000000000000000"


def user(user_id: str = ADA, **more: Any) -> dict[str, Any]:
    return {"id": user_id, "username": f"user{user_id[-1]}", "global_name": None, "avatar": None} | more


def member(**more: Any) -> dict[str, Any]:
    return {
        "roles": ["77"],
        "nick": None,
        "joined_at": "2025-03-04T05:06:07.000000+00:00",
        "pending": False,
    } | more


def guild(**more: Any) -> dict[str, Any]:
    return {
        "id": GUILD, "name": "Acme", "preferred_locale": "en-US", "afk_channel_id": AFK, "unavailable": False,
        "channels": [
            {"id": CATEGORY, "type": 4, "parent_id": None}, {"id": TEXT, "type": 0, "parent_id": CATEGORY},
            {"id": VOICE, "type": 2, "parent_id": CATEGORY}, {"id": AFK, "type": 2, "parent_id": None},
        ],
        "threads": [{"id": THREAD, "type": 11, "parent_id": TEXT}], "members": [], "voice_states": [],
    } | more  # fmt: skip


def message(author: str = ADA, **more: Any) -> dict[str, Any]:
    return {
        "id": MESSAGE, "type": 0, "guild_id": GUILD, "channel_id": TEXT, "content": "",
        "author": user(author), "member": member(),
    } | more  # fmt: skip


def voice(user_id: str = ADA, channel: str | None = VOICE, **more: Any) -> dict[str, Any]:
    flags = dict.fromkeys(("mute", "deaf", "self_mute", "self_deaf", "suppress"), False)
    return {
        "guild_id": GUILD, "user_id": user_id, "channel_id": channel, "session_id": "s",
        "member": member() | {"user": user(user_id)},
    } | flags | more  # fmt: skip


def reaction(user_id: str = BEN, author: str | None = ADA, **more: Any) -> dict[str, Any]:
    return {
        "guild_id": GUILD, "channel_id": TEXT, "message_id": MESSAGE, "user_id": user_id, "message_author_id": author,
        "emoji": {"id": None, "name": "👍"}, "member": member() | {"user": user(user_id)}, "type": 0, "burst": False,
    } | more  # fmt: skip
