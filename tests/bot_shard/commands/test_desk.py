"""Where and how often commands answer, and what is said when one cannot."""

from __future__ import annotations

import asyncio
import re
import sys
import time
from typing import Any

import pytest
from redis.asyncio import Redis

from bot_shard.desk import DEFER_SECONDS, Desk
from bot_shard.limits import CommandLimiter
from engagement.audit.actor import SYSTEM
from engagement.commands.services import clear_command_policy, set_command_policy
from tests.bot_shard.running import until
from tests.cast import ACME

from .conftest import Talk
from .test_member_commands import Inside, embed


def channel_id(talk: Talk, name: str) -> int:
    guild = talk.local.world.guilds[ACME.guild_id]
    return next(channel.id for channel in guild.channels.values() if channel.name == name)


async def test_command_channels_name_where_to_go(talk: Talk, inside: Inside) -> None:
    here = channel_id(talk, "bot-commands")
    await inside(set_command_policy, actor=SYSTEM, channel_ids=[here])
    refused = await talk.command("member", "earn")
    assert refused["ephemeral"]
    assert embed(refused)["description"] == f"`/earn` answers in <#{here}>. Use it there."
    answered = await talk.command("member", "earn", channel="bot-commands")
    assert "title" in embed(answered)


async def test_a_command_that_is_switched_off_says_so(talk: Talk, inside: Inside) -> None:
    await inside(set_command_policy, actor=SYSTEM, command="earn", enabled=False)
    refused = await talk.command("member", "earn")
    assert refused["ephemeral"]
    assert "`/earn` is switched off" in embed(refused)["description"]
    assert "title" in embed(await talk.command("member", "help"))


async def test_threads_inherit_their_channel(talk: Talk, inside: Inside) -> None:
    await inside(set_command_policy, actor=SYSTEM, channel_ids=[channel_id(talk, "bot-commands")])
    thread = talk.local.state.start_thread(ACME.guild_id, "bot-commands", "acme-member", "Ask the bot")
    assert "title" in embed(await talk.command("member", "earn", channel=str(thread.id)))


async def test_one_command_may_differ_from_the_others(talk: Talk, inside: Inside) -> None:
    await inside(set_command_policy, actor=SYSTEM, channel_ids=[channel_id(talk, "bot-commands")])
    await inside(set_command_policy, actor=SYSTEM, command="help")
    assert "title" in embed(await talk.command("member", "help"))
    assert "title" not in embed(await talk.command("member", "earn"))


