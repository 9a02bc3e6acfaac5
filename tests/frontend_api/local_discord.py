"""A local Discord under the pages' tests: people there, their guilds, and what they press on its own pages."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import urllib3

from ops.sandbox.discord import Config, LocalDiscordThread
from ops.sandbox.discord.state import guilds, members

CALLBACK = "http://localhost/oauth/discord/callback"
CONFIG = Config(redirect_uris=[CALLBACK], seed=False, rate_limits=False)
MANAGE_GUILD = 1 << 5


class LocalPeople:
    """Plays people on a running local Discord."""

    def __init__(self, server: LocalDiscordThread) -> None:
        self.server = server
        self.world = server.discord.world
        self._http = urllib3.PoolManager(retries=False)

    def person(self, user_id: int, name: str = "") -> Any:
        """Whoever has that id; made when there is nobody yet."""
        known = self.world.users.get(user_id)
        return known or self.server.call(
            members.create_user, self.world, username=name or f"user{user_id}", user_id=user_id
        )

    def guild(self, name: str, owner_id: int, *, guild_id: int | None = None, with_bot: bool = False) -> Any:
        owner = self.person(owner_id)
        made = self.server.call(
            guilds.create_guild, self.world, name=name, owner_id=owner.id, guild_id=guild_id
        )
        channel = self.server.call(guilds.create_channel, self.world, made, name="general", type=0)
        made.system_channel_id = channel.id
        if with_bot:
            self.server.state.install_bot(made)
        return made

    def manager(self, guild: Any, user_id: int) -> Any:
        """Somebody in the guild with a role that holds Manage Server; the role."""
        person = self.person(user_id)
        self.server.state.join(guild, person)
        role = self.server.state.create_role(guild, "Managers", allowed=MANAGE_GUILD)
        self.server.state.give_role(guild, person, role)
        return role

    def decide(
        self, address: str, user_id: int, *, guild: Any = None, answer: str = "authorize"
    ) -> dict[str, str]:
        """Press a button on Discord's page; what the browser is sent back with."""
        form = {key: value[0] for key, value in parse_qs(urlsplit(address).query).items()}
        form |= {"user": str(user_id), "answer": answer}
        if guild is not None:
            form["guild_id"] = str(guild.id)
        parts = urlsplit(address)
        response = self._http.request(
            "POST",
            f"{parts.scheme}://{parts.netloc}{parts.path}",
            fields=form,
            encode_multipart=False,
            redirect=False,
        )
        assert response.status == 302, response.data.decode()
        back = response.headers["Location"]
        assert back.startswith(CALLBACK + "?"), back
        return {key: value[0] for key, value in parse_qs(urlsplit(back).query).items()}

    def tokens(self) -> int:
        """How many grants are alive."""
        return len(self.server.discord.oauth._by_access)
