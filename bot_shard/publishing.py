"""Which commands Discord shows. They are global, so one call tells every server; it is made by a person's command, never
at boot: a crash loop must not spend the day's 200 registrations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from discord.ext import commands

from .cogs import EXTENSIONS
from .gateway import OfflineBot, fetch_commands, use_addresses
from .records import cdn_of
from .translating import CommandTranslator

# What Discord adds by itself or leaves out when it is the default.
_NOT_OURS = frozenset(
    {
        "id", "application_id", "version", "guild_id", "default_permission", "dm_permission", "handler",
        "integration_types",
    }
)  # fmt: skip


@dataclass(frozen=True)
class CommandChange:
    name: str
    what: str  # new, changed, removed, unchanged


async def publish_commands(*, token: str, api_url: str, dry_run: bool = False) -> list[CommandChange]:
    """Replace Discord's list by ours. Raises discord.py's HTTP errors."""
    use_addresses(api_url, cdn_of(api_url))
    bot = OfflineBot()
    async with bot:
        await bot.login(token)
        for name in EXTENSIONS:
            await bot.load_extension(name)
        application_id = bot.application_id
        assert application_id is not None
        known = await fetch_commands(bot.http, application_id)
        wanted = await describe_commands(bot)
        changes = compare_commands(known, wanted)
        if not dry_run and any(change.what != "unchanged" for change in changes):
            await bot.http.bulk_upsert_global_commands(application_id, payload=wanted)
    return changes


async def describe_commands(bot: commands.Bot) -> list[dict[str, Any]]:
    """What Discord is told, with every language."""
    translator = CommandTranslator()
    return [await command.get_translated_payload(bot.tree, translator) for command in bot.tree.get_commands()]


def compare_commands(known: list[dict[str, Any]], wanted: list[dict[str, Any]]) -> list[CommandChange]:
    """By type and name. A key that only one side has counts when it says something."""
    before = {(row.get("type", 1), row["name"]): row for row in known}
    after = {(row.get("type", 1), row["name"]): row for row in wanted}
    changes = [
        CommandChange(_shown(key), "new" if key not in before else _judge(before[key], row))
        for key, row in after.items()
    ]
    return changes + [CommandChange(_shown(key), "removed") for key in before if key not in after]


def _judge(before: dict[str, Any], after: dict[str, Any]) -> str:
    return "unchanged" if _meaning(before) == _meaning(after) else "changed"


def _meaning(value: Any) -> Any:
    """What a payload says, without what is empty or false, and numbers as text, as Discord answers permissions."""
    if isinstance(value, dict):
        cleaned = {key: _meaning(item) for key, item in value.items() if key not in _NOT_OURS}
        return {key: item for key, item in cleaned.items() if item not in (None, "", "False", [], {})}
    if isinstance(value, list):
        return [_meaning(item) for item in value]
    return str(value) if value is not None else None


def _shown(key: tuple[int, str]) -> str:
    kind, name = key
    return f"/{name}" if kind == 1 else f"{name} (menu)"
