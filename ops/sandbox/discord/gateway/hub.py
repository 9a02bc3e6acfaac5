"""The hub: every session, who hears what, and the rules of IDENTIFY.

Invariant: a happening goes to the sessions whose shard owns its guild (direct messages: shard 0), that hold an intent
for it, and only for channels that the bot may view.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import orjson

from ..config import Config
from ..faults import Faults
from ..state import permissions
from ..state.entities import Guild
from ..state.payloads import guild_create, user_payload
from ..state.world import Happening, World
from . import intents
from .session import Session

if TYPE_CHECKING:
    from .connection import Connection

_DAY = 24 * 3600.0


class Hub:
    def __init__(self, world: World, config: Config, faults: Faults) -> None:
        self.world = world
        self.config = config
        self.faults = faults
        self.sessions: dict[str, Session] = {}
        self.connections: set[Connection] = set()
        self.base_url = ""
        self.token_valid = True
        self.identifies = 0
        self.resumes = 0
        self._identified_at: dict[int, float] = {}
        self._day: list[float] = []
        world.listeners.append(self.hear)

    # --- what the bot hears ---

    def hear(self, happening: Happening) -> None:
        """Deliver a happening to every session that should know of it."""
        if not happening.to_gateway:
            return
        guild_id = happening.guild_id
        if guild_id is not None:
            guild = self.world.guilds.get(guild_id)
            if guild is None or self.world.bot_id not in guild.members:
                return
            if guild.unavailable and happening.type != "GUILD_DELETE":
                return
            if happening.type == "GUILD_AUDIT_LOG_ENTRY_CREATE":
                held = permissions.base_permissions(guild, guild.members[self.world.bot_id])
                if not held & permissions.VIEW_AUDIT_LOG:
                    return
            channel_id = happening.channel_id
            if channel_id is not None and not self.world.bot_sees(guild_id, channel_id):
                return
        needed = intents.needed_intents(happening.type, in_guild=guild_id is not None)
        if happening.author_id == self.world.bot_id and happening.type == "GUILD_MEMBER_UPDATE":
            needed = 0
        for session in self.sessions.values():
            if guild_id is not None:
                if not session.hears_guild(guild_id):
                    continue
            elif session.shard_id != 0:
                continue
            if needed and not session.intents & needed:
                continue
            session.dispatch(happening.type, self._encoded(happening, session))

    def _encoded(self, happening: Happening, session: Session) -> bytes:
        variant = "full"
        if happening.type in intents.HAS_CONTENT and self._must_strip(happening, session):
            variant = "stripped"
        elif happening.type == "GUILD_CREATE" and not session.intents & intents.GUILD_PRESENCES:
            variant = "few"
        data = happening.encoded.get(variant)
        if data is None:
            data = happening.encoded[variant] = self._encode(happening, variant)
        return data

    def _encode(self, happening: Happening, variant: str) -> bytes:
        if variant == "stripped":
            return orjson.dumps(intents.strip_content(happening.data))
        if variant == "few" and happening.guild_id is not None:
            few = guild_create(self.world, self.world.guilds[happening.guild_id], all_members=False)
            return orjson.dumps({key: value for key, value in few.items() if key in happening.data})
        return orjson.dumps(happening.data)

    def _must_strip(self, happening: Happening, session: Session) -> bool:
        if session.intents & intents.MESSAGE_CONTENT or happening.guild_id is None:
            return False
        return happening.author_id != self.world.bot_id and not happening.mentions_bot

    def guilds_of(self, shard_id: int, shard_count: int) -> list[Guild]:
        return [g for g in self.world.bot_guilds() if (g.id >> 22) % shard_count == shard_id]

    # --- IDENTIFY and RESUME ---

    def bucket_is_free(self, shard_id: int) -> bool:
        """One IDENTIFY per bucket (`shard_id % max_concurrency`) and interval."""
        bucket = shard_id % self.config.max_concurrency
        last = self._identified_at.get(bucket)
        return last is None or time.monotonic() - last >= self.config.identify_interval - 0.05

    def limit_left(self) -> tuple[int, int]:
        """(IDENTIFYs left today, milliseconds until the count starts again)."""
        now = time.time()
        self._day = [moment for moment in self._day if now - moment < _DAY]
        reset = (self._day[0] + _DAY - now) if self._day else 0.0
        return max(self.config.session_limit - len(self._day), 0), int(reset * 1000)

    def reset_limit(self) -> None:
        """Forget today's IDENTIFYs and make the token valid again."""
        self._day.clear()
        self._identified_at.clear()
        self.token_valid = True

    def start_session(self, *, shard_id: int, shard_count: int, wanted: int) -> Session:
        """Count an IDENTIFY and make its session with READY and the guilds."""
        self._identified_at[shard_id % self.config.max_concurrency] = time.monotonic()
        self._day.append(time.time())
        self.identifies += 1
        session = Session(
            shard_id=shard_id, shard_count=shard_count, intents=wanted, replay_limit=self.config.replay_limit
        )
        guilds = self.guilds_of(shard_id, shard_count)
        session.dispatch("READY", orjson.dumps(self._ready(session, guilds)))
        if wanted & intents.GUILDS:
            everyone = bool(wanted & intents.GUILD_PRESENCES)
            for guild in guilds:
                if not guild.unavailable:
                    payload = guild_create(self.world, guild, all_members=everyone)
                    session.dispatch("GUILD_CREATE", orjson.dumps(payload))
        self.sessions[session.id] = session
        return session

    def _ready(self, session: Session, guilds: list[Guild]) -> dict[str, Any]:
        bot = self.world.users[self.world.bot_id]
        return {
            "v": 10,
            "user": user_payload(bot) | {"verified": True, "mfa_enabled": True, "email": None},
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "session_type": "normal",
            "resume_gateway_url": self.base_url,
            "shard": [session.shard_id, session.shard_count],
            "application": {"id": str(self.world.bot_id), "flags": application_flags(self.config)},
            "user_settings": {},
            "relationships": [],
            "private_channels": [],
            "presences": [],
            "guild_join_requests": [],
            "geo_ordered_rtc_regions": [],
            "auth": {},
            "_trace": ["local"],
        }

    def exhaust_limit(self) -> None:
        """The daily limit is passed: Discord ends all sessions and resets the token. So does this one."""
        self.token_valid = False
        self.expire_sessions()
        for connection in list(self.connections):
            connection.close_soon(4004, "Authentication failed.")

    def find_session(self, session_id: str) -> Session | None:
        session = self.sessions.get(session_id)
        if session is not None and not session.connected and time.monotonic() > session.expires_at:
            del self.sessions[session_id]
            return None
        return session

    def end_session(self, session: Session) -> None:
        self.sessions.pop(session.id, None)

    def detach(self, session: Session) -> None:
        """The socket is gone: keep the session for the resume window."""
        session.connected = False
        session.expires_at = time.monotonic() + self.config.resume_window
        loop = asyncio.get_running_loop()
        loop.call_later(self.config.resume_window + 0.1, self.find_session, session.id)

    # --- the hand of the tester ---

    def chosen(self, shard_id: int | None) -> list[Connection]:
        return [c for c in self.connections if c.session and shard_id in (None, c.session.shard_id)]

    def drop(self, shard_id: int | None = None) -> int:
        """Cut the sockets without a close frame. Returns how many."""
        chosen = self.chosen(shard_id)
        for connection in chosen:
            connection.abort()
        return len(chosen)

    def reconnect(self, shard_id: int | None = None) -> int:
        """Send op 7 to the sessions."""
        chosen = self.chosen(shard_id)
        for connection in chosen:
            connection.send(7, None)
        return len(chosen)

    def invalidate(self, shard_id: int | None = None, *, resumable: bool) -> int:
        """Send op 9; unless resumable the session is forgotten."""
        chosen = self.chosen(shard_id)
        for connection in chosen:
            if not resumable and connection.session is not None:
                self.end_session(connection.session)
            connection.send(9, resumable)
        return len(chosen)

    def expire_sessions(self) -> int:
        """Forget every session: the next RESUME is answered with op 9."""
        count = len(self.sessions)
        self.sessions.clear()
        return count

    def describe(self) -> list[dict[str, Any]]:
        return [
            {
                "session_id": session.id,
                "shard": [session.shard_id, session.shard_count],
                "connected": session.connected,
                "sequence": session.sequence,
                "intents": session.intents,
            }
            for session in self.sessions.values()
        ]


def application_flags(config: Config) -> int:
    """Which privileged intents the developer portal grants, as an unverified application shows them."""
    flags = 1 << 23
    for intent, flag in (
        (intents.GUILD_PRESENCES, 13),
        (intents.GUILD_MEMBERS, 15),
        (intents.MESSAGE_CONTENT, 19),
    ):
        if config.privileged_intents & intent:
            flags |= 1 << flag
    return flags
