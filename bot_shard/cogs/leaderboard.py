"""/leaderboard [period] [size]: ten lines, my own under them, buttons for page and period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from discord import ButtonStyle, app_commands

from bot_shard.answers import Answer, Button, custom_id, plain
from bot_shard.bot import Bot
from bot_shard.cog import Ask, DeskCog, Interaction, Responder, member_of
from engagement.leaderboards.selectors import Board, Place, get_board, get_rank, list_offered_periods
from engagement.members.models import Visibility

PERIODS = ("all", "month", "week")  # that have a button
MEDALS = {1: "🥇", 2: "🥈", 3: "🥉"}


@dataclass(frozen=True)
class _Read:
    board: Board
    place: Place | None
    visibility: str
    periods: tuple[str, ...]


def read_board(user_id: int, *, kind: str, size: int, offset: int) -> _Read:
    """The board that was asked for; the first that the community offers where that one is not among them."""
    member = member_of(user_id)
    periods = list_offered_periods()
    kind = kind if kind in periods else periods[0]
    return _Read(
        periods=periods,
        board=get_board(kind=kind, size=size, offset=offset),
        place=get_rank(member_id=member.pk, kind=kind) if member is not None else None,
        visibility=member.visibility if member is not None else Visibility.VISIBLE,
    )


class LeaderboardCog(DeskCog):
    @app_commands.command(name="leaderboard", description="Who is ahead, of all time or in a period.")
    @app_commands.describe(
        period="Which period? All time when left out.", size="How many lines? 10 when left out."
    )
    @app_commands.choices(
        period=[
            app_commands.Choice(name="All time", value="all"),
            app_commands.Choice(name="This season", value="season"),
            app_commands.Choice(name="This month", value="month"),
            app_commands.Choice(name="This week", value="week"),
        ]
    )
    @app_commands.guild_only()
    async def leaderboard(
        self, interaction: Interaction, period: str = "all", size: app_commands.Range[int, 3, 25] = 10
    ) -> None:
        async def find(ask: Ask) -> Answer:
            return await self._find(ask, period, size, 0)

        await self.desk.answer(interaction, "leaderboard", find, private=False)

    def buttons(self) -> Mapping[str, Responder]:
        return {"board": self.turn}

    async def turn(self, interaction: Interaction, kind: str, size: str, offset: str, *_: str) -> None:
        lines, first = int(size), int(offset)

        async def find(ask: Ask) -> Answer:
            return await self._find(ask, kind, lines, first, shared=True)

        await self.desk.answer(interaction, "leaderboard", find, private=False, updates=True)

    async def _find(self, ask: Ask, kind: str, size: int, offset: int, *, shared: bool = False) -> Answer:
        """`shared`: the answer takes the place of a message that everybody sees. There, and in public, the own line of
        somebody who is hidden or goes by an alias would tell who they are."""
        read = await ask.do(read_board, ask.interaction.user.id, kind=kind, size=size, offset=offset)
        board = read.board
        lines = [
            ask.say(
                "board_row",
                medal=MEDALS.get(row.rank, f"`{row.rank:>3}`"),
                name=plain(row.name),
                score=ask.number(row.score),
            )
            for row in board.rows
        ]
        shown = read.visibility == Visibility.VISIBLE
        if not lines:
            lines.append(ask.say("board_empty"))
        elif shown or not shared:
            lines += ["", self._mine(ask, read)]
        pages = max(1, -(-board.total // size))
        return Answer(
            title=ask.say("board_title", community=plain(ask.context.name), period=board.period_label),
            text="\n".join(lines),
            hint=ask.say(
                "board_page",
                page=offset // size + 1,
                pages=pages,
                total=ask.many("member", board.total),
            ),
            buttons=_buttons(ask, read, size, offset),
            private=not shown and not shared,
        )

    @staticmethod
    def _mine(ask: Ask, read: _Read) -> str:
        if read.visibility == Visibility.HIDDEN:
            return ask.say("board_me_hidden")
        if read.place is None or read.place.rank is None:
            return ask.say("board_me_unranked")
        return ask.say("board_me", rank=ask.number(read.place.rank), score=ask.count(read.place.score))


def _buttons(ask: Ask, read: _Read, size: int, offset: int) -> list[Button]:
    """One row: back, the periods, forth. The last part keeps two ids from being equal."""
    kind, before, after = read.board.kind, max(0, offset - size), offset + size
    row = [Button(ask.say("previous"), custom_id("board", kind, size, before, "p"), disabled=offset == 0)]
    for period in PERIODS:
        if period in read.periods:
            style = ButtonStyle.primary if period == kind else ButtonStyle.secondary
            row.append(
                Button(ask.say(f"board_{period}"), custom_id("board", period, size, 0, "k"), style=style)
            )
    last = after >= read.board.total
    row.append(Button(ask.say("next"), custom_id("board", kind, size, after, "n"), disabled=last))
    return row


async def setup(bot: Bot) -> None:
    await bot.add_cog(LeaderboardCog(bot))
