"""The cast of the tests: two communities, and in each an owner, a moderator, a member and a stranger.

A stranger has a login and nothing to do with the community.
"""

from __future__ import annotations

from dataclasses import dataclass

PASSWORD = "correct horse battery"
ROLES = ("owner", "moderator", "member", "stranger")


@dataclass(frozen=True)
class Community:
    slug: str
    name: str
    guild_id: int
    first_discord_id: int

    def discord_id(self, role: str) -> int:
        """The Discord id of the person who plays `role` here."""
        return self.first_discord_id + ROLES.index(role)

    def username(self, role: str) -> str:
        return f"{self.slug}-{role}"

    def display_name(self, role: str) -> str:
        return f"{self.slug} {role}".title()


ACME = Community("acme", "Acme Makers", 900_000_000_000_000_001, 800_000_000_000_000_001)
GLOBEX = Community("globex", "Globex Guild", 900_000_000_000_000_002, 800_000_000_000_000_101)
COMMUNITIES = (ACME, GLOBEX)
