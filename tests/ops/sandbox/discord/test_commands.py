"""Slash commands: synced, run by members, answered at once, later, and in private."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import discord

from ops.sandbox.discord import LocalDiscord

from .conftest import Bot


def _commands(bot: Bot) -> None:
    @bot.tree.command(description="Say hello")
    async def hello(interaction: discord.Interaction, name: str) -> None:
        await interaction.response.send_message(f"Hello {name}", ephemeral=True)

    @bot.tree.command(description="Take your time")
    async def slow(interaction: discord.Interaction) -> None:
        await interaction.response.defer(thinking=True)
        await interaction.followup.send("Here it is")


async def test_a_command_is_synced_and_answered(
    local: LocalDiscord, connect: Callable[..., Awaitable[Bot]]
) -> None:
    bot = await connect(_commands)
    await bot.tree.sync()
    record = await local.state.run_command("Pixel Pals", "bot-commands", "milo", "hello", {"name": "Milo"})
    assert record["replies"][0]["content"] == "Hello Milo"
    assert record["ephemeral"] is True
    assert not local.violations


async def test_a_deferred_answer_is_filled_by_the_follow_up(
    local: LocalDiscord, connect: Callable[..., Awaitable[Bot]]
) -> None:
    bot = await connect(_commands)
    await bot.tree.sync()
    record = await local.state.run_command("Pixel Pals", "bot-commands", "milo", "slow")
    assert [reply["content"] for reply in record["replies"]] == ["Here it is"]
    assert record["callback"] == 5
    assert not local.violations
