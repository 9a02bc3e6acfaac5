"""What Discord tells about a guild, as a value. Pure: names from outside are hostile, so they are cleaned here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from saas.core.text import clean_line

MOST_LETTERS = 100


def clean_name(name: object) -> str:
    """A guild's name on one line, without what cannot be seen or turns the text around."""
    return clean_line(name, limit=MOST_LETTERS) if isinstance(name, str) else ""


@dataclass(frozen=True, slots=True)
class GuildFacts:
    """A guild as the gateway or the API tells it."""

    guild_id: int
    name: str = ""
    owner_id: int | None = None
    icon: str = ""
    available: bool = True

    @classmethod
    def read(cls, guild: Mapping[str, Any]) -> GuildFacts:
        """From a guild object; of an outage's it holds the id alone."""
        owner = guild.get("owner_id")
        return cls(
            guild_id=int(guild["id"]),
            name=clean_name(guild.get("name")),
            owner_id=int(owner) if owner else None,
            icon=str(guild.get("icon") or "")[:64],
            available=not guild.get("unavailable", False),
        )
