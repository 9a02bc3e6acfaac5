"""The traffic generator: members who talk, react, reply and sit in voice, at a chosen rate for a chosen time."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from typing import TYPE_CHECKING, Any

from .errors import ControlError
from .state import permissions
from .state.entities import TEXT, VOICE, Channel, Guild, Message
from .state.messages import add_reaction, post_message
from .state.voice import leave_voice, set_voice

if TYPE_CHECKING:
    from .server import LocalDiscord

_SLICE = 0.02
_LINES = [
    "Has anybody tried the new palette?", "I am two chapters in and already lost.", "That made my evening.",
    "Back in ten minutes.", "Can somebody look at this before I break it?", "Found it, it was a missing comma.",
    "Same time tomorrow?", "This is better than the first version.", "I would move the tree to the left.",
    "Thank you, that helped a lot.", "Who is in for a round later?", "Reading it now.", "The second one, clearly.",
    "I did not expect that ending.", "Good night, all.", "Count me in.", "Where do I find the brush pack?",
]  # fmt: skip
_EMOJI = ["👍", "❤️", "😂", "🎉", "🦊", "👀"]


class Traffic:
    """One run at a time. `rate` is messages a second over all guilds; the rest is mixed in beside them."""

    def __init__(self, discord: LocalDiscord) -> None:
        self._discord = discord
        self._task: asyncio.Task[None] | None = None
        self._random = random.Random(11)
        self.posted = 0
        self.rate = 0.0
        self.until = 0.0
        self._most = 0

    @property
    def running(self) -> bool:
        return self._task is not None and not self._task.done()

    def start(
        self,
        *,
        rate: float,
        seconds: float,
        members: int = 0,
        guild_ids: list[int] | None = None,
        mixed: bool = True,
        count: int = 0,
    ) -> None:
        """Begin a run, ending one that is under way. `members` 0 takes everybody; `count` ends it after so many messages."""
        if not 0 < rate <= 50_000 or not 0 < seconds <= 86_400:
            raise ControlError("Give a rate of 1 to 50,000 messages a second and a time of up to a day.")
        guilds = self._guilds(guild_ids)
        places = [place for guild in guilds if (place := self._place(guild, members)) is not None]
        if not places:
            raise ControlError(
                "There is nobody to talk: no guild with the bot has a member and a text channel."
            )
        self.stop()
        self.posted, self.rate, self.until = 0, rate, time.monotonic() + seconds
        self._most = count or 1 << 62
        self._task = asyncio.get_running_loop().create_task(self._run(places, mixed=mixed))

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def wait(self) -> None:
        """Until the run is over."""
        if self._task is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.shield(self._task)

    def describe(self) -> dict[str, Any]:
        left = max(self.until - time.monotonic(), 0.0) if self.running else 0.0
        return {
            "running": self.running,
            "rate": self.rate,
            "posted": self.posted,
            "seconds_left": round(left, 1),
        }

    def _guilds(self, guild_ids: list[int] | None) -> list[Guild]:
        guilds = self._discord.world.bot_guilds()
        return [g for g in guilds if g.id in guild_ids] if guild_ids else guilds

    def _place(self, guild: Guild, members: int) -> tuple[Guild, list[int], list[Channel]] | None:
        users = self._discord.world.users
        people = [m.user_id for m in guild.members.values() if not users[m.user_id].bot and not m.pending]
        channels = [
            channel
            for channel in guild.channels.values()
            if channel.type == TEXT and all(self._may_write(guild, user, channel) for user in people)
        ]
        chosen = people[:members] if members else people
        return (guild, chosen, channels) if chosen and channels else None

    def _may_write(self, guild: Guild, user_id: int, channel: Channel) -> bool:
        held = permissions.channel_permissions(guild, guild.members[user_id], channel)
        return bool(held & permissions.SEND_MESSAGES)

    async def _run(self, places: list[tuple[Guild, list[int], list[Channel]]], *, mixed: bool) -> None:
        started = time.monotonic()
        while (now := time.monotonic()) < self.until and self.posted < self._most:
            due = min(int((now - started) * self.rate), self._most) - self.posted
            for _ in range(min(due, 500)):
                self._talk(self._random.choice(places), mixed=mixed)
                self.posted += 1
            await asyncio.sleep(0 if due > 500 else _SLICE)

    def _talk(self, place: tuple[Guild, list[int], list[Channel]], *, mixed: bool) -> None:
        world, pick = self._discord.world, self._random
        guild, people, channels = place
        author, channel = pick.choice(people), pick.choice(channels)
        if author not in guild.members:
            return
        dice = pick.random() if mixed else 1.0
        earlier = self._newest(channel) if dice < 0.3 else None
        if earlier is not None and dice < 0.15:
            reference = {
                "type": 0, "channel_id": str(channel.id), "guild_id": str(guild.id), "message_id": str(earlier.id),
            }  # fmt: skip
            post_message(world, channel, author, pick.choice(_LINES), reference=reference, type=19)
            return
        if earlier is not None:
            add_reaction(world, earlier, author, pick.choice(_EMOJI))
        elif dice < 0.32:
            self._sit(guild, author)
        post_message(world, channel, author, pick.choice(_LINES))

    def _newest(self, channel: Channel) -> Message | None:
        kept = self._discord.world.messages.get(channel.id)
        return next(reversed(kept.values())) if kept else None

    def _sit(self, guild: Guild, user_id: int) -> None:
        if user_id in guild.voice:
            leave_voice(self._discord.world, guild, user_id)
            return
        rooms = [c.id for c in guild.channels.values() if c.type == VOICE and c.id != guild.afk_channel_id]
        if rooms:
            set_voice(self._discord.world, guild, user_id, channel_id=self._random.choice(rooms))
