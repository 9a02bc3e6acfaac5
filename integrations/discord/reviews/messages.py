"""What the review message of a submission says, and bringing it to what the submission is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from engagement.files.selectors import file_address
from engagement.submissions.answers import values_of
from engagement.submissions.channel import forget_review_message, note_review_message
from engagement.submissions.duplicates import Likeness
from engagement.submissions.errors import SubmissionNotFoundError
from engagement.submissions.models import Submission
from engagement.submissions.previews import previews_of
from engagement.submissions.selectors import Detail, describe_answers, get_detail, member_name
from engagement.submissions.shapes import FILES, FieldKind, Form
from engagement.submissions.states import APPROVED, NEEDS_INFO, PENDING, REJECTED, WITHDRAWN
from tenants.context import TenantContext
from tenants.tickets import get_tenant_address

from ..announcements import claim_delivery, deliver, escape
from ..client import DiscordClient
from ..errors import (
    MISSING_ACCESS,
    MISSING_PERMISSIONS,
    UNKNOWN_CHANNEL,
    UNKNOWN_MESSAGE,
    DiscordRefusedError,
)
from ..models import Delivery
from ..problems import clear_problem, note_problem
from ..team_words import amount, language_of, say, say_count

BUTTON: Final = "eh1:{}:{}"  # bot_shard.cogs.reviewing answers it
APPROVE, SCORE, REJECT, ASK = "sub-approve", "sub-score", "sub-reject", "sub-ask"
MOST_CRITERIA: Final = 5  # that a form in Discord has room for
MOST_SCORE: Final = 24  # a select has 25 lines, and 0 is one
_LONGEST: Final = 3_500
_ANSWER: Final = 600
_GREEN, _RED, _GREY, _LINK = 3, 4, 2, 5
_COLOURS: Final = {APPROVED: 0x2B8A3E, REJECTED: 0xC92A2A, NEEDS_INFO: 0xB35309, WITHDRAWN: 0x868E96}
_SAID: Final = frozenset({APPROVED, REJECTED, NEEDS_INFO, WITHDRAWN})
_PICTURE_LASTS: Final = timedelta(days=7)  # Discord keeps a copy of what it has shown


def post_review_message(
    context: TenantContext, client: DiscordClient, *, event_id: int, submission_id: int
) -> Delivery | None:
    """A submission was handed in: post it in its kind's channel, or bring the message that stands there up to date. None where there is
    nothing to post: no channel, or it is decided or gone by now.

    Idempotent on `event_id`. Raises RetryLaterError, DiscordAwayError.
    """
    detail = _find(submission_id)
    if detail is None:
        return None
    submission = detail.item.submission
    channel_id = submission.type.channel_id
    if submission.state != PENDING or channel_id is None:
        return None
    if submission.message_id is not None and update_review_message(
        context, client, submission_id=submission_id
    ):
        return None
    delivery = claim_delivery(event_id)
    if delivery.state == Delivery.State.WAITING:
        delivery = deliver(
            context, client, delivery, describe_submission(context, detail), channel_id, in_channel=True,
            note_refusal=_note_refusal,
        )  # fmt: skip
    if delivery.state == Delivery.State.SENT and delivery.message_id is not None:
        clear_problem(key=f"review:{channel_id}")
        note_review_message(
            submission_id=submission_id, channel_id=channel_id, message_id=delivery.message_id
        )
    return delivery


def update_review_message(context: TenantContext, client: DiscordClient, *, submission_id: int) -> bool:
    """Bring the message to what the submission is now; False where there is none. Idempotent. Raises RetryLaterError, DiscordAwayError."""
    detail = _find(submission_id)
    if detail is None:
        return False
    submission = detail.item.submission
    if submission.message_id is None or submission.message_channel_id is None:
        return False
    try:
        client.edit_message(
            submission.message_channel_id, submission.message_id, describe_submission(context, detail)
        )
    except DiscordRefusedError as error:
        if error.code in (UNKNOWN_MESSAGE, UNKNOWN_CHANNEL):
            forget_review_message(submission_id=submission_id, message_id=submission.message_id)
        # Where we may not write any more the buttons still answer, and say what is true.
        return False
    return True


def describe_submission(context: TenantContext, detail: Detail) -> dict[str, Any]:
    """The message: one embed, and what can be done with it now. What it mentions in there pings nobody."""
    submission, language = detail.item.submission, language_of(context)
    name = member_name(detail.item) or say(language, "gone")
    lines = [f"**{escape(name)}** · {escape(submission.type.name)}"]
    lines += _answers(language, detail)
    lines += _previews(submission)
    if detail.alike:
        how = _likeness(language, detail.alike[0].likeness)
        lines.append(say_count(language, "resembles", len(detail.alike), how=how))
    embed: dict[str, Any] = {
        "title": escape(detail.item.title)[:250],
        "description": _cut(language, lines),
        "color": _COLOURS.get(submission.state, int(context.colour.removeprefix("#"), 16)),
    }
    picture = _first_picture(context, detail)
    if picture:
        embed["image"] = {"url": picture}
    outcome = _outcome(context, language, submission)
    if outcome:
        embed["fields"] = [{"name": say(language, f"submission.{submission.state}"), "value": outcome}]
    buttons = _buttons(context, language, detail)
    return {"embeds": [embed], "components": [{"type": 1, "components": buttons}]}


def scores_in_discord(form: Form) -> bool:
    """Whether a form of Discord's has room for the rubric."""
    return len(form.rubric) <= MOST_CRITERIA and all(one.most <= MOST_SCORE for one in form.rubric)


