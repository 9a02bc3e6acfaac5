"""Everything a tester does, as methods: what people do on Discord, and what breaks.

Guilds, channels, members and roles are named by id, by name or by the row itself. Methods raise ControlError for
what cannot be done there; those that wait for the bot are coroutines and return the interaction's record.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ..errors import ControlError
from ..faults import RestFault
from ..state import guilds, members, messages, permissions, voice
from ..state.entities import STAGE, TEXT, VOICE, Channel, Guild, Member, Message, Role, User
from ..state.snowflakes import now_ms
from ..state.world import Happening
from .find import (
    ChannelLike,
    GuildLike,
    RoleLike,
    UserLike,
    find_channel,
    find_guild,
    find_member,
    find_message,
    find_place,
    find_role,
    find_user,
)  # fmt: skip
from .interacting import Interacting

if TYPE_CHECKING:
    from ..server import LocalDiscord


class Control(Interacting):
    def __init__(self, discord: LocalDiscord) -> None:
        self._discord = discord
        self._world = discord.world

    # --- making ---

    def create_user(self, username: str, display_name: str | None = None, *, bot: bool = False) -> User:
        return members.create_user(self._world, username=username, display_name=display_name, bot=bot)

    def create_guild(
        self, name: str, owner: UserLike, *, with_bot: bool = True, granted: int = permissions.BOT
    ) -> Guild:
        """A guild with one text channel, `general`, and the bot unless told otherwise."""
        guild = guilds.create_guild(self._world, name=name, owner_id=find_user(self._world, owner).id)
        channel = guilds.create_channel(self._world, guild, name="general", type=TEXT)
        guild.system_channel_id = channel.id
        self._world.emit(Happening("SANDBOX_GUILDS", {}, to_gateway=False))
        if with_bot:
            self.install_bot(guild, granted=granted)
        return guild

    def create_channel(
        self, guild: GuildLike, name: str, *, type: int = TEXT, parent: ChannelLike | None = None
    ) -> Channel:
        found = find_guild(self._world, guild)
        parent_id = find_channel(self._world, found, parent).id if parent is not None else None
        return guilds.create_channel(self._world, found, name=name, type=type, parent_id=parent_id)

    def create_role(
        self, guild: GuildLike, name: str, *, allowed: int = 0, position: int | None = None
    ) -> Role:
        found = find_guild(self._world, guild)
        role = guilds.create_role(self._world, found, name=name, allowed=allowed)
        if position is not None:
            guilds.move_roles(self._world, found, {role.id: position})
        return role

    def install_bot(self, guild: GuildLike, *, granted: int = permissions.BOT) -> None:
        guilds.install_bot(self._world, find_guild(self._world, guild), granted=granted)

    def remove_bot(self, guild: GuildLike) -> None:
        """GUILD_DELETE without `unavailable`: the bot was kicked."""
        guilds.remove_bot(self._world, find_guild(self._world, guild))

    def delete_guild(self, guild: GuildLike) -> None:
        guilds.remove_bot(self._world, find_guild(self._world, guild), delete=True)

    def change_guild(self, guild: GuildLike, **fields: Any) -> None:
        """Change name or icon; GUILD_UPDATE."""
        guilds.update_guild(self._world, find_guild(self._world, guild), **fields)

    def hand_over(self, guild: GuildLike, member: UserLike) -> None:
        """The guild gets another owner, who must be a member; GUILD_UPDATE."""
        found, row = self._member(guild, member)
        guilds.update_guild(self._world, found, owner_id=row.user_id)
        self._world.permissions_changed()

    def set_unavailable(self, guild: GuildLike, unavailable: bool = True) -> None:
        """GUILD_DELETE with `unavailable`, or GUILD_CREATE when it is over."""
        guilds.set_unavailable(self._world, find_guild(self._world, guild), unavailable=unavailable)

    # --- members ---

    def join(self, guild: GuildLike, user: UserLike) -> Member:
        return members.join_guild(self._world, find_guild(self._world, guild), find_user(self._world, user))

    def leave(self, guild: GuildLike, member: UserLike) -> None:
        found = find_guild(self._world, guild)
        members.leave_guild(self._world, found, find_member(self._world, found, member).id)

    def pass_screening(self, guild: GuildLike, member: UserLike) -> None:
        found, row = self._member(guild, member)
        members.pass_screening(self._world, found, row)

    def update_member(self, guild: GuildLike, member: UserLike, **fields: Any) -> None:
        """Change nick, mute, deaf or timeout_ms of a member."""
        found, row = self._member(guild, member)
        members.update_member(self._world, found, row, **fields)

    def give_role(self, guild: GuildLike, member: UserLike, role: RoleLike) -> None:
        found, row = self._member(guild, member)
        roles = list(dict.fromkeys([*row.roles, find_role(found, role).id]))
        members.update_member(self._world, found, row, roles=roles)

    def take_role(self, guild: GuildLike, member: UserLike, role: RoleLike) -> None:
        found, row = self._member(guild, member)
        gone = find_role(found, role).id
        members.update_member(self._world, found, row, roles=[r for r in row.roles if r != gone])

    def move_role(self, guild: GuildLike, role: RoleLike, position: int) -> None:
        found = find_guild(self._world, guild)
        guilds.move_roles(self._world, found, {find_role(found, role).id: position})

    def set_dms(self, user: UserLike, *, open: bool) -> None:
        """Open or close a person's direct messages; closed ones answer the bot with 50007."""
        find_user(self._world, user).dms_open = open

    def set_locale(self, user: UserLike, locale: str) -> None:
        """The language of a person's client, such as `de`, which interactions carry."""
        find_user(self._world, user).locale = locale

    def _member(self, guild: GuildLike, member: UserLike) -> tuple[Guild, Member]:
        found = find_guild(self._world, guild)
        return found, found.members[find_member(self._world, found, member).id]

    # --- messages ---

    def post_message(
        self,
        guild: GuildLike | None,
        channel: ChannelLike | None,
        member: UserLike,
        text: str,
        *,
        reply_to: Message | int | str | None = None,
        embeds: list[dict[str, Any]] | None = None,
    ) -> Message:
        """Write as a member; without a guild it is a direct message to the bot."""
        user = find_user(self._world, member)
        found, place = find_place(self._world, guild, channel, user)
        if found is not None:
            self._check_may_write(found, place, user)
        reference = None
        if reply_to is not None:
            target = find_message(self._world, reply_to)
            reference = {"type": 0, "channel_id": str(target.channel_id), "message_id": str(target.id)}
            if found is not None:
                reference["guild_id"] = str(found.id)
        if found is not None and place.is_thread and user.id not in place.thread_members:
            messages.change_thread_members(self._world, place, added=[user.id], removed=[])
        return messages.post_message(
            self._world,
            place,
            user.id,
            text,
            reference=reference,
            type=19 if reference else 0,
            embeds=embeds or [],
        )

    def post_webhook(self, guild: GuildLike, channel: ChannelLike, name: str, text: str) -> Message:
        """Write as an integration: `webhook_id` is set and the author is no member."""
        found = find_guild(self._world, guild)
        place = find_channel(self._world, found, channel)
        return messages.post_message(
            self._world, place, found.owner_id, text, webhook_id=self._world.ids.make(), webhook_name=name
        )

    def post_system(
        self, guild: GuildLike, channel: ChannelLike, member: UserLike, *, type: int = 7
    ) -> Message:
        """A message that Discord writes by itself: 7 somebody joined, 8 a boost, 6 a pin."""
        found = find_guild(self._world, guild)
        place, user = find_channel(self._world, found, channel), find_member(self._world, found, member)
        return messages.post_message(self._world, place, user.id, "", type=type)

    def _check_may_write(self, guild: Guild, channel: Channel, user: User) -> None:
        held = permissions.channel_permissions(guild, guild.members[user.id], channel, at_ms=now_ms())
        needed = permissions.SEND_IN_THREADS if channel.is_thread else permissions.SEND_MESSAGES
        if not held & needed:
            raise ControlError(f"{user.username} may not write in #{channel.name}.")

    def edit_message(self, message: Message | int | str, text: str) -> Message:
        return messages.edit_message(self._world, find_message(self._world, message), content=text)

    def delete_message(self, message: Message | int | str) -> None:
        messages.delete_message(self._world, find_message(self._world, message))

    def delete_messages(
        self, channel: ChannelLike, ids: list[int], guild: GuildLike | None = None
    ) -> list[int]:
        """Delete several with one MESSAGE_DELETE_BULK."""
        found = find_guild(self._world, guild) if guild is not None else None
        return messages.delete_messages(self._world, find_channel(self._world, found, channel), ids)

    def automod_block(self, guild: GuildLike, channel: ChannelLike, member: UserLike, text: str) -> None:
        """Auto-moderation refuses a message before it is posted: only AUTO_MODERATION_ACTION_EXECUTION is heard."""
        self._automod(guild, channel, member, text, message=None)

    def automod_delete(self, message: Message | int | str) -> None:
        """Auto-moderation removes a message that was posted."""
        found = find_message(self._world, message)
        if found.guild_id is None:
            raise ControlError("Auto-moderation works in guilds only.")
        self._automod(found.guild_id, found.channel_id, found.author_id, found.content, message=found)
        messages.delete_message(self._world, found)

    def _automod(
        self, guild: GuildLike, channel: ChannelLike, member: UserLike, text: str, *, message: Message | None
    ) -> None:
        found = find_guild(self._world, guild)
        place, user = find_channel(self._world, found, channel), find_member(self._world, found, member)
        data = {
            "guild_id": str(found.id),
            "action": {"type": 1, "metadata": {}},
            "rule_id": str(next(iter(found.automod), self._world.ids.make())),
            "rule_trigger_type": 1,
            "user_id": str(user.id),
            "channel_id": str(place.id),
            "content": text,
            "matched_keyword": None,
            "matched_content": None,
        }
        if message is not None:
            data["message_id"] = str(message.id)
        self._world.emit(
            Happening("AUTO_MODERATION_ACTION_EXECUTION", data, guild_id=found.id, channel_id=place.id)
        )

    def react(self, message: Message | int | str, member: UserLike, emoji: str) -> None:
        messages.add_reaction(self._world, *self._reaction(message, member), emoji)

    def unreact(self, message: Message | int | str, member: UserLike, emoji: str) -> None:
        messages.remove_reaction(self._world, *self._reaction(message, member), emoji)

    def clear_reactions(self, message: Message | int | str, emoji: str | None = None) -> None:
        """A moderator takes off all reactions, or those with one emoji. Whose they were is not told."""
        messages.clear_reactions(self._world, find_message(self._world, message), emoji)

    def _reaction(self, message: Message | int | str, member: UserLike) -> tuple[Message, int]:
        return find_message(self._world, message), find_user(self._world, member).id

    def start_thread(
        self,
        guild: GuildLike,
        channel: ChannelLike,
        member: UserLike,
        name: str,
        *,
        message: Message | int | str | None = None,
    ) -> Channel:
        found = find_guild(self._world, guild)
        parent, user = find_channel(self._world, found, channel), find_member(self._world, found, member)
        source = find_message(self._world, message) if message is not None else None
        if source is not None and source.thread_id is not None:
            raise ControlError("This message has a thread already.")
        return messages.start_thread(self._world, found, parent, user.id, name, message=source)

    # --- voice ---

    def join_voice(
        self,
        guild: GuildLike,
        member: UserLike,
        channel: ChannelLike,
        *,
        self_mute: bool = False,
        self_deaf: bool = False,
    ) -> None:
        """Join, move, or change mute and deafen; the guild's AFK channel counts as any other here."""
        found = find_guild(self._world, guild)
        place, user = find_channel(self._world, found, channel), find_member(self._world, found, member)
        if place.type not in (VOICE, STAGE):
            raise ControlError(f"#{place.name} is no voice channel.")
        voice.set_voice(
            self._world, found, user.id, channel_id=place.id, self_mute=self_mute, self_deaf=self_deaf
        )

    def leave_voice(self, guild: GuildLike, member: UserLike) -> None:
        found = find_guild(self._world, guild)
        voice.leave_voice(self._world, found, find_member(self._world, found, member).id)

    def server_mute(
        self, guild: GuildLike, member: UserLike, *, mute: bool = True, deaf: bool = False
    ) -> None:
        found = find_guild(self._world, guild)
        voice.server_mute(
            self._world, found, find_member(self._world, found, member).id, mute=mute, deaf=deaf
        )

    # --- faults ---

    def drop(self, shard: int | None = None) -> int:
        """Cut the gateway sockets without a word."""
        return self._discord.hub.drop(shard)

    def reconnect(self, shard: int | None = None) -> int:
        """Op 7."""
        return self._discord.hub.reconnect(shard)

    def invalidate(self, shard: int | None = None, *, resumable: bool = False) -> int:
        """Op 9."""
        return self._discord.hub.invalidate(shard, resumable=resumable)

    def expire_sessions(self) -> int:
        """Forget all sessions, so that the next RESUME fails."""
        return self._discord.hub.expire_sessions()

    def set_gateway_faults(self, **values: Any) -> None:
        """Set shares of `duplicate` and `garble`, a `shuffle` window, a `delay` before each batch."""
        self._discord.faults.set_gateway(**values)

    def fail_rest(self, **values: Any) -> None:
        """Add a REST fault; see RestFault for the fields."""
        try:
            self._discord.faults.rest.append(RestFault(**values))
        except TypeError as error:
            raise ControlError(f"That is no REST fault: {error}.") from error

    def outage(self, seconds: float) -> None:
        """Refuse REST and gateway for some seconds, and cut what is connected."""
        self._discord.faults.outage_until = time.monotonic() + seconds
        for connection in list(self._discord.hub.connections):
            connection.abort()

    def clear_faults(self) -> None:
        self._discord.faults.clear()
