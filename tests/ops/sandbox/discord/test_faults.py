"""What goes wrong on demand, and that rows stay right meanwhile."""

from __future__ import annotations

import asyncio

import aiohttp
import discord
import orjson
import pytest

from ops.sandbox.discord import LocalDiscord
from ops.sandbox.discord.errors import ControlError

from .conftest import Bot, until
from .raw import RawGateway


async def _contents(gateway: RawGateway, count: int) -> list[str]:
    return [(await gateway.take_dispatch("MESSAGE_CREATE"))["d"]["content"] for _ in range(count)]


async def test_duplicates_and_shuffles(local: LocalDiscord) -> None:
    async with RawGateway(local) as gateway:
        await gateway.identify()
        for _ in range(2):
            await gateway.take_dispatch("GUILD_CREATE")
        local.state.set_gateway_faults(duplicate=1.0)
        local.state.post_message("Pixel Pals", "general", "milo", "twice")
        assert await _contents(gateway, 2) == ["twice", "twice"]
        local.state.set_gateway_faults(duplicate=0, shuffle=20)
        expected = [str(number) for number in range(20)]
        for number in expected:
            local.state.post_message("Pixel Pals", "general", "milo", number)
        heard = await _contents(gateway, 20)
        assert sorted(heard) == sorted(expected)
        assert heard != expected


async def test_garbled_dispatches_come_right_after_a_resume(local: LocalDiscord) -> None:
    async with RawGateway(local) as gateway:
        await gateway.identify()
        ready = await gateway.take_dispatch("READY")
        sequence = 0
        for _ in range(2):
            sequence = (await gateway.take_dispatch("GUILD_CREATE"))["s"]
        local.state.set_gateway_faults(garble=1.0)
        local.state.post_message("Pixel Pals", "general", "milo", "unreadable")
        with pytest.raises((orjson.JSONDecodeError, UnicodeDecodeError)):
            await gateway.take()
    local.state.clear_faults()
    async with RawGateway(local) as gateway:
        await gateway.resume(ready["d"]["session_id"], sequence)
        assert await _contents(gateway, 1) == ["unreadable"]


async def test_an_outage_refuses_everything_and_ends(local: LocalDiscord, bot: Bot) -> None:
    local.state.outage(600)
    async with aiohttp.ClientSession() as http:
        async with http.get(f"{local.api_url}/gateway") as response:
            assert response.status == 503
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await http.ws_connect(local.gateway_url)
    local.state.clear_faults()
    await until(lambda: any(row["connected"] for row in local.hub.describe()))
    local.state.post_message("Pixel Pals", "general", "milo", "after the outage")
    await until(lambda: "after the outage" in bot.texts())


async def test_rest_faults(local: LocalDiscord, bot: Bot) -> None:
    guild = next(guild for guild in bot.guilds if guild.name == "Pixel Pals")
    channel = next(channel for channel in guild.text_channels if channel.name == "general")
    local.state.fail_rest(status=502, match="/messages", method="POST")
    await channel.send("after a 502")
    local.state.fail_rest(status=403, match="/messages", method="POST")
    with pytest.raises(discord.Forbidden):
        await channel.send("refused")
    local.state.fail_rest(status=502, match="/messages", method="POST", after=True)
    await channel.send("the answer is lost, the nonce saves it")
    texts = [message.content for message in local.world.messages[channel.id].values()]
    assert texts.count("the answer is lost, the nonce saves it") == 1
    assert texts.count("after a 502") == 1


async def test_slowness_delays_and_drops_break(local: LocalDiscord) -> None:
    loop = asyncio.get_running_loop()
    local.state.fail_rest(status=0, match="/gateway", delay=0.2)
    async with aiohttp.ClientSession() as http:
        started = loop.time()
        async with http.get(f"{local.api_url}/gateway") as response:
            assert response.status == 200
        assert loop.time() - started >= 0.2
        local.state.fail_rest(status=-1, match="/gateway", count=0)
        with pytest.raises(aiohttp.ClientError):
            await http.get(f"{local.api_url}/gateway")


async def test_nonsense_is_told(local: LocalDiscord) -> None:
    with pytest.raises(ControlError, match="no gateway fault"):
        local.state.set_gateway_faults(nonsense=1)
    with pytest.raises(ControlError, match="no REST fault"):
        local.state.fail_rest(nonsense=1)
