"""What Discord tells about a guild, as a value. Pure: names from outside are hostile, so they are cleaned here."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MOST_LETTERS = 100
# Controls, and the marks that turn the reading direction of whatever stands beside them.
_UNSEEN = {"Cc", "Cs", "Co", "Cn"}
_TURNING = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C])


def clean_name(name: object) -> str:
    """A name that people chose, on one line, without what cannot be seen or turns the text around; at most 100 letters."""
    if not isinstance(name, str):
        return ""
    seen = (" " if unicodedata.category(letter) in _UNSEEN else letter for letter in name[:1000].translate(_TURNING))
    return " ".join("".join(seen).split())[:MOST_LETTERS]


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
