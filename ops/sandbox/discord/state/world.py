"""The world: everything that exists, and the one way to tell listeners what happened.

Invariant: rows change only through the functions of this package, each of which emits its happenings after the rows
are consistent. The world belongs to one event loop; other threads come in through `LocalDiscordThread`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..config import Config
from ..errors import refused
from .entities import DM, PRIVATE_THREAD, Channel, Command, Guild, Member, Message, User, Webhook
from .permissions import MANAGE_THREADS, VIEW_CHANNEL, channel_permissions
from .snowflakes import SnowflakeMaker


@dataclass(slots=True)
class Happening:
    """One thing that happened. `guild_id` is None for what belongs to no guild (direct messages, users).

    `only_user` keeps it from everybody but that person: such a happening reaches the page and never the gateway.
    `raw` is what the gateway sends instead of `data`, for payloads that differ per client.
    """

    type: str
    data: dict[str, Any]
    guild_id: int | None = None
    channel_id: int | None = None
    author_id: int | None = None
    mentions_bot: bool = False
    only_user: int | None = None
    to_gateway: bool = True
    encoded: dict[str, bytes] = field(default_factory=dict)


Listener = Callable[[Happening], None]


class World:
    """Holds the rows and finds them. Not found is Discord's own error."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.ids = SnowflakeMaker()
        self.listeners: list[Listener] = []
        self.bot_id = config.client_id
        self.clear()

    def clear(self) -> None:
        """Forget everything but the bot's own user."""
        self.users: dict[int, User] = {
            self.bot_id: User(self.bot_id, self.config.bot_name, self.config.bot_name, bot=True)
        }
        self.guilds: dict[int, Guild] = {}
        self.dms: dict[int, Channel] = {}
        self.dm_of: dict[int, int] = {}
        self.commands: dict[int, Command] = {}
        self.webhooks: dict[int, Webhook] = {}
        self.messages: dict[int, OrderedDict[int, Message]] = {}
        self.nonces: OrderedDict[tuple[int, int, str], int] = OrderedDict()
        self._guild_of_channel: dict[int, int] = {}
        self._visible: dict[int, bool] = {}

    def emit(self, happening: Happening) -> None:
        for listener in self.listeners:
            listener(happening)

    # --- finding ---

    def guild(self, guild_id: int) -> Guild:
        guild = self.guilds.get(guild_id)
        if guild is None:
            raise refused(10004)
        return guild

    def user(self, user_id: int) -> User:
        user = self.users.get(user_id)
        if user is None:
            raise refused(10013)
        return user

    def member(self, guild: Guild, user_id: int) -> Member:
        member = guild.members.get(user_id)
        if member is None:
            raise refused(10007)
        return member

    def find_channel(self, channel_id: int) -> Channel | None:
        if channel_id in self.dms:
            return self.dms[channel_id]
        guild_id = self._guild_of_channel.get(channel_id)
        return self.guilds[guild_id].channels.get(channel_id) if guild_id in self.guilds else None

    def channel(self, channel_id: int) -> Channel:
        channel = self.find_channel(channel_id)
        if channel is None:
            raise refused(10003)
        return channel

    def find_message(self, channel_id: int, message_id: int) -> Message | None:
        kept = self.messages.get(channel_id)
        return kept.get(message_id) if kept is not None else None

    def message(self, channel_id: int, message_id: int) -> Message:
        message = self.find_message(channel_id, message_id)
        if message is None:
            raise refused(10008)
        return message

    def in_guild(self, guild_id: int) -> bool:
        guild = self.guilds.get(guild_id)
        return guild is not None and self.bot_id in guild.members

    def bot_guilds(self) -> list[Guild]:
        return [guild for guild in self.guilds.values() if self.bot_id in guild.members]

    # --- keeping indexes ---

    def add_channel(self, guild: Guild, channel: Channel) -> None:
        guild.channels[channel.id] = channel
        self._guild_of_channel[channel.id] = guild.id

    def forget_channel(self, guild: Guild, channel: Channel) -> None:
        guild.channels.pop(channel.id, None)
        self._guild_of_channel.pop(channel.id, None)
        self.messages.pop(channel.id, None)
        self._visible.pop(channel.id, None)

    def store_message(self, message: Message) -> None:
        kept = self.messages.setdefault(message.channel_id, OrderedDict())
        kept[message.id] = message
        while len(kept) > self.config.messages_kept:
            kept.popitem(last=False)

    def permissions_changed(self) -> None:
        """Call after roles, overwrites or the bot's membership changed: the bot's view is computed again."""
        self._visible.clear()

    def bot_sees(self, guild_id: int, channel_id: int) -> bool:
        """May the bot view that channel? Kept until permissions change, because every message asks."""
        seen = self._visible.get(channel_id)
        if seen is None:
            guild = self.guilds.get(guild_id)
            channel = guild.channels.get(channel_id) if guild is not None else None
            member = guild.members.get(self.bot_id) if guild is not None else None
            if guild is None or channel is None or member is None:
                return False
            held = channel_permissions(guild, member, channel)
            seen = bool(held & VIEW_CHANNEL)
            if channel.type == PRIVATE_THREAD and self.bot_id not in channel.thread_members:
                seen = seen and bool(held & MANAGE_THREADS)
            self._visible[channel_id] = seen
        return seen

    def reindex(self) -> None:
        """Rebuild what is derived from the rows: used after they were loaded from a file."""
        self._guild_of_channel = {c: g.id for g in self.guilds.values() for c in g.channels}
        self._visible.clear()
        self.dm_of = {
            user: channel.id
            for channel in self.dms.values()
            if channel.type == DM
            for user in channel.recipients
            if user != self.bot_id
        }
