"""/rank and /levels: where I stand among the others, and on the way up. For one pair of eyes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from discord import ButtonStyle, app_commands

from bot_shard.answers import Answer, Button, custom_id, plain
from bot_shard.bot import Bot
from bot_shard.cog import Ask, DeskCog, Interaction, Responder, member_of
from bot_shard.looking import say_nothing_yet
from engagement.analytics.selectors import get_profile
from engagement.leaderboards.selectors import (
    Board,
    BoardRow,
    Place,
    get_around,
    get_board,
    get_rank,
    list_offered_periods,
)
from engagement.levels.curves import LevelCurve
from engagement.levels.selectors import list_level_names, load_curve
from engagement.members.models import Visibility
from integrations.discord.role_making import list_level_roles

RADIUS = 5
PAGE = 10


@dataclass(frozen=True)
class Standing:
    """My line among my neighbours. `place` is None for who was never seen here."""

    periods: tuple[str, ...]
    board: Board
    place: Place | None
    rows: tuple[BoardRow, ...]
    member_id: int | None
    visibility: str
    waits: bool


@dataclass(frozen=True)
class Ladder:
    """The levels as they are now. `level` is None for who was never seen here.
    `missing` to the next level is None at the highest."""

    curve: LevelCurve
    names: Mapping[int, str]
    roles: Mapping[int, tuple[int, ...]]
    level: int | None
    missing: int | None


def read_standing(user_id: int, *, kind: str) -> Standing:
    """In the period that was asked for; in the first that the community offers where that one is not among them."""
    known = member_of(user_id)
    waits = known is not None and known.waiting_since is not None
    member = None if waits else known
    periods = list_offered_periods()
    kind = kind if kind in periods else periods[0]
    return Standing(
        periods=periods,
        board=get_board(kind=kind, size=1),
        place=get_rank(member_id=member.pk, kind=kind) if member is not None else None,
        rows=tuple(get_around(member_id=member.pk, kind=kind, radius=RADIUS)) if member is not None else (),
        member_id=member.pk if member is not None else None,
        visibility=member.visibility if member is not None else Visibility.VISIBLE,
        waits=waits,
    )


def read_ladder(user_id: int) -> Ladder:
    member = member_of(user_id)
    curve = load_curve()
    level, missing = None, None
    if member is not None and member.waiting_since is None:
        profile = get_profile(member_id=member.pk)
        level, missing = profile.level, profile.to_next_level
    roles: dict[int, tuple[int, ...]] = {}
    for role in list_level_roles():
        roles[role.level] = (*roles.get(role.level, ()), role.role_id)
    return Ladder(curve, list_level_names(), roles, level, missing)


class StandingCog(DeskCog):
    @app_commands.command(name="rank", description="Where you stand, with the five above and below you.")
    @app_commands.describe(period="Which period? All time when left out.")
    @app_commands.choices(
        period=[
            app_commands.Choice(name="All time", value="all"),
            app_commands.Choice(name="This season", value="season"),
            app_commands.Choice(name="This month", value="month"),
            app_commands.Choice(name="This week", value="week"),
        ]
    )
    @app_commands.guild_only()
    async def rank(self, interaction: Interaction, period: str = "all") -> None:
        await self._rank(interaction, period, updates=False)

    @app_commands.command(name="levels", description="What the levels cost and bring, with yours marked.")
    @app_commands.guild_only()
    async def levels(self, interaction: Interaction) -> None:
        await self._levels(interaction, None)

    def buttons(self) -> Mapping[str, Responder]:
        return {"rank": self.turn_rank, "levels": self.turn_levels}

    async def turn_rank(self, interaction: Interaction, kind: str, *_: str) -> None:
        await self._rank(interaction, kind, updates=True)

    async def turn_levels(self, interaction: Interaction, page: str, *_: str) -> None:
        await self._levels(interaction, int(page))

    async def _rank(self, interaction: Interaction, kind: str, *, updates: bool) -> None:
        async def find(ask: Ask) -> Answer:
            return show_standing(ask, await ask.do(read_standing, ask.interaction.user.id, kind=kind))

        await self.desk.answer(interaction, "rank", find, updates=updates)

    async def _levels(self, interaction: Interaction, page: int | None) -> None:
        """`page` counts from 0; None: the one with my level on it, as a new message."""

        async def find(ask: Ask) -> Answer:
            return show_ladder(ask, await ask.do(read_ladder, ask.interaction.user.id), page)

        await self.desk.answer(interaction, "levels", find, updates=page is not None)


# --- /rank


def show_standing(ask: Ask, found: Standing) -> Answer:
    if found.place is None:
        return say_nothing_yet(ask, waits=found.waits)
    if found.visibility == Visibility.HIDDEN:
        return Answer(ask.say("board_me_hidden"))
    buttons = [_period(ask, kind, found.board.kind) for kind in found.periods]
    if found.place.rank is None:
        return Answer(
            ask.say("rank_none"),
            text=found.board.period_label,
            hint=ask.say("rank_none_hint"),
            buttons=buttons,
        )
    return Answer(
        title=ask.say(
            "rank_title",
            rank=ask.number(found.place.rank),
            total=ask.number(found.place.total),
            period=found.board.period_label,
        ),
        text="\n".join(_neighbour(ask, row, is_me=row.member_id == found.member_id) for row in found.rows),
        hint=ask.say("rank_hint"),
        buttons=buttons,
    )


def _neighbour(ask: Ask, row: BoardRow, *, is_me: bool) -> str:
    line = ask.say("board_row", medal=f"`{row.rank:>4}`", name=plain(row.name), score=ask.number(row.score))
    return f"**{line}** ◂" if is_me else line


def _period(ask: Ask, kind: str, current: str) -> Button:
    style = ButtonStyle.primary if kind == current else ButtonStyle.secondary
    return Button(ask.say(f"board_{kind}"), custom_id("rank", kind), style=style)


# --- /levels


def show_ladder(ask: Ask, ladder: Ladder, page: int | None) -> Answer:
    most = ladder.curve.max_level
    last_page = (most - 1) // PAGE
    if page is None:
        page = (max(ladder.level or 1, 1) - 1) // PAGE
    page = min(max(page, 0), last_page)
    first, last = page * PAGE + 1, min(page * PAGE + PAGE, most)
    hint = "levels_hint" if ladder.level is not None else "levels_hint_new"
    return Answer(
        title=_ladder_title(ask, ladder),
        text="\n".join(_step(ask, ladder, level) for level in range(first, last + 1)),
        hint=ask.say(hint, first=ask.number(first), last=ask.number(last), most=ask.number(most)),
        buttons=[
            Button(ask.say("previous"), custom_id("levels", max(page - 1, 0), "p"), disabled=page == 0),
            Button(ask.say("next"), custom_id("levels", page + 1, "n"), disabled=page == last_page),
        ],
    )


def _ladder_title(ask: Ask, ladder: Ladder) -> str:
    if ladder.level is None:
        return ask.say("levels_title_new", community=plain(ask.context.name))
    way = (
        ask.say("profile_top")
        if ladder.missing is None
        else ask.say("profile_next", missing=ask.count(ladder.missing), next=ladder.level + 1)
    )
    return ask.say("levels_title", level=ladder.level, next=way)


def _step(ask: Ask, ladder: Ladder, level: int) -> str:
    total = ladder.curve.floor_of(level)
    name = ladder.names.get(level, "")
    roles = " ".join(f"<@&{role}>" for role in ladder.roles.get(level, ())[:3])
    line = ask.say(
        "levels_line",
        level=level,
        name=f" · {plain(name)}" if name else "",
        total=ask.number(total),
        step=ask.number(total - ladder.curve.floor_of(level - 1)),
        role=f" · {roles}" if roles else "",
    )
    return f"**{line}** ◂" if level == ladder.level else line


async def setup(bot: Bot) -> None:
    await bot.add_cog(StandingCog(bot))
