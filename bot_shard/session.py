"""What a restart needs to RESUME: kept in the stream's Redis, beside the stream that it speaks of.

The hash `shard:<id>:session` holds session_id, resume_url, shard_count, seq (the watermark), at (when everything up
to it had been heard, in ms) and bot (whose session it is). It is written by the same connection and in the same order
as the records, so it never claims more than the stream has.

Invariant: what is stored belongs to one session. A new session is stored only once the record of its READY — and with
it the gap before it, if there was one — is acknowledged; a crash in between finds the old session and its gap again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import orjson

from .resp import pack
from .watermark import Watermark

GAPS_KEY = "gaps"
SAVE_EVERY_MS = 5_000


def session_key(shard_id: int) -> str:
    return f"shard:{shard_id}:session"


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class ShardSession:
    """One shard's session with Discord, live or remembered."""

    def __init__(self, shard_id: int, shard_count: int, bot: str = "") -> None:
        self.shard_id = shard_id
        self.shard_count = shard_count
        self.bot = bot
        self.session_id: str | None = None
        self.resume_url: str | None = None
        self.watermark = Watermark()
        self.guild_ids: set[str] = set()
        self.connected = False  # READY or RESUMED came, and the socket is still open
        self.replaying_from_ms: int | None = (
            None  # the last moment heard before a restart, while it is replayed
        )
        self.silent_since_ms: int | None = None  # when hearing ended, if that session can't be resumed
        self.silent_because = ""
        self._heard_at_ms = 0
        # How long nothing has been heard, although connected; the socket knows.
        self.quiet_seconds: Callable[[], float] = lambda: 0.0
        self._saved_identity: tuple[str, frozenset[str]] | None = None
        self._saved_value = 0
        self._saved_at_ms = 0

    def owns(self, guild_id: int) -> bool:
        """Whether Discord tells this shard about that guild."""
        return (guild_id >> 22) % self.shard_count == self.shard_id

    # --- the way in

    def restore(self, stored: Mapping[str, str]) -> bool:
        """Take over what an earlier process left. False if there is nothing to resume."""
        if not stored.get("session_id"):
            return False
        self._heard_at_ms = int(stored.get("at", 0))
        self.guild_ids = set(orjson.loads(stored.get("guilds", "[]")))
        if int(stored.get("shard_count", 0)) != self.shard_count:
            self._fall_silent("the number of shards was changed")
            return False
        if stored.get("bot", "") != self.bot:
            return False
        self.session_id = stored["session_id"]
        self.resume_url = stored.get("resume_url") or None
        self.watermark = Watermark(int(stored.get("seq", 0)))
        self.replaying_from_ms = self._heard_at_ms
        return True

    def begin(self, session_id: str, resume_url: str, number: int) -> None:
        """READY: a new session, numbered from `number`."""
        self.session_id = session_id
        self.resume_url = resume_url
        self.watermark = Watermark(number - 1)
        self.replaying_from_ms = None
        self.connected = True

    def resumed(self) -> None:
        """RESUMED: everything missed has been replayed."""
        self.replaying_from_ms = None
        self.connected = True

    def forget(self, reason: str) -> None:
        """Discord no longer knows this session: the time since we last heard becomes a gap at the next READY."""
        self.disconnected()
        if self.session_id is not None:
            self._fall_silent(reason)
        self.session_id = self.resume_url = None

    def _fall_silent(self, reason: str) -> None:
        if self.silent_since_ms is None and self._heard_at_ms:
            self.silent_since_ms = self._heard_at_ms
            self.silent_because = reason

    def disconnected(self) -> None:
        """The socket is closed."""
        self._note_heard()
        self.connected = False

    def _note_heard(self) -> None:
        if self.connected and not self.watermark.pinned and self.replaying_from_ms is None:
            self._heard_at_ms = now_ms() - int(self.quiet_seconds() * 1000)

    # --- time

    def moment_ms(self) -> int:
        """When a dispatch without a time of its own happened, as well as can be known: during a replay, the last
        moment before the restart."""
        return now_ms() if self.replaying_from_ms is None else self.replaying_from_ms

    # --- the way out

    def take_gap(self) -> bytes | None:
        """The command that records the silence before this session, once; None if there was none."""
        if self.silent_since_ms is None:
            return None
        command = pack(
            "XADD", GAPS_KEY, "*",
            "shard", self.shard_id,
            "guilds", orjson.dumps(sorted(self.guild_ids)),
            "from_ms", self.silent_since_ms,
            "to_ms", now_ms(),
            "reason", self.silent_because,
        )  # fmt: skip
        self.silent_since_ms = None
        self.silent_because = ""
        return command

    def save_command(self) -> bytes | None:
        """The command that stores the session as it is now, or None if nothing is worth storing."""
        value = self.watermark.value
        if self.session_id is None or value <= 0:
            return None
        self._note_heard()
        identity = (self.session_id, frozenset(self.guild_ids))
        if identity == self._saved_identity:
            if value == self._saved_value and now_ms() - self._saved_at_ms < SAVE_EVERY_MS:
                return None
            fields: tuple[bytes | str | int, ...] = ("seq", value, "at", self._heard_at_ms)
        else:
            fields = (
                "session_id", self.session_id,
                "resume_url", self.resume_url or "",
                "shard_count", self.shard_count,
                "bot", self.bot,
                "seq", value,
                "at", self._heard_at_ms,
                "guilds", orjson.dumps(sorted(self.guild_ids)),
            )  # fmt: skip
        self._saved_identity, self._saved_value, self._saved_at_ms = identity, value, now_ms()
        return pack("HSET", session_key(self.shard_id), *fields)
