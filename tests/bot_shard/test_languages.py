"""Every language says everything: each sentence with the same places, each command's texts, within Discord's limits."""

from __future__ import annotations

from collections.abc import Iterator
from string import Formatter
from typing import Any

import discord
import pytest

from bot_shard.cogs import EXTENSIONS
from bot_shard.gateway import OfflineBot
from bot_shard.languages.german_commands import GERMAN_COMMANDS
from bot_shard.publishing import describe_commands
from bot_shard.translating import CommandTranslator, translate_command
from bot_shard.words import LANGUAGES, choose_language, number, say, signed

OTHERS = sorted(LANGUAGES.keys() - {"en"})
MENU = 2  # types above are menus
MOST = 100  # characters of a description, choice or option


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_exists_with_the_same_places(language: str) -> None:
    english, other = LANGUAGES["en"], LANGUAGES[language]
    assert other.keys() == english.keys()
    # A language may say `points` where English does not, and the other way round: it is always there.
    wrong = {key for key in english if places(other[key]) - {"points"} != places(english[key]) - {"points"}}
    assert wrong == set()
    assert all(text.strip() for text in other.values())


async def registered() -> list[dict[str, Any]]:
    bot = OfflineBot()
    async with bot:
        for name in EXTENSIONS:
            await bot.load_extension(name)
        return await describe_commands(bot)


def texts(payload: dict[str, Any], *, top: bool = True) -> Iterator[tuple[str, dict[str, str]]]:
    """Each text that is to be translated, with its translations."""
    if payload.get("description"):
        yield payload["description"], payload.get("description_localizations") or {}
    if top and payload.get("type", 1) >= MENU:
        yield payload["name"], payload.get("name_localizations") or {}
    for choice in payload.get("choices") or ():
        yield choice["name"], choice.get("name_localizations") or {}
    for option in payload.get("options") or ():
        yield from texts(option, top=False)


async def test_every_text_of_every_command_is_registered_in_german() -> None:
    found = [row for payload in await registered() for row in texts(payload)]
    assert [text for text, languages in found if "de" not in languages] == []
    assert {text for text, _ in found} == GERMAN_COMMANDS.keys()  # and nothing is kept that no command says
    assert all(0 < len(text) <= MOST for text in GERMAN_COMMANDS.values())


async def test_what_is_typed_has_one_name_in_every_language() -> None:
    for payload in await registered():
        waiting = [payload] if payload.get("type", 1) < MENU else []
        while waiting:
            command = waiting.pop()
            assert not command.get("name_localizations"), command["name"]
            waiting += command.get("options") or ()


def test_a_language_is_chosen_by_its_first_part() -> None:
    assert choose_language("de", "en-US") == "de"
    assert choose_language("de-AT") == "de"
    assert choose_language("tlh", "de") == "de"
    assert choose_language("tlh") == "en"


def test_numbers_are_grouped_as_the_language_does() -> None:
    assert number("en", -1_234_567) == "−1,234,567"
    assert number("de", -1_234_567) == "−1.234.567"
    assert signed("de", 1_234) == "+1.234"


def test_a_text_without_translation_stays_english() -> None:
    assert translate_command("de", "Nobody translated this") == "Nobody translated this"
    assert translate_command("en", "How many?") == "How many?"
    assert say("de", "member_one") == "1 Mitglied"
    assert isinstance(CommandTranslator(), discord.app_commands.Translator)
