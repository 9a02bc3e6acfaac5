"""Types that are filled in from outside: by a signed link that is bound to a member, or by a survey tool that signs what it sends.

A link counts once, or once a period; a tool's response counts once by its id. Making a new secret, or closing the survey, ends
every link and every tool's access at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import transaction

from engagement.audit.actor import Actor
from engagement.audit.services import record_audit
from engagement.members.models import Member
from engagement.members.selectors import find_member, get_member
from saas.core import clock
from saas.core.crypto import BadSignatureError, digest_of, sign, unsign
from tenants.context import TenantContext

from .errors import InvalidSurveyError, SubmissionTypeNotFoundError, SurveyClosedError
from .handing_in import hand_in
from .limits import period_of
from .models import Submission, SubmissionType
from .selectors import form_of_type, get_type
from .shapes import FieldKind, Form
from .survey_tools import Response
from .types import survey_secret_of

USES: Final = ("once", "day", "week", "month")
SHORTEST: Final = timedelta(minutes=5)
LONGEST: Final = timedelta(days=366)
PATH: Final = "/survey/{}/"  # route `survey` of the tenant's site
HOOK: Final = "/hooks/surveys/{}/"  # route `survey-hook`
_PURPOSE: Final = "submissions.survey"


@dataclass(frozen=True, slots=True)
class SurveyLink:
    """`ticket` is what the address holds."""

    ticket: str
    type: SubmissionType
    member: Member
    use: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Survey:
    """What an opened link shows. `done` is what was filled in already, in this period where it counts by period."""

    link: SurveyLink
    form: Form
    done: Submission | None


@transaction.atomic
def make_survey_link(
    *,
    context: TenantContext,
    type_id: int,
    member_id: int,
    actor: Actor,
    use: str = "once",
    lasts: timedelta = timedelta(days=30),
) -> SurveyLink:
    """A link by which a member fills a type in without signing in. It is theirs alone: who has it, answers in their name.

    Stores nothing; recorded in the audit log. Raises SubmissionTypeNotFoundError, SurveyClosedError for a type that is no survey,
    MemberNotFoundError, InvalidSurveyError.
    """
    if use not in USES:
        raise InvalidSurveyError(f"{use!r:.40} is unknown. Choose one of {', '.join(USES)}.", field="use")
    if not SHORTEST <= lasts <= LONGEST:
        raise InvalidSurveyError("A link lasts from five minutes to a year.", field="lasts")
    submission_type, member = get_type(type_id=type_id), get_member(member_id=member_id)
    secret = _require_survey(submission_type)
    expires_at = (clock.now() + lasts).replace(microsecond=0)
    facts = {
        "s": context.schema,
        "t": submission_type.pk,
        "m": member.pk,
        "u": use,
        "e": int(expires_at.timestamp()),
        "k": digest_of(secret)[:12],
    }
    record_audit(
        actor=actor,
        action="submission_type.linked",
        target_kind="submission_type",
        target_id=submission_type.pk,
        target_name=submission_type.name,
        after={"member": member.pk, "use": use, "expires_at": expires_at.isoformat()},
    )
    return SurveyLink(sign(facts, purpose=_PURPOSE), submission_type, member, use, expires_at)


def open_survey(*, ticket: str, context: TenantContext) -> Survey:
    """What a link leads to. Changes nothing. Raises BadSignatureError, SurveyClosedError when it is over, MemberNotFoundError."""
    facts = unsign(ticket, purpose=_PURPOSE, max_age=int(LONGEST.total_seconds()) + 86_400)
    if facts.get("s") != context.schema:
        raise BadSignatureError(
            "This link belongs to another community. Open it at the address that it was sent with."
        )
    expires_at = datetime.fromtimestamp(facts["e"], UTC)
    if expires_at <= clock.now():
        raise SurveyClosedError("This link has expired. Ask the team for a new one.")
    try:
        submission_type = get_type(type_id=facts["t"])
    except SubmissionTypeNotFoundError:
        raise SurveyClosedError("This survey is over.") from None
    if digest_of(_require_survey(submission_type))[:12] != facts["k"]:
        raise SurveyClosedError("This link was replaced by a newer one. Ask the team for it.")
    link = SurveyLink(ticket, submission_type, get_member(member_id=facts["m"]), facts["u"], expires_at)
    done = Submission.objects.filter(key=_key_of(link, context)).first()
    return Survey(link, form_of_type(submission_type), done)


def fill_survey(*, ticket: str, answers: Mapping[str, Any], context: TenantContext) -> Submission:
    """Hand in what somebody filled in behind a link, in the name of its member.

    Idempotent by link and period: the same answers sent again answer what is there. Raises what open_survey and hand_in raise, and
    SurveyClosedError when it was filled in before.
    """
    survey = open_survey(ticket=ticket, context=context)
    link = survey.link
    actor = Actor("member", link.member.pk, link.member.display_name, role="member", via="web")
    before = survey.done
    made = _hand_in(link.type, link.member, answers, _key_of(link, context), actor, context)
    if before is not None and not _same(made, answers):
        again = {"once": "once", "day": "once a day", "week": "once a week", "month": "once a month"}[
            link.use
        ]
        raise SurveyClosedError(f"You filled this in already. It counts {again}.")
    return made


def take_response(*, type_key: str, response: Response, context: TenantContext) -> Submission:
    """Hand in what a survey tool sent, whose signature was checked (survey_tools.read_response).

    Whose it is says a ticket in it, or, of a tool that vouches for them, a member's id, Discord id or e-mail. Fields that the form
    does not have are left out. Idempotent on the response's id. Raises SubmissionTypeNotFoundError, SurveyClosedError,
    InvalidSurveyError where nobody is named, and what hand_in raises.
    """
    submission_type = SubmissionType.objects.filter(key=type_key[:40]).first()
    if submission_type is None:
        raise SubmissionTypeNotFoundError
    _require_survey(submission_type)
    form = form_of_type(submission_type)
    if response.ticket:
        link = open_survey(ticket=response.ticket, context=context).link
        if link.type.pk != submission_type.pk:
            raise InvalidSurveyError("The ticket belongs to another kind of submission.", field="ticket")
        member, key = link.member, _key_of(link, context)
    else:
        member, key = _find_member(response), f"survey:{submission_type.pk}:r:{digest_of(response.id)[:40]}"
    actor = Actor("member", member.pk, member.display_name, role="member", via="rest")
    return _hand_in(submission_type, member, fit_answers(form, response.answers), key, actor, context)


def fit_answers(form: Form, given: Mapping[str, Any]) -> dict[str, Any]:
    """Of a tool's answers those that the form asks, by key or by label, in the form's shapes: numbers that came as text, several
    choices that came as one."""
    by_label = {field.label.casefold(): field.key for field in form.fields}
    kept: dict[str, Any] = {}
    for name, value in given.items():
        key = name if form.field(name) is not None else by_label.get(name.casefold(), "")
        field = form.field(key)
        if field is None or value is None:
            continue
        if isinstance(value, bool):
            value = "Yes" if value else "No"
        if isinstance(value, list) and not field.many and field.kind == FieldKind.CHOICE and len(value) == 1:
            value = value[0]
        if field.kind in (FieldKind.TEXT, FieldKind.LONG_TEXT):
            value = ", ".join(str(one) for one in value) if isinstance(value, list) else str(value)
        if field.kind == FieldKind.DATE and isinstance(value, str):
            value = value[:10]
        kept[key] = value
    return kept


def _hand_in(
    submission_type: SubmissionType,
    member: Member,
    answers: Mapping[str, Any],
    key: str,
    actor: Actor,
    context: TenantContext,
) -> Submission:
    return hand_in(
        context=context,
        member_id=member.pk,
        type_id=submission_type.pk,
        answers=answers,
        key=key,
        via="survey",
        actor=actor,
    )


def _require_survey(submission_type: SubmissionType) -> str:
    secret = survey_secret_of(submission_type)
    if not secret or submission_type.archived_at is not None:
        raise SurveyClosedError(f"“{submission_type.name}” is not filled in from outside, or no longer.")
    return secret


def _key_of(link: SurveyLink, context: TenantContext) -> str:
    """One place for each member and period, however many links there are."""
    start, _end = period_of("ever" if link.use == "once" else link.use, clock.now(), context)
    mark = "once" if start is None else f"{link.use}:{start.date().isoformat()}"
    return f"survey:{link.type.pk}:m:{link.member.pk}:{mark}"


def _same(made: Submission, answers: Mapping[str, Any]) -> bool:
    given = {key: value for key, value in answers.items() if value not in (None, "", [])}
    return set(given) == set(made.answers) and all(
        str(made.answers[key]) == str(value) for key, value in given.items()
    )


def _find_member(response: Response) -> Member:
    found = None
    if response.member_id is not None:
        found = Member.objects.filter(pk=response.member_id, deleted_at=None, is_bot=False).first()
    elif response.discord_id:
        found = find_member(provider="discord", external_id=response.discord_id)
    elif response.email:
        named = list(Member.objects.filter(email__iexact=response.email, deleted_at=None)[:2])
        found = named[0] if len(named) == 1 else None
    if found is None:
        raise InvalidSurveyError(
            "Nobody here is who the response names. Send `member` with id, discord_id or email, or the ticket of a survey link.",
            field="member",
        )
    return found
