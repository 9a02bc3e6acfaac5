"""The page where a person grants an application access, and picks the guild that the bot joins.

Invariant: a request with an unknown client or an address that is not registered never redirects; anything else goes
back to the application, a refusal too. The guild offered and taken must be one that the person manages.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from aiohttp import web

from .oauth import SCOPES
from .state import permissions
from .state.entities import Guild, User
from .state.guilds import install_bot

if TYPE_CHECKING:
    from multidict import MultiMapping

    from .server import LocalDiscord

_COOKIE = "local_discord_user"
_PAGE = Path(__file__).parent / "page" / "authorize.html"
_CARRIED = (
    "client_id", "redirect_uri", "response_type", "scope", "state", "code_challenge", "code_challenge_method",
    "permissions", "guild_id", "disable_guild_select", "prompt",
)  # fmt: skip
_WORDS = {
    "identify": "See your username, avatar and banner",
    "email": "See your email address",
    "guilds": "Know what servers you’re in",
    "guilds.join": "Join servers for you",
    "guilds.members.read": "Read your member info in your servers",
    "bot": "Add a bot to a server",
    "applications.commands": "Create commands",
    "connections": "See your connected accounts",
    "role_connections.write": "Update your role connections",
    "openid": "Sign you in",
}


class _BadRequest(Exception):
    """Shown on the page, without going back to the application."""


class Authorization:
    def __init__(self, discord: LocalDiscord) -> None:
        self._discord = discord

    def mount(self, app: web.Application) -> None:
        for path in ("/oauth2/authorize", "/api/oauth2/authorize"):
            app.router.add_get(path, self.show)
            app.router.add_post(path, self.decide)

    # --- showing ---

    async def show(self, request: web.Request) -> web.StreamResponse:
        """The page; with `prompt=none` and somebody signed in, the answer at once."""
        try:
            scopes = self._check(request.query)
        except _BadRequest as error:
            return _html("This link does not work", f'<p class="bad">{escape(str(error))}</p>', status=400)
        user = self._signed_in(request)
        if user is None:
            return self._choose_account(request)
        if request.query.get("prompt") == "none" and "bot" not in scopes:
            return self._grant(request.query, user, scopes, None)
        return self._consent(request, user, scopes)

    def _check(self, query: MultiMapping[str]) -> frozenset[str]:
        config = self._discord.config
        if query.get("client_id") != str(config.client_id):
            raise _BadRequest("Unknown Application.")
        scopes = frozenset(query.get("scope", "").split())
        if not scopes or not scopes <= SCOPES:
            wrong = ", ".join(sorted(scopes - SCOPES)) or "none"
            raise _BadRequest(f"The requested scope is invalid, unknown, or malformed: {wrong}.")
        redirect_uri = query.get("redirect_uri", "")
        if not redirect_uri and scopes <= {"bot", "applications.commands"}:
            return scopes
        if not self._discord.oauth.is_registered(redirect_uri):
            raise _BadRequest(f"Invalid OAuth2 redirect_uri: {redirect_uri or 'none was given'}.")
        if query.get("response_type") != "code":
            raise _BadRequest(
                "The authorization server does not support obtaining a code this way: response_type."
            )
        if query.get("code_challenge") and query.get("code_challenge_method", "plain") not in (
            "S256",
            "plain",
        ):
            raise _BadRequest("The code_challenge_method must be S256 or plain.")
        return scopes

    def _signed_in(self, request: web.Request) -> User | None:
        text = request.query.get("as") or request.cookies.get(_COOKIE, "")
        user = self._discord.world.users.get(int(text)) if text.isdigit() else None
        return user if user is not None and not user.bot else None

    def _choose_account(self, request: web.Request) -> web.Response:
        rows = []
        for user in self._discord.world.users.values():
            if not user.bot:
                query = urlencode(
                    [(key, value) for key, value in request.query.items() if key != "as"] + [("as", user.id)]
                )
                rows.append(
                    f'<a class="account" href="?{escape(query)}"><img alt="" src="/avatars/{user.id}/x.png">'
                    f"<span><b>{escape(user.global_name or user.username)}</b><small>{escape(user.username)}</small></span></a>"
                )
        return _html("Who are you?", f'<div class="accounts">{"".join(rows)}</div>')

    def _consent(self, request: web.Request, user: User, scopes: frozenset[str]) -> web.Response:
        query = request.query
        name = escape(self._discord.world.users[self._discord.world.bot_id].username)
        granted = "".join(f"<li>{escape(_WORDS[scope])}</li>" for scope in sorted(scopes) if scope in _WORDS)
        hidden = "".join(
            f'<input type="hidden" name="{key}" value="{escape(query[key])}">'
            for key in _CARRIED
            if key in query and not (key == "guild_id" and "bot" in scopes)
        )
        again = escape(urlencode([(k, v) for k, v in query.items() if k != "as"] + [("as", "0")]))
        body = (
            f'<p class="who">Signed in as <b>{escape(user.global_name or user.username)}</b> · <a href="?{again}">Not you?</a></p>'
            f"<h2>{name} would like to</h2><ul>{granted}</ul>"
            f'<form method="post">{hidden}<input type="hidden" name="user" value="{user.id}">'
            f"{self._guild_field(user, query) if 'bot' in scopes else ''}"
            '<div class="row"><button name="answer" value="cancel" class="plain">Cancel</button>'
            '<button name="answer" value="authorize">Authorize</button></div></form>'
        )
        response = _html(f"Authorize {name}", body)
        response.set_cookie(_COOKIE, str(user.id), httponly=True, samesite="Lax")
        return response

    def _guild_field(self, user: User, query: MultiMapping[str]) -> str:
        guilds = self.managed(user)
        if not guilds:
            return '<p class="bad">You manage no server that the bot could join.</p>'
        wanted = query.get("guild_id", "")
        fixed = query.get("disable_guild_select", "").lower() == "true"
        options = "".join(
            f'<option value="{guild.id}"{" selected" if str(guild.id) == wanted else ""}>{escape(guild.name)}</option>'
            for guild in guilds
            if not fixed or str(guild.id) == wanted
        )
        return f'<label>Add to server<select name="guild_id" required>{options}</select></label>'

    def managed(self, user: User) -> list[Guild]:
        """The guilds that a person may add the bot to: those where they hold Manage Server."""
        return [
            guild
            for guild in self._discord.world.guilds.values()
            if user.id in guild.members
            and permissions.base_permissions(guild, guild.members[user.id]) & permissions.MANAGE_GUILD
        ]

    # --- deciding ---

    async def decide(self, request: web.Request) -> web.StreamResponse:
        """The person pressed a button."""
        form = await request.post()
        fields: MultiMapping[str] = {key: str(value) for key, value in form.items()}  # type: ignore[assignment]
        try:
            scopes = self._check(fields)
            user = self._discord.world.users.get(int(fields.get("user", "0")))
            if user is None:
                raise _BadRequest("Choose an account first.")
            if fields.get("answer") != "authorize":
                return self._refuse(fields)
            guild = self._chosen_guild(user, fields) if "bot" in scopes else None
        except _BadRequest as error:
            return _html("This did not work", f'<p class="bad">{escape(str(error))}</p>', status=400)
        return self._grant(fields, user, scopes, guild)

    def _chosen_guild(self, user: User, fields: MultiMapping[str]) -> Guild:
        guild = next((g for g in self.managed(user) if str(g.id) == fields.get("guild_id")), None)
        if guild is None:
            raise _BadRequest("You need Manage Server in the server that the bot is to join.")
        return guild

    def _refuse(self, fields: MultiMapping[str]) -> web.StreamResponse:
        description = "The resource owner or authorization server denied the request"
        return _back(fields, {"error": "access_denied", "error_description": description})

    def _grant(
        self, fields: MultiMapping[str], user: User, scopes: frozenset[str], guild: Guild | None
    ) -> web.StreamResponse:
        answer: dict[str, str] = {}
        if guild is not None:
            granted = int(fields.get("permissions", "0") or 0)
            install_bot(self._discord.world, guild, granted=granted, installer_id=user.id)
            answer = {"guild_id": str(guild.id), "permissions": str(granted)}
        if not fields.get("redirect_uri"):
            return _html("Authorized", "<p>You may now close this window.</p>")
        code = self._discord.oauth.issue_code(
            user_id=user.id,
            scopes=scopes,
            redirect_uri=fields["redirect_uri"],
            guild_id=guild.id if guild else None,
            challenge=fields.get("code_challenge", ""),
            method=fields.get("code_challenge_method", ""),
        )
        return _back(fields, {"code": code} | answer)


def _back(fields: MultiMapping[str], answer: dict[str, str]) -> web.Response:
    if fields.get("state"):
        answer["state"] = fields["state"]
    address = fields["redirect_uri"]
    joint = "&" if "?" in address else "?"
    return web.Response(status=302, headers={"Location": f"{address}{joint}{urlencode(answer)}"})


def _html(title: str, body: str, *, status: int = 200) -> web.Response:
    page = Template(_PAGE.read_text()).substitute(title=title, body=body)
    return web.Response(status=status, text=page, content_type="text/html")
