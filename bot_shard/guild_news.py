"""What becomes of guilds — heard, away, left — taken from the ears to the database.

Invariants: of one guild the newest news counts, and it is told in order; a removal is told only once Discord confirms it; while
the database is away, news waits, at most one a guild. Hearing never waits for any of this.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog

from integrations.discord.comings import follow_guilds_recorded, note_removal
from integrations.discord.greetings import Newcomer, meet_guilds
from saas.core.errors import NotFoundError, UnavailableError
from tenants.guild_facts import GuildFacts

from .calls import Calls

log = structlog.get_logger(__name__)
GATHER_SECONDS = 0.2  # a session's start tells of all its guilds within moments
RETRY_SECONDS = 5.0
LOOK_SECONDS = 5.0
# A new session describes its guilds one by one; one that is not described after so long has an outage.
PROMISE_SECONDS = 120.0
MOST_A_ROUND = 500


class Links(Protocol):
    def linked_guilds(self) -> frozenset[int]: ...

    def removed_guilds(self) -> frozenset[int]: ...


@dataclass(frozen=True, slots=True)
class News:
    """`facts` None: the bot is in the guild no longer. `joined_at`: the bot's own joining, where it was told."""

    facts: GuildFacts | None
    joined_at: datetime | None = None


class GuildNews:
    """One for the process. `is_gone` asks Discord whether the bot is out of a guild; None: there is no telling now."""

    def __init__(self, calls: Calls, links: Links, is_gone: Callable[[int], Awaitable[bool | None]]) -> None:
        self._calls = calls
        self._links = links
        self._is_gone = is_gone
        self._waiting: dict[int, News] = {}
        self._wake = asyncio.Event()
        self._promised: dict[int, float] = {}  # guild → until when it is waited for

    def promise(self, guild_ids: set[int]) -> None:
        """A new session begins with these guilds."""
        until = time.monotonic() + PROMISE_SECONDS
        self._promised |= dict.fromkeys(guild_ids, until)

    def hear(self, facts: GuildFacts, joined_at: datetime | None = None) -> None:
        """A guild as it is now; an outage too."""
        self._promised.pop(facts.guild_id, None)
        earlier = self._waiting.get(facts.guild_id)
        if joined_at is None and earlier is not None and earlier.facts is not None:
            joined_at = earlier.joined_at
        self._put(facts.guild_id, News(facts, joined_at))

    def leave(self, guild_id: int) -> None:
        self._promised.pop(guild_id, None)
        self._put(guild_id, News(None))

    def _put(self, guild_id: int, news: News) -> None:
        self._waiting[guild_id] = news
        self._wake.set()

    async def run(self) -> None:
        """For as long as the process lives."""
        while True:
            # Not wait_for: in Python 3.11 it swallows a cancellation that meets the wake-up.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._wake.wait()
            self._give_up_waiting()
            await asyncio.sleep(GATHER_SECONDS)
            self._wake.clear()
            if not self._waiting:
                continue
            batch = {guild_id: self._waiting.pop(guild_id) for guild_id in list(self._waiting)[:MOST_A_ROUND]}
            try:
                await self._tell(batch)
            except UnavailableError as error:
                log.warning("guild_news_waits", count=len(batch), problem=error.message)
                self._waiting = batch | self._waiting  # what came meanwhile is newer
                await asyncio.sleep(RETRY_SECONDS)
            except Exception as error:
                # This task must outlive anything, or no guild's fate is heard of any more.
                log.error("guild_news_lost", guilds=sorted(batch)[:20], exc_info=error)
            if self._waiting:
                self._wake.set()

    def _give_up_waiting(self) -> None:
        """Linked guilds that a session promised and Discord did not describe: an outage that began before it."""
        now, linked = time.monotonic(), self._links.linked_guilds()
        for guild_id in [guild_id for guild_id, until in self._promised.items() if until < now]:
            del self._promised[guild_id]
            if guild_id in linked:
                self.hear(GuildFacts(guild_id, available=False))

    async def _tell(self, batch: dict[int, News]) -> None:
        await self._remove([guild_id for guild_id, news in batch.items() if news.facts is None])
        facts = [news.facts for news in batch.values() if news.facts is not None]
        if facts:
            await self._calls.in_public(follow_guilds_recorded, facts=facts)
        known = self._links.linked_guilds() | self._links.removed_guilds()
        newcomers = [
            Newcomer(guild_id, news.joined_at)
            for guild_id, news in batch.items()
            if news.joined_at is not None and guild_id not in known
        ]
        if newcomers:
            await self._calls.in_public(meet_guilds, newcomers=newcomers)

    async def _remove(self, guild_ids: list[int]) -> None:
        for guild_id in guild_ids:
            gone = await self._is_gone(guild_id)
            if gone is None:
                log.warning("guild_left_unconfirmed", guild=guild_id)
            if not gone:
                continue
            try:
                await self._calls.in_public(note_removal, guild_id=guild_id)
            except NotFoundError:
                continue  # It was nobody's.
            log.info("guild_left", guild=guild_id)
