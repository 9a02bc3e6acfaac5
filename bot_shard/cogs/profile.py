"""/profile [member]: level, points and rank."""

from __future__ import annotations

from dataclasses import dataclass

import discord
from discord import app_commands

from bot_shard.answers import Answer, plain
from bot_shard.bot import Bot
from bot_shard.cog import Ask, DeskCog, Interaction, member_of, name_of
from bot_shard.words import number
from engagement.analytics.selectors import Profile, get_profile
from engagement.members.models import Visibility


@dataclass(frozen=True)
class _Found:
    """What there is to show, or None with the reason."""

    profile: Profile | None
    is_hidden: bool = False


def read_profile(user_id: int, *, own: bool) -> _Found:
    member = member_of(user_id)
    if member is None:
        return _Found(None)
    if member.visibility != Visibility.VISIBLE and not own:
        # Under an alias too: a profile asked for by its Discord name would tell who is behind the alias.
        return _Found(None, is_hidden=True)
    return _Found(get_profile(member_id=member.pk))


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
        found = await ask.do(read_profile, user.id, own=own)
        if found.profile is not None:
            return show_profile(ask, found.profile, own=own)
        if found.is_hidden:
            return Answer(ask.say("is_hidden", name=name_of(user)))
        if own:
            return Answer(ask.say("nobody_yet"), hint=ask.say("nobody_yet_hint"))
        return Answer(ask.say("other_nobody_yet", name=name_of(user)))


def show_profile(ask: Ask, profile: Profile, *, own: bool) -> Answer:
    text = []
    if profile.departed:
        text.append(ask.say("profile_departed", name=plain(profile.name)))
    if profile.debt:
        text.append(ask.say("profile_debt", debt=number(profile.debt)))
    return Answer(
        title=ask.say("profile_title", name=plain(profile.name), level=profile.level),
        text="\n".join(text),
        fields=[
            (ask.say("level"), _level(ask, profile)),
            (ask.context.points_name.capitalize(), _points(ask, profile)),
            (ask.say("rank"), _rank(ask, profile)),
        ],
        hint=ask.say("profile_hint") if own else "",
        private=own and profile.visibility != Visibility.VISIBLE,
    )


def _level(ask: Ask, profile: Profile) -> str:
    filled = profile.progress_percent // 10
    bar = "▰" * filled + "▱" * (10 - filled)
    missing = profile.to_next_level
    rest = (
        ask.say("profile_top")
        if missing is None
        else ask.say("profile_next", missing=number(missing), next=profile.level + 1)
    )
    title = f" · {plain(profile.level_title)}" if profile.level_title else ""
    return f"{profile.level}{title}\n{bar}\n{rest}"


def _points(ask: Ask, profile: Profile) -> str:
    sums = ask.say("profile_points", current=number(profile.current), lifetime=number(profile.lifetime))
    return f"{sums}\n{ask.say('profile_week', week=number(profile.week_points))}"


def _rank(ask: Ask, profile: Profile) -> str:
    if profile.rank is not None:
        return ask.say("profile_rank", rank=number(profile.rank), total=number(profile.total_ranked))
    return ask.say("profile_unranked" if profile.visibility == Visibility.HIDDEN else "profile_no_rank")


async def setup(bot: Bot) -> None:
    await bot.add_cog(ProfileCog(bot))
