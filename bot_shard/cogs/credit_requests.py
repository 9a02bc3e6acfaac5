"""/request asks the team for credits, /requests shows one's own and takes one back; a question is answered in a form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

import discord
from discord import app_commands

from bot_shard.answers import MAX_CHOICES, MAX_LABEL, Answer, Button, Choice, Menu, custom_id, plain
from bot_shard.bot import Bot
from bot_shard.cog import PROVIDER, Ask, DeskCog, Interaction, Responder, member_of, relative
from bot_shard.looking import is_waiting, say_nothing_yet
from bot_shard.who import Who, who_asks
from bot_shard.words import choose_language, say
from engagement.credits.checks import MAX_REASON
from engagement.credits.errors import CreditRequestNotFoundError
from engagement.credits.limits import OPEN_STATES, get_limits
from engagement.credits.models import CreditRequest, CreditType, RequestState
from engagement.credits.requesting import answer_request, cancel_request
from engagement.credits.selectors import get_request, list_requestable, list_requests
from engagement.ledger.moving import get_spendable
from engagement.progression.crediting import request_credits
from tenants.context import TenantContext
from tenants.tickets import get_member_link

LINES: Final = 10
MOST: Final = 1_000_000_000


@dataclass(frozen=True)
class Asked:
    """What came of a request. `balance` is there where it was granted at once."""

    request: CreditRequest | None = None
    balance: int = 0
    link: str = ""
    waits_for_room: bool = False


@dataclass(frozen=True)
class Mine:
    """The newest of one's own. `nobody`: who is no member yet; `waits_for_room`: whose points are not counted yet."""

    rows: list[CreditRequest]
    link: str = ""
    nobody: bool = False
    waits_for_room: bool = False


def ask_for(who: Who, *, type_key: str, amount: int, reason: str, key: str) -> Asked:
    """Raises what the service raises."""
    who.check("request_credits")
    member = member_of(who.discord_id)
    if member is None or member.waiting_since is not None:
        return Asked(waits_for_room=is_waiting(who.discord_id))
    made = request_credits(
        context=who.context,
        member_id=member.pk,
        type_key=type_key,
        amount=amount,
        reason=reason,
        key=key,
        via="bot",
        actor=who.actor,
    )
    return Asked(made, get_spendable(member_id=member.pk, currency=made.type_id), _link(who))


def read_mine(who: Who) -> Mine:
    who.check("request_credits")
    member = member_of(who.discord_id)
    if member is None:
        return Mine([], nobody=True, waits_for_room=is_waiting(who.discord_id))
    lines = list_requests(member_id=member.pk, limit=LINES)
    return Mine([line.request for line in lines], _link(who))


def read_one(who: Who, request_id: int) -> CreditRequest:
    """One's own. Raises CreditRequestNotFoundError, for another member's as well."""
    who.check("request_credits")
    member = member_of(who.discord_id)
    if member is None:
        raise CreditRequestNotFoundError
    return get_request(request_id=request_id, member_id=member.pk).request


def cancel_own(who: Who, request_id: int) -> CreditRequest:
    row = read_one(who, request_id)
    return cancel_request(context=who.context, request_id=row.pk, actor=who.actor, member_id=row.member_id)


def answer_own(who: Who, request_id: int, text: str) -> CreditRequest:
    row = read_one(who, request_id)
    return answer_request(
        context=who.context, request_id=row.pk, answer=text, actor=who.actor, member_id=row.member_id
    )


def suggest_types(
    context: TenantContext, user_id: int, *, typed: str, say: Callable[..., str]
) -> list[tuple[str, str]]:
    """(what is shown, what is sent) of what can be asked for, with what is left of it for whoever types; a `user_id` of 0: nobody's."""
    rows = [row for row in list_requestable(context=context) if _matches(row, typed)][:MAX_CHOICES]
    member = member_of(user_id)
    limits = {} if member is None else get_limits(rows, member_id=member.pk, context=context)
    shown = []
    for row in rows:
        most = limits[row.pk].left if row.pk in limits else None
        note = "" if most is None else f" · {say('request_left', count=f'{most:,}')}"
        shown.append((f"{row.name} {row.unit}"[:60] + note, row.key))
    return shown


