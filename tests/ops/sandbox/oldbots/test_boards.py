"""The local old bots know the people of the local Discord's guilds."""

from __future__ import annotations

from ops.sandbox.discord.config import Config
from ops.sandbox.discord.seed import seed_world
from ops.sandbox.discord.state.world import World
from ops.sandbox.oldbots.boards import local_boards


def test_every_guild_has_a_board_with_its_people_and_roles() -> None:
    config = Config()
    world = World(config)
    seed_world(world)

    boards = local_boards(config.client_id)

    assert boards.keys() == world.guilds.keys()
    for guild_id, board in boards.items():
        people = {user for user in world.guilds[guild_id].members if not world.users[user].bot}
        assert {one.id for one in board.people} == people
        assert board.ranked[0].level > board.ranked[-1].level
        assert {one.role_id for one in board.rewards} <= world.guilds[guild_id].roles.keys()
        assert board.rewards
