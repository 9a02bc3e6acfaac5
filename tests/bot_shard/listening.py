"""Ears without a gateway: payloads in, activities out."""

from __future__ import annotations

from typing import Any

import hiredis

from bot_shard.hearing import Ears
from bot_shard.queue import RecordQueue
from bot_shard.records import Recorder
from bot_shard.session import ShardSession
from bot_shard.stats import Stats
from engagement.activity.messages import Activity, decode_activity

from .payloads import GUILD


class Links:
    def __init__(self, *guild_ids: str) -> None:
        self.guild_ids = frozenset(int(guild_id) for guild_id in guild_ids)

    def linked_guilds(self) -> frozenset[int]:
        return self.guild_ids


class Listener:
    """One shard's ears on one linked guild."""

    def __init__(self, *linked: str, capacity: int = 1000) -> None:
        self.queue = RecordQueue(capacity)
        self.links = Links(*(linked or (GUILD,)))
        self.ears = Ears(
            queue=self.queue, links=self.links, recorder=Recorder("https://cdn"), stats=Stats(), partitions=8
        )
        self.session = ShardSession(0, 1, "bot")
        self.session.begin("session", "ws://resume", 1)
        self.session.watermark.hear(1)
        self.session.guild_ids = {GUILD}

    def hear(self, name: str, data: dict[str, Any]) -> list[Activity]:
        """What this dispatch adds to the stream."""
        number = self.session.watermark.heard + 1
        self.session.watermark.hear(number)
        self.ears.handlers[name](self.session, number, data)
        return self.take()

    def take(self) -> list[Activity]:
        return [decode_activity(words[-1]) for words in self.take_commands() if words[0] == b"XADD"]

    def take_commands(self) -> list[list[bytes]]:
        found: list[list[bytes]] = []
        for record in self.queue.take(10_000):
            reader = hiredis.Reader()
            reader.feed(b"".join(record.commands))
            while (words := reader.gets()) is not False:
                found.append(words)
        return found
