"""Where things happen: the channels, categories and threads of each guild, as far as activities need them.

This stands in for discord.py's guild cache, which costs ten times as much and is empty after a RESUME. What is known
of a guild is stored in `shard:<id>:guilds` in the stream's Redis and read back at start, so that a process that
RESUMEs knows the same as one that has just heard GUILD_CREATE.
"""

from __future__ import annotations

import sys
from typing import Any

import orjson

from engagement.activity.messages import partition_of, stream_key

from .resp import pack

CATEGORY = 4
THREADS = frozenset({10, 11, 12})

# Where a message stands: its category ("" if none), its parent channel ("" outside threads).
Place = tuple[str, str]
NOWHERE: Place = ("", "")


def guilds_key(shard_id: int) -> str:
    return f"shard:{shard_id}:guilds"


class GuildPlaces:
    """One guild. Ids are strings, as they come and as activities carry them."""

    __slots__ = (
        "afk_channel", "available", "channels", "guild_id", "locale", "name", "number", "pending", "source",
        "threads", "xadd",
    )  # fmt: skip

    def __init__(self, guild_id: str, partitions: int) -> None:
        self.guild_id = guild_id
        self.number = int(guild_id)
        self.source = f"discord:{guild_id}"
        key = stream_key(partition_of(self.source, partitions)).encode()
        # The packed beginning of this guild's XADD; the activity's length and bytes follow.
        self.xadd = b"*5\r\n$4\r\nXADD\r\n$%d\r\n%b\r\n$1\r\n*\r\n$1\r\na\r\n" % (len(key), key)
        self.name = ""
        self.locale = ""
        self.afk_channel = ""
        self.available = True
        self.channels: dict[str, str] = {}  # channel → category
        self.threads: dict[str, str] = {}  # thread → parent channel
        self.pending: set[str] = set()  # members who have not passed the screening yet

    def place_of(self, channel_id: str) -> Place:
        parent = self.threads.get(channel_id, "")
        return (self.channels.get(parent or channel_id, ""), parent)

    # --- what the gateway tells

    def fill(self, data: dict[str, Any]) -> None:
        """GUILD_CREATE: everything anew."""
        self.available = not data.get("unavailable", False)
        self.channels = {}
        for channel in data.get("channels", ()):
            self.put_channel(channel)
        self.threads = {}
        for thread in data.get("threads", ()):
            self.put_channel(thread)
        self.describe(data)

    def describe(self, data: dict[str, Any]) -> None:
        """GUILD_UPDATE: name, locale, AFK channel."""
        self.name = data.get("name") or self.name
        self.locale = sys.intern(data.get("preferred_locale") or self.locale)
        self.afk_channel = data.get("afk_channel_id") or ""

    def put_channel(self, data: dict[str, Any]) -> None:
        """CHANNEL_CREATE or _UPDATE, THREAD_CREATE or _UPDATE."""
        if data["type"] in THREADS:
            if (data.get("thread_metadata") or {}).get("archived"):
                # Whoever writes in it opens it again, which is told before the message.
                self.threads.pop(data["id"], None)
                return
            self.threads[data["id"]] = sys.intern(data.get("parent_id") or "")
        elif data["type"] != CATEGORY:
            self.channels[data["id"]] = sys.intern(data.get("parent_id") or "")

    def drop_channel(self, channel_id: str) -> None:
        """CHANNEL_DELETE or THREAD_DELETE. A deleted category leaves its channels without one."""
        self.threads.pop(channel_id, None)
        if self.channels.pop(channel_id, None) is None:
            for channel, category in self.channels.items():
                if category == channel_id:
                    self.channels[channel] = ""

    # --- kept across restarts

    def save_command(self, shard_id: int) -> bytes:
        facts = {
            "name": self.name, "locale": self.locale, "afk": self.afk_channel, "channels": self.channels,
            "threads": self.threads, "pending": sorted(self.pending), "available": self.available,
        }  # fmt: skip
        return pack("HSET", guilds_key(shard_id), self.guild_id, orjson.dumps(facts))

    def forget_command(self, shard_id: int) -> bytes:
        return pack("HDEL", guilds_key(shard_id), self.guild_id)

    def restore(self, stored: str | bytes) -> None:
        facts = orjson.loads(stored)
        self.name = facts["name"]
        self.locale = sys.intern(facts["locale"])
        self.afk_channel = facts["afk"]
        self.available = facts["available"]
        self.channels = {channel: sys.intern(category) for channel, category in facts["channels"].items()}
        self.threads = {thread: sys.intern(parent) for thread, parent in facts["threads"].items()}
        self.pending = set(facts["pending"])
