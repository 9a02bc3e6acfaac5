"""Components of the second version: layouts with sections and containers, and forms with labels and selects."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import discord

from ops.sandbox.discord import LocalDiscord

from .conftest import Bot


class _Choice(discord.ui.Modal, title="Choose"):
    colour: discord.ui.Label[Any] = discord.ui.Label(
        text="Colour",
        description="Your favourite",
        component=discord.ui.Select(
            custom_id="colour",
            options=[discord.SelectOption(label="Red", value="red"), discord.SelectOption(label="Blue")],
        ),
    )
    reason: discord.ui.Label[Any] = discord.ui.Label(
        text="Reason", component=discord.ui.TextInput(custom_id="reason", required=False)
    )

    async def on_submit(self, interaction: discord.Interaction) -> None:
        select = self.colour.component
        assert isinstance(select, discord.ui.Select)
        await interaction.response.send_message(f"chose {select.values[0]}", ephemeral=True)


class _Layout(discord.ui.LayoutView):
    def __init__(self) -> None:
        super().__init__(timeout=None)
        button: discord.ui.Button[Any] = discord.ui.Button(label="Choose", custom_id="layout:choose")
        button.callback = self._open  # type: ignore[method-assign]
        section: discord.ui.Section[Any] = discord.ui.Section("**Colours** of the week", accessory=button)
        container: discord.ui.Container[Any] = discord.ui.Container(
            section, discord.ui.Separator(), discord.ui.TextDisplay("-# one a person"), accent_colour=0xF5A524
        )
        self.add_item(container)

    async def _open(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_modal(_Choice())


async def test_a_layout_and_its_form(local: LocalDiscord, connect: Callable[..., Awaitable[Bot]]) -> None:
    def setup(bot: Bot) -> None:
        @bot.tree.command(description="A layout")
        async def layout(interaction: discord.Interaction) -> None:
            await interaction.response.send_message(view=_Layout())

    bot = await connect(setup)
    await bot.tree.sync()
    record = await local.state.run_command("Pixel Pals", "general", "milo", "layout")
    reply = record["replies"][0]
    assert reply["components"][0]["type"] == 17
    form = await local.state.press_button(reply["id"], "milo", "Choose")
    sent = await local.state.submit_modal(form["id"], {"colour": "red"})
    assert sent["replies"][0]["content"] == "chose red"
    assert not local.violations


async def test_guild_commands_come_before_global_ones(
    local: LocalDiscord, connect: Callable[..., Awaitable[Bot]]
) -> None:
    here = next(guild.id for guild in local.world.guilds.values() if guild.name == "Pixel Pals")

    def setup(bot: Bot) -> None:
        @bot.tree.command(name="where", description="Global")
        async def everywhere(interaction: discord.Interaction) -> None:
            await interaction.response.send_message("global")

        @bot.tree.command(name="where", description="Here", guild=discord.Object(here))
        async def only_here(interaction: discord.Interaction) -> None:
            await interaction.response.send_message("guild")

    bot = await connect(setup)
    await bot.tree.sync()
    await bot.tree.sync(guild=discord.Object(here))
    for guild, member, expected in (("Pixel Pals", "milo", "guild"), ("Night Owls", "noor", "global")):
        record = await local.state.run_command(guild, "general", member, "where")
        assert record["replies"][0]["content"] == expected
    assert not local.violations
