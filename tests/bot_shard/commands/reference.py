"""The bot's commands as the reference lists them, read from the cogs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import discord

from bot_shard.cogs import EXTENSIONS
from bot_shard.gateway import OfflineBot

_CHAT, _MEMBER_MENU = 1, 2
_GROUPS = (1, 2)  # option types of a subcommand and of a group of them


async def reference_rows() -> list[str]:
    """One table row a command, by name: how it is called, who sees it, what it does."""
    bot = OfflineBot()
    async with bot:
        for name in EXTENSIONS:
            await bot.load_extension(name)
        payloads: list[dict[str, Any]] = [command.to_dict(bot.tree) for command in bot.tree.get_commands()]
    return sorted(row for payload in payloads for row in _rows(payload))


def _rows(payload: dict[str, Any]) -> Iterator[str]:
    who = _who(payload.get("default_member_permissions"))
    if payload.get("type", _CHAT) != _CHAT:
        on = "a member" if payload["type"] == _MEMBER_MENU else "a message"
        yield f"| *{payload['name']}* in the menu of {on} | {who} | |"
        return
    yield from _chat_rows(f"/{payload['name']}", payload, who)


def _chat_rows(name: str, payload: dict[str, Any], who: str) -> Iterator[str]:
    options = payload.get("options") or []
    parts = [option for option in options if option["type"] in _GROUPS]
    if parts:
        for part in parts:
            yield from _chat_rows(f"{name} {part['name']}", part, who)
        return
    words = [option["name"] if option.get("required") else f"[{option['name']}]" for option in options]
    yield f"| `{' '.join([name, *words])}` | {who} | {payload['description']} |"


def _who(permissions: Any) -> str:
    if permissions is None:
        return "everyone"
    names = [name.replace("_", " ").title() for name, on in discord.Permissions(int(permissions)) if on]
    return ", ".join(names)
