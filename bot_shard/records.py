"""Gateway payload → activity. Pure: no Discord objects, no clock, no state.

Bots, webhooks, system messages and members who have not passed the screening make no activity. What a channel, a
category or a role is worth is the rules' matter, not ours: the attributes say where and who, as it was then.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from engagement.activity.messages import Activity

from .places import GuildPlaces

DISCORD_EPOCH_MS = 1_420_070_400_000
DEFAULT = 0
REPLY = 19
NOBODY = (
    "discord:0"  # the subject of an activity whose person Discord does not tell; its target leads to them
)


def cdn_of(api_url: str) -> str:
    """Where avatars are served: Discord's own CDN, or the origin of whatever stands in for its API."""
    parts = urlsplit(api_url)
    if (parts.hostname or "").endswith("discord.com"):
        return "https://cdn.discordapp.com"
    return f"{parts.scheme}://{parts.netloc}"


def snowflake_ms(snowflake: str) -> int:
    """When a Discord id was made, in milliseconds since 1970."""
    return (int(snowflake) >> 22) + DISCORD_EPOCH_MS


def time_ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def is_person(user: dict[str, Any]) -> bool:
    return not user.get("bot") and not user.get("system")


class Recorder:
    """Makes activities. Holds only what never changes: where avatars are served."""

    def __init__(self, cdn: str) -> None:
        self._cdn = cdn

    # --- who and where

    def describe_member(self, guild_id: str, user: dict[str, Any], member: dict[str, Any]) -> dict[str, Any]:
        """Name, avatar, roles and join date, as they are now."""
        name = member.get("nick") or user.get("global_name") or user["username"]
        attributes: dict[str, Any] = {"name": name}
        if own := member.get("avatar"):
            attributes["avatar"] = f"{self._cdn}/guilds/{guild_id}/users/{user['id']}/avatars/{own}.png"
        elif avatar := user.get("avatar"):
            attributes["avatar"] = f"{self._cdn}/avatars/{user['id']}/{avatar}.png"
        if "roles" in member:
            attributes["roles"] = member["roles"]
        if joined := member.get("joined_at"):
            attributes["joined"] = joined
        return attributes

    @staticmethod
    def describe_place(guild: GuildPlaces, channel_id: str) -> dict[str, Any]:
        category, parent = guild.place_of(channel_id)
        attributes: dict[str, Any] = {"channel": channel_id}
        if category:
            attributes["category"] = category
        if parent:
            attributes["parent"] = parent
            attributes["thread"] = True
        return attributes

    # --- messages

    def message(self, guild: GuildPlaces, data: dict[str, Any]) -> Activity | None:
        author = data["author"]
        kind = data["type"]
        if kind not in (DEFAULT, REPLY) or author.get("bot") or author.get("system") or "webhook_id" in data:
            return None
        member = data.get("member")
        if member is None or member.get("pending"):
            return None
        message_id = data["id"]
        attributes = self.describe_member(guild.guild_id, author, member)
        attributes |= self.describe_place(guild, data["channel_id"])
        if content := data.get("content"):
            attributes["length"] = len(content)
        type_ = "message"
        if kind == REPLY and (answered := data.get("referenced_message")):
            other = answered["author"]
            if other["id"] != author["id"] and is_person(other) and "webhook_id" not in answered:
                type_ = "reply"
                attributes["reply_to"] = other["id"]
        return Activity(
            f"discord:message:{message_id}", guild.source, f"discord:{author['id']}", type_,
            (int(message_id) >> 22) + DISCORD_EPOCH_MS, attributes,
        )  # fmt: skip

    def deleted(
        self,
        guild: GuildPlaces,
        message_id: str,
        channel_id: str,
        *,
        reason: str,
        at_ms: int,
        user_id: str = "0",
    ) -> Activity:
        """Whose message it was is mostly not told (user 0): the target leads to them."""
        attributes = {"target": f"discord:message:{message_id}", "reason": reason}
        return Activity(
            f"discord:deleted:{message_id}", guild.source, f"discord:{user_id}", "message_deleted", at_ms,
            attributes | self.describe_place(guild, channel_id),
        )  # fmt: skip

    def thread(self, guild: GuildPlaces, data: dict[str, Any]) -> Activity | None:
        owner = data.get("owner_id")
        if not data.get("newly_created") or not owner:
            return None
        attributes = self.describe_place(guild, data["id"])
        return Activity(
            f"discord:thread:{data['id']}", guild.source, f"discord:{owner}", "thread",
            snowflake_ms(data["id"]), attributes,
        )  # fmt: skip

    # --- reactions

    def reaction(self, guild: GuildPlaces, data: dict[str, Any], at_ms: int) -> list[Activity]:
        """One for who gave it and one for who received it; a reaction to one's own message is neither."""
        user_id, author_id = data["user_id"], data.get("message_author_id")
        member = data.get("member") or {}
        if user_id == author_id or not is_person(member.get("user", {})) or member.get("pending"):
            return []
        emoji = _emoji_name(data["emoji"])
        place = self.describe_place(guild, data["channel_id"]) | {"emoji": emoji}
        name = f"{data['message_id']}:{user_id}:{emoji}"
        target = {"target": f"discord:message:{data['message_id']}"}
        giver = self.describe_member(guild.guild_id, member["user"], member) if "user" in member else {}
        given = Activity(
            f"discord:reaction:{name}", guild.source, f"discord:{user_id}", "reaction_given", at_ms,
            giver | place | target,
        )  # fmt: skip
        if not author_id:
            return [given]
        received = Activity(
            f"discord:received:{name}", guild.source, f"discord:{author_id}", "reaction_received", at_ms,
            place | target,
        )  # fmt: skip
        return [given, received]

    def reaction_removed(self, guild: GuildPlaces, data: dict[str, Any], at_ms: int) -> Activity:
        """Takes back both halves; whose message it was is not told, the target leads to them."""
        name = f"{data['message_id']}:{data['user_id']}:{_emoji_name(data['emoji'])}"
        attributes = self.describe_place(guild, data["channel_id"]) | {"target": f"discord:reaction:{name}"}
        return Activity(
            f"discord:unreacted:{name}", guild.source, f"discord:{data['user_id']}", "reaction_removed",
            at_ms, attributes,
        )  # fmt: skip

    def reactions_cleared(
        self, guild: GuildPlaces, data: dict[str, Any], *, mark: str, at_ms: int
    ) -> Activity:
        """A moderator took all reactions off a message, or all of one emoji. Whose they were is not told."""
        attributes = {"cleared": f"discord:message:{data['message_id']}"}
        if "emoji" in data:
            attributes["emoji"] = _emoji_name(data["emoji"])
        return Activity(
            f"discord:cleared:{data['message_id']}:{mark}", guild.source, NOBODY, "reactions_cleared", at_ms,
            self.describe_place(guild, data["channel_id"]) | attributes,
        )  # fmt: skip

    # --- members

    def joined(self, guild: GuildPlaces, data: dict[str, Any]) -> Activity:
        user = data["user"]
        at_ms = time_ms(data["joined_at"])
        return Activity(
            f"discord:joined:{guild.guild_id}:{user['id']}:{at_ms}", guild.source, f"discord:{user['id']}",
            "joined", at_ms, self.describe_member(guild.guild_id, user, data),
        )  # fmt: skip

    def left(self, guild: GuildPlaces, data: dict[str, Any], *, mark: str, at_ms: int) -> Activity:
        user = data["user"]
        return Activity(
            f"discord:left:{guild.guild_id}:{user['id']}:{mark}", guild.source, f"discord:{user['id']}", "left",
            at_ms, {},
        )  # fmt: skip

    def updated(self, guild: GuildPlaces, data: dict[str, Any], *, mark: str, at_ms: int) -> Activity:
        user = data["user"]
        return Activity(
            f"discord:member:{guild.guild_id}:{user['id']}:{mark}", guild.source, f"discord:{user['id']}",
            "member_updated", at_ms, self.describe_member(guild.guild_id, user, data),
        )  # fmt: skip

    def voice_minute(
        self,
        guild: GuildPlaces,
        user_id: str,
        channel_id: str,
        minute: int,
        at_ms: int,
        member: dict[str, Any],
    ) -> Activity:
        return Activity(
            f"voice:{guild.guild_id}:{user_id}:{minute}", guild.source, f"discord:{user_id}", "voice_minute",
            at_ms, member | self.describe_place(guild, channel_id),
        )  # fmt: skip


def _emoji_name(emoji: dict[str, Any]) -> str:
    """A custom emoji's id, else the character itself."""
    return str(emoji.get("id") or emoji.get("name") or "?")[:80]
