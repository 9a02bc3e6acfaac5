"""/stats and /compare: the figures of a member's page, and two members' side by side."""

from __future__ import annotations

from dataclasses import dataclass

import discord
from discord import app_commands

from bot_shard.answers import Answer, plain
from bot_shard.bot import Bot
from bot_shard.cog import Ask, DeskCog, Interaction, name_of
from bot_shard.drawing import illustrate, side_notes
from bot_shard.looking import Look, Person, look_at, refuse_look
from engagement.analytics.selectors import Profile, get_profile
from engagement.analytics.sources import RULE, Source, list_sources
from engagement.analytics.week import list_daily_points
from engagement.leaderboards.selectors import Place, get_rank, list_offered_periods
from engagement.members.models import Visibility
from saas.core import clock
from saas.core.errors import InvalidInputError
from tenants.context import TenantContext

STAT_DAYS = 7
MOST_SOURCES = 5


@dataclass(frozen=True)
class Figures:
    """What the member's page shows."""

    profile: Profile
    places: tuple[tuple[str, Place], ...]  # of the periods that the community offers
    days: tuple[int, ...]
    sources: tuple[Source, ...]


@dataclass(frozen=True)
class FoundFigures:
    """`figures` is None where there is nobody to show."""

    figures: Figures | None
    is_hidden: bool = False
    waits: bool = False


@dataclass(frozen=True)
class Pair:
    """Two profiles; None where there is nobody to show."""

    mine: Profile | None
    theirs: Profile | None
    is_hidden: bool = False
    waits: bool = False  # the one who asks


def read_figures(person: Person, *, own: bool, context: TenantContext) -> FoundFigures:
    look = look_at(person, own=own)
    if look.member is None:
        return FoundFigures(None, look.is_hidden, look.waits)
    member_id = look.member.pk
    days = list_daily_points(now=clock.now(), context=context, days=STAT_DAYS, member_id=member_id)
    return FoundFigures(
        Figures(
            profile=get_profile(member_id=member_id),
            places=tuple((kind, get_rank(member_id=member_id, kind=kind)) for kind in list_offered_periods()),
            days=tuple(day.points for day in days),
            sources=tuple(list_sources(member_id=member_id)),
        )
    )


def read_pair(me: Person, other: Person) -> Pair:
    mine, theirs = look_at(me, own=True), look_at(other, own=False)
    return Pair(_profile(mine), _profile(theirs), theirs.is_hidden, mine.waits)


def _profile(look: Look) -> Profile | None:
    return None if look.member is None else get_profile(member_id=look.member.pk)


class FiguresCog(DeskCog):
    @app_commands.command(name="stats", description="Figures in full: yours, or another member's.")
    @app_commands.describe(member="Whose figures? Yours when left out.")
    @app_commands.guild_only()
    async def stats(self, interaction: Interaction, member: discord.User | None = None) -> None:
        async def find(ask: Ask) -> Answer:
            return await self._stats(ask, member or interaction.user)

        await self.desk.answer(interaction, "stats", find, private=False)

    @app_commands.command(name="compare", description="You and another member, side by side.")
    @app_commands.describe(member="With whom?")
    @app_commands.guild_only()
    async def compare(self, interaction: Interaction, member: discord.User) -> None:
        async def find(ask: Ask) -> Answer:
            return await self._compare(ask, member)

        await self.desk.answer(interaction, "compare", find, private=False)

    async def _stats(self, ask: Ask, user: discord.User | discord.Member) -> Answer:
        own = user.id == ask.interaction.user.id
        if user.bot:
            return Answer(ask.say("is_bot", name=name_of(user)))
        found = await ask.do(read_figures, Person.of(user), own=own, context=ask.context)
        if found.figures is None:
            return refuse_look(ask, user, is_hidden=found.is_hidden, waits=found.waits)
        answer = show_figures(ask, found.figures, own=own)
        # The fields stay: they say more than the card does.
        await illustrate(ask, answer, found.figures.profile, found.figures.days, user)
        return answer

    async def _compare(self, ask: Ask, user: discord.User | discord.Member) -> Answer:
        if user.id == ask.interaction.user.id:
            raise InvalidInputError(ask.say("compare_self"), field="member")
        if user.bot:
            return Answer(ask.say("is_bot", name=name_of(user)))
        pair = await ask.do(read_pair, Person.of(ask.interaction.user), Person.of(user))
        if pair.theirs is None:
            return refuse_look(ask, user, is_hidden=pair.is_hidden)
        if pair.mine is None:
            return refuse_look(ask, ask.interaction.user, is_hidden=False, waits=pair.waits)
        return show_pair(ask, pair.mine, pair.theirs)


