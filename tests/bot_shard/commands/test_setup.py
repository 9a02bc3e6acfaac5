"""Organisers say in Discord where and how often commands answer."""

from __future__ import annotations

import re

from .conftest import Talk
from .test_desk import channel_id
from .test_member_commands import embed


async def test_a_channel_is_set_and_taken_away(talk: Talk) -> None:
    here = channel_id(talk, "bot-commands")
    done = await talk.command("owner", "setup channels", {"channel": here})
    assert f"<#{here}>" in embed(done)["description"]
    refused = await talk.command("member", "earn")
    assert f"<#{here}>" in embed(refused)["description"]
    assert "title" not in embed(refused)
    await talk.command("owner", "setup channels")
    assert "title" in embed(await talk.command("member", "earn"))


async def test_one_command_has_a_limit_of_its_own(talk: Talk) -> None:
    await talk.command("owner", "setup limit", {"uses": 1, "seconds": 60, "command": "/Earn"})
    await talk.command("member", "earn")
    assert re.search(
        "again in [3-6][0-9] seconds", embed(await talk.command("member", "earn"))["description"]
    )
    shown = embed(await talk.command("owner", "setup show"))["description"]
    assert "Every command · everywhere" in shown
    assert "`/earn` · everywhere · 1 × in 60 s" in shown


async def test_a_group_stands_for_its_commands(talk: Talk) -> None:
    await talk.command("owner", "setup limit", {"uses": 1, "seconds": 60, "command": "privacy"})
    await talk.command("member", "privacy hide")
    assert "again in" in embed(await talk.command("member", "privacy hide"))["description"]


async def test_setup_cannot_lock_itself_out(talk: Talk) -> None:
    await talk.command("owner", "setup channels", {"channel": channel_id(talk, "bot-commands")})
    assert "title" in embed(await talk.command("owner", "setup show"))


async def test_a_moderator_is_refused_by_the_bot_itself(talk: Talk) -> None:
    for command in talk.local.world.commands.values():
        command.fields["default_member_permissions"] = None
    refused = await talk.command("member", "setup limit", {"uses": 1, "seconds": 60})
    assert "set the bot's commands up" in embed(refused)["description"]


async def test_an_unknown_command_is_named(talk: Talk) -> None:
    refused = await talk.command("owner", "setup limit", {"uses": 1, "seconds": 60, "command": "dance"})
    assert "no command “dance”" in embed(refused)["description"]


async def test_commands_are_suggested_while_typing(talk: Talk) -> None:
    answer = await talk.local.state.autocomplete(
        "Acme Makers",
        "general",
        "acme-owner",
        "setup limit",
        "command",
        {"command": "poi", "uses": 1, "seconds": 1},
    )
    assert [choice["value"] for choice in answer["choices"]] == ["points", "points give", "points take"]
