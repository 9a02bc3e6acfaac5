"""The control API over HTTP, the thread variant, state between runs, and the traffic generator."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import discord
import orjson

from ops.sandbox.discord import LocalDiscord, LocalDiscordThread

from .conftest import QUICK, Bot, until


async def _call(local: LocalDiscord, method: str, path: str, body: Any = None) -> Any:
    url = f"{local.web_url}/sandbox/{path}"
    async with aiohttp.ClientSession() as http, http.request(method, url, json=body) as response:
        answer = await response.json()
        return answer if response.status == 200 else answer | {"status": response.status}


async def test_everything_is_told_and_reset(local: LocalDiscord, bot: Bot) -> None:
    state = await _call(local, "GET", "state")
    assert {guild["name"] for guild in state["guilds"]} == {"Pixel Pals", "Night Owls"}
    posted = await _call(
        local,
        "POST",
        "messages",
        {"guild": "Pixel Pals", "channel": "general", "member": "milo", "text": "hi"},
    )
    listed = await _call(local, "GET", f"messages?channel={posted['channel_id']}")
    assert listed[-1]["content"] == "hi"
    await _call(local, "POST", "reactions", {"message": posted["id"], "member": "ravi", "emoji": "👍"})
    await _call(local, "PATCH", f"messages/{posted['id']}", {"text": "hi all"})
    await until(lambda: bot.count("MESSAGE_UPDATE"))
    await _call(local, "DELETE", f"messages/{posted['id']}")
    await until(lambda: bot.count("MESSAGE_DELETE"))
    wrong = await _call(
        local, "POST", "messages", {"guild": "Nowhere", "channel": "x", "member": "milo", "text": "z"}
    )
    assert wrong["status"] == 422
    assert "There is no guild" in wrong["error"]
    assert (await _call(local, "POST", "messages", {}))["error"] == "The field 'member' is missing."
    await _call(local, "POST", "reset")
    assert await _call(local, "GET", "violations") == []
    assert posted["channel_id"] in {
        c["id"] for g in (await _call(local, "GET", "state"))["guilds"] for c in g["channels"]
    }


async def test_commands_over_http(local: LocalDiscord, connect: Callable[..., Awaitable[Bot]]) -> None:
    def setup(bot: Bot) -> None:
        @bot.tree.command(description="Ping")
        async def ping(interaction: discord.Interaction) -> None:
            await interaction.response.send_message("pong")

    bot = await connect(setup)
    await bot.tree.sync()
    where = {"guild": "Pixel Pals", "channel": "general", "member": "milo"}
    record = await _call(local, "POST", "commands", where | {"name": "ping"})
    assert record["replies"][0]["content"] == "pong"
    assert record["answered_after_ms"] < 3000
    seen = await _call(local, "GET", "commands?guild=Pixel%20Pals&member=milo")
    assert [command["name"] for command in seen] == ["ping"]


async def test_the_page_hears_what_happens(local: LocalDiscord) -> None:
    async with aiohttp.ClientSession() as http, http.get(f"{local.web_url}/sandbox/events") as response:
        await response.content.readline()
        local.state.post_message("Pixel Pals", "general", "milo", "live")
        while not (line := await asyncio.wait_for(response.content.readline(), 5)).startswith(b"data: "):
            pass
        rows = orjson.loads(line.removeprefix(b"data: "))
        assert (rows[0]["type"], rows[0]["data"]["content"]) == ("MESSAGE_CREATE", "live")


async def test_webhooks_bots_and_system_messages(local: LocalDiscord, bot: Bot) -> None:
    where = {"guild": "Pixel Pals", "channel": "general"}
    await _call(local, "POST", "special", where | {"webhook": "Build robot", "text": "green"})
    await _call(local, "POST", "special", where | {"member": "milo", "type": 7})
    await _call(local, "POST", "messages", where | {"member": "PollPenguin", "text": "vote"})
    await until(lambda: bot.count("MESSAGE_CREATE") == 3)
    hook, system, robot = (row for kind, row in bot.heard if kind == "message")
    assert (hook.webhook_id is not None, hook.author.name) == (True, "Build robot")
    assert system.type is discord.MessageType.new_member
    assert robot.author.bot


async def test_other_sites_may_not_use_the_controls(local: LocalDiscord) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    url = f"{local.web_url}/sandbox/reset"
    async with aiohttp.ClientSession() as http, http.post(url, headers=headers) as response:
        assert response.status == 403


async def test_traffic_flows_at_its_rate(local: LocalDiscord, bot: Bot) -> None:
    await _call(local, "POST", "traffic", {"rate": 200, "seconds": 1, "members": 4})
    await local.traffic.wait()
    assert 150 <= local.traffic.posted <= 200
    await until(lambda: bot.count("MESSAGE_CREATE") == local.traffic.posted)
    await _call(local, "POST", "traffic", {"rate": 20_000, "seconds": 60, "count": 3_000, "mixed": False})
    await local.traffic.wait()
    assert local.traffic.posted == 3_000
    refused = await _call(local, "POST", "traffic", {"rate": 0, "seconds": 1})
    assert refused["status"] == 422


async def test_state_is_kept_between_runs(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    async with LocalDiscord(replace(QUICK, state_path=path)) as first:
        user = first.state.create_user("keeper", "Keeper")
        first.state.join("Pixel Pals", user)
        posted = first.state.post_message("Pixel Pals", "general", user, "remember me")
        first.state.react(posted, "milo", "👍")
    async with LocalDiscord(replace(QUICK, state_path=path)) as second:
        kept = second.world.message(posted.channel_id, posted.id)
        assert kept == posted
        assert second.world.guilds == first.world.guilds
        later = second.state.post_message("Pixel Pals", "general", "keeper", "again")
        assert later.id > posted.id
        second.reset()
        assert second.world.find_message(posted.channel_id, posted.id) is None
    path.write_text("{broken")
    async with LocalDiscord(replace(QUICK, state_path=path)) as third:
        assert len(third.world.guilds) == 2
    assert path.with_suffix(".bad").read_text() == "{broken"


def test_the_thread_variant_serves_code_without_a_loop() -> None:
    with LocalDiscordThread(replace(QUICK)) as server:
        message = server.state.post_message("Pixel Pals", "general", "milo", "from a thread")
        assert server.discord.world.message(message.channel_id, message.id).content == "from a thread"
        assert server.api_url.startswith("http://127.0.0.1:")


def test_seeds_are_the_same_everywhere() -> None:
    first, second = LocalDiscord(replace(QUICK)), LocalDiscord(replace(QUICK))
    assert list(first.world.guilds) == list(second.world.guilds)
    assert list(first.world.users) == list(second.world.users)
    assert {(guild >> 22) % 2 for guild in first.world.guilds} == {0, 1}, "each of two shards has one"