# --- /stats


def show_figures(ask: Ask, figures: Figures, *, own: bool) -> Answer:
    profile = figures.profile
    return Answer(
        title=ask.say("stats_title", name=plain(profile.name), lifetime=ask.count(profile.lifetime)),
        text=side_notes(ask, profile),
        fields=[
            (ask.say("stats_earned"), _earned(ask, profile)),
            (ask.say("stats_places"), "\n".join(_place(ask, *line) for line in figures.places)),
            (ask.say("stats_sources"), _sources(ask, figures.sources)),
        ],
        hint=ask.say("stats_hint") if own else "",
        private=own and profile.visibility != Visibility.VISIBLE,
    )


def _earned(ask: Ask, profile: Profile) -> str:
    return ask.say(
        "stats_periods",
        week=ask.number(profile.week_points),
        month=ask.number(profile.month_points),
        lifetime=ask.number(profile.lifetime),
    )


def _place(ask: Ask, kind: str, place: Place) -> str:
    period = ask.say(f"board_{kind}")
    if place.rank is None:
        return ask.say("stats_no_place", period=period)
    return ask.say("stats_place", period=period, rank=ask.number(place.rank), total=ask.number(place.total))


def _sources(ask: Ask, sources: tuple[Source, ...]) -> str:
    """The largest by name, the rest as one line, so that the lines add up."""
    shown, rest = sources[:MOST_SOURCES], sources[MOST_SOURCES:]
    lines = [
        ask.say("stats_source", amount=ask.signed(one.points), name=_source_name(ask, one)) for one in shown
    ]
    if rest:
        lines.append(ask.say("stats_more", amount=ask.signed(sum(one.points for one in rest))))
    return "\n".join(lines) or ask.say("stats_no_sources")


def _source_name(ask: Ask, source: Source) -> str:
    return plain(source.name) if source.kind == RULE and source.name else ask.say(f"source_{source.kind}")


# --- /compare


def show_pair(ask: Ask, mine: Profile, theirs: Profile) -> Answer:
    name = plain(theirs.name)
    ahead = mine.lifetime - theirs.lifetime
    key = "compare_ahead" if ahead > 0 else "compare_behind" if ahead < 0 else "compare_even"
    notes = [ask.say("profile_departed", name=name)] if theirs.departed else []
    return Answer(
        title=ask.say(key, amount=ask.count(abs(ahead)), name=name),
        text="\n".join(notes),
        fields=[
            (ask.say("compare_you"), _side(ask, mine)),
            (name, _side(ask, theirs)),
            (ask.say("compare_difference"), "\n".join(_differences(ask, mine, theirs))),
        ],
        hint=ask.say("compare_hint"),
        # In public, "you" tells who is behind an alias.
        private=mine.visibility != Visibility.VISIBLE,
    )


def _side(ask: Ask, profile: Profile) -> str:
    return ask.say(
        "compare_side",
        level=profile.level,
        lifetime=ask.number(profile.lifetime),
        month=ask.number(profile.month_points),
        week=ask.number(profile.week_points),
        rank=ask.number(profile.rank) if profile.rank is not None else ask.say("compare_no_rank"),
    )


def _differences(ask: Ask, mine: Profile, theirs: Profile) -> list[str]:
    rows = (
        ("compare_level", mine.level - theirs.level, True),
        ("compare_all", mine.lifetime - theirs.lifetime, False),
        ("compare_month", mine.month_points - theirs.month_points, False),
        ("compare_week", mine.week_points - theirs.week_points, False),
    )
    return [_difference(ask, key, value, levels=levels) for key, value, levels in rows]


def _difference(ask: Ask, key: str, value: int, *, levels: bool) -> str:
    how = "ahead" if value > 0 else "behind" if value < 0 else "even"
    amount = ask.many("level", abs(value)) if levels else ask.number(abs(value))
    return ask.say(f"compare_line_{how}", period=ask.say(key), amount=amount)


async def setup(bot: Bot) -> None:
    await bot.add_cog(FiguresCog(bot))