def _find(submission_id: int) -> Detail | None:
    try:
        return get_detail(submission_id=submission_id)
    except SubmissionNotFoundError:
        return None


def _note_refusal(error: DiscordRefusedError, target: int, in_channel: bool) -> None:
    """A closed channel is the organiser's. Anything else is ours."""
    if error.code not in (UNKNOWN_CHANNEL, MISSING_ACCESS, MISSING_PERMISSIONS):
        raise error
    note_problem(
        key=f"review:{target}",
        message=(
            f"Submissions cannot be posted in the channel {target}: Discord says “{error}”. What waits stands in the queue. Give "
            "EngageHub View Channel, Send Messages and Embed Links there, or choose another channel for the kind of submission."
        ),
    )


def _likeness(language: str, likeness: Likeness) -> str:
    if likeness.link or likeness.file:
        return say(language, "alike.link" if likeness.link else "alike.file")
    return say(language, "alike.words", percent=likeness.percent)


def _first_picture(context: TenantContext, detail: Detail) -> str:
    """Where Discord gets the first picture that was handed in; empty where there is none. Its address is signed and ends."""
    for file_id in values_of(detail.form, detail.item.submission.answers, *FILES):
        file = detail.files.get(file_id)
        if file is not None and file.content_type.startswith("image/"):
            return get_tenant_address(context.slug) + file_address(context, file, lasts=_PICTURE_LASTS)
    return ""


def _answers(language: str, detail: Detail) -> list[str]:
    lines = []
    for label, value, kind in describe_answers(detail):
        if kind in FILES:
            count = len(value) if isinstance(value, list) else 1
            lines.append(f"**{escape(label)}**: {say_count(language, 'files', count)}")
            continue
        text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        # A link stays one that can be followed; Discord shows where it leads before it is opened.
        shown = text if kind == FieldKind.LINK else escape(text)
        lines.append(f"**{escape(label)}**: {shown[:_ANSWER]}{'…' if len(shown) > _ANSWER else ''}")
    return lines


def _previews(submission: Submission) -> list[str]:
    """What its links lead to. The host is where they do; what a page calls itself is no more than that."""
    lines = []
    for one in previews_of(submission):
        title = escape(one.facts.title or one.facts.site)
        about = f"\n> {escape(one.facts.description)}" if one.facts.description else ""
        lines.append(f"> 🔗 **{title}** · {escape(one.facts.host)}{about}"[:_ANSWER])
    return lines


def _cut(language: str, lines: list[str]) -> str:
    """Whole lines as long as there is room."""
    text = ""
    for line in lines:
        if len(text) + len(line) > _LONGEST:
            return f"{text}\n{say(language, 'more')}"
        text = f"{text}\n{line}".strip()
    return text


def _outcome(context: TenantContext, language: str, submission: Submission) -> str:
    if submission.state not in _SAID:
        return ""
    parts = []
    if submission.points:
        parts.append(amount(language, submission.points, context.points_name))
    if submission.decided_by and submission.state != WITHDRAWN:
        parts.append(say(language, "by", name=escape(submission.decided_by)))
    if submission.reason:
        parts.append(escape(submission.reason)[:700])
    return " · ".join(parts) or "–"


def _buttons(context: TenantContext, language: str, detail: Detail) -> list[dict[str, Any]]:
    submission = detail.item.submission
    page = f"{get_tenant_address(context.slug)}/dashboard/submissions/{submission.pk}/"
    link = {"type": 2, "style": _LINK, "label": say(language, "open"), "url": page}
    if submission.state not in (PENDING, NEEDS_INFO):
        return [link]
    by_score = detail.form.award.kind == "rubric"
    buttons = [
        _button(
            SCORE if by_score else APPROVE,
            submission.pk,
            say(language, "score" if by_score else "approve"),
            _GREEN,
        ),
        _button(REJECT, submission.pk, say(language, "reject"), _RED),
        _button(ASK, submission.pk, say(language, "needs_info"), _GREY),
    ]
    if by_score and not scores_in_discord(detail.form):
        buttons = buttons[1:]
        link = link | {"label": say(language, "score_on_page")}
    return [*buttons, link]


def _button(name: str, submission_id: int, label: str, style: int) -> dict[str, Any]:
    return {"type": 2, "style": style, "label": label, "custom_id": BUTTON.format(name, submission_id)}
