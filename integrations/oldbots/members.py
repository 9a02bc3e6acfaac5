"""Levels inferred from roles: everybody in the guild, and the highest level that one of their roles stands for."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from engagement.imports.parsers import OldBot
from engagement.imports.parsers.rows import MAX_ROWS, clean_name, read_member
from integrations.discord.client import DiscordClient
from integrations.discord.errors import BotTokenMissingError, DiscordAwayError, DiscordRefusedError
from saas.events.retries import RetryLaterError

from .errors import OldBotError

_AT_ONCE: Final = 1_000
_TRIES: Final = 30
_LONGEST: Final = 30.0
_NO_INTENT: Final = (
    "Discord does not let the bot list your members. In Discord's developer portal open the application → Bot → Privileged Gateway "
    "Intents and switch “Server Members Intent” on. Then try again; or bring the levels as a file."
)


def read_guild_levels(
    client: DiscordClient,
    *,
    guild_id: int,
    levels: Mapping[int, int],
    progress: Callable[[int], None] = lambda done: None,
) -> OldBot:
    """Members who have one of the roles, bots left out. Raises OldBotError."""
    bot, after, seen = OldBot(), 0, 0
    while seen < MAX_ROWS:
        page = _ask(client, guild_id, after)
        for member in page:
            level = max((levels.get(int(role), 0) for role in member.get("roles", [])), default=0)
            user = member["user"]
            if level and not user.get("bot"):
                bot.members.append(_row(len(bot.members) + 1, member, user, level))
        seen += len(page)
        progress(seen)
        if len(page) < _AT_ONCE:
            return bot
        after = max(int(member["user"]["id"]) for member in page)
    return bot


def _row(line: int, member: Mapping[str, Any], user: Mapping[str, Any], level: int) -> Any:
    name = (
        clean_name(member.get("nick"))
        or clean_name(user.get("global_name"))
        or clean_name(user.get("username"))
    )
    return read_member(line, external_id=user["id"], name=name, avatar=user.get("avatar"), level=level)


def _ask(client: DiscordClient, guild_id: int, after: int) -> list[dict[str, Any]]:
    for attempt in range(_TRIES):
        try:
            return client.list_members(guild_id, after=after, limit=_AT_ONCE)
        except RetryLaterError as error:
            time.sleep(min(error.seconds, _LONGEST))
        except DiscordAwayError:
            time.sleep(min(0.5 * 2**attempt, _LONGEST))
            if attempt >= 5:
                break
        except DiscordRefusedError as error:
            if error.status == 403:
                raise OldBotError(_NO_INTENT) from error
            raise OldBotError(
                f"Discord refused to list your members ({error}). Is the bot still in the server?"
            ) from error
        except BotTokenMissingError as error:
            raise OldBotError(str(error)) from error
    raise OldBotError("Discord does not answer at the moment. Try again in a few minutes.")