async def test_settings_follow_within_seconds(
    talk: Talk, inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot_shard.desk.POLICY_SECONDS", 0.0)
    await inside(set_command_policy, actor=SYSTEM, channel_ids=[channel_id(talk, "bot-commands")])
    assert "title" not in embed(await talk.command("member", "earn"))
    await inside(clear_command_policy, actor=SYSTEM)
    assert "title" in embed(await talk.command("member", "earn"))


async def test_too_often_says_how_many_seconds(talk: Talk, inside: Inside) -> None:
    await inside(set_command_policy, actor=SYSTEM, uses=2, seconds=600)
    for _ in range(2):
        assert "title" in embed(await talk.command("member", "earn"))
    refused = await talk.command("member", "earn")
    assert refused["ephemeral"]
    told = re.search(r"again in (\d+) seconds", embed(refused)["description"])
    assert told
    assert 540 < int(told[1]) <= 600
    assert "title" in embed(await talk.command("member", "help")), "each command has a window of its own"
    assert "title" in embed(await talk.command("owner", "earn")), "and each member"


async def test_a_lost_cache_holds_nobody_back(talk: Talk, inside: Inside) -> None:
    await inside(set_command_policy, actor=SYSTEM, uses=1, seconds=30)
    talk.service.bot.desk._limiter = CommandLimiter(Redis.from_url("unix:///nowhere/at-all.sock"))
    for _ in range(3):
        assert "title" in embed(await talk.command("member", "earn"))


async def test_slow_work_is_deferred_in_time(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot_shard.desk.DEFER_SECONDS", 0.05)

    def slowly(**_: Any) -> list[Any]:
        time.sleep(0.4)
        return []

    monkeypatch.setattr(sys.modules["bot_shard.cogs.guide"], "list_ways_to_earn", slowly)
    answer = await talk.command("member", "earn")
    assert answer["callback"] == 5
    assert "title" in embed(answer)
    assert DEFER_SECONDS < 3  # for so long Discord waits


async def test_a_broken_command_says_so_with_a_reference(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(**_: Any) -> list[Any]:
        raise ValueError("a secret detail")

    monkeypatch.setattr(sys.modules["bot_shard.cogs.guide"], "list_ways_to_earn", break_down)
    answer = await talk.command("member", "earn")
    shown = embed(answer)
    assert answer["ephemeral"]
    assert shown["footer"]["text"].startswith("Ref ")
    assert "secret" not in str(shown)
    assert "Try again" in shown["description"]


async def test_a_private_answer_to_a_public_deferral_stays_private(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot_shard.desk.DEFER_SECONDS", 0.0)
    monkeypatch.setattr(sys.modules["bot_shard.cogs.profile"], "read_profile", _fail)
    answer = await talk.command("member", "profile")
    assert answer["callback"] == 5
    visible = talk.local.world.messages[channel_id(talk, "general")].values()
    assert [message for message in visible if message.ephemeral_for is None and message.embeds] == []


def _fail(*args: object, **named: object) -> None:
    raise ValueError


async def test_an_unknown_button_is_answered_kindly(talk: Talk) -> None:
    answer = await talk.command("member", "leaderboard")
    message = talk.local.world.find_message(
        int(answer["replies"][-1]["channel_id"]), int(answer["replies"][-1]["id"])
    )
    for custom_id in ("eh0:board:all:10:0:p", "eh1:nothing", "eh1:board:x", "eh1:board:all:y:z:p"):
        message.components[0]["components"][1]["custom_id"] = custom_id
        pressed = await talk.local.state.press_button(message.id, "acme-member", custom_id)
        assert pressed["ephemeral"], custom_id
        assert "older version" in embed(pressed)["title"]


async def test_a_command_that_was_removed_is_answered_kindly(talk: Talk) -> None:
    talk.service.bot.tree.remove_command("earn")
    answer = await talk.command("member", "earn")
    assert "no longer know" in embed(answer)["title"]


async def test_an_interaction_is_handled_once_per_process(talk: Talk) -> None:
    await talk.command("member", "earn")
    [session] = list(talk.local.hub.sessions.values())
    before = dict(talk.service.process.stats.commands)
    talk.service.process.sessions[0].watermark.pin(1)
    talk.service.process.sessions[0].watermark.restart()
    talk.local.state.drop()
    after = talk.service.process.stats.commands
    await until(lambda: after[("earn", "repeated")])
    assert session.id == talk.service.process.sessions[0].session_id
    assert after[("earn", "answered")] == before[("earn", "answered")]
    assert after[("earn", "repeated")] == 1


async def test_what_discord_no_longer_waits_for_has_no_effect(
    talk: Talk, inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three seconds are over before the bot gets to it: the member was told that it failed, so nothing may be booked."""
    from .test_points_commands import TO_MEMBER, balance

    original = Desk._acknowledge

    async def late(self: Desk, ask: Any, *, private: bool) -> None:
        await asyncio.sleep(0.3)
        await original(self, ask, private=private)

    monkeypatch.setattr(Desk, "_acknowledge", late)
    talk.local.config.answer_within = 0.1
    await talk.command("moderator", "points give", TO_MEMBER)
    await until(lambda: talk.service.process.stats.commands[("points give", "too_late")])
    assert await inside(balance, "member") == 0
    assert talk.service.process.stats.commands[("points give", "too_late")] == 1


async def test_no_reply_can_ping_anybody(talk: Talk) -> None:
    assert talk.service.bot.allowed_mentions is not None
    assert talk.service.bot.allowed_mentions.to_dict() == {"parse": []}
