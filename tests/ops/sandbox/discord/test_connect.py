"""The unmodified discord.py logs in, sees its guilds and hears what is written."""

from __future__ import annotations

from ops.sandbox.discord import LocalDiscord

from .conftest import Bot, until


async def test_a_bot_sees_its_guilds_and_hears_messages(local: LocalDiscord, bot: Bot) -> None:
    assert {guild.name for guild in bot.guilds} == {"Pixel Pals", "Night Owls"}
    local.state.post_message("Pixel Pals", "general", "ada.wren", "hello there")
    await until(lambda: "hello there" in bot.texts())
    heard = next(row for kind, row in bot.heard if kind == "message")
    assert heard.author.display_name == "Ada Wren"
    assert heard.channel.name == "general"


async def test_a_bot_answers_in_the_channel(local: LocalDiscord, bot: Bot) -> None:
    guild = next(guild for guild in bot.guilds if guild.name == "Pixel Pals")
    channel = next(channel for channel in guild.text_channels if channel.name == "general")
    sent = await channel.send("good evening")
    assert local.world.message(channel.id, sent.id).content == "good evening"
    assert not local.violations