def amount_of(ask: Ask, row: CreditType, amount: int) -> str:
    """`50 AI credits`."""
    return f"{ask.number(amount)} {plain(row.name)} {plain(row.unit)}"


class AnswerForm(discord.ui.Modal):
    """Answered by its id, so a restart in between does no harm."""

    def __init__(self, ask: Ask, row: CreditRequest) -> None:
        super().__init__(title=ask.say("request_answer"), custom_id=custom_id("request-answer", row.pk))
        self.add_item(
            discord.ui.TextInput(
                label=(row.note or ask.say("request_answer"))[:45],
                custom_id="text",
                style=discord.TextStyle.paragraph,
                min_length=1,
                max_length=MAX_REASON,
            )
        )


class CreditRequestCog(DeskCog):
    @app_commands.command(name="request", description="Ask the team for credits.")
    @app_commands.describe(
        type="Which ones? Choose from the list that appears while you type.",
        amount="How many?",
        reason="What for? The team reads it.",
    )
    @app_commands.guild_only()
    async def request(
        self, interaction: Interaction, type: app_commands.Range[str, 1, 40], amount: app_commands.Range[int, 1, MOST],
        reason: app_commands.Range[str, 1, MAX_REASON] | None = None,
    ) -> None:  # fmt: skip
        async def work(ask: Ask) -> Answer:
            asked = await ask.do(
                ask_for, who_asks(ask), type_key=type, amount=amount, reason=reason or "", key=ask.key
            )
            return show_asked(ask, asked)

        await self.desk.answer(interaction, "request", work, writes=True)

    @request.autocomplete("type")
    async def suggest(self, interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
        def find(context: TenantContext, user_id: int) -> list[tuple[str, str]]:
            language = choose_language(str(interaction.locale), str(interaction.guild_locale or ""))
            return suggest_types(context, user_id, typed=current, say=partial(say, language))

        found = await self.desk.suggest(interaction, find)
        return [app_commands.Choice(name=shown[:MAX_LABEL], value=sent) for shown, sent in found]

    @app_commands.command(name="requests", description="The credits you asked for, and what became of it.")
    @app_commands.guild_only()
    async def requests(self, interaction: Interaction) -> None:
        async def find(ask: Ask) -> Answer:
            return show_mine(ask, await ask.do(read_mine, who_asks(ask)))

        await self.desk.answer(interaction, "requests", find)

    def buttons(self) -> Mapping[str, Responder]:
        return {"requests": self.back, "request-cancel": self.cancel, "request-answer": self.open_answer}

    def choices(self) -> Mapping[str, Responder]:
        return {"request-pick": self.pick}

    def forms(self) -> Mapping[str, Responder]:
        return {"request-answer": self.answered}

    async def back(self, interaction: Interaction, *_: str) -> None:
        async def find(ask: Ask) -> Answer:
            return show_mine(ask, await ask.do(read_mine, who_asks(ask)))

        await self.desk.answer(interaction, "requests", find, updates=True)

    async def pick(self, interaction: Interaction, value: str, *_: str) -> None:
        chosen = int(value)

        async def find(ask: Ask) -> Answer:
            return show_one(ask, await ask.do(read_one, who_asks(ask), chosen))

        await self.desk.answer(interaction, "requests", find, updates=True)

    async def cancel(self, interaction: Interaction, request_id: str, *_: str) -> None:
        chosen = int(request_id)

        async def work(ask: Ask) -> Answer:
            row = await ask.do(cancel_own, who_asks(ask), chosen)
            return Answer(
                ask.say("request_cancelled", amount=amount_of(ask, row.type, row.amount)),
                buttons=[Button(ask.say("request_all"), custom_id("requests"))],
            )

        await self.desk.answer(interaction, "requests", work, writes=True, updates=True)

    async def open_answer(self, interaction: Interaction, request_id: str, *_: str) -> None:
        chosen = int(request_id)

        async def make(ask: Ask) -> discord.ui.Modal:
            return AnswerForm(ask, await ask.do(read_one, who_asks(ask), chosen))

        await self.desk.open_form(interaction, "requests", make)

    async def answered(
        self, interaction: Interaction, values: dict[str, str], request_id: str, *_: str
    ) -> None:
        chosen = int(request_id)

        async def work(ask: Ask) -> Answer:
            row = await ask.do(answer_own, who_asks(ask), chosen, values.get("text", ""))
            return Answer(
                ask.say("request_answered", amount=amount_of(ask, row.type, row.amount)),
                text=ask.say("request_waits"),
            )

        await self.desk.answer(interaction, "requests", work, writes=True)


def show_asked(ask: Ask, asked: Asked) -> Answer:
    row = asked.request
    if row is None:
        return say_nothing_yet(ask, waits=asked.waits_for_room)
    buttons = [Button(ask.say("request_open"), url=asked.link)]
    if row.state == RequestState.APPROVED:
        return Answer(
            ask.say("request_granted", amount=amount_of(ask, row.type, row.granted)),
            text=ask.say("request_balance", amount=amount_of(ask, row.type, asked.balance)),
            buttons=buttons,
        )
    cancel = Button(ask.say("request_cancel"), custom_id("request-cancel", row.pk))
    return Answer(
        ask.say("request_made", amount=amount_of(ask, row.type, row.amount)),
        text=ask.say("request_waits"),
        hint=ask.say("request_number", number=row.pk),
        buttons=[*buttons, cancel],
    )


def show_mine(ask: Ask, mine: Mine) -> Answer:
    if mine.nobody:
        return say_nothing_yet(ask, waits=mine.waits_for_room)
    if not mine.rows:
        return Answer(ask.say("requests_none"), hint=ask.say("requests_none_hint"))
    lines = [
        f"**{amount_of(ask, row.type, row.amount)}** · {_state(ask, row)} · {relative(row.requested_at)}"
        for row in mine.rows
    ]
    return Answer(
        ask.say("requests_title"),
        text="\n".join(lines),
        menu=Menu(
            custom_id("request-pick"),
            ask.say("requests_pick"),
            [
                Choice(f"{row.amount:,} {row.type.name} {row.type.unit}", str(row.pk), _state(ask, row))
                for row in mine.rows
            ],
        ),
        buttons=[Button(ask.say("request_open"), url=mine.link)],
    )


def show_one(ask: Ask, row: CreditRequest) -> Answer:
    fields = [(ask.say("request_state"), _state(ask, row))]
    if row.reason:
        fields.append((ask.say("reason"), plain(row.reason)))
    if row.note:
        fields.append((ask.say("request_note"), plain(row.note)))
    buttons = [Button(ask.say("request_all"), custom_id("requests"))]
    if row.state == RequestState.NEEDS_INFO:
        answer_id = custom_id("request-answer", row.pk)
        buttons.insert(0, Button(ask.say("request_answer"), answer_id, discord.ButtonStyle.primary))
    if row.state in OPEN_STATES:
        cancel_id = custom_id("request-cancel", row.pk)
        buttons.append(Button(ask.say("request_cancel"), cancel_id, discord.ButtonStyle.danger))
    return Answer(
        amount_of(ask, row.type, row.amount),
        text=relative(row.requested_at),
        fields=fields,
        hint=ask.say("request_number", number=row.pk),
        buttons=buttons,
    )


def _state(ask: Ask, row: CreditRequest) -> str:
    if row.state == RequestState.APPROVED and row.granted != row.amount:
        return ask.say("request_is_part", count=ask.number(row.granted))
    return ask.say(f"request_is_{row.state}")


def _matches(row: CreditType, typed: str) -> bool:
    wanted = typed.strip().casefold()
    return wanted in row.key or wanted in row.name.casefold() or wanted in row.description.casefold()


def _link(who: Who) -> str:
    """The page of one's credits, opened as whoever asks."""
    return get_member_link(
        who.context, provider=PROVIDER, external_id=str(who.discord_id), next_path="/credits/"
    )


async def setup(bot: Bot) -> None:
    await bot.add_cog(CreditRequestCog(bot))
