"""What members do: hand in, keep a draft, answer a question, hand in again, withdraw.

Lock order: the type's row (so that two at once see each other's links and counts, and the form stands still), then the
submission's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction

from engagement.audit.actor import SYSTEM, Actor
from engagement.audit.services import record_audit
from engagement.files.models import FileUse, StoredFile
from engagement.members.models import Member
from engagement.members.selectors import get_member
from engagement.progression.room import refuse_waiting
from saas.core import clock
from saas.events import publish
from tenants.context import TenantContext

from .answers import Answers, check_answers, title_of, values_of
from .duplicates import file_mark, find_alike, find_same_link, link_mark, normalise_link, text_marks
from .errors import (
    DuplicateLinkError,
    InvalidAnswersError,
    KeyReusedError,
    SubmissionNotFoundError,
    SubmissionTypeNotFoundError,
    WrongStateError,
)
from .events import SubmissionChanged, SubmissionHandedIn
from .freezing import require_taking
from .history import note, words_of
from .limits import require_eligible, require_few_open, require_within_limit
from .models import Submission, SubmissionType
from .people import require_owner
from .reviewing import approve_submission
from .shapes import FILES, TEXTS, FieldKind, Form, form_of, parse_form
from .sla import watch
from .states import DRAFT, NEEDS_INFO, PENDING, REJECTED, WITHDRAWN, may_move

VIAS: Final = ("web", "rest", "bot", "survey", "command")
MAX_AGAIN: Final = 10  # how often one submission may be handed in
_KEY: Final = 120
_BIG: Final = 2**63 - 1


@dataclass(slots=True)
class _Checked:
    answers: Answers
    title: str
    links: list[str] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    like_ids: list[int] = field(default_factory=list)


@transaction.atomic
def hand_in(
    *,
    context: TenantContext,
    member_id: int,
    type_id: int,
    answers: Mapping[str, Any],
    key: str,
    via: str,
    actor: Actor,
    draft: bool = False,
) -> Submission:
    """Hand something in for review, or with `draft` keep it for later. Attachments are ids of the member's own stored files.

    Locks the type's row. Idempotent on `key`: asked again, it answers what was handed in then. Publishes SubmissionHandedIn. Raises
    SubmissionTypeNotFoundError, TypeClosedError, MemberNotFoundError, MemberWaitsError, NotEligibleError, MemberLimitError,
    TooManyOpenError, InvalidAnswersError, DuplicateLinkError, KeyReusedError.
    """
    if via not in VIAS:
        raise ValueError(f"Nothing is handed in via {via!r}.")
    submission_type = lock_type(type_id)
    made = _handed_in_before(key, member_id, type_id)
    if made is not None:
        return made
    member = _require_open_for(submission_type, member_id, context)
    require_few_open(member_id=member_id, draft=draft)
    if not draft:
        require_within_limit(submission_type, member_id=member_id, context=context)
    form = parse_form(
        submission_type.fields, submission_type.rubric, submission_type.award, submission_type.version
    )
    now = clock.now()
    submission = Submission(
        key=key[:_KEY], type=submission_type, member_id=member.pk, state=DRAFT, form=form.to_data(), via=via,
        created_at=now,
    )  # fmt: skip
    _fill(submission, _check(submission, form, answers, context, draft=draft))
    if not draft:
        _enter_queue(submission, now)
    note(submission, actor, now=now)
    submission.save()
    if not draft:
        publish(SubmissionHandedIn(submission.pk, member_id, type_id))
        submission = _go_on(submission, context)
    return submission


def _handed_in_before(key: str, member_id: int, type_id: int) -> Submission | None:
    """What this key handed in. Raises KeyReusedError where that was something else."""
    made = Submission.objects.filter(key=key[:_KEY]).first()
    if made is not None and (made.member_id, made.type_id) != (member_id, type_id):
        raise KeyReusedError
    return made


@transaction.atomic
def save_draft(
    *, context: TenantContext, submission_id: int, answers: Mapping[str, Any], actor: Actor
) -> Submission:
    """Keep what a draft holds now. Its form follows the type's. Locks type and draft; repeating it changes nothing more.

    Raises SubmissionNotFoundError, of others' too, WrongStateError once it was handed in, InvalidAnswersError.
    """
    submission = _lock_own(submission_id, actor)
    if submission.state != DRAFT:
        raise WrongStateError(
            "This was handed in already, so it is no draft any more.", state=submission.state
        )
    form = _follow_type(submission)
    _fill(submission, _check(submission, form, answers, context, draft=True))
    submission.save()
    return submission


@transaction.atomic
def resubmit(
    *, context: TenantContext, submission_id: int, answers: Mapping[str, Any], actor: Actor
) -> Submission:
    """Hand a draft in, answer what a reviewer asked, or correct and hand in again what was rejected: it waits for review.

    Locks type and submission. Publishes SubmissionHandedIn, SubmissionChanged. The same answers sent again while it waits already
    change nothing. Raises SubmissionNotFoundError, WrongStateError, and for the answers what hand_in raises.
    """
    submission = _lock_own(submission_id, actor)
    was = submission.state
    if was == PENDING:
        form = form_of(submission.form)
        same = _check(submission, form, answers, context, draft=False)
        if same.answers == submission.answers:
            return submission
        raise WrongStateError(
            "This waits for review, so it cannot be changed now. Withdraw it, or wait for the outcome.",
            state=was,
        )
    if not may_move(was, PENDING) or was not in (DRAFT, NEEDS_INFO, REJECTED):
        raise WrongStateError(f"This is {words_of(was)}, so it cannot be handed in again.", state=was)
    if sum(1 for line in submission.history if line["state"] == PENDING) >= MAX_AGAIN:
        raise WrongStateError(
            f"This was handed in {MAX_AGAIN} times, which is the most. Talk to a reviewer, or begin a new one.",
            state=was,
        )
    if was == DRAFT:
        _require_open_for(submission.type, submission.member_id, context)
        require_few_open(member_id=submission.member_id, draft=False)
    if was in (DRAFT, REJECTED):
        require_within_limit(
            submission.type, member_id=submission.member_id, context=context, without=submission.pk
        )
    form = _follow_type(submission) if was == DRAFT else form_of(submission.form)
    _fill(submission, _check(submission, form, answers, context, draft=False))
    now = clock.now()
    _enter_queue(submission, now)
    _forget_decision(submission)
    note(submission, actor, now=now)
    submission.save()
    publish(SubmissionHandedIn(submission.pk, submission.member_id, submission.type_id, again=was != DRAFT))
    if was != DRAFT:
        publish(SubmissionChanged(submission.pk, submission.member_id, submission.type_id, PENDING, was))
    return _go_on(submission, context)


@transaction.atomic
def withdraw(*, context: TenantContext, submission_id: int, actor: Actor, reason: str = "") -> Submission:
    """Take back what is not decided yet, or discard a draft. Locks type and submission; withdrawing twice changes nothing.

    Publishes SubmissionChanged. Raises SubmissionNotFoundError, of others' too, WrongStateError once it is decided.
    """
    submission = _lock_own(submission_id, actor)
    if submission.state == WITHDRAWN:
        return submission
    if not may_move(submission.state, WITHDRAWN):
        raise WrongStateError(
            f"This is {words_of(submission.state)}, so it cannot be withdrawn any more.",
            state=submission.state,
        )
    take_out(submission, actor, reason)
    return submission


@transaction.atomic
def cancel_of_member(*, member_id: int, actor: Actor, reason: str = "The member was deleted.") -> int:
    """Withdraw everything of a member that is not decided yet. Answers how many that were.

    For whoever deletes a person, before they take the ledger lock. Locks the submissions by id; repeating it changes nothing.
    Publishes SubmissionChanged for each; recorded in the audit log.
    """
    undecided = Submission.objects.select_for_update(of=("self",)).select_related("type")
    found = list(undecided.filter(member_id=member_id, state__in=(DRAFT, PENDING, NEEDS_INFO)).order_by("pk"))
    for submission in found:
        before = submission.state
        take_out(submission, actor, reason)
        if before != DRAFT:
            record_audit(
                actor=actor,
                action="submission.withdrawn",
                target_kind="submission",
                target_id=submission.pk,
                target_name=submission.title or submission.type.name,
                before={"state": before},
                after={"state": WITHDRAWN},
                note=reason,
            )
    return len(found)


def take_out(submission: Submission, actor: Actor, reason: str) -> None:
    """Under its row's lock."""
    was, submission.state = submission.state, WITHDRAWN
    submission.reason = reason[:500]
    submission.due_at = submission.told_after = None
    submission.claimed_by, submission.claimed_name, submission.claimed_until = "", "", None
    note(submission, actor, reason)
    submission.save()
    publish(SubmissionChanged(submission.pk, submission.member_id, submission.type_id, WITHDRAWN, was))


