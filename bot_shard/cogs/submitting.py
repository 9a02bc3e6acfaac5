"""/submit: something is handed in by a form, with files as the command's options; /submissions: what one handed in, and what became of it.

A form in Discord has room for five answers. Whoever has to give more finds their draft on the page, by a link that opens as them; and so
does whoever gave an answer that does not fit, because Discord forgets what was typed into a form.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import discord
from discord import app_commands

from bot_shard.answers import MAX_CHOICES, MAX_LABEL, WARNING_COLOUR, Answer, Button, custom_id, plain
from bot_shard.bot import Bot
from bot_shard.cog import PROVIDER, Ask, DeskCog, Interaction, Responder, member_of, relative
from bot_shard.handed_files import FetchedFile, fetch_files, keep_refs, recall_refs, refs_of
from bot_shard.looking import is_waiting, say_nothing_yet
from bot_shard.relaying import relay
from bot_shard.who import Who, who_asks
from engagement.files.errors import InvalidFileError
from engagement.files.models import FileUse
from engagement.files.services import store_file
from engagement.progression.services import ensure_member
from engagement.submissions.errors import InvalidAnswersError, SubmissionTypeNotFoundError, TypeClosedError
from engagement.submissions.handing_in import hand_in
from engagement.submissions.models import Submission
from engagement.submissions.selectors import OpenType, get_open_type, list_open_types, list_own
from engagement.submissions.shapes import FILES, LONGEST, MAX_FILES, Field, FieldKind, Form
from engagement.submissions.states import APPROVED, DRAFT, NEEDS_INFO
from saas.core import clock
from saas.core.errors import UnavailableError
from tenants.context import TenantContext
from tenants.tickets import get_member_link, get_tenant_address

MOST_INPUTS: Final = 5
LINES: Final = 10
_LABEL: Final = 45
_PLACEHOLDER: Final = 100
_HINTS: Final = {FieldKind.DATE: "2026-05-31", FieldKind.LINK: "https://"}


@dataclass(frozen=True)
class Sent:
    """What came of a form: a submission that waits, or a draft with what is to be mended or added on the page."""

    submission: Submission
    link: str
    errors: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mine:
    rows: list[Submission]
    link: str
    nobody: bool = False
    waits_for_room: bool = False


def suggest_kinds(context: TenantContext, user_id: int, typed: str) -> list[tuple[str, str]]:
    """What can be handed in by whoever types, by name."""
    member = member_of(user_id)
    found = list_open_types(member_id=None if member is None else member.pk, context=context)
    wanted = typed.casefold().strip()
    return [
        (one.type.name, one.type.key)
        for one in found
        if one.can_hand_in and wanted in one.type.name.casefold()
    ]


def open_kind(who: Who, typed: str, name: str) -> OpenType:
    """The kind that was typed, by key or by name. Raises SubmissionTypeNotFoundError, and TypeClosedError with why not now."""
    who.check("submit_work")
    member = ensure_member(provider=PROVIDER, external_id=str(who.discord_id), display_name=name)
    wanted = typed.casefold().strip()
    for one in list_open_types(member_id=member.pk, context=who.context):
        if wanted in (one.type.key.casefold(), one.type.name.casefold()):
            if not one.can_hand_in:
                raise TypeClosedError(one.words)
            return one
    raise SubmissionTypeNotFoundError


def hand(
    who: Who, type_id: int, values: Mapping[str, str], files: Sequence[FetchedFile], key: str, name: str
) -> Sent:
    """Hand in what the form and the files hold; a draft where something is missing or does not fit. Idempotent on `key`."""
    who.check("submit_work")
    member = ensure_member(provider=PROVIDER, external_id=str(who.discord_id), display_name=name)
    kind = get_open_type(type_id=type_id, member_id=member.pk, context=who.context)
    answers, errors = _answers(kind.form, values, files, member.pk)
    lacks = tuple(
        one.label
        for one in kind.form.fields
        if one.required and one.key not in answers and one.key not in errors
    )

    def keep(given: Mapping[str, Any], draft: bool) -> Submission:
        return hand_in(
            context=who.context,
            member_id=member.pk,
            type_id=type_id,
            answers=given,
            key=f"{key}:draft" if draft else key,
            via="bot",
            actor=who.actor,
            draft=draft,
        )

    if not errors and not lacks:
        try:
            done = keep(answers, False)
            return Sent(done, link_of(who, f"/submissions/{done.pk}/"))
        except InvalidAnswersError as error:
            errors = error.errors
    fitting = {field: value for field, value in answers.items() if field not in errors}
    draft = _keep_draft(keep, fitting)
    return Sent(draft, link_of(who, f"/submissions/{draft.pk}/"), tuple(errors.values()), lacks)


def _keep_draft(keep: Any, answers: dict[str, Any]) -> Submission:
    """A draft with all that fits."""
    try:
        return keep(answers, True)  # type: ignore[no-any-return]
    except InvalidAnswersError as error:
        return keep({key: value for key, value in answers.items() if key not in error.errors}, True)  # type: ignore[no-any-return]


def read_mine(who: Who) -> Mine:
    who.check("submit_work")
    member = member_of(who.discord_id)
    if member is None:
        return Mine([], "", nobody=True, waits_for_room=is_waiting(who.discord_id))
    return Mine(list_own(member_id=member.pk, limit=LINES), link_of(who, "/submissions/"))


def link_of(who: Who, path: str) -> str:
    """The page, opened as whoever asks; where tickets cannot be made just now, the page alone."""
    try:
        return get_member_link(
            who.context, provider=PROVIDER, external_id=str(who.discord_id), next_path=path
        )
    except UnavailableError:
        return f"{get_tenant_address(who.context.slug)}{path}"


def _answers(
    form: Form, values: Mapping[str, str], files: Sequence[FetchedFile], member_id: int
) -> tuple[dict[str, Any], dict[str, str]]:
    """What was typed and attached, in the service's words; by field what could not be taken."""
    answers: dict[str, Any] = {}
    errors: dict[str, str] = {}
    waiting = list(files)
    for one in form.fields:
        if one.kind in FILES:
            taken = [file for file in waiting if file.is_picture or one.kind == FieldKind.FILE][
                : one.most or MAX_FILES
            ]
            waiting = [file for file in waiting if file not in taken]
            try:
                ids = [_store(file, member_id) for file in taken]
            except InvalidFileError as error:
                errors[one.key] = f"“{one.label}”: {error.message}"
                continue
            if ids:
                answers[one.key] = ids
            continue
        text = values.get(one.key, "")
        if not text.strip():
            continue
        if one.kind == FieldKind.CHOICE and one.many:
            answers[one.key] = text.split("\n")
        elif one.kind == FieldKind.MEMBER:
            member = member_of(text)
            if member is None:
                errors[one.key] = f"“{one.label}”: they were never seen here. Choose somebody else."
            else:
                answers[one.key] = member.pk
        else:
            answers[one.key] = text
    return answers, errors


