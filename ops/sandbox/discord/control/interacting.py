"""What a member does with the bot: commands, menus, buttons, selects, forms. All wait for the answer unless told not to."""

from __future__ import annotations

import base64
import binascii
import mimetypes
import re
from typing import TYPE_CHECKING, Any

from ..errors import ControlError
from ..interactions import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL_SUBMIT, Interaction
from ..state.entities import Channel, Guild, Message, User
from ..state.payloads import Payload
from . import commands
from .components import find_component, modal_data
from .find import ChannelLike, GuildLike, UserLike, find_message, find_place, find_user

if TYPE_CHECKING:
    from ..server import LocalDiscord
    from ..state.world import World


class Interacting:
    """The part of Control that makes interactions. Each method returns the interaction's record."""

    _discord: LocalDiscord
    _world: World

    async def run_command(
        self,
        guild: GuildLike | None,
        channel: ChannelLike | None,
        member: UserLike,
        name: str,
        options: dict[str, Any] | None = None,
        *,
        wait: bool = True,
    ) -> Payload:
        """Send a slash command (`points give`) and wait for the answer, a deferred one included.

        An option that takes a file is given as {"filename": "a.png", "data": its bytes, or those in Base64}.
        """
        user = find_user(self._world, member)
        found, place = find_place(self._world, guild, channel, user)
        command, words = commands.find_command(self._world, found, user, name, 1)
        given = {key: self._upload(place, value) for key, value in (options or {}).items()}
        data = commands.slash_data(self._world, found, command, words, given)
        return await self._interact(COMMAND, user, found, place, data, wait=wait)

    async def autocomplete(
        self,
        guild: GuildLike | None,
        channel: ChannelLike | None,
        member: UserLike,
        name: str,
        focused: str,
        options: dict[str, Any] | None = None,
    ) -> Payload:
        """Ask for the choices of the option that is being typed."""
        user = find_user(self._world, member)
        found, place = find_place(self._world, guild, channel, user)
        command, words = commands.find_command(self._world, found, user, name, 1)
        data = commands.slash_data(self._world, found, command, words, options or {}, focused=focused)
        return await self._interact(AUTOCOMPLETE, user, found, place, data)

    async def run_menu(
        self,
        guild: GuildLike,
        channel: ChannelLike,
        member: UserLike,
        name: str,
        *,
        message: Message | int | str | None = None,
        target: UserLike | None = None,
        wait: bool = True,
    ) -> Payload:
        """Use a context-menu command on a message or on a member."""
        user = find_user(self._world, member)
        found, place = find_place(self._world, guild, channel, user)
        chosen: User | Message
        if message is not None:
            chosen = find_message(self._world, message)
        elif target is not None:
            chosen = find_user(self._world, target)
        else:
            raise ControlError("Name the message or the member that the command is used on.")
        command, _ = commands.find_command(self._world, found, user, name, 3 if message is not None else 2)
        data = commands.menu_data(self._world, found, command, chosen)
        return await self._interact(COMMAND, user, found, place, data, wait=wait)

    async def press_button(
        self, message: Message | int | str, member: UserLike, button: str, *, wait: bool = True
    ) -> Payload:
        """Press a button by its custom id or its label."""
        source, user, found, place = self._component_place(message, member)
        component = find_component(source.components, button, kinds={2})
        data = {"custom_id": component["custom_id"], "component_type": 2}
        if "id" in component:
            data["id"] = component["id"]
        return await self._interact(COMPONENT, user, found, place, data, source=source, wait=wait)

    async def choose(
        self,
        message: Message | int | str,
        member: UserLike,
        select: str,
        values: list[Any],
        *,
        wait: bool = True,
    ) -> Payload:
        """Choose values in a select by its custom id or placeholder."""
        source, user, found, place = self._component_place(message, member)
        component = find_component(source.components, select, kinds={3, 5, 6, 7, 8})
        data = commands.select_data(self._world, found, component, values)
        return await self._interact(COMPONENT, user, found, place, data, source=source, wait=wait)

    async def submit_modal(
        self, interaction_id: int | str, values: dict[str, Any], *, wait: bool = True
    ) -> Payload:
        """Send the form that answered an interaction, with values by custom id."""
        opened = self._discord.interactions.find(int(interaction_id))
        if opened is None or opened.modal is None:
            raise ControlError(f"The interaction {interaction_id} opened no form.")
        user = self._world.users[opened.user_id]
        data = modal_data(opened.modal, values)
        return await self._interact(
            MODAL_SUBMIT,
            user,
            opened.guild,
            opened.channel,
            data,
            source=opened.source,
            opened_by=opened,
            wait=wait,
        )

    def _upload(self, place: Channel, value: Any) -> Any:
        """A file as an attachment that can be fetched; any other value as it is."""
        if not isinstance(value, dict) or "data" not in value:
            return value
        name = re.sub(
            r"[^\w.-]+", "_", str(value.get("filename") or "file"), flags=re.ASCII
        )  # as Discord does
        data = value["data"]
        if isinstance(data, str):
            try:
                data = base64.b64decode(data, validate=True)
            except binascii.Error as error:
                raise ControlError(f"The bytes of {name!r} are no Base64.") from error
        return self._discord.files.store(
            place.id,
            self._world.ids.make(),
            filename=name,
            description=None,
            content_type=mimetypes.guess_type(name)[0] or "application/octet-stream",
            data=data,
        )

    def _component_place(
        self, message: Message | int | str, member: UserLike
    ) -> tuple[Message, User, Guild | None, Channel]:
        source, user = find_message(self._world, message), find_user(self._world, member)
        if source.ephemeral_for not in (None, user.id):
            raise ControlError(f"{user.username} does not see this message.")
        guild = self._world.guilds.get(source.guild_id) if source.guild_id else None
        return source, user, guild, self._world.channel(source.channel_id)

    async def _interact(
        self,
        kind: int,
        user: User,
        guild: Guild | None,
        channel: Channel,
        data: dict[str, Any],
        *,
        source: Message | None = None,
        opened_by: Interaction | None = None,
        wait: bool = True,
    ) -> Payload:
        if guild is not None and self._world.bot_id not in guild.members:
            raise ControlError(f"The bot is not in {guild.name}.")
        interactions = self._discord.interactions
        interaction: Interaction = interactions.start(
            kind, user=user, channel=channel, guild=guild, data=data, source=source, opened_by=opened_by
        )
        if wait:
            await interactions.wait_answer(interaction)
        self._discord.note_interaction(interaction)
        return interactions.describe(interaction)
