"""The buttons of the review channel: approve, score and approve, reject, ask, and undo. integrations.discord.reviews posts the messages.

Every id carries its submission, so that a button works after any restart. Who may is asked when it is pressed; what was decided meanwhile
is said to who pressed, and the message itself is brought up to date by its job.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import discord

from bot_shard.answers import Answer, Button, custom_id, plain
from bot_shard.bot import Bot
from bot_shard.cog import Ask, DeskCog, Interaction, Responder
from bot_shard.who import Who, who_asks
from engagement.members.selectors import get_member
from engagement.submissions.errors import WrongStateError
from engagement.submissions.models import Submission
from engagement.submissions.people import require_reviewer
from engagement.submissions.reasons import list_reasons
from engagement.submissions.reviewing import (
    MAX_REASON,
    UNDO,
    approve_submission,
    ask_for_info,
    reject_submission,
    undo_decision,
)
from engagement.submissions.selectors import get_submission
from engagement.submissions.shapes import Criterion, Form, form_of
from engagement.submissions.states import OPEN
from integrations.discord.reviews.messages import scores_in_discord
from tenants.tickets import get_tenant_address

COMMAND: Final = "submissions"  # whose pace the buttons keep
_REASON, _READY = "reason", "ready"
_OUTCOMES: Final = {"reject": "rejected", "ask": "needs_info"}


@dataclass(frozen=True)
class Opened:
    """What a form needs to know. `ready`: the ready-made reasons."""

    submission_id: int
    name: str
    form: Form
    ready: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class Decided:
    name: str
    member: str
    state: str
    points: int


def check_reviewer(who: Who, submission_id: int) -> Submission:
    """Whoever may review everything, and whom the kind names, by the roles of the interaction itself as well. Raises
    SubmissionNotFoundError, NotReviewerError."""
    found = get_submission(submission_id=submission_id)
    if not {str(role) for role in who.role_ids} & set(found.type.reviewers.get("roles", ())):
        require_reviewer(found.type, rights=who.rights, actor=who.actor)
    return found


def open_one(who: Who, submission_id: int, act: str) -> Opened:
    """Before a form is shown: raises what check_reviewer does, and WrongStateError for what is decided."""
    found = check_reviewer(who, submission_id)
    if found.state not in OPEN:
        by = f" by {found.decided_by}" if found.decided_by else ""
        raise WrongStateError(
            f"This is {found.get_state_display().lower()}{by} already. The page shows it.", state=found.state
        )
    outcome = _OUTCOMES.get(act)
    ready = tuple((one.pk, one.text) for one in list_reasons(outcome=outcome)) if outcome else ()
    return Opened(found.pk, found.title or found.type.name, form_of(found.form), ready)


def approve(who: Who, submission_id: int, scores: Mapping[str, int] | None) -> Decided:
    check_reviewer(who, submission_id)
    done = approve_submission(
        context=who.context, submission_id=submission_id, actor=who.actor, scores=scores
    )
    return _tell(done)


def reject(who: Who, submission_id: int, reason: str) -> Decided:
    check_reviewer(who, submission_id)
    done = reject_submission(context=who.context, submission_id=submission_id, actor=who.actor, reason=reason)
    return _tell(done)


def ask_member(who: Who, submission_id: int, question: str) -> Decided:
    check_reviewer(who, submission_id)
    done = ask_for_info(context=who.context, submission_id=submission_id, actor=who.actor, question=question)
    return _tell(done)


def undo(who: Who, submission_id: int) -> tuple[Decided, bool]:
    """What was taken back, and whether the member had been told."""
    told = check_reviewer(who, submission_id).told_at is not None
    done = undo_decision(context=who.context, submission_id=submission_id, actor=who.actor)
    return _tell(done), told


def _tell(done: Submission) -> Decided:
    member = get_member(member_id=done.member_id, with_deleted=True)
    return Decided(done.title or done.type.name, member.display_name, done.state, done.points)


class ReasonForm(discord.ui.Modal):
    """Why, or what to ask: written, or one of the ready-made ones."""

    def __init__(self, ask: Ask, opened: Opened, act: str) -> None:
        super().__init__(
            title=ask.say(f"review_{act}_form", name=opened.name)[:45],
            custom_id=custom_id(f"sub-{act}", opened.submission_id),
        )
        if opened.ready:
            options = [
                discord.SelectOption(label=text[:100], value=str(pk)) for pk, text in opened.ready[:25]
            ]
            self.add_item(
                discord.ui.Label(
                    text=ask.say("review_ready")[:45],
                    component=discord.ui.Select(
                        custom_id=_READY, options=options, required=False, min_values=0
                    ),
                )
            )
        self.add_item(
            discord.ui.Label(
                text=ask.say(f"review_{act}_label")[:45],
                description=ask.say("review_reads")[:100],
                component=discord.ui.TextInput(
                    custom_id=_REASON,
                    style=discord.TextStyle.paragraph,
                    required=not opened.ready,
                    max_length=MAX_REASON,
                ),
            )
        )


class ScoreForm(discord.ui.Modal):
    """A select for each line of the rubric."""

    def __init__(self, ask: Ask, opened: Opened) -> None:
        super().__init__(
            title=ask.say("review_score_form", name=opened.name)[:45],
            custom_id=custom_id("sub-score", opened.submission_id),
        )
        for one in opened.form.rubric:
            self.add_item(
                discord.ui.Label(
                    text=one.label[:45], description=one.help[:100] or None, component=_scores(one)
                )
            )


def _scores(one: Criterion) -> discord.ui.Select[Any]:
    options = [
        discord.SelectOption(label=f"{score} / {one.most}", value=str(score))
        for score in range(one.most, -1, -1)
    ]
    return discord.ui.Select(custom_id=one.key, options=options)


class ReviewingCog(DeskCog):
    def buttons(self) -> Mapping[str, Responder]:
        return {
            "sub-approve": self.approve,
            "sub-score": self.ask_scores,
            "sub-reject": self.ask_why,
            "sub-ask": self.ask_what,
            "sub-undo": self.undo,
        }

    def forms(self) -> Mapping[str, Responder]:
        return {"sub-score": self.scored, "sub-reject": self.rejected, "sub-ask": self.asked}

    async def approve(self, interaction: Interaction, submission_id: str, *_: str) -> None:
        chosen = int(submission_id)

        async def work(ask: Ask) -> Answer:
            return show_decided(ask, chosen, await ask.do(approve, who_asks(ask), chosen, None))

        await self.desk.answer(interaction, COMMAND, work, writes=True, anywhere=True)

    async def ask_scores(self, interaction: Interaction, submission_id: str, *_: str) -> None:
        chosen = int(submission_id)

        async def make(ask: Ask) -> discord.ui.Modal | Answer:
            opened = await ask.do(open_one, who_asks(ask), chosen, "score")
            if not opened.form.rubric or not scores_in_discord(opened.form):
                page = f"{get_tenant_address(ask.context.slug)}/dashboard/submissions/{chosen}/"
                return Answer(ask.say("review_on_web"), buttons=[Button(ask.say("review_open"), url=page)])
            return ScoreForm(ask, opened)

        await self.desk.open_form(interaction, COMMAND, make, anywhere=True)

    async def ask_why(self, interaction: Interaction, submission_id: str, *_: str) -> None:
        await self._open(interaction, int(submission_id), "reject")

    async def ask_what(self, interaction: Interaction, submission_id: str, *_: str) -> None:
        await self._open(interaction, int(submission_id), "ask")

    async def _open(self, interaction: Interaction, chosen: int, act: str) -> None:
        async def make(ask: Ask) -> discord.ui.Modal | Answer:
            return ReasonForm(ask, await ask.do(open_one, who_asks(ask), chosen, act), act)

        await self.desk.open_form(interaction, COMMAND, make, anywhere=True)

    async def scored(
        self, interaction: Interaction, values: dict[str, str], submission_id: str, *_: str
    ) -> None:
        chosen = int(submission_id)
        scores = {key: int(score) for key, score in values.items() if score.isdecimal()}

        async def work(ask: Ask) -> Answer:
            return show_decided(ask, chosen, await ask.do(approve, who_asks(ask), chosen, scores))

        await self.desk.answer(interaction, COMMAND, work, writes=True, anywhere=True)

    async def rejected(
        self, interaction: Interaction, values: dict[str, str], submission_id: str, *_: str
    ) -> None:
        chosen = int(submission_id)

        async def work(ask: Ask) -> Answer:
            reason = await ask.do(read_reason, values, "reject")
            return show_decided(ask, chosen, await ask.do(reject, who_asks(ask), chosen, reason))

        await self.desk.answer(interaction, COMMAND, work, writes=True, anywhere=True)

    async def asked(
        self, interaction: Interaction, values: dict[str, str], submission_id: str, *_: str
    ) -> None:
        chosen = int(submission_id)

        async def work(ask: Ask) -> Answer:
            question = await ask.do(read_reason, values, "ask")
            return show_decided(ask, chosen, await ask.do(ask_member, who_asks(ask), chosen, question))

        await self.desk.answer(interaction, COMMAND, work, writes=True, anywhere=True)

    async def undo(self, interaction: Interaction, submission_id: str, *_: str) -> None:
        chosen = int(submission_id)

        async def work(ask: Ask) -> Answer:
            done, told = await ask.do(undo, who_asks(ask), chosen)
            key = "review_undone_told" if told else "review_undone"
            return Answer(ask.say(key, name=plain(done.name), member=plain(done.member)))

        await self.desk.answer(interaction, COMMAND, work, writes=True, updates=True, anywhere=True)


def read_reason(values: Mapping[str, str], act: str) -> str:
    """What was written; where nothing was, the ready-made one that was chosen."""
    written, chosen = values.get(_REASON, "").strip(), values.get(_READY, "")
    if written or not chosen.isdecimal():
        return written
    ready = {one.pk: one.text for one in list_reasons(outcome=_OUTCOMES[act])}
    return ready.get(int(chosen), "")


def show_decided(ask: Ask, submission_id: int, done: Decided) -> Answer:
    """For whoever decided: what follows, and the seconds to take it back."""
    return Answer(
        ask.say(f"review_{done.state}", name=plain(done.name), amount=ask.count(done.points)),
        text=ask.say("review_told", member=plain(done.member), seconds=UNDO.seconds),
        buttons=[Button(ask.say("undo"), custom_id("sub-undo", submission_id))],
    )


async def setup(bot: Bot) -> None:
    await bot.add_cog(ReviewingCog(bot))
