"""/profile [member]: level, points and rank, drawn as a card; without one the same facts stand in the embed's fields."""

from __future__ import annotations

from dataclasses import dataclass

import discord
from discord import app_commands

from bot_shard.answers import Answer, plain
from bot_shard.bot import Bot
from bot_shard.cog import Ask, DeskCog, Interaction, name_of
from bot_shard.drawing import illustrate, level_text, rank_text, side_notes
from bot_shard.looking import Person, look_at, refuse_look
from engagement.analytics.selectors import Profile, get_profile
from engagement.analytics.week import list_daily_points
from engagement.members.models import Visibility
from saas.core import clock
from tenants.context import TenantContext

CARD_DAYS = 14


@dataclass(frozen=True)
class _Found:
    """What there is to show, or None with the reason."""

    profile: Profile | None
    days: tuple[int, ...] = ()
    is_hidden: bool = False
    waits: bool = False


def read_profile(person: Person, *, own: bool, context: TenantContext) -> _Found:
    look = look_at(person, own=own)
    if look.member is None:
        return _Found(None, is_hidden=look.is_hidden, waits=look.waits)
    days = list_daily_points(now=clock.now(), context=context, days=CARD_DAYS, member_id=look.member.pk)
    return _Found(get_profile(member_id=look.member.pk), tuple(day.points for day in days))


class ProfileCog(DeskCog):
    @app_commands.command(name="profile", description="Level, points and rank: yours, or another member's.")
    @app_commands.describe(member="Whose profile? Yours when left out.")
    @app_commands.guild_only()
    async def profile(self, interaction: Interaction, member: discord.User | None = None) -> None:
        async def find(ask: Ask) -> Answer:
            return await self._find(ask, member or interaction.user)

        await self.desk.answer(interaction, "profile", find, private=False)

    async def _find(self, ask: Ask, user: discord.User | discord.Member) -> Answer:
        own = user.id == ask.interaction.user.id
        if user.bot:
            return Answer(ask.say("is_bot", name=name_of(user)))
        found = await ask.do(read_profile, Person.of(user), own=own, context=ask.context)
        if found.profile is None:
            return refuse_look(ask, user, is_hidden=found.is_hidden, waits=found.waits)
        answer = show_profile(ask, found.profile, own=own)
        if await illustrate(ask, answer, found.profile, found.days, user):
            answer.fields = ()  # the card shows the same, and its text says it
        return answer


def show_profile(ask: Ask, profile: Profile, *, own: bool) -> Answer:
    return Answer(
        title=ask.say("profile_title", name=plain(profile.name), level=profile.level),
        text=side_notes(ask, profile),
        fields=[
            (ask.say("level"), level_text(ask, profile)),
            (ask.points.capitalize(), _points(ask, profile)),
            (ask.say("rank"), rank_text(ask, profile)),
        ],
        hint=ask.say("profile_hint") if own else "",
        private=own and profile.visibility != Visibility.VISIBLE,
    )


def _points(ask: Ask, profile: Profile) -> str:
    sums = ask.say(
        "profile_points", current=ask.number(profile.current), lifetime=ask.number(profile.lifetime)
    )
    return f"{sums}\n{ask.say('profile_week', week=ask.number(profile.week_points))}"


async def setup(bot: Bot) -> None:
    await bot.add_cog(ProfileCog(bot))
