"""Every command stands in the one table of who may do what, and what is for moderators is hidden from others too."""

from __future__ import annotations

from contextlib import nullcontext

import discord
import pytest
from discord import app_commands

from bot_shard.cogs import EXTENSIONS
from bot_shard.gateway import OfflineBot
from bot_shard.permissions import COMMANDS, GUEST_BUTTONS, SHOWN_TO_ALL, check_command, may_claim
from tenants.context import TenantContext
from tenants.permissions import MANAGE_GUILD, MODERATE_MEMBERS, PERMISSIONS, NotPermittedError, Role
from tests.cast import ACME

Command = app_commands.Command | app_commands.ContextMenu  # type: ignore[type-arg]


async def list_commands() -> dict[str, Command]:
    bot = OfflineBot()
    for name in EXTENSIONS:
        await bot.load_extension(name)
    found: dict[str, Command] = {}
    for kind in (
        discord.AppCommandType.chat_input,
        discord.AppCommandType.user,
        discord.AppCommandType.message,
    ):
        for command in bot.tree.walk_commands(type=kind):
            if not isinstance(command, app_commands.Group):
                found[command.qualified_name] = command
    await bot.close()
    return found


async def test_every_command_stands_in_the_table() -> None:
    assert (await list_commands()).keys() == COMMANDS.keys()
    assert set(COMMANDS.values()) <= PERMISSIONS.keys()


async def test_what_is_for_moderators_is_hidden_from_others() -> None:
    for name, command in (await list_commands()).items():
        group = getattr(command, "parent", None)
        shown = (group or command).default_permissions
        if PERMISSIONS[COMMANDS[name]].role >= Role.MODERATOR and name.split(" ")[0] not in SHOWN_TO_ALL:
            assert shown is not None, name
            # Who lacks even the role's own permission in Discord need not see it.
            is_admins = PERMISSIONS[COMMANDS[name]].role >= Role.ADMIN
            assert shown.manage_guild if is_admins else shown.moderate_members, name
        else:
            assert shown is None, name


@pytest.mark.parametrize(
    ("role", "bits", "may"),
    [
        ("owner", 0, True),
        ("moderator", 0, True),
        ("member", 0, False),
        ("stranger", 0, False),
        ("member", MODERATE_MEMBERS, True),
        ("stranger", MANAGE_GUILD, True),
    ],
)
def test_points_are_moderators_to_give(
    db: None, acme: TenantContext, role: str, bits: int, may: bool
) -> None:
    given = {"context": acme, "discord_id": ACME.discord_id(role), "permissions": bits}
    with nullcontext() if may else pytest.raises(NotPermittedError, match="No"):
        check_command("adjust_points", refusal="No.", **given)  # type: ignore[arg-type]


async def test_what_is_pressed_in_a_server_of_nobody_stands_in_the_table_too() -> None:
    assert set(GUEST_BUTTONS.values()) <= PERMISSIONS.keys()
    bot = OfflineBot()
    for name in EXTENSIONS:
        await bot.load_extension(name)
    pressed = {button for cog in bot.cogs.values() for button in getattr(cog, "buttons", dict)()}
    await bot.close()
    assert GUEST_BUTTONS.keys() <= pressed


@pytest.mark.parametrize(
    ("bits", "may"), [(0, False), (MODERATE_MEMBERS, False), (MANAGE_GUILD, True), (1 << 3, True)]
)
def test_a_server_is_claimed_by_who_manages_it(bits: int, may: bool) -> None:
    assert may_claim(permissions=bits) is may


def test_every_command_can_be_set_up_by_the_organiser_but_setup_itself() -> None:
    from bot_shard.permissions import COMMANDS
    from engagement.commands.catalogue import COMMANDS as LISTED

    slash = {name for name in COMMANDS if name.islower() and name.split(" ")[0] != "setup"}
    assert set(LISTED) == slash | {name.split(" ")[0] for name in slash}
