"""What the bot makes of what it hears: one function a gateway event, from payload to record.

Activities are made for linked guilds only; what a guild looks like (channels, threads, voice) is kept for all of this
process' guilds, because a guild may be linked at any moment. Nothing here waits, and nothing here raises for the
content of a payload: the gateway counts what it could not understand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Protocol

from engagement.activity.messages import Activity, encode_activity
from tenants.guild_facts import GuildFacts

from .places import GuildPlaces
from .queue import Record, RecordQueue
from .records import Recorder, is_person
from .resp import pack
from .session import ShardSession, session_key
from .stats import Stats
from .voice import VoiceChange, VoiceRooms

Handler = Callable[[ShardSession, int, dict[str, Any]], None]
BOTS_KEY = "bots"
MOST_BOTS = 50_000  # ids of other bots that are remembered


class LinkedGuilds(Protocol):
    """The guilds that belong to a tenant, whole and in memory."""

    def linked_guilds(self) -> frozenset[int]: ...


class Ears:
    """Every shard of the process shares one."""

    def __init__(
        self, *, queue: RecordQueue, links: LinkedGuilds, recorder: Recorder, stats: Stats, partitions: int
    ) -> None:
        self.queue = queue
        self.stats = stats
        self.guilds: dict[str, GuildPlaces] = {}
        self.voice = VoiceRooms(recorder)
        self._linked = links.linked_guilds
        self._recorder = recorder
        self._partitions = partitions
        self.bots: set[str] = set()
        # Told when a guild was really left (not an outage): (guild id).
        self.on_guild_left: Callable[[int], None] = lambda guild_id: None
        # Told of every guild that is there, and of every outage: (the guild, when the bot joined it if that was told).
        self.on_guild_heard: Callable[[GuildFacts, datetime | None], None] = lambda facts, joined_at: None
        # Told of a new session's guilds, each of which Discord is about to describe.
        self.on_guilds_promised: Callable[[set[int]], None] = lambda guild_ids: None
        self.handlers: dict[str, Handler] = {
            "MESSAGE_CREATE": self.message_create,
            "MESSAGE_DELETE": self.message_delete,
            "MESSAGE_DELETE_BULK": self.message_delete_bulk,
            "MESSAGE_REACTION_ADD": self.reaction_add,
            "MESSAGE_REACTION_REMOVE": self.reaction_remove,
            "MESSAGE_REACTION_REMOVE_ALL": self.reactions_clear,
            "MESSAGE_REACTION_REMOVE_EMOJI": self.reactions_clear,
            "AUTO_MODERATION_ACTION_EXECUTION": self.auto_moderation,
            "THREAD_CREATE": self.thread_create,
            "THREAD_UPDATE": self.channel_change,
            "THREAD_DELETE": self.channel_delete,
            "THREAD_LIST_SYNC": self.thread_list_sync,
            "CHANNEL_CREATE": self.channel_change,
            "CHANNEL_UPDATE": self.channel_change,
            "CHANNEL_DELETE": self.channel_delete,
            "VOICE_STATE_UPDATE": self.voice_state,
            "GUILD_MEMBER_ADD": self.member_add,
            "GUILD_MEMBER_REMOVE": self.member_remove,
            "GUILD_MEMBER_UPDATE": self.member_update,
            "GUILD_CREATE": self.guild_create,
            "GUILD_UPDATE": self.guild_update,
            "GUILD_DELETE": self.guild_delete,
        }

    # --- shared parts

    def guild(self, guild_id: str) -> GuildPlaces:
        guild = self.guilds.get(guild_id)
        if guild is None:
            guild = self.guilds[guild_id] = GuildPlaces(guild_id, self._partitions)
        return guild

    def _linked_guild(self, data: dict[str, Any]) -> GuildPlaces | None:
        guild_id = data.get("guild_id")
        if guild_id is None:
            return None
        guild = self.guilds.get(guild_id) or self.guild(guild_id)
        return guild if guild.number in self._linked() else None

    def _put(self, session: ShardSession, number: int, commands: Sequence[bytes]) -> None:
        if not commands:
            return
        if self.queue.put(Record(session.watermark, number, tuple(commands))):
            self.stats.recorded += 1
        else:
            session.watermark.pin(number)
            self.stats.discarded += 1

    @staticmethod
    def _append(guild: GuildPlaces, activity: Activity) -> bytes:
        data = encode_activity(activity)
        return b"%b$%d\r\n%b\r\n" % (guild.xadd, len(data), data)

    def _learn_bots(self, user_ids: Iterable[str]) -> list[bytes]:
        """Remember that these are bots, here and for whoever comes after: a reaction does not say whose message it
        was beyond the id."""
        new = [user_id for user_id in user_ids if user_id not in self.bots]
        if not new or len(self.bots) + len(new) > MOST_BOTS:
            return []
        self.bots.update(new)
        return [pack("SADD", BOTS_KEY, *new)]

    def _put_all(
        self, session: ShardSession, number: int, guild: GuildPlaces, activities: Iterable[Activity]
    ) -> None:
        self._put(session, number, [self._append(guild, activity) for activity in activities])

    # --- messages

    def message_create(self, session: ShardSession, number: int, data: dict[str, Any]) -> None:
        guild = self._linked_guild(data)
        if guild is None:
            return
        activity = self._recorder.message(guild, data)
        if activity is None:
            if data["author"].get("bot"):
                self._put(session, number, self._learn_bots([data["author"]["id"]]))
            return
        self._put(session, number, (self._append(guild, activity),))

    def message_delete(self, session: ShardSession, number: int, data: dict[str, Any]) -> None:
        self._deleted(session, number, data, [data["id"]])

    def message_delete_bulk(self, session: ShardSession, number: int, data: dict[str, Any]) -> None:
        self._deleted(session, number, data, data["ids"])

    def _deleted(self, session: ShardSession, number: int, data: dict[str, Any], ids: list[str]) -> None:
        guild = self._linked_guild(data)
        if guild is None:
            return
        at_ms = session.moment_ms()
        self._put_all(
            session, number, guild,
            [
                self._recorder.deleted(guild, message_id, data["channel_id"], reason="deleted", at_ms=at_ms)
                for message_id in ids
            ],
        )  # fmt: skip

    def auto_moderation(self, session: ShardSession, number: int, data: dict[str, Any]) -> None:
        """A blocked message never appears; one that was only flagged has an id, and gives its points back."""
        guild = self._linked_guild(data)
        if guild is None or not data.get("message_id"):
            return
        activity = self._recorder.deleted(
            guild, data["message_id"], data.get("channel_id") or "0", reason="automod",
            at_ms=session.moment_ms(), user_id=data["user_id"],
        )  # fmt: skip
        self._put_all(session, number, guild, [activity])

    def reaction_add(self, session: ShardSession, number: int, data: dict[str, Any]) -> None:
        guild = self._linked_guild(data)
        if guild is None or data["user_id"] in self.bots:
            return
        activities = self._recorder.reaction(guild, data, session.moment_ms())
        bots = (
            {f"discord:{data.get('message_author_id')}"} if data.get("message_author_id") in self.bots else ()
        )
        self._put_all(session, number, guild, [each for each in activities if each.subject not in bots])

    def reaction_remove(self, session: ShardSession, number: int, data: dict[str, Any]) -> None:
        guild = self._linked_guild(data)
        if guild is None or data["user_id"] in self.bots:
            return
        removed = self._recorder.reaction_removed(guild, data, session.moment_ms())
        self._put_all(session, number, guild, [removed])

    def reactions_clear(self, session: ShardSession, number: int, data: dict[str, Any]) -> None:
        guild = self._linked_guild(data)
        if guild is None:
            return
        mark = f"{session.session_id}.{number}"
        cleared = self._recorder.reactions_cleared(guild, data, mark=mark, at_ms=session.moment_ms())
        self._put_all(session, number, guild, [cleared])

    # --- channels and threads

    def thread_create(self, session: ShardSession, number: int, data: dict[str, Any]) -> None:
        guild = self.guild(data["guild_id"])
        guild.put_channel(data)
        commands = [guild.save_command(session.shard_id)]
        if guild.number in self._linked() and data.get("owner_id") not in self.bots:
            activity = self._recorder.thread(guild, data)
            if activity is not None:
                commands.insert(0, self._append(guild, activity))
        self._put(session, number, commands)

    def channel_change(self, session: ShardSession, number: int, data: dict[str, Any]) -> None:
        guild = self.guild(data["guild_id"])
        before = guild.place_of(data["id"]), data["id"] in guild.channels, data["id"] in guild.threads
        guild.put_channel(data)
        after = guild.place_of(data["id"]), data["id"] in guild.channels, data["id"] in guild.threads
        if before != after:
            self._put(session, number, [guild.save_command(session.shard_id)])

    def channel_delete(self, session: ShardSession, number: int, data: dict[str, Any]) -> None:
        guild = self.guild(data["guild_id"])
        guild.drop_channel(data["id"])
        self._put(session, number, [guild.save_command(session.shard_id)])

    def thread_list_sync(self, session: ShardSession, number: int, data: dict[str, Any]) -> None:
        guild = self.guild(data["guild_id"])
        for thread in data["threads"]:
            guild.put_channel(thread)
        self._put(session, number, [guild.save_command(session.shard_id)])

    # --- voice

    def voice_state(self, session: ShardSession, number: int, data: dict[str, Any]) -> None:
        if data.get("guild_id") is None:
            return
        guild = self.guild(data["guild_id"])
        self._put(
            session, number, self._voice_commands(guild, self.voice.change(guild, data, session.moment_ms()))
        )

    def _voice_commands(self, guild: GuildPlaces, change: VoiceChange) -> list[bytes]:
        minutes = change.minutes if guild.number in self._linked() else []
        self.stats.voice_minutes += len(minutes)
        return [*(self._append(guild, minute) for minute in minutes), *change.facts]

    def count_voice(self, session: ShardSession, now_ms: int) -> None:
        """Put the voice minutes that are over on the queue. Skipped while the shard cannot hear, or the queue has
        no room: the minutes are counted once it can."""
        if not session.connected or session.replaying_from_ms is not None or session.watermark.pinned:
            return
        for guild_id in self.voice.guilds():
            if guild_id not in session.guild_ids or self.queue.full:
                continue
            guild = self.guild(guild_id)
            if commands := self._voice_commands(guild, self.voice.due(guild, now_ms)):
                self.queue.put(Record(None, 0, tuple(commands)))

    # --- members

    def member_add(self, session: ShardSession, number: int, data: dict[str, Any]) -> None:
        guild = self._linked_guild(data)
        if guild is None or not is_person(data["user"]):
            return
        if data.get("pending"):
            guild.pending.add(data["user"]["id"])
            self._put(session, number, [guild.save_command(session.shard_id)])
        else:
            self._put_all(session, number, guild, [self._recorder.joined(guild, data)])

    def member_remove(self, session: ShardSession, number: int, data: dict[str, Any]) -> None:
        guild = self._linked_guild(data)
        if guild is None or not is_person(data["user"]):
            return
        guild.pending.discard(data["user"]["id"])
        mark = f"{session.session_id}.{number}"
        self._put_all(
            session, number, guild, [self._recorder.left(guild, data, mark=mark, at_ms=session.moment_ms())]
        )

    def member_update(self, session: ShardSession, number: int, data: dict[str, Any]) -> None:
        """New roles, name or avatar. Who was pending and is no longer has joined only now."""
        guild = self._linked_guild(data)
        if guild is None or not is_person(data["user"]) or data.get("pending"):
            return
        if data["user"]["id"] in guild.pending:
            guild.pending.discard(data["user"]["id"])
            joined = self._recorder.joined(guild, data)
            self._put(session, number, [self._append(guild, joined), guild.save_command(session.shard_id)])
            return
        mark = f"{session.session_id}.{number}"
        self._put_all(
            session, number, guild,
            [self._recorder.updated(guild, data, mark=mark, at_ms=session.moment_ms())],
        )  # fmt: skip

    # --- guilds

    def record_start(self, session: ShardSession, number: int, guild_ids: set[str]) -> None:
        """READY: the guilds of a new session, and the silence before it, if there was one. The session is stored
        only behind this record."""
        commands = [pack("HSET", session_key(session.shard_id), "ready_at", session.moment_ms())]
        gone = session.guild_ids - guild_ids
        session.guild_ids |= guild_ids
        if (gap := session.take_gap()) is not None:
            commands.insert(0, gap)
            self.stats.gaps += 1
        session.guild_ids = guild_ids
        self.on_guilds_promised({int(guild_id) for guild_id in guild_ids})
        for guild_id in gone:
            if session.owns(int(guild_id)):
                commands += self._leave(session, guild_id)
            else:
                # The number of shards was changed: another shard hears this guild now.
                commands.append(self.guild(guild_id).forget_command(session.shard_id))
        self.queue.put(Record(session.watermark, number, tuple(commands)), force=True)

    def _leave(self, session: ShardSession, guild_id: str) -> list[bytes]:
        guild = self.guild(guild_id)
        facts = self.voice.drop(guild_id).facts
        self.guilds.pop(guild_id, None)
        self.on_guild_left(guild.number)
        return [*facts, guild.forget_command(session.shard_id)]

    def guild_create(self, session: ShardSession, number: int, data: dict[str, Any]) -> None:
        guild = self.guild(data["id"])
        session.guild_ids.add(guild.guild_id)
        if data.get("unavailable"):
            guild.available = False
            self.on_guild_heard(GuildFacts.read(data), None)
            return
        guild.fill(data)
        joined_at = data.get("joined_at")
        self.on_guild_heard(GuildFacts.read(data), datetime.fromisoformat(joined_at) if joined_at else None)
        bots = [member["user"]["id"] for member in data.get("members", ()) if member["user"].get("bot")]
        change = self.voice.rebuild(guild, data, session.moment_ms())
        self._put(
            session, number,
            [guild.save_command(session.shard_id), *self._learn_bots(bots), *change.facts],
        )  # fmt: skip

    def guild_update(self, session: ShardSession, number: int, data: dict[str, Any]) -> None:
        guild = self.guild(data["id"])
        guild.describe(data)
        self.on_guild_heard(GuildFacts.read(data), None)
        self._put(session, number, [guild.save_command(session.shard_id)])

    def guild_delete(self, session: ShardSession, number: int, data: dict[str, Any]) -> None:
        """With `unavailable` an outage: the guild stays ours, but nobody's voice counts. Without, the bot was removed."""
        guild = self.guild(data["id"])
        if data.get("unavailable"):
            guild.available = False
            self.on_guild_heard(GuildFacts.read(data), None)
            facts = self.voice.drop(guild.guild_id).facts
            self._put(session, number, [*facts, guild.save_command(session.shard_id)])
            return
        session.guild_ids.discard(guild.guild_id)
        self._put(session, number, self._leave(session, guild.guild_id))
