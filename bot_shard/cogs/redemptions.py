"""/redemptions: what one redeemed and how far it is; and the buttons by which the team decides in its channel.

The ids of buttons and forms carry the redemption's number, so they work after any restart; what was decided meanwhile is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import discord
from discord import app_commands

from bot_shard.answers import Answer, Button, Choice, Menu, custom_id, plain
from bot_shard.bot import Bot
from bot_shard.cog import Ask, DeskCog, Interaction, Responder, member_of, relative
from bot_shard.cogs.shop import link_of
from bot_shard.looking import is_waiting, say_nothing_yet
from bot_shard.who import Who, who_asks
from engagement.rewards.deciding import approve_redemption, cancel_redemption, reject_redemption
from engagement.rewards.models import Redemption, RedemptionState
from engagement.rewards.redemption_errors import RedemptionNotFoundError
from engagement.rewards.states import HELD, MAX_REASON

LINES: Final = 10


@dataclass(frozen=True)
class Mine:
    """The newest of one's own. `nobody`: who is no member yet; `waits_for_room`: whose points are not counted yet."""

    rows: list[Redemption]
    link: str
    nobody: bool = False
    waits_for_room: bool = False


@dataclass(frozen=True)
class One:
    row: Redemption
    link: str


def read_mine(who: Who) -> Mine:
    who.check("redeem_rewards")
    member = member_of(who.discord_id)
    if member is None:
        return Mine([], "", nobody=True, waits_for_room=is_waiting(who.discord_id))
    rows = Redemption.objects.filter(member_id=member.pk).order_by("-pk")
    return Mine(list(rows[:LINES]), link_of(who, "/redemptions/"))


def read_one(who: Who, redemption_id: int) -> One:
    """One's own. Raises RedemptionNotFoundError, for another member's as well."""
    who.check("redeem_rewards")
    member = member_of(who.discord_id)
    rows = Redemption.objects.filter(pk=redemption_id, member_id=0 if member is None else member.pk)
    row = rows.first() if 0 < redemption_id < 2**63 else None
    if row is None:
        raise RedemptionNotFoundError
    return One(row, link_of(who, f"/redemptions/{row.pk}/"))


def cancel_own(who: Who, redemption_id: int) -> Redemption:
    row = read_one(who, redemption_id).row
    return cancel_redemption(context=who.context, redemption_id=row.pk, actor=who.actor)


def approve(who: Who, redemption_id: int) -> tuple[Redemption, bool]:
    """The redemption, and whether it was decided only now."""
    who.check("decide_redemptions")
    found = Redemption.objects.filter(pk=redemption_id).values_list("state", flat=True).first()
    row = approve_redemption(context=who.context, redemption_id=redemption_id, actor=who.actor)
    return row, found == RedemptionState.REQUESTED


def check_open(who: Who, redemption_id: int) -> Redemption:
    """For the form that asks why: raises RedemptionNotFoundError, NotPermittedError."""
    who.check("decide_redemptions")
    row = Redemption.objects.filter(pk=redemption_id).first()
    if row is None:
        raise RedemptionNotFoundError
    return row


def reject(who: Who, redemption_id: int, reason: str) -> Redemption:
    who.check("decide_redemptions")
    return reject_redemption(context=who.context, redemption_id=redemption_id, actor=who.actor, reason=reason)


class ReasonForm(discord.ui.Modal):
    """Answered by its id, so a restart in between does no harm."""

    def __init__(self, ask: Ask, redemption_id: int, name: str) -> None:
        super().__init__(
            title=ask.say("reject_form", name=name)[:45],
            custom_id=custom_id("redemption-reject", redemption_id),
        )
        self.add_item(
            discord.ui.TextInput(
                label=ask.say("reject_reason"),
                custom_id="reason",
                style=discord.TextStyle.paragraph,
                min_length=1,
                max_length=MAX_REASON,
            )
        )


