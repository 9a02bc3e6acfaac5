"""What every cog is: commands, and the buttons and forms that it answers by their ids."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.ext import commands

from engagement.members.models import Member
from engagement.members.selectors import find_member

from .answers import plain
from .desk import Desk
from .questions import Ask, Interaction

if TYPE_CHECKING:
    from .bot import Bot

PROVIDER = "discord"
Responder = Callable[..., Awaitable[None]]


class DeskCog(commands.Cog):
    """`buttons`, `choices` and `forms` map the second part of an id to who answers it, with the id's other parts. Who answers a
    choice gets the value that was chosen before those, who answers a form its fields."""

    def __init__(self, bot: Bot) -> None:
        self.bot = bot
        self.desk: Desk = bot.desk

    def buttons(self) -> Mapping[str, Responder]:
        return {}

    def choices(self) -> Mapping[str, Responder]:
        return {}

    def forms(self) -> Mapping[str, Responder]:
        return {}

    def menus(self) -> list[app_commands.ContextMenu]:
        return []

    async def cog_load(self) -> None:
        for menu in self.menus():
            self.bot.tree.add_command(menu, override=True)

    async def cog_unload(self) -> None:
        for menu in self.menus():
            self.bot.tree.remove_command(menu.name, type=menu.type)


def name_of(user: discord.User | discord.Member) -> str:
    return plain(user.display_name)


def member_of(user_id: int | str) -> Member | None:
    """Inside a tenant: whom Discord knows by that id."""
    return find_member(provider=PROVIDER, external_id=str(user_id))


def relative(moment: Any) -> str:
    """A time in the reader's own zone and words."""
    return f"<t:{int(moment.timestamp())}:R>"


__all__ = ["Ask", "DeskCog", "Interaction", "member_of", "name_of", "relative"]
