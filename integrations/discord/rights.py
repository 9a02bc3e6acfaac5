"""What somebody may in a guild and in its channels, and what the bot asks for. Pure, over what Discord's API tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ADMINISTRATOR = 1 << 3
MANAGE_GUILD = 1 << 5
VIEW_CHANNEL = 1 << 10
SEND_MESSAGES = 1 << 11
EMBED_LINKS = 1 << 14
MANAGE_ROLES = 1 << 28
SEND_IN_THREADS = 1 << 38
EVERYTHING = (1 << 53) - 1


@dataclass(frozen=True, slots=True)
class Wanted:
    """A permission that the bot asks for, by Discord's own name, and what it is for."""

    bit: int
    name: str
    purpose: str


# Nothing but what is used. What members send, delete or say in private stays out of the bot's reach.
WANTED = (
    Wanted(
        VIEW_CHANNEL,
        "View Channels",
        "Hears messages, reactions and voice time there, so that they earn points.",
    ),
    Wanted(SEND_MESSAGES, "Send Messages", "Announces level-ups in the channel that you choose."),
    Wanted(
        SEND_IN_THREADS, "Send Messages in Threads", "Announces a level-up in the thread where it happened."
    ),
    Wanted(EMBED_LINKS, "Embed Links", "Shows announcements as a card instead of bare text."),
    Wanted(MANAGE_ROLES, "Manage Roles", "Gives and takes the level roles that you list, and no others."),
)
ASKED_FOR = sum(wanted.bit for wanted in WANTED)


def guild_rights(guild: Mapping[str, Any], member: Mapping[str, Any]) -> int:
    """What a member may in the guild as a whole. `guild` is Discord's guild object with its roles."""
    if str(member["user"]["id"]) == str(guild["owner_id"]):
        return EVERYTHING
    held = {str(guild["id"]), *map(str, member["roles"])}
    allowed = 0
    for role in guild["roles"]:
        if str(role["id"]) in held:
            allowed |= int(role["permissions"])
    return EVERYTHING if allowed & ADMINISTRATOR else allowed


def channel_rights(guild: Mapping[str, Any], member: Mapping[str, Any], channel: Mapping[str, Any]) -> int:
    """What a member may in one channel: the guild's rights under the overwrites of everyone, of roles, of the member."""
    allowed = guild_rights(guild, member)
    if allowed == EVERYTHING:
        return allowed
    rules = {str(rule["id"]): rule for rule in channel.get("permission_overwrites", ())}
    allowed = _apply(allowed, [rules.get(str(guild["id"]))])
    allowed = _apply(allowed, [rules.get(str(role)) for role in member["roles"]])
    allowed = _apply(allowed, [rules.get(str(member["user"]["id"]))])
    return allowed if allowed & VIEW_CHANNEL else 0


def _apply(allowed: int, rules: list[Mapping[str, Any] | None]) -> int:
    """Rules of one kind together: what any of them allows wins over what another denies."""
    allow = deny = 0
    for rule in rules:
        if rule is not None:
            allow |= int(rule["allow"])
            deny |= int(rule["deny"])
    return allowed & ~deny | allow


def may_manage(guild: Mapping[str, Any], member: Mapping[str, Any]) -> bool:
    """Whether Discord lets this member add bots: the owner, or a role with Manage Server."""
    return bool(guild_rights(guild, member) & MANAGE_GUILD)
