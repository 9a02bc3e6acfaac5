"""/profile [member]: level, points and rank, drawn as a card; without one the same facts stand in the embed's fields."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp
import discord
import structlog
from discord import app_commands

from bot_shard.answers import Answer, plain
from bot_shard.bot import Bot
from bot_shard.card import CardFacts, draw_card
from bot_shard.cog import PROVIDER, Ask, DeskCog, Interaction, member_of, name_of
from bot_shard.words import number
from engagement.analytics.selectors import Profile, get_profile
from engagement.analytics.week import list_daily_points
from engagement.members.models import Visibility
from engagement.progression.services import ensure_member
from saas.core import clock
from tenants.context import TenantContext

log = structlog.get_logger(__name__)

CARD_DAYS = 14
AVATAR_SECONDS = 0.8


@dataclass(frozen=True)
class _Found:
    """What there is to show, or None with the reason."""

    profile: Profile | None
    days: tuple[int, ...] = ()
    is_hidden: bool = False


def read_profile(user_id: int, name: str, avatar: str, *, own: bool, context: TenantContext) -> _Found:
    """Whom only an activity without a name told of (a thread's owner) is named on this occasion."""
    member = member_of(user_id)
    if member is None:
        return _Found(None)
    if member.visibility != Visibility.VISIBLE and not own:
        # Under an alias too: a profile asked for by its Discord name would tell who is behind the alias.
        return _Found(None, is_hidden=True)
    ensure_member(provider=PROVIDER, external_id=str(user_id), display_name=name, avatar_url=avatar)
    days = list_daily_points(now=clock.now(), context=context, days=CARD_DAYS, member_id=member.pk)
    return _Found(get_profile(member_id=member.pk), tuple(day.points for day in days))


class ProfileCog(DeskCog):
    def __init__(self, bot: Bot) -> None:
        super().__init__(bot)
        self._drawing = asyncio.Semaphore(
            1
        )  # drawing holds the interpreter; hearing must not wait for several

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
        found = await ask.do(
            read_profile, user.id, user.display_name, user.display_avatar.url, own=own, context=ask.context
        )
        if found.profile is not None:
            answer = show_profile(ask, found.profile, own=own)
            await self._illustrate(ask, answer, found.profile, found.days, user)
            return answer
        if found.is_hidden:
            return Answer(ask.say("is_hidden", name=name_of(user)))
        if own:
            return Answer(ask.say("nobody_yet"), hint=ask.say("nobody_yet_hint"))
        return Answer(ask.say("other_nobody_yet", name=name_of(user)))

    async def _illustrate(
        self,
        ask: Ask,
        answer: Answer,
        profile: Profile,
        days: Sequence[int],
        user: discord.User | discord.Member,
    ) -> None:
        """Put the card in the place of the fields. Whatever is in its way, the fields stay."""
        facts = CardFacts(
            name=profile.name,
            level=ask.say("card_level", level=profile.level),
            percent=profile.progress_percent,
            next_text=_next(ask, profile),
            points=number(profile.current),
            points_text=ask.say("card_points", week=number(profile.week_points)),
            rank=ask.say("card_rank", rank=number(profile.rank)) if profile.rank else "–",
            rank_text=ask.say("card_of", total=number(profile.total_ranked))
            if profile.rank
            else _rank(ask, profile),
            days=days,
            days_text=ask.say("card_days", days=len(days)),
            colour=ask.context.colour,
        )
        avatar = None if profile.visibility == Visibility.ALIAS else await _fetch_avatar(user)
        try:
            async with self._drawing:
                png = await asyncio.to_thread(draw_card, facts, avatar)
        except Exception:
            log.exception("card_not_drawn", tenant=ask.context.slug)
            return
        alt = ". ".join(f"{name}: {_spoken(value)}" for name, value in answer.fields)
        answer.image = (png, f"{profile.name}. {alt}. {facts.days_text}: {', '.join(map(str, days))}")
        answer.fields = ()


def show_profile(ask: Ask, profile: Profile, *, own: bool) -> Answer:
    text = []
    if profile.departed:
        text.append(ask.say("profile_departed", name=plain(profile.name)))
    if profile.debt:
        text.append(ask.say("profile_debt", debt=ask.count(profile.debt)))
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


async def _fetch_avatar(user: discord.User | discord.Member) -> bytes | None:
    """Small, and only if the CDN is quick: the card has an initial to show instead."""
    try:
        picture = user.display_avatar.with_size(256).with_static_format("png")
        return await asyncio.wait_for(picture.read(), AVATAR_SECONDS)
    except (TimeoutError, OSError, ValueError, aiohttp.ClientError, discord.DiscordException):
        return None


def _next(ask: Ask, profile: Profile) -> str:
    missing = profile.to_next_level
    if missing is None:
        return ask.say("profile_top")
    return ask.say("profile_next", missing=number(missing), next=profile.level + 1)


def _level(ask: Ask, profile: Profile) -> str:
    filled = profile.progress_percent // 10
    bar = "▰" * filled + "▱" * (10 - filled)
    title = f" · {plain(profile.level_name)}" if profile.level_name else ""
    return f"{profile.level}{title}\n{bar}\n{_next(ask, profile)}"


def _spoken(value: str) -> str:
    """A field as one reads it aloud: on one line, without the bar."""
    return ", ".join(line for line in value.split("\n") if line.strip("▰▱"))


def _points(ask: Ask, profile: Profile) -> str:
    sums = ask.say("profile_points", current=number(profile.current), lifetime=number(profile.lifetime))
    return f"{sums}\n{ask.say('profile_week', week=number(profile.week_points))}"


def _rank(ask: Ask, profile: Profile) -> str:
    if profile.rank is not None:
        return ask.say("profile_rank", rank=number(profile.rank), total=number(profile.total_ranked))
    if profile.departed:
        return ask.say("profile_left")
    return ask.say("profile_unranked" if profile.visibility == Visibility.HIDDEN else "profile_no_rank")


async def setup(bot: Bot) -> None:
    await bot.add_cog(ProfileCog(bot))