def _store(file: FetchedFile, member_id: int) -> int:
    return store_file(use=FileUse.ATTACHMENT, name=file.name, data=file.data, owner_id=member_id).pk


def inputs_of(form: Form) -> list[Field]:
    """The questions that the form in Discord asks: those that have to be answered first, in the kind's own order."""
    askable = [one for one in form.fields if one.kind not in FILES]
    chosen = sorted(askable, key=lambda one: not one.required)[:MOST_INPUTS]
    return [one for one in askable if one in chosen]


class HandInForm(discord.ui.Modal):
    """Answered by its id, which names the kind and the command whose files belong to it: a restart in between does no harm."""

    def __init__(self, kind: OpenType, asked: str) -> None:
        super().__init__(title=kind.type.name[:45], custom_id=custom_id("submit", kind.type.pk, asked))
        for one in inputs_of(kind.form):
            long = len(one.label) > _LABEL
            text = f"{one.label[: _LABEL - 1]}…" if long else one.label
            note = one.label if long else one.help
            self.add_item(
                discord.ui.Label(text=text, description=note[:100] or None, component=_component(one))
            )


def _component(one: Field) -> discord.ui.Item[Any]:
    if one.kind == FieldKind.CHOICE:
        return discord.ui.Select(
            custom_id=one.key,
            options=[discord.SelectOption(label=choice[:MAX_LABEL], value=choice) for choice in one.choices],
            required=one.required,
            min_values=1 if one.required else 0,
            max_values=min(one.most or len(one.choices), len(one.choices)) if one.many else 1,
        )
    if one.kind == FieldKind.MEMBER:
        return discord.ui.UserSelect(
            custom_id=one.key, required=one.required, min_values=1 if one.required else 0
        )
    longest = LONGEST.get(one.kind, 2000 if one.kind == FieldKind.LINK else 20)
    return discord.ui.TextInput(
        custom_id=one.key,
        style=discord.TextStyle.paragraph if one.kind == FieldKind.LONG_TEXT else discord.TextStyle.short,
        required=one.required,
        max_length=min(one.most or longest, longest, 4000) if one.kind in LONGEST else min(longest, 4000),
        placeholder=_HINTS.get(one.kind, one.unit)[:_PLACEHOLDER] or None,
    )


