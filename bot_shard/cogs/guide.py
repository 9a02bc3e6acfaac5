"""/earn says what earns points here, from the live rules; /help what can be asked, from the registered commands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import discord
from discord import app_commands

from bot_shard.answers import Answer, plain
from bot_shard.bot import Bot
from bot_shard.cog import Ask, DeskCog, Interaction
from bot_shard.translating import translate_command
from bot_shard.words import say
from engagement.boosts.selectors import BoostLine, list_live_boosts
from engagement.boosts.windows import RUNNING
from engagement.boosts.words import ScopeNames, read_scope_names, scope_text
from engagement.rules.selectors import WayToEarn, list_ways_to_earn
from saas.core import clock
from tenants.context import TenantContext

MOST_WAYS = 15
MOST_BOOSTS = 3
SOON = timedelta(days=7)


class GuideCog(DeskCog):
    @app_commands.command(name="earn", description="What earns points here, and within which limits.")
    @app_commands.guild_only()
    async def earn(self, interaction: Interaction) -> None:
        async def find(ask: Ask) -> Answer:
            ways, boosts = await ask.do(_read, ask.context, ask.language)
            if not ways:
                return Answer(ask.say("earn_empty"))
            lines = [_boost(ask, line, scope) for line, scope in boosts[:MOST_BOOSTS]]
            lines += [_way(way) for way in ways[:MOST_WAYS]]
            if len(ways) > MOST_WAYS:
                lines.append(ask.say("earn_more", count=len(ways) - MOST_WAYS))
            return Answer(ask.say("earn_title"), text="\n".join(lines), hint=ask.say("earn_hint"))

        await self.desk.answer(interaction, "earn", find)

    @app_commands.command(name="help", description="What I can do here.")
    @app_commands.guild_only()
    async def help(self, interaction: Interaction) -> None:
        async def find(ask: Ask) -> Answer:
            lines = list_commands(self.bot.tree, interaction.permissions, ask.language)
            return Answer(ask.say("help_title"), text="\n".join(lines), hint=ask.say("help_hint"))

        await self.desk.answer(interaction, "help", find)


def list_commands(
    tree: app_commands.CommandTree[discord.Client], allowed: discord.Permissions, language: str = "en"
) -> list[str]:
    """Every registered command that somebody with these permissions is shown."""
    lines = []
    for command in tree.walk_commands():
        if isinstance(command, app_commands.Group):
            continue
        top = command.root_parent or command
        needed = top.default_permissions
        if needed is None or allowed.administrator or needed.is_subset(allowed):
            lines.append(f"`/{command.qualified_name}` — {translate_command(language, command.description)}")
    for kind, place in ((discord.AppCommandType.user, "member"), (discord.AppCommandType.message, "message")):
        for menu in tree.get_commands(type=kind):
            needed = menu.default_permissions
            if needed is None or allowed.administrator or needed.is_subset(allowed):
                lines.append(say(language, f"help_{place}_menu", name=translate_command(language, menu.name)))
    return lines


def _read(context: TenantContext, language: str) -> tuple[list[WayToEarn], list[tuple[BoostLine, str]]]:
    """The live rules, and what multiplies them now or within days, with what it is for."""
    ways, now = list_ways_to_earn(language=language), clock.now()
    lines = [line for line in list_live_boosts(now=now) if line.from_at - now < SOON]
    return ways, [(line, _scope(line.boost.scope)) for line in lines]


def _scope(scope: Mapping[str, Any]) -> str:
    """With Discord's own mentions, which show as names and, in an embed, ping nobody."""
    places = {one: f"<#{one}>" for part in ("channels", "categories") for one in scope.get(part, ())}
    places |= {one: f"<@&{one}>" for one in scope.get("roles", ())}
    names = read_scope_names(places)
    rules = {key: plain(name) for key, name in names.rules.items()}
    types = {key: plain(name) for key, name in names.member_types.items()}
    return scope_text(scope, ScopeNames(places, rules, types))


def _boost(ask: Ask, line: BoostLine, scope: str) -> str:
    return ask.say(
        "boost_now" if line.state == RUNNING else "boost_soon",
        factor=line.factor,
        scope=scope,
        when=f"<t:{int(line.until_at.timestamp())}:F>",
        from_=f"<t:{int(line.from_at.timestamp())}:F>",
        name=plain(line.boost.name),
    )


def _way(way: WayToEarn) -> str:
    limits = f"\n-# {' · '.join(way.limits)}" if way.limits else ""
    places = " ".join(f"<#{channel_id}>" for channel_id in way.channel_ids[:5])
    return f"**{plain(way.title)}** · {way.amount_text}{f' · {places}' if places else ''}{limits}"


async def setup(bot: Bot) -> None:
    await bot.add_cog(GuideCog(bot))
