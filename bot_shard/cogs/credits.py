"""/credits: balances for everybody; approve, reject, grant and revoke for the team; and the buttons by which requests are decided in
their type's channel.

The ids of buttons and forms carry the request's number, so they work after any restart; what was decided meanwhile is said, and
the message follows by a job (integrations.discord.credit_asking). Delegated approvers decide as far as their quota goes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import discord
from discord import app_commands

from bot_shard.answers import MAX_LABEL, Answer, Button, custom_id, plain
from bot_shard.bot import Bot
from bot_shard.cog import Ask, DeskCog, Interaction, Responder, name_of
from bot_shard.cogs.credit_requests import MOST, amount_of, suggest_types
from bot_shard.crediting import (
    Balances,
    Target,
    approve,
    ask_about,
    grant,
    open_request,
    read_balances,
    reject,
    revoke,
    suggest_requests,
    undo,
)
from bot_shard.looking import refuse_look
from bot_shard.who import Who, who_asks, who_types
from bot_shard.words import say
from engagement.credits.checks import MAX_NOTE
from engagement.credits.models import CreditRequest, RequestState
from engagement.credits.moving import CreditChange
from saas.core.errors import InvalidInputError, NotAllowedError
from tenants.context import TenantContext

_ANSWERED: Final = {
    RequestState.APPROVED: "credit_approved",
    RequestState.REJECTED: "credit_rejected",
    RequestState.NEEDS_INFO: "credit_asked",
}


class DecisionForm(discord.ui.Modal):
    """Asks for words, and in part for an amount. Answered by its id, so a restart in between does no harm."""

    def __init__(self, ask: Ask, what: str, row: CreditRequest) -> None:
        amount = f"{ask.number(row.amount)} {row.type.name} {row.type.unit}"
        super().__init__(
            title=ask.say(f"credit_form_{what}", amount=amount)[:45],
            custom_id=custom_id(f"credit-{what}", row.pk),
        )
        if what == "part":
            self.add_item(
                discord.ui.TextInput(
                    label=ask.say("credit_part_amount"),
                    custom_id="amount",
                    min_length=1,
                    max_length=14,
                    default=str(row.amount),
                )
            )
        self.add_item(
            discord.ui.TextInput(
                label=ask.say(f"credit_words_{what}")[:45],
                custom_id="text",
                style=discord.TextStyle.paragraph,
                min_length=0 if what == "part" else 1,
                required=what != "part",
                max_length=MAX_NOTE,
            )
        )


class CreditCog(DeskCog):
    credits = app_commands.Group(
        name="credits",
        description="Credits: what you have; for the team, deciding and giving.",
        allowed_contexts=app_commands.AppCommandContext(guild=True),
    )

    @credits.command(
        name="balance", description="How many credits you have; for the team, another member too."
    )
    @app_commands.describe(member="Whose? For the team. Yours when left out.")
    async def balance(self, interaction: Interaction, member: discord.User | None = None) -> None:
        user = member or interaction.user

        async def find(ask: Ask) -> Answer:
            return show_balances(ask, user, await ask.do(read_balances, who_asks(ask), user.id))

        await self.desk.answer(interaction, "credits balance", find)

    @credits.command(name="approve", description="Grant a request, whole or in part.")
    @app_commands.describe(
        request="Which? Choose from the list that appears while you type.",
        amount="How many, if fewer than were asked for?",
        note="The member reads it.",
    )
    async def approve(
        self, interaction: Interaction, request: app_commands.Range[int, 1], amount: app_commands.Range[int, 1, MOST] | None = None,
        note: app_commands.Range[str, 1, MAX_NOTE] | None = None,
    ) -> None:  # fmt: skip
        await self._decide(
            interaction, "credits approve", lambda who: approve(who, request, amount=amount, note=note or "")
        )

    @credits.command(name="reject", description="Refuse a request. The member reads why.")
    @app_commands.describe(
        request="Which? Choose from the list that appears while you type.", reason="The member reads it."
    )
    async def reject(
        self, interaction: Interaction, request: app_commands.Range[int, 1], reason: app_commands.Range[str, 1, MAX_NOTE]
    ) -> None:  # fmt: skip
        await self._decide(interaction, "credits reject", lambda who: reject(who, request, reason))

    @approve.autocomplete("request")
    @reject.autocomplete("request")
    async def suggest(self, interaction: Interaction, current: str) -> list[app_commands.Choice[int]]:
        def find(context: TenantContext, user_id: int) -> list[tuple[str, int]]:
            return suggest_requests(who_types(context, interaction), current)

        found = await self.desk.suggest(interaction, find)
        return [app_commands.Choice(name=shown[:MAX_LABEL], value=sent) for shown, sent in found]

    @credits.command(name="grant", description="Give credits to a member.")
    @app_commands.describe(
        member="To whom?", type="Which ones?", amount="How many?", reason="Why? The member will see it."
    )
    async def grant(
        self, interaction: Interaction, member: discord.User, type: app_commands.Range[str, 1, 40],
        amount: app_commands.Range[int, 1, MOST], reason: app_commands.Range[str, 1, MAX_NOTE],
    ) -> None:  # fmt: skip
        await self._move(interaction, "credits grant", grant, member, type, amount, reason)

    @credits.command(name="revoke", description="Take credits from a member.")
    @app_commands.describe(
        member="From whom?", type="Which ones?", amount="How many?", reason="Why? The member will see it."
    )
    async def revoke(
        self, interaction: Interaction, member: discord.User, type: app_commands.Range[str, 1, 40],
        amount: app_commands.Range[int, 1, MOST], reason: app_commands.Range[str, 1, MAX_NOTE],
    ) -> None:  # fmt: skip
        await self._move(interaction, "credits revoke", revoke, member, type, amount, reason)

    @grant.autocomplete("type")
    @revoke.autocomplete("type")
    async def suggest_type(self, interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
        def find(context: TenantContext, user_id: int) -> list[tuple[str, str]]:
            return suggest_types(context, 0, typed=current, say=say)

        found = await self.desk.suggest(interaction, find)
        return [app_commands.Choice(name=shown[:MAX_LABEL], value=sent) for shown, sent in found]

    # --- in the channel

    def buttons(self) -> Mapping[str, Responder]:
        return {
            "credit-approve": self.approve_here,
            "credit-part": self.open_part,
            "credit-ask": self.open_ask,
            "credit-reject": self.open_reject,
            "credit-undo": self.undo,
        }

    def forms(self) -> Mapping[str, Responder]:
        return {"credit-part": self.part, "credit-ask": self.asked, "credit-reject": self.rejected}

    async def approve_here(self, interaction: Interaction, request_id: str, *_: str) -> None:
        chosen = int(request_id)
        await self._decide(interaction, "credits approve", lambda who: approve(who, chosen))

    async def open_part(self, interaction: Interaction, request_id: str, *_: str) -> None:
        await self._open(interaction, "credits approve", "part", int(request_id))

    async def open_ask(self, interaction: Interaction, request_id: str, *_: str) -> None:
        await self._open(interaction, "credits reject", "ask", int(request_id))

    async def open_reject(self, interaction: Interaction, request_id: str, *_: str) -> None:
        await self._open(interaction, "credits reject", "reject", int(request_id))

    async def part(self, interaction: Interaction, values: dict[str, str], request_id: str, *_: str) -> None:
        chosen, note = int(request_id), values.get("text", "")

        async def work(ask: Ask) -> Answer:
            amount = _whole_number(ask, values.get("amount", ""))
            row = await ask.do(approve, who_asks(ask), chosen, amount=amount, note=note)
            return show_decided(ask, row)

        await self.desk.answer(interaction, "credits approve", work, writes=True, anywhere=True)

    async def asked(self, interaction: Interaction, values: dict[str, str], request_id: str, *_: str) -> None:
        chosen, text = int(request_id), values.get("text", "")
        await self._decide(interaction, "credits reject", lambda who: ask_about(who, chosen, text))

    async def rejected(
        self, interaction: Interaction, values: dict[str, str], request_id: str, *_: str
    ) -> None:
        chosen, text = int(request_id), values.get("text", "")
        await self._decide(interaction, "credits reject", lambda who: reject(who, chosen, text))

    async def undo(self, interaction: Interaction, move_id: str, *_: str) -> None:
        chosen = int(move_id)

        async def work(ask: Ask) -> Answer:
            change = await ask.do(undo, who_asks(ask), chosen)
            return show_moved(ask, change, ask.say("credit_undone"), undoable=False)

        await self.desk.answer(interaction, "credits grant", work, writes=True, updates=True)

    async def _decide(
        self, interaction: Interaction, command: str, decide: Callable[[Who], CreditRequest]
    ) -> None:
        async def work(ask: Ask) -> Answer:
            return show_decided(ask, await ask.do(decide, who_asks(ask)))

        await self.desk.answer(interaction, command, work, writes=True, anywhere=True)

    async def _open(self, interaction: Interaction, command: str, what: str, request_id: int) -> None:
        async def make(ask: Ask) -> discord.ui.Modal:
            return DecisionForm(ask, what, await ask.do(open_request, who_asks(ask), request_id))

        await self.desk.open_form(interaction, command, make, anywhere=True)

    async def _move(
        self, interaction: Interaction, command: str, move: Callable[..., CreditChange], user: discord.User,
        type_key: str, amount: int, reason: str,
    ) -> None:  # fmt: skip
        async def work(ask: Ask) -> Answer:
            if user.bot:
                raise InvalidInputError(ask.say("credit_is_bot", name=name_of(user)))
            if user.id == interaction.user.id:
                raise NotAllowedError(ask.say("credit_not_yourself"))
            target = Target(user.id, user.display_name, user.display_avatar.url)
            change = await ask.do(
                move, who_asks(ask), target, type_key=type_key, amount=amount, reason=reason, key=ask.key
            )
            key = "credit_granted" if change.move.amount > 0 else "credit_revoked"
            said = ask.say(
                key, name=name_of(user), amount=amount_of(ask, change.move.type, abs(change.move.amount))
            )
            return show_moved(ask, change, said)

        await self.desk.answer(interaction, command, work, writes=True)


def show_decided(ask: Ask, row: CreditRequest) -> Answer:
    amount = row.granted if row.state == RequestState.APPROVED else row.amount
    return Answer(
        ask.say(_ANSWERED[RequestState(row.state)], amount=amount_of(ask, row.type, amount)),
        text=ask.say("credit_told"),
        hint=ask.say("request_number", number=row.pk),
    )


def show_moved(ask: Ask, change: CreditChange, said: str, *, undoable: bool = True) -> Answer:
    fields = [(ask.say("now"), amount_of(ask, change.move.type, change.balance))]
    if change.debt:
        fields.append((ask.say("debt"), amount_of(ask, change.move.type, change.debt)))
    if undoable:
        fields.append((ask.say("reason"), plain(change.move.reason)))
    buttons = [Button(ask.say("undo"), custom_id("credit-undo", change.move.pk))] if undoable else []
    return Answer(said, fields=fields, buttons=buttons)


def show_balances(ask: Ask, user: discord.User | discord.Member, found: Balances) -> Answer:
    if not found.member:
        return refuse_look(ask, user, is_hidden=False)
    own = user.id == ask.interaction.user.id
    if not found.lines:
        return Answer(ask.say("credits_none"))
    lines = []
    for line in found.lines:
        note = f" · {ask.say('credits_debt', count=ask.number(line.debt))}" if line.debt else ""
        low = f" · {ask.say('credits_low')}" if line.is_low else ""
        lines.append(f"**{amount_of(ask, line.type, line.current)}**{note}{low}")
    title = ask.say("credits_yours") if own else ask.say("credits_of", name=name_of(user))
    return Answer(title, text="\n".join(lines), hint=ask.say("credits_hint") if own else "")


def _whole_number(ask: Ask, text: str) -> int:
    cleaned = text.strip().replace(",", "").replace(" ", "").removeprefix("+")
    if not cleaned.isascii() or not cleaned.isdecimal() or not 1 <= int(cleaned) <= MOST:
        raise InvalidInputError(ask.say("credit_amount_wrong", text=plain(text)), field="amount")
    return int(cleaned)


async def setup(bot: Bot) -> None:
    await bot.add_cog(CreditCog(bot))
