"""What the stack asks of Discord over its REST API: which guilds the bot is in, and whose they are.

Works with the local Discord and the real one alike.
"""

from __future__ import annotations

import json
import urllib.request
from dataclasses import dataclass
from typing import Any

SECONDS = 10


@dataclass(frozen=True)
class GuildFacts:
    guild_id: int
    name: str
    owner_id: int
    owner_username: str
    owner_name: str


class DiscordReader:
    def __init__(self, api_url: str, token: str) -> None:
        self._base = api_url.rstrip("/")
        self._token = token

    def list_guilds(self) -> list[GuildFacts]:
        """The guilds that the bot is in, in the order of their ids."""
        guilds = sorted(self._get("/users/@me/guilds"), key=lambda guild: int(guild["id"]))
        return [self._describe(guild["id"]) for guild in guilds]

    def _describe(self, guild_id: str) -> GuildFacts:
        guild = self._get(f"/guilds/{guild_id}")
        owner = self._get(f"/users/{guild['owner_id']}")
        return GuildFacts(
            guild_id=int(guild_id),
            name=guild["name"],
            owner_id=int(guild["owner_id"]),
            owner_username=owner["username"],
            owner_name=owner.get("global_name") or owner["username"],
        )

    def _get(self, path: str) -> Any:
        request = urllib.request.Request(
            f"{self._base}{path}",
            headers={
                "Authorization": f"Bot {self._token}",
                "User-Agent": "DiscordBot (https://engagehub.example, 0.1)",
            },
        )
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            return json.load(answer)
