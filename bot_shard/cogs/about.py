"""/community says what this community is; /dashboard leads its team to where it is run."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from discord import app_commands

from bot_shard.answers import Answer, Button, plain
from bot_shard.bot import Bot
from bot_shard.cog import Ask, DeskCog, Interaction, relative
from bot_shard.who import Who, who_asks
from engagement.analytics.community import CommunityFigures, get_community_figures
from saas.core import clock
from tenants.tickets import get_tenant_address


def check_team(who: Who) -> None:
    """Raises NotPermittedError."""
    who.check("view_dashboard")


class AboutCog(DeskCog):
    @app_commands.command(name="community", description="What this community is, and where its pages are.")
    @app_commands.guild_only()
    async def community(self, interaction: Interaction) -> None:
        async def find(ask: Ask) -> Answer:
            figures = await ask.do(get_community_figures, now=clock.now(), context=ask.context)
            return show_community(ask, figures)

        await self.desk.answer(interaction, "community", find, private=False)

    @app_commands.command(name="dashboard", description="The way to the dashboard, for the team.")
    @app_commands.guild_only()
    async def dashboard(self, interaction: Interaction) -> None:
        async def find(ask: Ask) -> Answer:
            await ask.do(check_team, who_asks(ask))
            address = f"{get_tenant_address(ask.context.slug)}/dashboard/"
            return Answer(
                ask.say("dashboard_title", community=plain(ask.context.name)),
                text=f"{ask.say('dashboard_text')}\n{address}",
                buttons=[Button(ask.say("dashboard_open"), url=address)],
            )

        await self.desk.answer(interaction, "dashboard", find)


def show_community(ask: Ask, figures: CommunityFigures) -> Answer:
    context = ask.context
    address = f"{get_tenant_address(context.slug)}/"
    name = plain(context.name)
    fields = [
        (ask.say("community_members"), ask.number(figures.members)),
        (ask.say("community_week"), ask.say("community_given", amount=ask.count(figures.week_points))),
    ]
    if figures.season_ends_on is not None:
        midnight = datetime.combine(
            figures.season_ends_on + timedelta(days=1), time(), ZoneInfo(context.timezone)
        )
        fields.append(
            (
                ask.say("community_season"),
                ask.say("community_season_ends", season=figures.season, when=relative(midnight)),
            )
        )
    return Answer(
        title=name,
        text=plain(context.description) if context.description else ask.say("community_new", community=name),
        fields=fields,
        hint=ask.say("community_hint"),
        buttons=[Button(ask.say("community_open"), url=address)],
        private=False,
    )


async def setup(bot: Bot) -> None:
    await bot.add_cog(AboutCog(bot))
