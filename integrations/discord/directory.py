"""The channels and roles of a guild by name, so that nobody ever has to paste an id.

Invariants: what is shown is at most FRESH_SECONDS old while Discord answers; while it does not, the last picture is shown and
said to be old, and Discord is left alone for AWAY_SECONDS, so that no page waits twice. The picture is kept per tenant and guild.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import orjson
import structlog
from redis import RedisError

from saas.core import clock
from saas.core.redis_clients import cache_redis
from saas.events.retries import PermanentJobError, RetryLaterError
from tenants.context import TenantContext

from .client import DiscordClient, get_client
from .errors import DiscordAwayError
from .hierarchy import Standing

log = structlog.get_logger(__name__)
FRESH_SECONDS: Final = 60
AWAY_SECONDS: Final = 30
KEPT_SECONDS: Final = 7 * 86_400
_CATEGORY: Final = 4
# Discord's channel types in which members earn or the bot can speak.
_KINDS: Final[Mapping[int, str]] = {
    0: "text",
    2: "voice",
    5: "announcement",
    13: "stage",
    15: "forum",
    16: "media",
}
SPEAKING: Final = frozenset({"text", "announcement"})  # where an announcement can be posted


@dataclass(frozen=True, slots=True)
class ChannelLine:
    """A channel; `category` is its category's name, empty for none."""

    id: str
    name: str
    kind: str
    category_id: str = ""
    category: str = ""


@dataclass(frozen=True, slots=True)
class RoleLine:
    """A role, highest first; `problem` says why the bot cannot give it, with the fix."""

    id: str
    name: str
    colour: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Directory:
    """What is known of a guild. `seen_at` is None where nothing is; `is_away`: Discord did not answer just now."""

    is_linked: bool = True
    is_away: bool = False
    seen_at: datetime | None = None
    channels: tuple[ChannelLine, ...] = ()
    categories: tuple[ChannelLine, ...] = ()
    roles: tuple[RoleLine, ...] = ()
    may_manage_roles: bool = False
    names: dict[str, str] = field(default_factory=dict)

    def name_of(self, id: str) -> str:
        """“#general”, “@Staff”; the id itself where nothing is known of it."""
        return self.names.get(str(id), str(id))

    def missing(self, ids: Iterable[str]) -> list[str]:
        """Which of these nobody knows: deleted in Discord, or never seen."""
        return [id for id in ids if id not in self.names]


def get_directory(context: TenantContext, *, client: DiscordClient | None = None) -> Directory:
    """The guild's channels and roles. Never raises: without Discord it is the last picture, or an empty one."""
    if context.guild_id is None:
        return Directory(is_linked=False)
    key = f"directory:{context.schema}:{context.guild_id}"
    kept = _load(key)
    now = clock.now()
    if kept is not None and _age(kept, now) < (AWAY_SECONDS if kept.get("away") else FRESH_SECONDS):
        return _read(context.guild_id, kept)
    try:
        fresh = _ask(context.guild_id, client or get_client())
    except (DiscordAwayError, RetryLaterError, PermanentJobError) as error:
        log.info("directory_away", guild=context.guild_id, problem=str(error))
        fresh = {**(kept or {}), "away": True}
    fresh["asked"] = now.timestamp()
    if not fresh.get("away"):
        fresh["seen"] = now.timestamp()
    _store(key, fresh)
    return _read(context.guild_id, fresh)


def recall_directory(context: TenantContext) -> Directory:
    """The last picture, however old, without asking Discord: for pages that anybody may open."""
    kept = None if context.guild_id is None else _load(f"directory:{context.schema}:{context.guild_id}")
    if kept is None or context.guild_id is None:
        return Directory(is_linked=context.guild_id is not None)
    return _read(context.guild_id, kept)


def forget_directory(context: TenantContext) -> None:
    """Ask Discord again the next time, because something was just changed there."""
    try:
        cache_redis().delete(f"directory:{context.schema}:{context.guild_id}")
    except RedisError as error:
        log.warning("directory_not_forgotten", problem=str(error))


def _ask(guild_id: int, client: DiscordClient) -> dict[str, Any]:
    """What we need of it, and nothing else, so that the picture stays small."""
    guild = client.get_guild(guild_id)
    own = client.get_member(guild_id, client.get_own_id())
    return {
        "roles": [
            {name: role[name] for name in ("id", "name", "position", "managed", "permissions")}
            | {"color": int(role.get("color") or 0)}
            for role in guild["roles"]
        ],
        "own": {"roles": own["roles"]},
        "channels": [
            {
                "id": channel["id"],
                "name": channel.get("name") or "",
                "type": channel["type"],
                "parent": channel.get("parent_id") or "",
                "position": channel.get("position") or 0,
            }
            for channel in client.list_channels(guild_id)
        ],
    }


def _age(kept: Mapping[str, Any], now: datetime) -> float:
    return abs(now.timestamp() - float(kept.get("asked") or 0))


def _load(key: str) -> dict[str, Any] | None:
    try:
        data = cache_redis().get(key)
    except RedisError:
        return None
    if not data:
        return None
    told: dict[str, Any] = orjson.loads(data)
    return told


def _store(key: str, picture: Mapping[str, Any]) -> None:
    try:
        cache_redis().set(key, orjson.dumps(picture), ex=KEPT_SECONDS)
    except RedisError as error:
        log.warning("directory_not_kept", problem=str(error))


def _read(guild_id: int, kept: Mapping[str, Any]) -> Directory:
    seen = kept.get("seen")
    if seen is None:
        return Directory(is_away=True)
    standing = Standing.read({"id": guild_id, "roles": kept["roles"]}, kept["own"])
    categories = {row["id"]: row for row in kept["channels"] if row["type"] == _CATEGORY}
    channels = tuple(_channels(kept["channels"], categories))
    folders = tuple(
        ChannelLine(row["id"], row["name"], "category")
        for row in sorted(categories.values(), key=lambda row: row["position"])
    )
    roles = tuple(_roles(kept["roles"], standing))
    names = {line.id: f"#{line.name}" for line in channels}
    names |= {line.id: f"{line.name} (category)" for line in folders}
    names |= {line.id: f"@{line.name}" for line in roles}
    return Directory(
        is_away=bool(kept.get("away")),
        seen_at=datetime.fromtimestamp(float(seen), UTC),
        channels=channels,
        categories=folders,
        roles=roles,
        may_manage_roles=standing.may_manage_roles,
        names=names,
    )


def _channels(
    rows: Iterable[Mapping[str, Any]], categories: Mapping[str, Mapping[str, Any]]
) -> Iterable[ChannelLine]:
    """In Discord's order: those without a category first, then category by category."""

    def place(row: Mapping[str, Any]) -> tuple[int, int]:
        parent = categories.get(row["parent"])
        return (-1 if parent is None else int(parent["position"]), int(row["position"]))

    for row in sorted((row for row in rows if row["type"] in _KINDS), key=place):
        parent = categories.get(row["parent"])
        yield ChannelLine(
            row["id"],
            row["name"],
            _KINDS[row["type"]],
            row["parent"],
            "" if parent is None else str(parent["name"]),
        )


def _roles(rows: Iterable[Mapping[str, Any]], standing: Standing) -> Iterable[RoleLine]:
    """All but everyone's; those that Discord manages are named, because members hold them, but cannot be given."""
    for row in sorted(rows, key=lambda row: (-int(row["position"]), int(row["id"]))):
        if int(row["id"]) != standing.guild_id:
            colour = f"#{row['color']:06x}" if row["color"] else ""
            yield RoleLine(row["id"], row["name"], colour, standing.find_problem(int(row["id"])) or "")