class SubmittingCog(DeskCog):
    @app_commands.command(name="submit", description="Hand something in for the team to look at.")
    @app_commands.describe(
        type="What is it?",
        file="A picture or a file that belongs to it.",
        second="Another one.",
        third="And another one.",
    )
    @app_commands.guild_only()
    async def submit(
        self, interaction: Interaction, type: str, file: discord.Attachment | None = None,
        second: discord.Attachment | None = None, third: discord.Attachment | None = None,
    ) -> None:  # fmt: skip
        async def make(ask: Ask) -> discord.ui.Modal | Answer:
            kind = await ask.do(open_kind, who_asks(ask), type, interaction.user.display_name)
            refs = refs_of([file, second, third])
            if not inputs_of(kind.form):
                link = await ask.do(link_of, who_asks(ask), f"/submit/{kind.type.key}/")
                return Answer(
                    ask.say("submit_on_web", name=plain(kind.type.name)),
                    buttons=[Button(ask.say("submit_open"), url=link)],
                )
            if refs:
                await ask.do(keep_refs, ask.context, asked=str(interaction.id), refs=refs)
            return HandInForm(kind, str(interaction.id) if refs else "0")

        await self.desk.open_form(interaction, "submit", make)

    @submit.autocomplete("type")
    async def suggest(self, interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
        def find(context: TenantContext, user_id: int) -> list[tuple[str, str]]:
            return suggest_kinds(context, user_id, current)

        found = await self.desk.suggest(interaction, find)
        return [app_commands.Choice(name=name[:MAX_LABEL], value=key) for name, key in found][:MAX_CHOICES]

    @app_commands.command(name="submissions", description="What you handed in, and what became of it.")
    @app_commands.guild_only()
    async def submissions(self, interaction: Interaction) -> None:
        async def find(ask: Ask) -> Answer:
            return show_mine(ask, await ask.do(read_mine, who_asks(ask)))

        await self.desk.answer(interaction, "submissions", find)

    def forms(self) -> Mapping[str, Responder]:
        return {"submit": self.sent}

    async def sent(
        self, interaction: Interaction, values: dict[str, str], type_id: str, asked: str, *_: str
    ) -> None:
        chosen = int(type_id)

        async def work(ask: Ask) -> Answer:
            files: list[FetchedFile] = []
            if asked != "0":
                refs = await ask.do(recall_refs, ask.context, asked=asked)
                files = await fetch_files(self.bot, refs)
            sent = await ask.do(
                hand, who_asks(ask), chosen, values, files, ask.key, interaction.user.display_name
            )
            return show_sent(ask, sent)

        await self.desk.answer(interaction, "submit", work, writes=True)


def show_sent(ask: Ask, sent: Sent) -> Answer:
    """The first line says whether it waits, or what is still to be done."""
    one = sent.submission
    name = plain(one.title or one.type.name)
    if one.state != DRAFT:
        due = ask.say("submit_due", when=relative(one.due_at)) if one.due_at else ""
        return Answer(
            ask.say("submitted", name=name),
            text=due,
            hint=ask.say("submitted_hint"),
            buttons=[Button(ask.say("submit_open"), url=sent.link)],
        )
    lines = [f"• {plain(relay(ask.language, error))}" for error in sent.errors]
    if sent.lacks:
        lines.append(ask.say("submit_lacks", fields=", ".join(plain(label) for label in sent.lacks)))
    return Answer(
        ask.say("submit_mend" if sent.errors else "submit_go_on", name=name),
        text="\n".join(lines),
        hint=ask.say("submit_kept"),
        buttons=[Button(ask.say("submit_continue"), url=sent.link)],
        colour=WARNING_COLOUR if sent.errors else None,
    )


def show_mine(ask: Ask, mine: Mine) -> Answer:
    if mine.nobody:
        return say_nothing_yet(ask, waits=mine.waits_for_room)
    if not mine.rows:
        return Answer(ask.say("submissions_none"), hint=ask.say("submissions_none_hint"))
    return Answer(
        ask.say("submissions_title"),
        text="\n".join(_line(ask, row) for row in mine.rows),
        hint=ask.say("submissions_hint"),
        buttons=[Button(ask.say("submissions_open"), url=mine.link)],
    )


def _line(ask: Ask, row: Submission) -> str:
    """A decision shows once it is told."""
    held = row.told_at is None and row.told_after is not None and row.told_after > clock.now()
    state = "pending" if held else row.state
    text = f"**{plain(row.title or row.type.name)}** · {ask.say(f'submission_is_{state}')}"
    if state == APPROVED and row.points:
        text = f"{text} · {ask.signed(row.points)}"
    text = f"{text} · {relative(row.submitted_at or row.created_at)}"
    return f"{text}\n> {plain(row.reason[:200])}" if state == NEEDS_INFO and row.reason else text


async def setup(bot: Bot) -> None:
    await bot.add_cog(SubmittingCog(bot))
