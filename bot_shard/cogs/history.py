"""/history and /why: where points come from. The message menu explains what one message earned."""

from __future__ import annotations

from collections.abc import Mapping

import discord
from discord import app_commands

from bot_shard.answers import Answer, Button, custom_id, plain
from bot_shard.bot import Bot
from bot_shard.cog import Ask, DeskCog, Interaction, Responder, member_of, name_of, relative
from bot_shard.looking import is_waiting, say_nothing_yet
from engagement.analytics.selectors import (
    Explanation,
    HistoryLine,
    MessageExplanation,
    explain_entry,
    explain_message,
    list_history,
)
from engagement.analytics.window import has_older_history
from engagement.members.models import Visibility
from saas.core.errors import NotFoundError

PAGE = 10


def read_history(
    user_id: int, *, before_id: int | None, limit: int, language: str
) -> list[HistoryLine] | None:
    """None for somebody who was never seen here."""
    member = member_of(user_id)
    if member is None:
        return None
    return list_history(member_id=member.pk, before_id=before_id, limit=limit, language=language)


def is_hidden_history(user_id: int) -> bool:
    """Whether all that there is of them is older than the plan shows."""
    member = member_of(user_id)
    return member is not None and has_older_history(member_id=member.pk)


def read_why(
    user_id: int, *, entry_id: int | None, before_id: int | None, language: str
) -> Explanation | None:
    """The entry, or the newest one (before another). None when there is none. Raises NotFoundError for another's."""
    member = member_of(user_id)
    if member is None:
        return None
    if entry_id is None:
        lines = list_history(member_id=member.pk, before_id=before_id, limit=1)
        if not lines:
            return None
        entry_id = lines[0].entry_id
    explanation = explain_entry(entry_id=entry_id, language=language)
    if explanation.member_id != member.pk:
        raise NotFoundError("There is no such entry of yours. `/history` lists your entries.")
    return explanation


def read_message(user_id: int, author_id: int, message_id: int, language: str) -> MessageExplanation | None:
    """None where the author does not want to be seen, but by themselves."""
    author = member_of(author_id)
    if author is not None and author.visibility != Visibility.VISIBLE and user_id != author_id:
        return None
    return explain_message(source_id=f"discord:message:{message_id}", language=language)


class HistoryCog(DeskCog):
    @app_commands.command(name="history", description="Your last entries: what you got, for what and when.")
    @app_commands.guild_only()
    async def history(self, interaction: Interaction) -> None:
        async def find(ask: Ask) -> Answer:
            return await self._history(ask, None)

        await self.desk.answer(interaction, "history", find)

    @app_commands.command(name="why", description="Why you got your last points, or those of an entry.")
    @app_commands.describe(entry="The entry's number, as /history shows it. Your last one when left out.")
    @app_commands.guild_only()
    async def why(
        self, interaction: Interaction, entry: app_commands.Range[int, 1, 2**53 - 1] | None = None
    ) -> None:
        async def find(ask: Ask) -> Answer:
            return await self._why(ask, entry, None)

        await self.desk.answer(interaction, "why", find)

    def buttons(self) -> Mapping[str, Responder]:
        return {"history": self.turn_history, "why": self.turn_why}

    def menus(self) -> list[app_commands.ContextMenu]:
        return [
            app_commands.ContextMenu(
                name="Explain points",
                callback=self.explain,
                allowed_contexts=app_commands.AppCommandContext(guild=True),
            )
        ]

    async def turn_history(self, interaction: Interaction, before: str, *_: str) -> None:
        before_id = int(before)

        async def find(ask: Ask) -> Answer:
            return await self._history(ask, before_id)

        await self.desk.answer(interaction, "history", find, updates=True)

    async def turn_why(self, interaction: Interaction, before: str, *_: str) -> None:
        before_id = int(before)

        async def find(ask: Ask) -> Answer:
            return await self._why(ask, None, before_id)

        await self.desk.answer(interaction, "why", find, updates=True)

    async def explain(self, interaction: Interaction, message: discord.Message) -> None:
        async def find(ask: Ask) -> Answer:
            found = await ask.do(
                read_message, interaction.user.id, message.author.id, message.id, ask.language
            )
            if found is None:
                return Answer(ask.say("is_hidden", name=name_of(message.author)))
            return self._show_message(ask, found)

        await self.desk.answer(interaction, "explain", find)

    # --- answers

    async def _history(self, ask: Ask, before_id: int | None) -> Answer:
        lines = await ask.do(
            read_history, ask.interaction.user.id, before_id=before_id, limit=PAGE + 1, language=ask.language
        )
        if lines is None or (not lines and before_id is None):
            return await self._nothing(ask)
        shown, more = lines[:PAGE], len(lines) > PAGE
        buttons = [Button(ask.say("older"), custom_id("history", shown[-1].entry_id))] if more else []
        return Answer(
            title=ask.say("history_title"),
            text="\n".join(_line(ask, line) for line in shown) or ask.say("history_end"),
            hint=ask.say("earn_hint"),
            buttons=buttons,
        )

    async def _why(self, ask: Ask, entry_id: int | None, before_id: int | None) -> Answer:
        found = await ask.do(
            read_why, ask.interaction.user.id, entry_id=entry_id, before_id=before_id, language=ask.language
        )
        if found is None:
            if before_id is not None:
                return Answer(ask.say("history_end"))
            return await self._nothing(ask)
        lines = [f"**{name}** · {plain(text)}" for name, text in found.lines if text]
        place = f" · <#{found.channel_id}>" if found.channel_id else ""
        return Answer(
            title=ask.say("why_title", amount=_signed_count(ask, found.amount), title=plain(found.title)),
            text="\n".join([*lines, f"{relative(found.occurred_at)}{place} · #{found.entry_id}"]),
            hint=ask.say("why_hint"),
            buttons=[Button(ask.say("older"), custom_id("why", found.entry_id))],
        )

    @staticmethod
    async def _nothing(ask: Ask) -> Answer:
        if await ask.do(is_hidden_history, ask.interaction.user.id):
            return Answer(ask.say("history_older"), hint=ask.say("earn_hint"))
        return say_nothing_yet(ask, waits=await ask.do(is_waiting, ask.interaction.user.id))

    @staticmethod
    def _show_message(ask: Ask, found: MessageExplanation) -> Answer:
        if not found.entries:
            return Answer(ask.say("why_message_none"), text=found.note)
        return Answer(
            title=ask.say("why_message_total", total=ask.count(found.total)),
            text=found.note,
            fields=[
                (
                    f"{ask.signed(entry.amount)} · {plain(entry.title)}",
                    "\n".join(f"{name}: {plain(text)}" for name, text in entry.lines if text),
                )
                for entry in found.entries
            ],
        )


def _signed_count(ask: Ask, amount: int) -> str:
    return f"+{ask.count(amount)}" if amount > 0 else ask.count(amount)


def _line(ask: Ask, line: HistoryLine) -> str:
    place = f" · <#{line.channel_id}>" if line.channel_id else ""
    detail = f" — {plain(line.detail)}" if line.detail else ""
    amount = f"`{ask.signed(line.amount):>7}`"
    return (
        f"{amount} **{plain(line.title)}**{detail}{place} · {relative(line.occurred_at)} · #{line.entry_id}"
    )


async def setup(bot: Bot) -> None:
    await bot.add_cog(HistoryCog(bot))
