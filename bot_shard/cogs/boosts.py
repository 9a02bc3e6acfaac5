"""/boost start|stop|list: the team multiplies points for a few hours. What it takes of the plan's hours is shown before it begins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import discord
from discord import app_commands

from billing.boosts import BoostQuote, HoursNow, get_hours_now, quote_boost, start_boost, take_back_stop
from bot_shard.answers import Answer, Button, custom_id, plain
from bot_shard.bot import Bot
from bot_shard.cog import Ask, DeskCog, Interaction, Responder, relative
from bot_shard.cogs.setup import CommandChannel
from bot_shard.who import Who, who_asks
from engagement.boosts.models import Boost
from engagement.boosts.selectors import BoostLine, factor_text, line_of, list_live_boosts
from engagement.boosts.services import BoostDraft, percent_of, stop_boost
from engagement.boosts.windows import RUNNING
from saas.core import clock
from tenants.gates import require_open

MANAGE = discord.Permissions(manage_guild=True)
MOST_HOURS = 72
MAX_NAME = 30  # it travels in a button's id
BUTTONS = 5  # in a row


@dataclass(frozen=True)
class Wish:
    """A boost that somebody asked for. `asked` is the interaction, so that pressing twice starts one."""

    percent: int
    hours: int
    channel_id: int
    announce: bool
    asked: str
    name: str

    def draft(self) -> BoostDraft:
        return BoostDraft(
            name=self.name,
            percent=self.percent,
            scope={"channels": [str(self.channel_id)]} if self.channel_id else {},
            lasts=timedelta(hours=self.hours),
            announce=self.announce,
        )

    def button_id(self) -> str:
        return custom_id(
            "boost-go", self.percent, self.hours, self.channel_id, int(self.announce), self.asked, self.name
        )[:100]


def read_quote(who: Who, wish: Wish) -> BoostQuote:
    """Raises NotPermittedError, GateClosedError, InvalidBoostError."""
    who.check("change_boosts")
    require_open("boosts", who.context.entitlements, clock.now())
    return quote_boost(context=who.context, draft=wish.draft())


def begin(who: Who, wish: Wish) -> tuple[Boost, datetime]:
    """The boost, and when it ends."""
    who.check("change_boosts")
    boost = start_boost(context=who.context, draft=wish.draft(), actor=who.actor, key=f"discord:{wish.asked}")
    return boost, line_of(boost, clock.now()).until_at


def read_live(who: Who) -> tuple[list[BoostLine], HoursNow]:
    who.check("change_boosts")
    return list_live_boosts(), get_hours_now(context=who.context)


def end(who: Who, boost_id: int) -> Boost:
    who.check("change_boosts")
    return stop_boost(context=who.context, boost_id=boost_id, actor=who.actor)


def end_the_only_one(who: Who) -> tuple[Boost | None, list[BoostLine]]:
    """Stopped where just one runs or is planned; else what there is to choose from."""
    who.check("change_boosts")
    lines = list_live_boosts()
    return (end(who, lines[0].boost.pk), []) if len(lines) == 1 else (None, lines)


def go_on(who: Who, boost_id: int) -> Boost:
    who.check("change_boosts")
    return take_back_stop(context=who.context, boost_id=boost_id, actor=who.actor)


class BoostCog(DeskCog):
    boost = app_commands.Group(
        name="boost",
        description="Let points count more for a while, for who manages the server.",
        allowed_contexts=app_commands.AppCommandContext(guild=True),
        default_permissions=MANAGE,
    )

    @boost.command(name="start", description="Start a boost now. You see what it takes first.")
    @app_commands.describe(
        hours="For how many hours?",
        multiplier="1.1 to 10: 2 doubles what is earned.",
        channel="Only there, threads included. Everywhere when left out.",
        name="Members read it beside what they earned.",
        announce="Tell of it in the announcements' channel? It pings nobody.",
    )
    async def start(
        self, interaction: Interaction, hours: app_commands.Range[int, 1, MOST_HOURS],
        multiplier: app_commands.Range[float, 1.1, 10.0] = 2.0, channel: CommandChannel | None = None,
        name: app_commands.Range[str, 1, MAX_NAME] | None = None, announce: bool = False,
    ) -> None:  # fmt: skip
        async def find(ask: Ask) -> Answer:
            wish = Wish(
                percent=percent_of(multiplier),
                hours=hours,
                channel_id=0 if channel is None else channel.id,
                announce=announce,
                asked=str(interaction.id),
                name=name or ask.say("boost_name"),
            )
            return show_quote(ask, wish, await ask.do(read_quote, who_asks(ask), wish))

        await self.desk.answer(interaction, "boost start", find)

    @boost.command(name="stop", description="Stop a boost. What it gave stays.")
    async def stop(self, interaction: Interaction) -> None:
        async def work(ask: Ask) -> Answer:
            stopped, lines = await ask.do(end_the_only_one, who_asks(ask))
            if stopped is not None:
                return show_stopped(ask, stopped)
            if not lines:
                return Answer(ask.say("boost_none"))
            buttons = [
                Button(plain(line.boost.name)[:80], custom_id("boost-stop", line.boost.pk))
                for line in lines[:BUTTONS]
            ]
            return Answer(ask.say("boost_which"), text=_lines(ask, lines), buttons=buttons)

        await self.desk.answer(interaction, "boost stop", work, writes=True)

    @boost.command(name="list", description="What runs, what is planned, and the hours that are left.")
    async def list(self, interaction: Interaction) -> None:
        async def find(ask: Ask) -> Answer:
            lines, hours = await ask.do(read_live, who_asks(ask))
            return Answer(
                ask.say("boost_list"),
                text=_lines(ask, lines) or ask.say("boost_none"),
                fields=[(ask.say("boost_month"), _hours(ask, hours))],
                hint=ask.say("boost_hint"),
            )

        await self.desk.answer(interaction, "boost list", find)

    def buttons(self) -> dict[str, Responder]:
        return {"boost-go": self.go, "boost-stop": self.stop_one, "boost-undo": self.undo}

    async def go(
        self, interaction: Interaction, percent: str, hours: str, channel: str, announce: str, asked: str, *name: str
    ) -> None:  # fmt: skip
        wish = Wish(int(percent), int(hours), int(channel), announce == "1", asked, ":".join(name))

        async def work(ask: Ask) -> Answer:
            boost, until = await ask.do(begin, who_asks(ask), wish)
            return Answer(
                ask.say("boost_started", name=plain(boost.name), factor=factor_text(boost.percent)),
                text=ask.say("boost_until", when=f"<t:{int(until.timestamp())}:F>"),
                hint=ask.say("boost_hint"),
                buttons=[Button(ask.say("boost_stop"), custom_id("boost-stop", boost.pk))],
            )

        await self.desk.answer(interaction, "boost start", work, writes=True, updates=True)

    async def stop_one(self, interaction: Interaction, boost_id: str, *_: str) -> None:
        async def work(ask: Ask) -> Answer:
            return show_stopped(ask, await ask.do(end, who_asks(ask), int(boost_id)))

        await self.desk.answer(interaction, "boost stop", work, writes=True, updates=True)

    async def undo(self, interaction: Interaction, boost_id: str, *_: str) -> None:
        async def work(ask: Ask) -> Answer:
            boost = await ask.do(go_on, who_asks(ask), int(boost_id))
            return Answer(ask.say("boost_goes_on", name=plain(boost.name)))

        await self.desk.answer(interaction, "boost stop", work, writes=True, updates=True)


def show_quote(ask: Ask, wish: Wish, quote: BoostQuote) -> Answer:
    """What it takes, with the button that starts it; without one where it is more than the plan has."""
    lefts = [month.left for month in quote.months]
    left = ask.say("boost_unlimited") if None in lefts else ask.number(sum(one or 0 for one in lefts))
    fields = [
        (ask.say("boost_takes"), ask.many("boost_hours", quote.hours)),
        (ask.say("boost_left"), left if lefts else "–"),
    ]
    if quote.over and quote.sold:
        money = f"{quote.cost / 100:,.2f} {quote.currency.upper()}"
        fields.append((ask.say("boost_over"), f"{ask.many('boost_hours', quote.over)} · {money}"))
    where = f"<#{wish.channel_id}>" if wish.channel_id else ask.say("boost_everywhere")
    return Answer(
        ask.say("boost_ask", factor=factor_text(wish.percent), hours=ask.many("boost_hours", wish.hours)),
        text=f"**{plain(wish.name)}** · {where}"
        + ("" if quote.is_allowed else f"\n{ask.say('boost_too_much' if quote.sold else 'boost_not_sold')}"),
        fields=fields,
        hint=ask.say("boost_highest"),
        buttons=[Button(ask.say("boost_go"), wish.button_id(), discord.ButtonStyle.primary)]
        if quote.is_allowed
        else [],
    )


def show_stopped(ask: Ask, boost: Boost) -> Answer:
    return Answer(
        ask.say("boost_stopped", name=plain(boost.name)),
        hint=ask.say("boost_undo_hint"),
        buttons=[Button(ask.say("undo"), custom_id("boost-undo", boost.pk))],
    )


def _lines(ask: Ask, lines: list[BoostLine]) -> str:
    return "\n".join(
        ask.say(
            "boost_line_runs" if line.state == RUNNING else "boost_line_planned",
            factor=line.factor,
            name=plain(line.boost.name),
            when=relative(line.until_at if line.state == RUNNING else line.from_at),
        )
        for line in lines[:10]
    )


def _hours(ask: Ask, hours: HoursNow) -> str:
    left = ask.say("boost_unlimited") if hours.left is None else ask.number(hours.left)
    return ask.say("boost_sums", used=ask.number(hours.used), planned=ask.number(hours.planned), left=left)


async def setup(bot: Bot) -> None:
    await bot.add_cog(BoostCog(bot))
