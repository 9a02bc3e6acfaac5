"""Every action of the control API does its work, and says what is wrong when it cannot."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from ops.sandbox.discord import LocalDiscord

from .conftest import Bot, until

WHERE = {"guild": "Pixel Pals", "channel": "general", "member": "milo"}


async def _call(local: LocalDiscord, method: str, path: str, body: Any = None) -> Any:
    url = f"{local.web_url}/sandbox/{path}"
    async with aiohttp.ClientSession() as http, http.request(method, url, json=body) as response:
        answer = await response.json()
        assert response.status == 200, answer
        return answer


async def test_people_and_their_standing(local: LocalDiscord) -> None:
    user = await _call(local, "POST", "users", {"username": "zoe", "display_name": "Zoë"})
    guild = next(guild for guild in local.world.guilds.values() if guild.name == "Night Owls")
    who = {"guild": "Night Owls", "member": user["id"]}
    await _call(local, "POST", "members", who | {"action": "join"})
    member = guild.members[int(user["id"])]
    assert member.pending
    await _call(local, "POST", "members", who | {"action": "screen"})
    role = await _call(local, "POST", "roles", {"guild": "Night Owls", "name": "Reader", "permissions": 8})
    await _call(local, "POST", "members", who | {"action": "give", "role": "Reader"})
    assert (member.pending, member.roles) == (False, [int(role["id"])])
    await _call(local, "POST", "members", who | {"action": "take", "role": role["id"]})
    await _call(local, "POST", "members", who | {"action": "nick", "nick": "Z"})
    await _call(local, "POST", "members", who | {"action": "mute", "mute": True})
    await _call(local, "POST", "members", who | {"action": "dms", "open": False})
    await _call(local, "POST", "members", who | {"action": "locale", "locale": "de"})
    assert local.world.users[int(user["id"])].locale == "de"
    assert (member.roles, member.nick, member.mute) == ([], "Z", True)
    assert not local.world.users[int(user["id"])].dms_open
    await _call(local, "POST", "members", who | {"action": "leave"})
    assert int(user["id"]) not in guild.members


async def test_places_threads_and_voice(local: LocalDiscord) -> None:
    made = await _call(local, "POST", "guilds", {"name": "Third place", "owner": "milo"})
    guild = local.world.guilds[int(made["id"])]
    assert local.world.bot_id in guild.members
    room = await _call(local, "POST", "channels", {"guild": made["id"], "name": "Booth", "type": 2})
    voice = {"guild": made["id"], "member": "milo"}
    await _call(local, "POST", "voice", voice | {"channel": room["id"], "self_mute": True})
    assert guild.voice[guild.owner_id].self_mute
    await _call(local, "POST", "voice", voice | {"channel": None})
    assert not guild.voice
    thread = await _call(local, "POST", "threads", WHERE | {"name": "aside"})
    posted = await _call(
        local, "POST", "messages", WHERE | {"channel": thread["id"], "text": "in the thread"}
    )
    assert posted["channel_id"] == thread["id"]
    await _call(local, "DELETE", f"messages/{posted['id']}?automod=true")
    await _call(local, "POST", "automod", WHERE | {"text": "never posted"})
    dm = await _call(local, "POST", "dms", {"member": "milo"})
    assert dm["type"] == 1
    assert room["id"] in await _call(local, "GET", f"visible?guild={made['id']}&member=milo")
    assert await _call(local, "GET", f"audit?guild={made['id']}")


async def test_the_bot_and_its_bad_days(local: LocalDiscord, bot: Bot) -> None:
    for action in ("unavailable", "available", "remove", "install"):
        await _call(local, "POST", "bot", {"guild": "Pixel Pals", "action": action})
    await until(lambda: bot.count("GUILD_DELETE") == 2)
    told = await _call(
        local,
        "POST",
        "faults",
        {"gateway": {"delay": 0.01}, "rest": {"status": 503, "match": "/nothing", "count": 3}},
    )
    assert (told["gateway"]["delay"], told["rest"][0]["status"]) == (0.01, 503)
    await _call(local, "DELETE", "faults")
    assert (await _call(local, "GET", "faults"))["rest"] == []
    await _call(local, "POST", "faults", {"reconnect": True, "shard": 0})
    await until(lambda: local.hub.resumes == 1)
    assert (await _call(local, "GET", "sessions"))[0]["shard"] == [0, 1]
    assert (await _call(local, "GET", "calls"))["GET /users/@me"] == 1
    await _call(local, "POST", "traffic", {"rate": 5, "seconds": 60})
    assert (await _call(local, "DELETE", "traffic"))["running"] is False


@pytest.mark.parametrize(
    ("path", "body", "problem"),
    [
        ("members", {"guild": "Pixel Pals", "member": "milo", "action": "fly"}, "no action 'fly'"),
        ("bot", {"guild": "Pixel Pals", "action": "fly"}, "no action 'fly'"),
        ("members", {"guild": "Pixel Pals", "member": "noor", "action": "leave"}, "no member of Pixel Pals"),
        ("voice", WHERE, "no voice channel"),
        ("messages", WHERE | {"channel": "mod-room", "member": "kofi", "text": "x"}, "may not write"),
        ("messages", {"member": "milo", "channel": "1", "text": "x"}, "direct messages"),
        ("commands", WHERE | {"name": "nothing"}, "sees no command"),
        ("buttons", {"message": "1", "member": "milo", "button": "x"}, "There is no message"),
        ("modals", {"interaction": "1", "values": {}}, "opened no form"),
        ("faults", {"gateway": {"nonsense": 1}}, "no gateway fault"),
        ("roles", {"guild": "Pixel Pals"}, "'name' is missing"),
    ],
)
async def test_what_cannot_be_done_is_told(local: LocalDiscord, path: str, body: Any, problem: str) -> None:
    url = f"{local.web_url}/sandbox/{path}"
    async with aiohttp.ClientSession() as http, http.post(url, json=body) as response:
        assert response.status == 422
        assert problem in (await response.json())["error"]


async def test_a_guild_is_renamed_and_handed_over(local: LocalDiscord) -> None:
    guild = next(guild for guild in local.world.guilds.values() if guild.name == "Night Owls")
    heard: list[Any] = []
    local.world.listeners.append(lambda happening: heard.append((happening.type, happening.data)))
    told = await _call(
        local, "PATCH", f"guilds/{guild.id}", {"name": "Early Birds", "icon": "abc", "owner": "ada.wren"}
    )
    assert (told["name"], told["icon"]) == ("Early Birds", "abc")
    assert local.world.users[guild.owner_id].username == "ada.wren"
    updates = [data for kind, data in heard if kind == "GUILD_UPDATE"]
    assert updates[-1]["owner_id"] == str(guild.owner_id)


async def test_reactions_are_cleared_by_emoji_and_all_at_once(local: LocalDiscord) -> None:
    message = local.state.post_message("Pixel Pals", "general", "milo", "clear me")
    heard: list[str] = []
    local.world.listeners.append(lambda happening: heard.append(happening.type))
    for emoji in ("🦊", "🎉"):
        local.state.react(message, "ada.wren", emoji)
    await _call(local, "DELETE", "reactions", {"message": str(message.id), "emoji": "🦊"})
    assert [reaction.name for reaction in message.reactions] == ["🎉"]
    await _call(local, "DELETE", "reactions", {"message": str(message.id)})
    assert message.reactions == []
    assert heard[-2:] == ["MESSAGE_REACTION_REMOVE_EMOJI", "MESSAGE_REACTION_REMOVE_ALL"]
