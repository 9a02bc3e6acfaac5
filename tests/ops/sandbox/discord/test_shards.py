"""Two shards of one discord.py: each guild on its own shard, nothing twice, joins told as joins."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import discord
import pytest

from ops.sandbox.discord import Config, LocalDiscord

from .conftest import Bot, until


@pytest.fixture
def config(config: Config) -> Config:
    config.max_concurrency = 2
    return config


async def test_each_message_arrives_once(local: LocalDiscord, connect: Callable[..., Awaitable[Bot]]) -> None:
    bot = await connect(shard_count=2)
    assert {guild.name: guild.shard_id for guild in bot.guilds}.keys() == {"Pixel Pals", "Night Owls"}
    assert sorted(guild.shard_id for guild in bot.guilds) == [0, 1]
    for number in range(50):
        local.state.post_message("Pixel Pals", "general", "milo", f"p{number}")
        local.state.post_message("Night Owls", "general", "noor", f"n{number}")
    await until(lambda: len(bot.texts()) == 100)
    assert sorted(bot.texts()) == sorted([f"{letter}{number}" for letter in "pn" for number in range(50)])


async def test_one_shard_resumes_while_the_other_goes_on(
    local: LocalDiscord, connect: Callable[..., Awaitable[Bot]]
) -> None:
    bot = await connect(shard_count=2)
    away = next(guild for guild in bot.guilds if guild.name == "Pixel Pals")
    assert local.state.drop(away.shard_id) == 1
    local.state.post_message("Night Owls", "general", "noor", "still here")
    local.state.post_message("Pixel Pals", "general", "milo", "missed")
    await until(lambda: sorted(bot.texts()) == ["missed", "still here"])
    assert local.hub.identifies == 2


async def test_a_new_guild_is_a_join_and_a_returning_one_is_available(local: LocalDiscord, bot: Bot) -> None:
    heard: list[tuple[str, str]] = []

    async def on_join(guild: discord.Guild) -> None:
        heard.append(("join", guild.name))

    async def on_available(guild: discord.Guild) -> None:
        heard.append(("available", guild.name))

    bot.on_guild_join = on_join  # type: ignore[attr-defined]
    bot.on_guild_available = on_available  # type: ignore[attr-defined]
    local.state.create_guild("New place", "ada.wren")
    local.state.set_unavailable("Night Owls")
    local.state.set_unavailable("Night Owls", False)
    await until(lambda: len(heard) == 2)
    assert heard == [("join", "New place"), ("available", "Night Owls")]
