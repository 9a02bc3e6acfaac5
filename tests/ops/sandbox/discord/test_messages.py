"""Messages through REST: sending, nonces, replies, edits, reactions, threads, and what is refused."""

from __future__ import annotations

from typing import Any

import aiohttp
import discord
import pytest

from ops.sandbox.discord import LocalDiscord

from .conftest import Bot, until


def _channel(bot: Bot, name: str = "general") -> discord.TextChannel:
    guild = next(guild for guild in bot.guilds if guild.name == "Pixel Pals")
    return next(channel for channel in guild.text_channels if channel.name == name)


async def _post(local: LocalDiscord, channel_id: int, body: dict[str, Any]) -> dict[str, Any]:
    headers = {"Authorization": f"Bot {local.config.bot_token}"}
    url = f"{local.api_url}/channels/{channel_id}/messages"
    async with aiohttp.ClientSession(headers=headers) as http, http.post(url, json=body) as response:
        assert response.headers["Content-Type"] == "application/json"
        answer: dict[str, Any] = await response.json()
        return answer


async def test_an_enforced_nonce_posts_once(local: LocalDiscord, bot: Bot) -> None:
    channel = _channel(bot)
    body = {"content": "level 5", "nonce": "level:5:1", "enforce_nonce": True}
    first, second = await _post(local, channel.id, body), await _post(local, channel.id, body)
    third = await _post(local, channel.id, body | {"enforce_nonce": False})
    assert first["id"] == second["id"] != third["id"]
    await until(lambda: bot.texts().count("level 5") == 2)
    assert not local.violations


async def test_replies_edits_and_deletes_are_heard(local: LocalDiscord, bot: Bot) -> None:
    first = local.state.post_message("Pixel Pals", "general", "milo", "question")
    local.state.post_message("Pixel Pals", "general", "soraya", "answer", reply_to=first)
    await until(lambda: "answer" in bot.texts())
    heard = next(row for kind, row in bot.heard if kind == "message" and row.content == "answer")
    assert heard.type is discord.MessageType.reply
    assert heard.reference.resolved.author.name == "milo"
    local.state.edit_message(first, "better question")
    local.state.delete_message(first)
    await until(lambda: bot.count("MESSAGE_UPDATE") and bot.count("MESSAGE_DELETE"))


async def test_the_bot_replies_edits_reacts_pins_and_deletes(local: LocalDiscord, bot: Bot) -> None:
    posted = local.state.post_message("Pixel Pals", "general", "milo", "look")
    message = await _channel(bot).fetch_message(posted.id)
    reply = await message.reply("nice", mention_author=False)
    await reply.edit(content="very nice", embed=discord.Embed(title="A", description="B"))
    await message.add_reaction("🎉")
    await reply.pin()
    assert [m.id async for m in _channel(bot).history(limit=1)] == [reply.id]
    assert [m.id async for m in _channel(bot).pins()] == [reply.id]
    stored = local.world.message(posted.channel_id, reply.id)
    assert (stored.content, stored.embeds[0]["title"], stored.pinned) == ("very nice", "A", True)
    assert posted.reactions[0].users == [local.world.bot_id]
    await reply.delete()
    assert local.world.find_message(posted.channel_id, reply.id) is None
    assert not local.violations


async def test_threads(local: LocalDiscord, bot: Bot) -> None:
    posted = local.state.post_message("Pixel Pals", "general", "milo", "let us discuss")
    message = await _channel(bot).fetch_message(posted.id)
    thread = await message.create_thread(name="discussion")
    await thread.send("opened")
    local.state.post_message("Pixel Pals", thread.id, "milo", "in here")
    await until(lambda: "in here" in bot.texts())
    heard = next(row for kind, row in bot.heard if kind == "message" and row.content == "in here")
    assert heard.channel.parent_id == posted.channel_id
    assert bot.count("THREAD_CREATE") == 1
    assert not local.violations


async def test_member_reactions_are_heard(local: LocalDiscord, bot: Bot) -> None:
    posted = local.state.post_message("Pixel Pals", "general", "milo", "fox")
    local.state.react(posted, "soraya", "🦊")
    local.state.react(posted, "soraya", "🦊")
    local.state.unreact(posted, "soraya", "🦊")
    await until(lambda: bot.count("MESSAGE_REACTION_REMOVE"))
    assert bot.count("MESSAGE_REACTION_ADD") == 1


async def test_files_and_embeds_are_kept(local: LocalDiscord, bot: Bot) -> None:
    import io

    sent = await _channel(bot).send("card", file=discord.File(io.BytesIO(b"\x89PNG" + bytes(40)), "card.png"))
    assert await sent.attachments[0].read() == b"\x89PNG" + bytes(40)
    assert not local.violations


async def test_what_discord_refuses(local: LocalDiscord, bot: Bot) -> None:
    general = _channel(bot)
    assert (await _post(local, general.id, {"content": " "}))["code"] == 50006
    assert (await _post(local, general.id, {"content": "x" * 2001}))["code"] == 50035
    embed = {"title": "t" * 256, "description": "d" * 4096}
    assert (await _post(local, general.id, {"embeds": [embed, embed]}))["code"] == 50035
    hidden = next(c for c in local.world.guilds[general.guild.id].channels.values() if c.name == "mod-room")
    assert (await _post(local, hidden.id, {"content": "x"}))["code"] == 50001
    assert (await _post(local, 1, {"content": "x"}))["code"] == 10003
    category = next(c for c in local.world.guilds[general.guild.id].channels.values() if c.type == 4)
    assert (await _post(local, category.id, {"content": "x"}))["code"] == 50008


async def test_missing_permission_is_50013(local: LocalDiscord, bot: Bot) -> None:
    channel = _channel(bot)
    row = local.world.channel(channel.id)
    from ops.sandbox.discord.state.entities import Overwrite
    from ops.sandbox.discord.state.guilds import update_channel
    from ops.sandbox.discord.state.permissions import SEND_MESSAGES

    update_channel(
        local.world,
        row,
        overwrites={local.world.bot_id: Overwrite(local.world.bot_id, 1, deny=SEND_MESSAGES)},
    )
    with pytest.raises(discord.Forbidden) as caught:
        await channel.send("hello")
    assert caught.value.code == 50013


async def test_direct_messages_and_closed_ones(local: LocalDiscord, bot: Bot) -> None:
    user = await bot.fetch_user(local.state.create_user("newcomer").id)
    with pytest.raises(discord.Forbidden) as caught:
        await user.send("you share no server with me")
    assert caught.value.code == 50007
    local.state.join("Pixel Pals", "newcomer")
    await user.send("welcome")
    local.state.post_message(None, None, "newcomer", "thank you")
    await until(lambda: "thank you" in bot.texts())
    local.state.set_dms("newcomer", open=False)
    with pytest.raises(discord.Forbidden) as caught:
        await user.send("are you there?")
    assert caught.value.code == 50007
    assert not local.violations
