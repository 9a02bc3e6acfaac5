"""The bot that answers: the gateway client with its desk, its cogs, and the way from an id to who answers it."""

from __future__ import annotations

import asyncio
import importlib
import sys
from typing import Any

import discord
import structlog
from discord import app_commands
from discord.ext import commands

from saas.core.errors import EngageHubError

from .answers import VERSION
from .cogs import EXTENSIONS
from .desk import Desk
from .gateway import GatewayClient
from .questions import Interaction

log = structlog.get_logger(__name__)


class Tree(app_commands.CommandTree["Bot"]):
    """What discord.py cannot find or run is answered kindly as well."""

    async def on_error(
        self, interaction: discord.Interaction[Any], error: app_commands.AppCommandError, /
    ) -> None:
        bot: Bot = interaction.client
        if isinstance(error, app_commands.CommandNotFound | app_commands.CommandSignatureMismatch):
            await bot.desk.answer_unknown(interaction, "unknown_command")
            return
        log.error("command_broken", exc_info=error)
        await bot.desk.answer_unknown(interaction, "broken")


class Bot(GatewayClient):
    """Give it its desk with `sit` before `login`."""

    desk: Desk

    def __init__(self, **options: Any) -> None:
        super().__init__(tree_cls=Tree, **options)
        self._reloading = asyncio.Lock()

    def sit(self, desk: Desk) -> None:
        self.desk = desk
        desk.parent_of = lambda guild_id, channel_id: self.ears.guild(str(guild_id)).threads.get(
            str(channel_id), ""
        )

    async def setup_hook(self) -> None:
        for name in EXTENSIONS:
            if name not in self.extensions:  # logging in is tried again while Discord is away
                await self.load_extension(name)

    async def reload_cogs(self) -> list[str]:
        """Take over the cogs' code as it is on disk now. A cog that does not load stays as it was. Returns those."""
        failed = []
        async with self._reloading:
            importlib.invalidate_caches()
            for name in EXTENSIONS:
                try:
                    await self.reload_extension(name)
                except commands.ExtensionError as error:
                    failed.append(name)
                    log.error("cog_not_reloaded", cog=name, exc_info=error)
        log.info("cogs_reloaded", failed=failed)
        return failed

    async def on_interaction(self, interaction: Interaction) -> None:
        """Buttons, choices in menus, and forms; commands go through the tree."""
        if interaction.type not in (
            discord.InteractionType.component,
            discord.InteractionType.modal_submit,
        ):
            return
        data: Any = interaction.data or {}
        version, _, rest = str(data.get("custom_id", "")).partition(":")
        name, *parts = rest.split(":")
        sent: list[Any] = []
        kind = "buttons"
        if interaction.type is discord.InteractionType.modal_submit:
            kind, sent = "forms", [form_values(data)]
        elif data.get("component_type") == discord.ComponentType.select.value:
            kind, sent = "choices", [str(value) for value in data.get("values", ())[:1]]
        responder = self._find_responder(name, kind) if version == VERSION else None
        if responder is None:
            await self.desk.answer_unknown(interaction, "unknown_button")
            return
        try:
            await responder(interaction, *sent, *parts)
        except (TypeError, ValueError, EngageHubError):
            # An id that no release of ours made.
            log.warning("button_not_understood", custom_id=data.get("custom_id"))
            await self.desk.answer_unknown(interaction, "unknown_button")

    def _find_responder(self, name: str, kind: str) -> Any:
        for cog in self.cogs.values():
            responders: Any = getattr(cog, kind, dict)()
            if name in responders:
                return responders[name]
        return None

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        log.error("listener_broken", listener=event_method, exc_info=sys.exc_info())


def form_values(data: dict[str, Any]) -> dict[str, str]:
    """The fields of a sent form by their ids, however they are wrapped (rows or labels); of a select what was chosen, a line each."""
    values: dict[str, str] = {}
    waiting = list(data.get("components", ()))
    while waiting:
        component = waiting.pop()
        if "custom_id" in component and "value" in component:
            values[component["custom_id"]] = component["value"] or ""
        elif "custom_id" in component and "values" in component:
            values[component["custom_id"]] = "\n".join(map(str, component["values"]))
        waiting += component.get("components", ())
        if "component" in component:
            waiting.append(component["component"])
    return values
