"""The local Discord's page: write as anybody, run a command, press, fill in a form, see private replies and bad days."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import discord
import discord.gateway
import discord.http
import pytest
import yarl
from playwright.sync_api import Browser, Page, expect

from ops.sandbox.discord import Config, LocalDiscordThread
from tests.ops.sandbox.discord.conftest import Bot

pytestmark = pytest.mark.browser


class _Form(discord.ui.Modal, title="Award points"):
    why: discord.ui.TextInput[Any] = discord.ui.TextInput(label="Reason", custom_id="why")

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"Awarded for {self.why.value}", ephemeral=True)


class _Panel(discord.ui.View):
    def __init__(self) -> None:
        super().__init__(timeout=None)

    @discord.ui.button(label="Award", custom_id="award")
    async def award(self, interaction: discord.Interaction, _button: discord.ui.Button[Any]) -> None:
        await interaction.response.send_modal(_Form())


def _commands(bot: Bot) -> None:
    @bot.tree.command(description="Show a member's level")
    async def profile(interaction: discord.Interaction, member: discord.Member) -> None:
        embed = discord.Embed(title=member.display_name, description="Level **7**")
        await interaction.response.send_message(embed=embed, view=_Panel())


@pytest.fixture(scope="module")
def server() -> Iterator[LocalDiscordThread]:
    """The local Discord with a real bot on it, both on the server's own loop."""
    patch = pytest.MonkeyPatch()
    with LocalDiscordThread(Config(identify_interval=0.0, answer_within=60.0)) as running:
        patch.setattr(discord.http.Route, "BASE", running.api_url)
        patch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(running.gateway_url))
        bots: list[Bot] = []

        async def begin() -> asyncio.Task[None]:
            bot = Bot()
            bots.append(bot)
            _commands(bot)
            task = asyncio.create_task(bot.start(running.discord.config.bot_token))
            await bot.ready_once.wait()
            await bot.tree.sync()
            return task

        task = running.run(begin())
        yield running
        running.run(bots[0].close())
        running.call(task.cancel)
    patch.undo()


@pytest.fixture
def page(browser: Browser, server: LocalDiscordThread) -> Iterator[Page]:
    """The page as Milo in #general. An error in the console fails the test."""
    problems: list[str] = []
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    opened = context.new_page()
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
    world = server.discord.world
    guild = next(guild for guild in world.guilds.values() if guild.name == "Pixel Pals")
    milo = next(user.id for user in world.users.values() if user.username == "milo")
    opened.goto(f"{server.web_url}/#{guild.id}/{guild.system_channel_id}/{milo}")
    expect(opened.locator("#write")).to_be_visible()
    yield opened
    context.close()
    assert problems == []


def test_writing_reacting_and_replying(page: Page, server: LocalDiscordThread) -> None:
    page.fill("#write", "written in a **browser**")
    page.keyboard.press("Enter")
    line = page.locator(".message", has_text="written in a browser")
    expect(line).to_be_visible()
    assert server.discord.hub.sessions, "the bot is connected meanwhile"
    line.hover()
    line.get_by_label("React", exact=True).click()
    page.get_by_label("React with 🦊").click()
    expect(line.locator(".chip")).to_have_text("🦊1")
    line.hover()
    line.get_by_label("Reply").click()
    page.fill("#write", "and answered")
    page.keyboard.press("Enter")
    expect(page.locator(".message", has_text="and answered").locator(".above")).to_contain_text(
        "Milo Castell"
    )


def test_a_command_its_button_its_form_and_a_private_reply(page: Page, server: LocalDiscordThread) -> None:
    page.fill("#write", "/pro")
    page.keyboard.press("Enter")
    page.get_by_label("member *").select_option(label="Ravi Iyer")
    page.get_by_role("button", name="Run").click()
    expect(page.locator(".embed h3").last).to_have_text("Ravi Iyer")
    page.get_by_role("button", name="Award").last.click()
    page.get_by_label("Reason").fill("a kind word")
    page.get_by_role("button", name="Submit").click()
    private = page.locator(".message.ephemeral")
    expect(private).to_contain_text("Awarded for a kind word")
    expect(private).to_contain_text("Only Milo Castell can see this")
    page.locator("#me .who").click()
    page.get_by_placeholder("Post as…").fill("ravi")
    page.locator("#pop .row-person").first.click()
    expect(page.locator("#me")).to_contain_text("Ravi Iyer")
    expect(page.locator(".message.ephemeral")).to_have_count(0)


def test_voice_direct_messages_traffic_and_faults(page: Page, server: LocalDiscordThread) -> None:
    page.get_by_role("button", name="Lounge").click()
    expect(page.locator(".sitting")).to_have_text("Milo Castell")
    page.get_by_label("Mute", exact=True).click()
    expect(page.get_by_label("Mute", exact=True)).to_have_attribute("aria-pressed", "true")
    page.get_by_label("Leave voice").click()
    expect(page.locator(".sitting")).to_have_count(0)
    page.locator("#toggle-tools").click()
    page.get_by_label("Messages a second").fill("50")
    page.get_by_label("Seconds", exact=True).fill("1")
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#traffic-now")).to_contain_text("posted")
    page.get_by_role("button", name="Op 7 reconnect").click()
    expect(page.locator("#sessions")).to_contain_text("connected")
    page.get_by_label("Direct messages").click()
    expect(page.locator("#write")).to_have_attribute("placeholder", "Message EngageHub as Milo Castell")
    page.fill("#write", "only for the bot")
    page.keyboard.press("Enter")
    expect(page.locator(".message", has_text="only for the bot")).to_be_visible()


def test_a_server_of_ones_own(page: Page, server: LocalDiscordThread) -> None:
    page.get_by_label("Create a server").click()
    page.locator("#dialog input").fill("Tiny Club")
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.locator("#side-title")).to_contain_text("Tiny Club")
    expect(page.locator("#banner")).to_contain_text("The bot is not in this server")
    page.fill("#write", "hello @milo in #general")
    page.keyboard.press("Enter")
    expect(page.locator(".message .mention")).to_have_text(["@Milo Castell", "#general"])


@pytest.mark.parametrize("width", [360, 768])
def test_nothing_hangs_over_the_edge(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 740})
    page.reload()
    expect(page.locator(".message").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if width < 720:
        page.get_by_label("Servers and channels").click()
        expect(page.locator("#channels")).to_be_visible()
