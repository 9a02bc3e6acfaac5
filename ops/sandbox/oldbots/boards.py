"""What the old bots know of a guild: its members with their XP, and the roles that levels brought."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from ops.sandbox.discord.config import Config
from ops.sandbox.discord.seed import seed_world
from ops.sandbox.discord.state.world import World

LOCAL_KEY: Final = "local-import-key"  # what the local Amari and Tatsu accept


@dataclass(frozen=True, slots=True)
class OldPerson:
    id: int
    name: str
    xp: int

    @property
    def level(self) -> int:
        """As MEE6 counts: the next level costs 5L² + 50L + 100."""
        level, rest = 0, self.xp
        while rest >= 5 * level * level + 50 * level + 100:
            rest -= 5 * level * level + 50 * level + 100
            level += 1
        return level


@dataclass(frozen=True, slots=True)
class OldReward:
    level: int
    role_id: int
    name: str


@dataclass(slots=True)
class OldBoard:
    guild_id: int
    people: list[OldPerson]
    rewards: list[OldReward] = field(default_factory=list)
    private: bool = False

    @property
    def ranked(self) -> list[OldPerson]:
        return sorted(self.people, key=lambda one: (-one.xp, one.id))


def local_boards(client_id: int) -> dict[int, OldBoard]:
    """Boards of the guilds that every fresh local Discord holds: its people, the longest here with the most XP."""
    world = World(Config(client_id=client_id))
    seed_world(world)
    return {guild.id: _board(world, guild.id) for guild in world.guilds.values()}


def _board(world: World, guild_id: int) -> OldBoard:
    guild = world.guilds[guild_id]
    people = [world.users[user_id] for user_id in sorted(guild.members) if not world.users[user_id].bot]
    known = [
        OldPerson(user.id, user.global_name or user.username, 18_400 // (place + 1) + 37 * place)
        for place, user in enumerate(people)
    ]
    rewards = [
        OldReward(level, role.id, role.name)
        for level, name in ((5, "Regular"), (20, "Moderator"))
        for role in guild.roles.values()
        if role.name == name
    ]
    return OldBoard(guild_id, known, rewards)