class RedemptionCog(DeskCog):
    @app_commands.command(name="redemptions", description="What you redeemed, and how far it is.")
    @app_commands.guild_only()
    async def redemptions(self, interaction: Interaction) -> None:
        async def find(ask: Ask) -> Answer:
            return show_mine(ask, await ask.do(read_mine, who_asks(ask)))

        await self.desk.answer(interaction, "redemptions", find)

    def buttons(self) -> Mapping[str, Responder]:
        return {
            "redemptions": self.back,
            "redemption-cancel": self.cancel,
            "redemption-approve": self.approve,
            "redemption-reject": self.ask_why,
        }

    def choices(self) -> Mapping[str, Responder]:
        return {"redemption-pick": self.pick}

    def forms(self) -> Mapping[str, Responder]:
        return {"redemption-reject": self.reject}

    # --- one's own

    async def back(self, interaction: Interaction, *_: str) -> None:
        async def find(ask: Ask) -> Answer:
            return show_mine(ask, await ask.do(read_mine, who_asks(ask)))

        await self.desk.answer(interaction, "redemptions", find, updates=True)

    async def pick(self, interaction: Interaction, value: str, *_: str) -> None:
        redemption_id = int(value)

        async def find(ask: Ask) -> Answer:
            return show_one(ask, await ask.do(read_one, who_asks(ask), redemption_id))

        await self.desk.answer(interaction, "redemptions", find, updates=True)

    async def cancel(self, interaction: Interaction, redemption_id: str, *_: str) -> None:
        chosen = int(redemption_id)

        async def work(ask: Ask) -> Answer:
            row = await ask.do(cancel_own, who_asks(ask), chosen)
            return Answer(
                ask.say("redemption_cancelled", name=plain(row.reward_name)),
                text=ask.say("redemption_back", amount=ask.count(row.price)),
                buttons=[Button(ask.say("redemption_all"), custom_id("redemptions"))],
            )

        await self.desk.answer(interaction, "redemptions", work, writes=True, updates=True)

    # --- the team's

    async def approve(self, interaction: Interaction, redemption_id: str, *_: str) -> None:
        chosen = int(redemption_id)

        async def work(ask: Ask) -> Answer:
            row, is_new = await ask.do(approve, who_asks(ask), chosen)
            by = plain(row.decided_by) or "–"
            key = "decide_approved" if is_new else "decide_was_approved"
            return Answer(ask.say(key, name=plain(row.reward_name), by=by), text=ask.say("decide_told"))

        await self.desk.answer(interaction, "redemptions", work, writes=True, anywhere=True)

    async def ask_why(self, interaction: Interaction, redemption_id: str, *_: str) -> None:
        chosen = int(redemption_id)

        async def make(ask: Ask) -> discord.ui.Modal:
            row = await ask.do(check_open, who_asks(ask), chosen)
            return ReasonForm(ask, row.pk, row.reward_name)

        await self.desk.open_form(interaction, "redemptions", make, anywhere=True)

    async def reject(
        self, interaction: Interaction, values: dict[str, str], redemption_id: str, *_: str
    ) -> None:
        chosen = int(redemption_id)

        async def work(ask: Ask) -> Answer:
            row = await ask.do(reject, who_asks(ask), chosen, values.get("reason", ""))
            return Answer(
                ask.say("decide_rejected", name=plain(row.reward_name)),
                text=ask.say("decide_back", amount=ask.count(row.price)),
            )

        await self.desk.answer(interaction, "redemptions", work, writes=True, anywhere=True)


def show_mine(ask: Ask, mine: Mine) -> Answer:
    if mine.nobody:
        return say_nothing_yet(ask, waits=mine.waits_for_room)
    if not mine.rows:
        return Answer(ask.say("redemptions_none"), hint=ask.say("redemptions_none_hint"))
    lines = [
        f"**{plain(row.reward_name)}** · {_state(ask, row)} · {relative(row.requested_at)}"
        for row in mine.rows
    ]
    return Answer(
        ask.say("redemptions_title"),
        text="\n".join(lines),
        hint=ask.say("redemptions_hint"),
        menu=Menu(
            custom_id("redemption-pick"),
            ask.say("redemptions_pick"),
            [Choice(row.reward_name, str(row.pk), _state(ask, row)) for row in mine.rows],
        ),
        buttons=[Button(ask.say("redemptions_open"), url=mine.link)],
    )


def show_one(ask: Ask, one: One) -> Answer:
    """What a code or a download is stands on the page, which asks who it is; the bot only says that it is there."""
    row = one.row
    fields = [(ask.say("redemption_state"), _state(ask, row)), (ask.say("shop_costs"), ask.count(row.price))]
    if row.tracking:
        fields.append((ask.say("redemption_tracking"), plain(row.tracking)))
    elif row.reason:
        fields.append((ask.say("reason"), plain(row.reason)))
    buttons = [Button(ask.say("redemption_open"), url=one.link)]
    if row.state in HELD:
        label = ask.say("redemption_cancel")
        buttons.append(Button(label, custom_id("redemption-cancel", row.pk), discord.ButtonStyle.danger))
    buttons.append(Button(ask.say("redemption_all"), custom_id("redemptions")))
    return Answer(plain(row.reward_name), text=relative(row.requested_at), fields=fields, buttons=buttons)


def _state(ask: Ask, row: Redemption) -> str:
    return ask.say(f"redemption_is_{row.state}")


async def setup(bot: Bot) -> None:
    await bot.add_cog(RedemptionCog(bot))
