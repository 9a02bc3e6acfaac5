"""Minutes in voice channels, from facts: who is where since when, and who is silent.

A voice minute is sixty seconds in a row in which a member was in a voice channel with at least one other person,
neither muted nor deafened (by themselves, a moderator or a stage), and not in the guild's AFK channel. Minutes are
named `voice:<guild>:<user>:<minute since 1970>`, so that counting one again changes nothing.

The facts live in `voice:<guild>` in the stream's Redis, a field a member, written in order behind the minutes that
they have already brought. After a RESUME they are taken up again; after GUILD_CREATE they are rebuilt from it, and a
stay goes on only where its last minute is recent enough that it must be the same one.

Pure bookkeeping: the caller passes the time and sends what is returned.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from engagement.activity.messages import Activity

from .places import GuildPlaces
from .records import Recorder, is_person
from .resp import pack

MINUTE_MS = 60_000
SAME_STAY_MS = 2 * MINUTE_MS
_SILENCE = ("mute", "deaf", "self_mute", "self_deaf", "suppress")


def voice_key(guild_id: str) -> str:
    return f"voice:{guild_id}"


@dataclass(slots=True)
class Stay:
    """One member in one voice channel."""

    channel: str
    silent: bool
    member: dict[str, Any]
    since_ms: int | None = None  # since when every second has counted; None while it does not
    counted: int = 0  # minutes of it that are on the stream


@dataclass(slots=True)
class VoiceChange:
    """What to send because of one fact: minutes first, then the facts that include them."""

    minutes: list[Activity] = field(default_factory=list)
    facts: list[bytes] = field(default_factory=list)


class VoiceRooms:
    """The voice channels of every guild of this process."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._guilds: dict[str, dict[str, Stay]] = {}

    def count(self) -> int:
        return sum(len(stays) for stays in self._guilds.values())

    def stays_of(self, guild_id: str) -> dict[str, Stay]:
        return self._guilds.get(guild_id, {})

    # --- facts

    def change(self, guild: GuildPlaces, data: dict[str, Any], now_ms: int) -> VoiceChange:
        """VOICE_STATE_UPDATE."""
        member = data.get("member") or {}
        user = member.get("user") or {}
        change = VoiceChange()
        if not is_person(user):
            return change
        stays = self._guilds.setdefault(guild.guild_id, {})
        user_id = data["user_id"]
        before = stays.get(user_id)
        channel = data.get("channel_id") or ""
        rooms = {channel, before.channel if before else ""} - {""}
        change.minutes += self._settle(guild, stays, rooms, now_ms)
        described = self._recorder.describe_member(guild.guild_id, user, member) if user else {}
        if not channel:
            stays.pop(user_id, None)
            change.facts.append(pack("HDEL", voice_key(guild.guild_id), user_id))
        elif before is None:
            stays[user_id] = Stay(channel, _is_silent(data), described)
        else:
            before.channel, before.silent = channel, _is_silent(data)
            before.member = described or before.member
        self._judge(guild, stays, rooms, now_ms)
        changed = [other for other, stay in stays.items() if stay.channel in rooms]
        change.facts += self._facts(guild, stays, changed)
        return change

    def rebuild(self, guild: GuildPlaces, data: dict[str, Any], now_ms: int) -> VoiceChange:
        """GUILD_CREATE: who is in voice now. A stay whose last counted minute is recent goes on."""
        people = {member["user"]["id"]: member for member in data.get("members", ())}
        before = self._guilds.get(guild.guild_id, {})
        stays: dict[str, Stay] = {}
        for state in data.get("voice_states", ()):
            user_id, channel = state["user_id"], state.get("channel_id") or ""
            member = people.get(user_id) or state.get("member") or {}
            user = member.get("user") or {}
            if not channel or not is_person(user):
                continue
            stay = Stay(channel, _is_silent(state), {})
            if user:
                stay.member = self._recorder.describe_member(guild.guild_id, user, member)
            old = before.get(user_id)
            if old and old.since_ms is not None and now_ms - _counted_until(old) < SAME_STAY_MS:
                stay.since_ms, stay.counted = old.since_ms, old.counted
                stay.member = stay.member or old.member
            stays[user_id] = stay
        self._guilds[guild.guild_id] = stays
        self._judge(guild, stays, {stay.channel for stay in stays.values()}, now_ms)
        change = VoiceChange(facts=[pack("DEL", voice_key(guild.guild_id))])
        change.facts += self._facts(guild, stays, stays)
        if not stays:
            del self._guilds[guild.guild_id]
        return change

    def restore(self, guild_id: str, stored: Mapping[str, str | bytes]) -> None:
        """What an earlier process knew. It counts on once the shard has RESUMEd."""
        stays = {}
        for user_id, text in stored.items():
            facts = orjson.loads(text)
            stays[user_id] = Stay(facts["c"], facts["q"], facts["m"], facts["s"], facts["n"])
        if stays:
            self._guilds[guild_id] = stays

    def drop(self, guild_id: str) -> VoiceChange:
        """The guild is gone, or cannot be heard: nobody's time counts until it is back."""
        self._guilds.pop(guild_id, None)
        return VoiceChange(facts=[pack("DEL", voice_key(guild_id))])

    # --- time

    def due(self, guild: GuildPlaces, now_ms: int) -> VoiceChange:
        """The minutes of a guild that are over by now."""
        stays = self._guilds.get(guild.guild_id, {})
        counted = {user_id: stay.counted for user_id, stay in stays.items()}
        change = VoiceChange(minutes=list(self._settle(guild, stays, None, now_ms)))
        grown = [user_id for user_id, stay in stays.items() if stay.counted != counted[user_id]]
        change.facts += self._facts(guild, stays, grown)
        return change

    def guilds(self) -> list[str]:
        return list(self._guilds)

    def _settle(
        self, guild: GuildPlaces, stays: dict[str, Stay], rooms: set[str] | None, now_ms: int
    ) -> Iterator[Activity]:
        for user_id, stay in stays.items():
            if stay.since_ms is None or (rooms is not None and stay.channel not in rooms):
                continue
            while (over_ms := _counted_until(stay) + MINUTE_MS) <= now_ms:
                stay.counted += 1
                minute = (over_ms - 1) // MINUTE_MS
                yield self._recorder.voice_minute(guild, user_id, stay.channel, minute, over_ms, stay.member)

    def _judge(self, guild: GuildPlaces, stays: dict[str, Stay], rooms: set[str], now_ms: int) -> None:
        """Start or stop the clock of everybody in these rooms."""
        crowd: dict[str, int] = {}
        for stay in stays.values():
            crowd[stay.channel] = crowd.get(stay.channel, 0) + 1
        for stay in stays.values():
            if stay.channel not in rooms:
                continue
            counts = not stay.silent and stay.channel != guild.afk_channel and crowd[stay.channel] > 1
            if not counts:
                stay.since_ms, stay.counted = None, 0
            elif stay.since_ms is None:
                stay.since_ms, stay.counted = now_ms, 0

    @staticmethod
    def _facts(guild: GuildPlaces, stays: dict[str, Stay], user_ids: Iterable[str]) -> list[bytes]:
        words: list[bytes | str] = []
        for user_id in user_ids:
            stay = stays[user_id]
            facts = {
                "c": stay.channel,
                "q": stay.silent,
                "s": stay.since_ms,
                "n": stay.counted,
                "m": stay.member,
            }
            words += (user_id, orjson.dumps(facts))
        return [pack("HSET", voice_key(guild.guild_id), *words)] if words else []


def _counted_until(stay: Stay) -> int:
    return (stay.since_ms or 0) + stay.counted * MINUTE_MS


def _is_silent(state: dict[str, Any]) -> bool:
    return any(state.get(flag) for flag in _SILENCE)
