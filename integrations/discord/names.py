"""Looks up at Discord who somebody is of whom an activity told the id alone: who starts a thread, or was reacted to.

Invariant: bounded by the event that asks: each member is asked for once, and whoever cannot be found stays nameless until
they do something.
"""

from __future__ import annotations

import logging
from typing import Any

from engagement.progression.naming import list_nameless, name_members
from saas.events.retries import RetryLaterError
from tenants.context import TenantContext

from .client import DiscordClient
from .errors import UNKNOWN_MEMBER, DiscordAwayError, DiscordRefusedError

logger = logging.getLogger(__name__)


def look_up_names(context: TenantContext, client: DiscordClient, *, member_ids: list[int]) -> int:
    """Fill in the names of those members that have none. Returns how many took one.

    Idempotent; what was found is kept also where Discord asks for patience midway. Raises RetryLaterError, DiscordAwayError.
    """
    if context.guild_id is None:
        return 0
    found: dict[int, str] = {}
    try:
        for member_id, user_id in list_nameless(member_ids=member_ids).items():
            if not user_id.isdecimal():
                continue
            name = _find_name(client, context.guild_id, int(user_id))
            if name:
                found[member_id] = name
    except (RetryLaterError, DiscordAwayError):
        name_members(names=found)
        raise
    return name_members(names=found)


def _find_name(client: DiscordClient, guild_id: int, user_id: int) -> str:
    """Their nickname in the guild, else what they are called everywhere; empty for who is gone from Discord."""
    try:
        member = client.get_member(guild_id, user_id)
        return str(member.get("nick") or "") or _name_of(member["user"])
    except DiscordRefusedError as error:
        if error.code != UNKNOWN_MEMBER:
            logger.info("Nobody can say who %s is: %s", user_id, error)
            return ""
    try:
        return _name_of(client.get_user(user_id))
    except DiscordRefusedError as error:
        logger.info("Nobody can say who %s is: %s", user_id, error)
        return ""


def _name_of(user: dict[str, Any]) -> str:
    return str(user.get("global_name") or user.get("username") or "")
