"""What stands in the bot's way in a guild, in plain words, and the one step that mends it. Pure, over facts.py's facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any, Final

from tenants.guild_facts import clean_name

from .hierarchy import Standing
from .presence import Presence
from .rights import (
    EMBED_LINKS,
    MANAGE_ROLES,
    SEND_MESSAGES,
    VIEW_CHANNEL,
    WANTED,
    channel_rights,
    guild_rights,
)

_HEARD: Final = frozenset({0, 2, 5, 13, 15})  # text, voice, announcement, stage, forum
_TOLD: Final = frozenset({0, 5})
_NAMED: Final = 8
_NAMES: Final = {wanted.bit: wanted.name for wanted in WANTED}


class Level(IntEnum):
    """The worst first."""

    BAD = 0
    WARN = 1
    GOOD = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """`fix` is the one step that mends it; what is good has none."""

    code: str
    level: Level
    title: str
    text: str = ""
    fix: str = ""

    @property
    def tone(self) -> str:
        return self.level.name.lower()


@dataclass(frozen=True, slots=True)
class BotFacts:
    """Discord's own objects where it answered. `guild` None: the bot is not in it. `presence` None: the shard says nothing."""

    link_name: str = ""
    unavailable_since: datetime | None = None
    presence: Presence | None = None
    announces: bool = False
    announces_in_channels: bool = False
    announcement_channel: int | None = None
    level_roles: tuple[int, ...] = ()
    guild: Mapping[str, Any] | None = None
    own: Mapping[str, Any] | None = None
    channels: Sequence[Mapping[str, Any]] = ()
    members_intent: bool = True
    published: frozenset[str] = frozenset()
    may_command: bool = True


def diagnose(facts: BotFacts) -> list[Finding]:
    """Everything that was looked at, the worst first."""
    if facts.guild is None or facts.own is None:
        return [_absence(facts)]
    findings = [
        _connection(facts),
        *_hearing(facts),
        *_announcing(facts),
        *_roles(facts),
        *_intents(facts),
        *_commands(facts),
    ]
    return sorted(findings, key=lambda finding: finding.level)


def _connection(facts: BotFacts) -> Finding:
    if facts.unavailable_since is not None:
        return Finding(
            "outage", Level.WARN, "Discord has an outage in this server",
            "The bot is still in the server, but hears nothing there until Discord is back.",
            "Nothing to do: it goes on by itself. What happened meanwhile stands under “gaps” on the home page.",
        )  # fmt: skip
    if facts.presence is None or not facts.presence.is_connected:
        return Finding(
            "offline", Level.BAD, "The bot is not connected to Discord",
            "Commands stay unanswered. What is written meanwhile is heard once it is back.",
            "Wait a minute and check again. If it stays, tell us: nothing in your server causes it.",
        )  # fmt: skip
    return Finding("online", Level.GOOD, "The bot is online")


def _absence(facts: BotFacts) -> Finding:
    if facts.unavailable_since is not None:
        return _connection(facts)  # in an outage Discord does not know its own guild
    return Finding(
        "absent", Level.BAD, "The bot is not in the server",
        "It was removed, or the server was deleted. Points and members are kept.",
        "Add the bot again with the button above.",
    )  # fmt: skip


def _hearing(facts: BotFacts) -> Iterator[Finding]:
    assert facts.guild is not None
    heard = [channel for channel in facts.channels if channel["type"] in _HEARD]
    hidden = [channel for channel in heard if not _rights(facts, channel) & VIEW_CHANNEL]
    bot = _bot_role(facts)
    if not hidden:
        yield Finding(
            "hears", Level.GOOD, "It sees every channel", f"It hears {_count(len(heard), 'channel')}."
        )
    elif len(hidden) == len(heard):
        yield Finding(
            "deaf", Level.BAD, "It sees no channel at all", "Nothing that is written earns points.",
            f"In Discord open Server Settings → Roles → “{bot}” → Permissions and switch View Channels on.",
        )  # fmt: skip
    else:
        yield Finding(
            "hidden", Level.WARN, f"It does not see {_count(len(hidden), 'channel')}",
            f"Nothing earns points in {_list_names(hidden)}. If that is what you want, leave it so.",
            f"In Discord open the channel's settings → Permissions, add the role “{bot}” and allow View Channel.",
        )  # fmt: skip


def _announcing(facts: BotFacts) -> Iterator[Finding]:
    if not facts.announces:
        return
    if not facts.announces_in_channels:
        yield Finding("tells", Level.GOOD, "Level-ups are told to the member alone")
        return
    if facts.announcement_channel is not None:
        yield _one_channel(facts, facts.announcement_channel)
        return
    # Wherever the deed was done: channels that it hears and may not answer in.
    needed = SEND_MESSAGES | EMBED_LINKS
    mute = [
        channel
        for channel in facts.channels
        if channel["type"] in _TOLD
        and _rights(facts, channel) & VIEW_CHANNEL
        and _rights(facts, channel) & needed != needed
    ]
    if not mute:
        yield Finding("tells", Level.GOOD, "It can announce level-ups where they happen")
        return
    lacking = _list_rights(needed, [_rights(facts, channel) for channel in mute])
    yield Finding(
        "mute", Level.WARN, f"It cannot announce level-ups in {_count(len(mute), 'channel')}",
        f"It may not write in {_list_names(mute)}; a level-up there goes untold.",
        f"In Discord open the channel's settings → Permissions, add the role “{_bot_role(facts)}” and allow {lacking}.",
    )  # fmt: skip


