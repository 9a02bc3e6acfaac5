"""Moderators give and take points; nobody else does, and nothing is booked twice."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
from django.conf import settings
from redis import Redis

from bot_shard.serve import BotService
from engagement.analytics.selectors import get_profile, list_history
from engagement.members.selectors import find_member
from tests.bot_shard.running import comes, options, until
from tests.cast import ACME

from .conftest import Talk
from .test_member_commands import Inside, embed

TO_MEMBER = {"member": ACME.discord_id("member"), "amount": 50, "reason": "Great talk"}


def balance(role: str) -> int:
    member = find_member(provider="discord", external_id=str(ACME.discord_id(role)))
    return 0 if member is None else get_profile(member_id=member.pk).current


async def test_a_moderator_gives_and_takes(talk: Talk, inside: Inside) -> None:
    given = await talk.command("moderator", "points give", TO_MEMBER)
    assert given["ephemeral"]
    assert embed(given)["title"].replace("\\", "") == "Acme Member got 50 points."
    assert embed(given)["fields"][0]["value"] == "Great talk"
    await talk.command("moderator", "points take", TO_MEMBER | {"amount": 20})
    assert await inside(balance, "member") == 30


async def test_taking_more_than_there_is_shows_the_debt(talk: Talk) -> None:
    answer = await talk.command("moderator", "points take", TO_MEMBER)
    assert "owed" in embed(answer)["fields"][-1]["value"]


async def test_a_member_is_refused_by_the_bot_itself(talk: Talk, inside: Inside) -> None:
    """Discord hides the command; a server may show it to everybody, so the bot checks as well."""
    _show_to_everybody(talk)
    refused = await talk.command("member", "points give", TO_MEMBER | {"member": ACME.discord_id("owner")})
    assert refused["ephemeral"]
    assert "for moderators" in embed(refused)["description"]
    assert await inside(balance, "owner") == 0


def _show_to_everybody(talk: Talk) -> None:
    for command in talk.local.world.commands.values():
        command.fields["default_member_permissions"] = None


async def test_nobody_gives_to_themselves_or_to_bots(talk: Talk, inside: Inside) -> None:
    own = await talk.command("moderator", "points give", TO_MEMBER | {"member": ACME.discord_id("moderator")})
    assert "to yourself" in embed(own)["description"]
    bot = await talk.command("moderator", "points give", TO_MEMBER | {"member": talk.local.world.bot_id})
    assert "is a bot" in embed(bot)["description"]


async def test_the_form_of_the_member_menu_gives_points(talk: Talk, inside: Inside) -> None:
    opened = await talk.local.state.run_menu(
        "Acme Makers", "general", "acme-moderator", "Give points", target=ACME.discord_id("member")
    )
    assert opened["modal"]["title"] == "Give points to Acme Member"
    sent = await talk.local.state.submit_modal(opened["id"], {"amount": "25", "reason": "Helped a newcomer"})
    assert embed(sent)["title"].replace("\\", "") == "Acme Member got 25 points."
    assert await inside(balance, "member") == 25


async def test_a_form_without_a_number_says_what_to_write(talk: Talk) -> None:
    opened = await talk.local.state.run_menu(
        "Acme Makers", "general", "acme-moderator", "Give points", target=ACME.discord_id("member")
    )
    sent = await talk.local.state.submit_modal(opened["id"], {"amount": "many", "reason": "x"})
    assert "whole number" in embed(sent)["description"]


async def test_a_form_takes_no_more_than_the_command(talk: Talk, inside: Inside) -> None:
    """And what was written into it is answered, however often the menu was used before."""
    for amount in ("99999999", "0", "1000001"):
        opened = await talk.local.state.run_menu(
            "Acme Makers", "general", "acme-moderator", "Give points", target=ACME.discord_id("member")
        )
        sent = await talk.local.state.submit_modal(opened["id"], {"amount": amount, "reason": "x"})
        assert "1 to 1,000,000" in embed(sent)["description"]
    assert await inside(balance, "member") == 0


async def test_undo_brings_back_what_was(talk: Talk, inside: Inside) -> None:
    given = await talk.command("moderator", "points give", TO_MEMBER)
    await talk.local.state.press_button(given["replies"][-1]["id"], "acme-moderator", "Undo")
    await comes(lambda: inside(balance, "member"), lambda points: points == 0)


async def test_a_replayed_interaction_gives_once(talk: Talk, inside: Inside) -> None:
    """RESUME replays the interaction to the same process, and to one that has never seen it."""
    await talk.command("moderator", "points give", TO_MEMBER)
    payload = _last_interaction(talk)
    for _ in range(2):
        talk.service.bot.parse_interaction(payload)
        talk.service.bot.desk._seen.clear()  # as in a new process
    await _settled(talk)
    assert await inside(balance, "member") == 50
    lines: Any = await inside(
        lambda: list_history(
            member_id=find_member(provider="discord", external_id=str(ACME.discord_id("member"))).pk
        )
    )  # type: ignore[union-attr]
    assert len(lines) == 1


def _last_interaction(talk: Talk) -> dict[str, Any]:
    """The payload as the local Discord keeps it for a replay."""
    [session] = list(talk.local.hub.sessions.values())
    kept = [orjson.loads(frame) for frame in session.kept]
    return next(frame["d"] for frame in reversed(kept) if frame["t"] == "INTERACTION_CREATE")


async def _settled(talk: Talk) -> None:
    await asyncio.sleep(0.5)


async def test_a_kill_between_booking_and_watermark_books_once(
    talk: Talk, inside: Inside, redis_stream: Redis
) -> None:
    """The next process RESUMEs from before the command, and Discord sends it again."""
    await talk.command("moderator", "points give", TO_MEMBER)
    await talk.service.bot.stop_shards()
    await talk.service.process.writer.save()
    stored = int(redis_stream.hget("shard:0:session", "seq"))  # type: ignore[arg-type]
    redis_stream.hset("shard:0:session", "seq", stored - 1)
    chosen = options(talk.local.api_url, settings.REDIS_STREAM_URL, cache_url=settings.REDIS_URL)
    heir = BotService(chosen, talk.service.routing, site="")
    stop = asyncio.Event()
    task = asyncio.create_task(heir.run(stop))
    await until(lambda: heir.process.stats.commands[("points give", "answered")] == 1)
    assert heir.process.stats.resumes == 1
    assert await inside(balance, "member") == 50
    stop.set()
    await task
