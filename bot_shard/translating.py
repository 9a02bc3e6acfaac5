"""Discord's list of commands in the languages that the bot speaks: what stands beside a command before anybody uses it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import discord
from discord import app_commands
from discord.app_commands import TranslationContextLocation as Location

from .languages.german_commands import GERMAN_COMMANDS

# Discord's locale → the English text → its own.
_TEXTS: Final[Mapping[discord.Locale, Mapping[str, str]]] = {discord.Locale.german: GERMAN_COMMANDS}
_BY_LANGUAGE: Final = {"de": GERMAN_COMMANDS}
_KEPT: Final = frozenset({Location.group_name, Location.parameter_name})


class CommandTranslator(app_commands.Translator):
    """Everything but the names that are typed: replies, documentation and the people in a server use the one name."""

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,
    ) -> str | None:
        is_typed = context.location in _KEPT or (
            context.location is Location.command_name
            and not isinstance(context.data, app_commands.ContextMenu)
        )
        return None if is_typed else _TEXTS.get(locale, {}).get(string.message)


def translate_command(language: str, text: str) -> str:
    """A command's description or a menu's name for a reader; English where the language has none."""
    return _BY_LANGUAGE.get(language, {}).get(text, text)
