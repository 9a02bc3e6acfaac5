"""Members, roles and their order, time-outs, bans, and the audit log that remembers."""

from __future__ import annotations

import datetime

import discord
import pytest

from ops.sandbox.discord import LocalDiscord

from .conftest import Bot, until


def _guild(bot: Bot, name: str = "Pixel Pals") -> discord.Guild:
    return next(guild for guild in bot.guilds if guild.name == name)


def _role(guild: discord.Guild, name: str) -> discord.Role:
    return next(role for role in guild.roles if role.name == name)


async def _member(guild: discord.Guild, name: str) -> discord.Member:
    members = await guild.query_members(name)
    return members[0]


async def test_joining_screening_and_leaving(local: LocalDiscord, bot: Bot) -> None:
    local.state.create_user("newcomer")
    local.state.join("Night Owls", "newcomer")
    await until(lambda: bot.count("GUILD_MEMBER_ADD"))
    member = await _member(_guild(bot, "Night Owls"), "newcomer")
    assert member.pending
    local.state.pass_screening("Night Owls", "newcomer")
    await until(lambda: bot.count("GUILD_MEMBER_UPDATE"))
    local.state.leave("Night Owls", "newcomer")
    await until(lambda: bot.count("GUILD_MEMBER_REMOVE"))


async def test_roles_are_given_within_the_hierarchy(local: LocalDiscord, bot: Bot) -> None:
    guild = _guild(bot)
    milo = await _member(guild, "kofi")
    await milo.add_roles(_role(guild, "Regular"), reason="level 5")
    assert _role(guild, "Regular").id in local.world.guilds[guild.id].members[milo.id].roles
    for name in ("Moderator", "EngageHub"):
        with pytest.raises(discord.Forbidden) as caught:
            await milo.add_roles(_role(guild, name))
        assert caught.value.code == 50013
    with pytest.raises(discord.NotFound):
        await milo.add_roles(discord.Object(1))
    entries = [entry async for entry in guild.audit_logs(action=discord.AuditLogAction.member_role_update)]
    assert (entries[0].reason, entries[0].user) == ("level 5", guild.me)
    assert not local.violations


async def test_a_role_moved_above_the_bot_is_out_of_reach(local: LocalDiscord, bot: Bot) -> None:
    guild = _guild(bot)
    kofi = await _member(guild, "kofi")
    local.state.move_role("Pixel Pals", "Regular", 4)
    with pytest.raises(discord.Forbidden):
        await kofi.add_roles(_role(guild, "Regular"))


async def test_roles_are_created_changed_moved_and_deleted(local: LocalDiscord, bot: Bot) -> None:
    guild = _guild(bot)
    role = await guild.create_role(name="Level 10", colour=discord.Colour(0x112233), reason="levels")
    await role.edit(name="Level ten", hoist=True)
    await role.edit(position=2)
    stored = local.world.guilds[guild.id].roles[role.id]
    assert (stored.name, stored.hoist, stored.position, stored.color) == ("Level ten", True, 2, 0x112233)
    with pytest.raises(discord.Forbidden):
        await guild.create_role(name="too much", permissions=discord.Permissions(ban_members=True))
    with pytest.raises(discord.Forbidden):
        await _role(guild, "Moderator").delete()
    await role.delete()
    assert role.id not in local.world.guilds[guild.id].roles
    assert not local.violations


async def test_members_above_the_bot_cannot_be_acted_upon(local: LocalDiscord, bot: Bot) -> None:
    guild = _guild(bot)
    from ops.sandbox.discord.state.permissions import KICK_MEMBERS, MANAGE_NICKNAMES, MODERATE_MEMBERS

    local.state.install_bot("Pixel Pals", granted=KICK_MEMBERS | MANAGE_NICKNAMES | MODERATE_MEMBERS)
    kofi = await _member(guild, "kofi")
    until_when = discord.utils.utcnow() + datetime.timedelta(minutes=5)
    await kofi.edit(nick="Kay", timed_out_until=until_when)
    row = local.world.guilds[guild.id].members[kofi.id]
    assert row.nick == "Kay"
    assert row.timeout_ms is not None
    for name in ("ada.wren", "milo"):
        with pytest.raises(discord.Forbidden):
            await (await _member(guild, name)).edit(nick="no")
    await kofi.kick(reason="bye")
    assert kofi.id not in local.world.guilds[guild.id].members
    with pytest.raises(discord.Forbidden):
        await guild.ban(discord.Object(kofi.id))
    assert not local.violations


async def test_voice_is_heard_with_mute_and_afk(local: LocalDiscord, bot: Bot) -> None:
    guild = _guild(bot)
    states: list[discord.VoiceState] = []

    async def note(_member: discord.Member, _before: discord.VoiceState, after: discord.VoiceState) -> None:
        states.append(after)

    bot.on_voice_state_update = note  # type: ignore[attr-defined]
    local.state.join_voice("Pixel Pals", "milo", "Lounge")
    local.state.join_voice("Pixel Pals", "milo", "Lounge", self_mute=True)
    local.state.server_mute("Pixel Pals", "milo", mute=True)
    local.state.join_voice("Pixel Pals", "milo", "Away")
    local.state.leave_voice("Pixel Pals", "milo")
    await until(lambda: bot.count("VOICE_STATE_UPDATE") == 5)
    assert guild.afk_channel is not None
    assert guild.afk_channel.name == "Away"


async def test_guild_outage_removal_and_return(local: LocalDiscord, bot: Bot) -> None:
    removed: list[str] = []
    unavailable: list[str] = []

    async def on_remove(guild: discord.Guild) -> None:
        removed.append(guild.name)

    async def on_unavailable(guild: discord.Guild) -> None:
        unavailable.append(guild.name)

    bot.on_guild_remove = on_remove  # type: ignore[attr-defined]
    bot.on_guild_unavailable = on_unavailable  # type: ignore[attr-defined]
    local.state.set_unavailable("Night Owls")
    local.state.post_message("Night Owls", "general", "noor", "nobody hears this")
    local.state.set_unavailable("Night Owls", False)
    local.state.remove_bot("Pixel Pals")
    await until(lambda: removed and unavailable)
    assert (unavailable, removed) == (["Night Owls"], ["Pixel Pals"])
    assert "nobody hears this" not in bot.texts()
    local.state.install_bot("Pixel Pals")
    await until(lambda: any(guild.name == "Pixel Pals" for guild in bot.guilds))


async def test_automod_is_heard(local: LocalDiscord, bot: Bot) -> None:
    posted = local.state.post_message("Pixel Pals", "general", "milo", "rude")
    local.state.automod_delete(posted)
    await until(lambda: bot.count("AUTO_MODERATION_ACTION_EXECUTION") and bot.count("MESSAGE_DELETE"))
