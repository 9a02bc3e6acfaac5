"""Buttons, selects, forms, menus, autocompletion, and the rules of answering."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import discord
import pytest
from discord import app_commands

from ops.sandbox.discord import Config, LocalDiscord
from ops.sandbox.discord.errors import ControlError

from .conftest import Bot, until

Connect = Callable[..., Awaitable[Bot]]


class _Form(discord.ui.Modal, title="Tell us"):
    why: discord.ui.TextInput[Any] = discord.ui.TextInput(label="Why", custom_id="why", max_length=20)

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"because {self.why.value}", ephemeral=True)


class _Panel(discord.ui.View):
    def __init__(self) -> None:
        super().__init__(timeout=None)
        self.count = 0

    @discord.ui.button(label="Count", custom_id="v1:count")
    async def press(self, interaction: discord.Interaction, _button: discord.ui.Button[Any]) -> None:
        self.count += 1
        await interaction.response.edit_message(content=f"pressed {self.count}")

    @discord.ui.button(label="Form", custom_id="v1:form")
    async def open(self, interaction: discord.Interaction, _button: discord.ui.Button[Any]) -> None:
        await interaction.response.send_modal(_Form())

    @discord.ui.select(
        custom_id="v1:pick",
        options=[discord.SelectOption(label="A", value="a"), discord.SelectOption(label="B")],
    )
    async def pick(self, interaction: discord.Interaction, select: discord.ui.Select[Any]) -> None:
        await interaction.response.defer()
        await interaction.followup.send(f"picked {select.values[0]}", ephemeral=True)

    @discord.ui.select(cls=discord.ui.UserSelect, custom_id="v1:who", placeholder="Who")
    async def who(self, interaction: discord.Interaction, select: discord.ui.UserSelect[Any]) -> None:
        await interaction.response.send_message(select.values[0].display_name)


def _commands(bot: Bot) -> None:
    @bot.tree.command(description="A panel")
    async def panel(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("pressed 0", view=_Panel())

    @bot.tree.command(description="Find")
    async def find(interaction: discord.Interaction, what: str) -> None:
        await interaction.response.send_message(what)

    @bot.tree.command(description="Weigh a file")
    async def weigh(interaction: discord.Interaction, file: discord.Attachment) -> None:
        await interaction.response.send_message(f"{file.filename} {len(await file.read())} {file.url}")

    @find.autocomplete("what")
    async def complete(_interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        return [
            app_commands.Choice(name=word, value=word)
            for word in ("apple", "apricot")
            if word.startswith(current)
        ]

    @bot.tree.command(description="Never answers")
    async def silent(_interaction: discord.Interaction) -> None:
        await asyncio.sleep(0)

    @bot.tree.command(description="Moderators only")
    @app_commands.default_permissions(moderate_members=True)
    async def strict(
        interaction: discord.Interaction, member: discord.Member, points: app_commands.Range[int, 1, 9]
    ) -> None:
        await interaction.response.send_message(f"{member.display_name} {points}")

    @bot.tree.context_menu(name="Award")
    async def award(interaction: discord.Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(f"award {message.author.name}", ephemeral=True)

    @bot.tree.context_menu(name="Profile")
    async def profile(interaction: discord.Interaction, member: discord.Member) -> None:
        await interaction.response.send_message(f"profile {member.name}", ephemeral=True)

    group = app_commands.Group(name="points", description="Points")

    @group.command(description="Give points")
    async def give(interaction: discord.Interaction, member: discord.Member, reason: str = "none") -> None:
        await interaction.response.send_message(f"{member.name}: {reason}")

    bot.tree.add_command(group)


@pytest.fixture
async def ready(local: LocalDiscord, connect: Connect) -> Bot:
    bot = await connect(_commands)
    await bot.tree.sync()
    return bot


async def test_a_command_takes_a_file(local: LocalDiscord, ready: Bot) -> None:
    given = {"file": {"filename": "my notes/1.txt", "data": "SGVsbG8="}}
    record = await local.state.run_command("Pixel Pals", "general", "milo", "weigh", given)
    name, size, url = record["replies"][0]["content"].split(" ")
    assert (name, size) == ("my_notes_1.txt", "5")
    async with aiohttp.ClientSession() as web, web.get(url) as answer:
        assert await answer.text() == "Hello"
    with pytest.raises(ControlError, match="takes a file"):
        await local.state.run_command("Pixel Pals", "general", "milo", "weigh", {"file": "x"})


async def test_buttons_selects_and_forms(local: LocalDiscord, ready: Bot) -> None:
    record = await local.state.run_command("Pixel Pals", "general", "milo", "panel")
    message = record["replies"][0]["id"]
    pressed = await local.state.press_button(message, "soraya", "Count")
    assert (pressed["callback"], pressed["replies"][0]["content"]) == (7, "pressed 1")
    picked = await local.state.choose(message, "soraya", "v1:pick", ["a"])
    assert picked["callback"] == 6
    await until(
        lambda: any(
            "picked a" in m.content
            for m in local.world.messages[int(record["replies"][0]["channel_id"])].values()
        )
    )
    chosen = await local.state.choose(message, "soraya", "Who", ["kofi"])
    assert chosen["replies"][0]["content"] == "Kofi Mensah"
    form = await local.state.press_button(message, "soraya", "Form")
    assert form["modal"]["title"] == "Tell us"
    with pytest.raises(ControlError, match="required"):
        await local.state.submit_modal(form["id"], {})
    sent = await local.state.submit_modal(form["id"], {"why": "it is late"})
    assert (sent["replies"][0]["content"], sent["ephemeral"]) == ("because it is late", True)
    assert not local.violations


async def test_autocomplete_menus_groups(local: LocalDiscord, ready: Bot) -> None:
    choices = await local.state.autocomplete("Pixel Pals", "general", "milo", "find", "what", {"what": "apr"})
    assert choices["choices"] == [{"name": "apricot", "value": "apricot"}]
    posted = local.state.post_message("Pixel Pals", "general", "kofi", "well said")
    awarded = await local.state.run_menu("Pixel Pals", "general", "milo", "Award", message=posted)
    assert awarded["replies"][0]["content"] == "award kofi"
    shown = await local.state.run_menu("Pixel Pals", "general", "milo", "Profile", target="ravi")
    assert shown["replies"][0]["content"] == "profile ravi"
    given = await local.state.run_command("Pixel Pals", "general", "milo", "points give", {"member": "ravi"})
    assert given["replies"][0]["content"] == "ravi: none"
    assert not local.violations


async def test_commands_are_hidden_and_options_checked(local: LocalDiscord, ready: Bot) -> None:
    with pytest.raises(ControlError, match="sees no command"):
        await local.state.run_command(
            "Pixel Pals", "general", "kofi", "strict", {"member": "ravi", "points": 3}
        )
    with pytest.raises(ControlError, match="1 to 9"):
        await local.state.run_command(
            "Pixel Pals", "general", "milo", "strict", {"member": "ravi", "points": 30}
        )
    with pytest.raises(ControlError, match="required"):
        await local.state.run_command("Pixel Pals", "general", "milo", "strict", {"points": 3})
    done = await local.state.run_command(
        "Pixel Pals", "general", "milo", "strict", {"member": "ravi", "points": 3}
    )
    assert done["replies"][0]["content"] == "Ravi Iyer 3"


async def test_ephemeral_replies_reach_nobody_else(local: LocalDiscord, ready: Bot) -> None:
    posted = local.state.post_message("Pixel Pals", "general", "kofi", "x")
    record = await local.state.run_menu("Pixel Pals", "general", "milo", "Award", message=posted)
    reply = int(record["replies"][0]["id"])
    local.state.post_message("Pixel Pals", "general", "kofi", "after")
    await until(lambda: "after" in ready.texts())
    assert "award kofi" not in ready.texts()
    with pytest.raises(ControlError, match="does not see"):
        await local.state.press_button(reply, "soraya", "any")


class TestThreeSeconds:
    @pytest.fixture
    def config(self, config: Config) -> Config:
        config.answer_within = 0.3
        return config

    async def test_silence_is_a_failure_and_late_is_unknown(self, local: LocalDiscord, ready: Bot) -> None:
        record = await local.state.run_command("Pixel Pals", "general", "milo", "silent")
        assert record["failure"] == "The application did not respond"
        found = local.interactions.find(int(record["id"]))
        assert found is not None
        assert (await _callback(local, found.id, found.token))["code"] == 10062


async def test_the_token_expires(local: LocalDiscord, ready: Bot) -> None:
    record = await local.state.run_command("Pixel Pals", "general", "milo", "find", {"what": "x"})
    found = local.interactions.find(int(record["id"]))
    assert found is not None
    local.config.token_lifetime = 0.0
    url = f"{local.api_url}/webhooks/{local.world.bot_id}/{found.token}"
    async with aiohttp.ClientSession() as http, http.post(url, json={"content": "late"}) as response:
        assert (response.status, (await response.json())["code"]) == (401, 50027)


async def _callback(local: LocalDiscord, interaction: int, token: str) -> Any:
    url = f"{local.api_url}/interactions/{interaction}/{token}/callback"
    async with (
        aiohttp.ClientSession() as http,
        http.post(url, json={"type": 4, "data": {"content": "x"}}) as response,
    ):
        return await response.json()


async def test_only_one_answer(local: LocalDiscord, ready: Bot) -> None:
    record = await local.state.run_command("Pixel Pals", "general", "milo", "find", {"what": "x"})
    found = local.interactions.find(int(record["id"]))
    assert found is not None
    assert (await _callback(local, found.id, found.token))["code"] == 40060
    assert (await _callback(local, 12345, "nonsense"))["code"] == 10062


async def test_followups_originals_and_deletes(local: LocalDiscord, connect: Connect) -> None:
    def setup(bot: Bot) -> None:
        @bot.tree.command(description="Many")
        async def many(interaction: discord.Interaction) -> None:
            await interaction.response.defer(ephemeral=True)
            await interaction.edit_original_response(content="first")
            extra = await interaction.followup.send("second", ephemeral=True, wait=True)
            await extra.edit(content="second again")
            gone = await interaction.followup.send("third", wait=True)
            await gone.delete()
            original = await interaction.original_response()
            await original.edit(content=original.content + "!")

    bot = await connect(setup)
    await bot.tree.sync()
    record = await local.state.run_command("Pixel Pals", "general", "milo", "many")
    found = local.interactions.find(int(record["id"]))
    assert found is not None
    await until(
        lambda: (
            [r["content"] for r in local.interactions.describe(found)["replies"]]
            == ["first!", "second again"]
        )
    )
    assert not local.violations


async def test_commands_in_direct_messages(local: LocalDiscord, ready: Bot) -> None:
    record = await local.state.run_command(None, None, "milo", "find", {"what": "pear"})
    assert record["replies"][0]["content"] == "pear"


async def test_a_sync_keeps_ids(local: LocalDiscord, ready: Bot) -> None:
    before = {command.name: command.id for command in local.world.commands.values()}
    await ready.tree.sync()
    assert {command.name: command.id for command in local.world.commands.values()} == before
    ready.tree.remove_command("silent")
    await ready.tree.sync()
    assert "silent" not in {command.name for command in local.world.commands.values()}
    guild = ready.guilds[0]
    ready.tree.copy_global_to(guild=guild)
    await ready.tree.sync(guild=guild)
    assert {c.guild_id for c in local.world.commands.values()} == {None, guild.id}
    assert not local.violations