def lock_type(type_id: int) -> SubmissionType:
    """Raises SubmissionTypeNotFoundError."""
    found = SubmissionType.objects.select_for_update(no_key=True).filter(pk=min(type_id, _BIG)).first()
    if found is None:
        raise SubmissionTypeNotFoundError
    return found


def _lock_own(submission_id: int, actor: Actor) -> Submission:
    """The type's row first, then the submission's."""
    type_id = Submission.objects.filter(pk=min(submission_id, _BIG)).values_list("type_id", flat=True).first()
    if type_id is None:
        raise SubmissionNotFoundError
    submission_type = lock_type(type_id)
    submission = Submission.objects.select_for_update().get(pk=submission_id)
    require_owner(submission, actor)
    submission.type = submission_type
    return submission


def _require_open_for(submission_type: SubmissionType, member_id: int, context: TenantContext) -> Member:
    require_taking(submission_type, context)
    member = get_member(member_id=member_id)
    refuse_waiting(waiting=member.waiting_since is not None, name=member.display_name)
    require_eligible(submission_type, member)
    return member


def _follow_type(draft: Submission) -> Form:
    of = draft.type
    form = parse_form(of.fields, of.rubric, of.award, of.version)
    draft.form = form.to_data()
    return form


def _check(
    submission: Submission, form: Form, answers: Mapping[str, Any], context: TenantContext, *, draft: bool
) -> _Checked:
    now = clock.now()
    kept = check_answers(
        form,
        answers,
        today=clock.local_day(now, context.timezone),
        member_id=submission.member_id,
        draft=draft,
    )
    _require_members(form, kept)
    digests = _keep_files(form, kept, submission.member_id)
    checked = _Checked(kept, title_of(form, kept))
    if draft:
        return checked
    links = [normalise_link(link) for link in values_of(form, kept, FieldKind.LINK)]
    checked.links = list(dict.fromkeys(link for link in links if link is not None))
    checked.marks = [
        *(link_mark(link) for link in checked.links),
        *dict.fromkeys(file_mark(digest) for digest in digests),
        *text_marks(values_of(form, kept, *TEXTS)),
    ]
    if submission.type.unique_links:
        _refuse_same_link(submission, checked.links, context)
    alike = find_alike(marks=checked.marks, links=checked.links, without=submission.pk)
    checked.like_ids = [one.submission_id for one in alike]
    return checked