def _one_channel(facts: BotFacts, channel_id: int) -> Finding:
    channel = next((each for each in facts.channels if int(each["id"]) == channel_id), None)
    if channel is None:
        return Finding(
            "no_channel", Level.BAD, "The channel for announcements no longer exists",
            "Level-ups are not announced anywhere.", "Choose another channel for announcements in the settings.",
        )  # fmt: skip
    needed = VIEW_CHANNEL | SEND_MESSAGES | EMBED_LINKS
    held = _rights(facts, channel)
    name = _name(channel)
    if held & needed == needed:
        return Finding("tells", Level.GOOD, f"It can announce level-ups in {name}")
    return Finding(
        "mute", Level.BAD, f"It cannot announce level-ups in {name}",
        "The channel that you chose for announcements does not let it write.",
        f"In Discord open the settings of {name} → Permissions, add the role “{_bot_role(facts)}” and allow "
        f"{_list_rights(needed, [held])}.",
    )  # fmt: skip


def _roles(facts: BotFacts) -> Iterator[Finding]:
    if not facts.level_roles:
        return
    assert facts.guild is not None
    assert facts.own is not None
    standing = Standing.read(dict(facts.guild), dict(facts.own))
    bot = _bot_role(facts)
    if not guild_rights(facts.guild, facts.own) & MANAGE_ROLES:
        yield Finding(
            "no_manage_roles", Level.BAD, "It may not give roles",
            "Levels that bring a role bring none.",
            f"In Discord open Server Settings → Roles → “{bot}” → Permissions and switch Manage Roles on.",
        )  # fmt: skip
    known = [standing.roles[role] for role in facts.level_roles if role in standing.roles]
    above = [role for role in known if not role.managed and not role.stands_under(standing.top)]
    if above:
        highest = max(above, key=lambda role: (role.position, -role.id))
        yield Finding(
            "roles_above", Level.BAD, f"It stands too low to give {_count(len(above), 'level role')}",
            f"Discord lets nobody give a role that is above their own: {_join([_quote(role.name) for role in above])}.",
            f"In Discord open Server Settings → Roles and drag “{bot}” above {_quote(highest.name)}.",
        )  # fmt: skip
    for role in known:
        if role.managed:
            yield Finding(
                "managed_role", Level.BAD, f"{_quote(role.name)} cannot be a level role",
                "Discord itself manages it for an integration, and nobody else can give it.",
                "Choose another role for that level.",
            )  # fmt: skip
    missing = len(facts.level_roles) - len(known)
    if missing:
        yield Finding(
            "missing_role", Level.BAD, f"Discord no longer has {_count(missing, 'level role')}",
            "Whoever reaches that level gets no role.", "Remove it from the level roles, or choose another one.",
        )  # fmt: skip
    if guild_rights(facts.guild, facts.own) & MANAGE_ROLES and not above and not missing:
        yield Finding("gives", Level.GOOD, f"It can give {_count(len(known), 'level role')}")


def _intents(facts: BotFacts) -> Iterator[Finding]:
    if facts.members_intent:
        yield Finding("members", Level.GOOD, "Discord tells it who joins and leaves")
        return
    yield Finding(
        "no_members", Level.WARN, "Discord does not tell it who joins and leaves",
        "Joins, departures and new roles are noticed only when that member does something.",
        "Our staff switches the Server Members Intent on in Discord's developer portal; there is nothing for you to do.",
    )  # fmt: skip


def _commands(facts: BotFacts) -> Iterator[Finding]:
    if not facts.may_command:
        yield Finding(
            "no_commands", Level.BAD, "Its commands are missing in this server",
            "It was added without the permission to bring its commands.",
            "Press “Add the bot” above and choose the same server: that adds the commands and changes nothing else.",
        )  # fmt: skip
        return
    expected = facts.presence.commands if facts.presence is not None else frozenset()
    missing = sorted(expected - facts.published)
    if missing:
        yield Finding(
            "stale_commands", Level.WARN, f"Not published yet: {_count(len(missing), 'command')}",
            f"Discord does not offer {_join([f'/{name}' for name in missing[:_NAMED]])}.",
            "Our staff publishes them (`manage.py sync_commands`); there is nothing for you to do.",
        )  # fmt: skip
    elif expected:
        yield Finding("commands", Level.GOOD, "Its commands are published")


# --- words ---


def _rights(facts: BotFacts, channel: Mapping[str, Any]) -> int:
    assert facts.guild is not None
    assert facts.own is not None
    return channel_rights(facts.guild, facts.own, channel)


def _bot_role(facts: BotFacts) -> str:
    """What the bot's own role is called: the one that Discord manages for it, else its highest."""
    assert facts.guild is not None
    assert facts.own is not None
    held = set(map(str, facts.own["roles"]))
    mine = [role for role in facts.guild["roles"] if str(role["id"]) in held]
    mine.sort(key=lambda role: (not role["managed"], -int(role["position"])))
    return clean_name(mine[0]["name"]) if mine else "EngageHub"


def _list_rights(needed: int, held: Sequence[int]) -> str:
    lacking = [name for bit, name in _NAMES.items() if needed & bit and any(not each & bit for each in held)]
    # A channel's own settings call it in the singular.
    return _join([name.replace("View Channels", "View Channel") for name in lacking])


def _name(channel: Mapping[str, Any]) -> str:
    return f"#{clean_name(channel.get('name'))}"


def _quote(name: str) -> str:
    return f"“{clean_name(name)}”"


def _list_names(channels: Sequence[Mapping[str, Any]]) -> str:
    names = [_name(channel) for channel in channels[:_NAMED]]
    more = len(channels) - len(names)
    return _join([*names, f"{more} more"] if more else names)


def _join(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _count(number: int, name: str) -> str:
    return f"{number:,} {name}{'' if number == 1 else 's'}"
