"""One REST call, and the table of routes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import orjson
from aiohttp import web

from ..errors import invalid_form, refused
from ..state.entities import Channel, Guild, Member
from ..state.permissions import ALL, VIEW_CHANNEL, base_permissions, channel_permissions
from ..state.snowflakes import now_ms
from ..state.world import World

if TYPE_CHECKING:
    from ..server import LocalDiscord

BOT, BEARER, ANYBODY = "bot", "bearer", "anybody"


@dataclass(slots=True)
class Upload:
    """A file of a multipart body. `index` is the number in `files[2]`."""

    index: int
    filename: str
    content_type: str
    data: bytes


@dataclass(slots=True)
class Grant:
    """What a bearer token stands for."""

    user_id: int
    scopes: frozenset[str]


@dataclass(slots=True)
class Call:
    request: web.Request
    discord: LocalDiscord
    route: Route
    body: Any = None
    uploads: list[Upload] = field(default_factory=list)
    grant: Grant | None = None

    @property
    def world(self) -> World:
        return self.discord.world

    @property
    def query(self) -> Any:
        return self.request.query

    @property
    def reason(self) -> str | None:
        from urllib.parse import unquote

        text = self.request.headers.get("X-Audit-Log-Reason")
        return unquote(text)[:512] if text else None

    def id(self, name: str) -> int:
        """A snowflake of the path. `@me` is the bot or the bearer's user."""
        text = self.request.match_info[name]
        if text == "@me":
            return self.grant.user_id if self.grant else self.world.bot_id
        if not text.isdigit():
            raise invalid_form(name, "NUMBER_TYPE_COERCE", f'Value "{text[:40]}" is not snowflake.')
        return int(text)

    def text(self, name: str) -> str:
        return self.request.match_info[name]

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number of the query within bounds."""
        raw = self.query.get(name, str(default))
        if not raw.lstrip("-").isdigit() or not low <= int(raw) <= high:
            raise invalid_form(name, "NUMBER_TYPE_RANGE", f"int value should be between {low} and {high}.")
        return int(raw)

    def fields(self) -> dict[str, Any]:
        """The body, which must be an object."""
        if not isinstance(self.body, dict):
            raise invalid_form("_", "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
        return self.body

    # --- the bot's rights ---

    def guild(self, name: str = "guild_id") -> Guild:
        """The guild of the path, which the bot must be in: else Discord says it is unknown."""
        guild = self.world.guild(self.id(name))
        if self.world.bot_id not in guild.members or guild.unavailable:
            raise refused(10004)
        return guild

    def bot_member(self, guild: Guild) -> Member:
        return guild.members[self.world.bot_id]

    def need(self, guild: Guild, permission: int) -> None:
        """50013 unless the bot holds all bits of a guild permission."""
        held = base_permissions(guild, self.bot_member(guild))
        if held & permission != permission and held != ALL:
            raise refused(50013)

    def channel(self, name: str = "channel_id", permission: int = 0) -> tuple[Channel, Guild | None]:
        """A channel that the bot sees (50001) and holds a permission in (50013)."""
        channel = self.world.channel(self.id(name))
        if channel.guild_id is None:
            if self.world.bot_id not in channel.recipients:
                raise refused(50001)
            return channel, None
        guild = self.world.guilds.get(channel.guild_id)
        if guild is None or self.world.bot_id not in guild.members:
            raise refused(50001)
        held = channel_permissions(guild, self.bot_member(guild), channel, at_ms=now_ms())
        if not held & VIEW_CHANNEL or not self.world.bot_sees(guild.id, channel.id):
            raise refused(50001)
        if held & permission != permission:
            raise refused(50013)
        return channel, guild


Handler = Callable[[Call], Awaitable[Any]]
_H = TypeVar("_H", bound=Handler)


@dataclass(frozen=True, slots=True)
class Route:
    """`limit` calls per `window` seconds and major parameter; `bucket` names a limit that routes share.

    `exempt` keeps interaction answers out of the global limit, as on Discord.
    """

    method: str
    template: str
    handler: Handler
    auth: str
    limit: int
    window: float
    bucket: str
    major: tuple[str, ...]
    exempt: bool
    scope: str


ROUTES: list[Route] = []
_MAJOR = ("guild_id", "channel_id", "webhook_id", "webhook_token")


def route(
    method: str,
    template: str,
    *,
    auth: str = BOT,
    limit: int = 50,
    window: float = 1.0,
    bucket: str = "",
    exempt: bool = False,
    scope: str = "",
) -> Callable[[_H], _H]:
    """Declare a route. `auth` is BOT, BEARER (with `scope`), both joined by a comma, or ANYBODY."""

    def keep(handler: _H) -> _H:
        major = tuple(name for name in _MAJOR if f"{{{name}}}" in template)
        name = bucket or f"{method} {template}"
        ROUTES.append(Route(method, template, handler, auth, limit, window, name, major, exempt, scope))
        return handler

    return keep


def answer(payload: Any, status: int = 200) -> web.Response:
    """JSON exactly as Discord labels it: no charset, which discord.py compares literally."""
    if payload is None:
        return web.Response(status=204)
    response = web.Response(status=status, body=orjson.dumps(payload))
    response.headers["Content-Type"] = "application/json"
    return response