def _refuse_same_link(submission: Submission, links: list[str], context: TenantContext) -> None:
    earlier = find_same_link(type_id=submission.type_id, links=links, without=submission.pk)
    if earlier is None:
        return
    link = next(link for link in links if link_mark(link) in earlier.marks)
    day = clock.local_day(earlier.submitted_at or earlier.created_at, context.timezone)
    raise DuplicateLinkError(
        earlier_id=earlier.pk,
        own=earlier.member_id == submission.member_id,
        link=link,
        day=f"{day:%-d %B %Y}",
    )


def _require_members(form: Form, answers: Answers) -> None:
    for one in form.fields:
        if one.kind == FieldKind.MEMBER and one.key in answers:
            there = Member.objects.filter(pk=answers[one.key], deleted_at=None, is_bot=False)
            if not there.exists():
                raise InvalidAnswersError(
                    {one.key: f"“{one.label}”: there is no such member in this community."}
                )


def _keep_files(form: Form, answers: Answers, member_id: int) -> list[str]:
    """The digests of the files that are attached, which are kept from now on. Only the member's own can be attached."""
    digests: list[str] = []
    for one in form.fields:
        ids = answers.get(one.key) if one.kind in FILES else None
        if not ids:
            continue
        own = StoredFile.objects.filter(pk__in=ids, owner_id=member_id, use=FileUse.ATTACHMENT)
        if one.kind == FieldKind.PICTURE:
            own = own.filter(content_type__startswith="image/")
        if own.update(kept=True) != len(ids):
            what = "picture" if one.kind == FieldKind.PICTURE else "file"
            raise InvalidAnswersError(
                {one.key: f"“{one.label}”: a {what} is not there any more. Attach it again."}
            )
        digests.extend(own.values_list("sha256", flat=True))
    return digests


def _fill(submission: Submission, checked: _Checked) -> None:
    submission.answers, submission.title = checked.answers, checked.title
    submission.links, submission.marks, submission.like_ids = checked.links, checked.marks, checked.like_ids


def _enter_queue(submission: Submission, now: datetime) -> None:
    """An answer keeps the place that the submission had; what was rejected comes last again."""
    if submission.state != NEEDS_INFO:
        submission.submitted_at = now
    submission.state = PENDING
    hours = submission.type.sla_hours
    submission.due_at = None if hours is None else now + timedelta(hours=hours)
    submission.reminded = 0


def _go_on(submission: Submission, context: TenantContext) -> Submission:
    """It waits: at once for approval, where its type asks nobody and nothing like it was there before; else for reviewers."""
    if submission.type.automatic and not submission.like_ids:
        return approve_submission(context=context, submission_id=submission.pk, actor=SYSTEM)
    hours = submission.type.sla_hours
    if submission.due_at is not None and hours is not None:
        watch(due_at=submission.due_at, sla_hours=hours, context=context)
    return submission


def _forget_decision(submission: Submission) -> None:
    submission.points, submission.scores = 0, {}
    submission.reason = submission.decided_by = ""
    submission.decided_at = submission.told_after = submission.told_at = None
    submission.claimed_by, submission.claimed_name, submission.claimed_until = "", "", None
