"""Handing something in: a form made from its type, kept as a draft, sent, answered and corrected."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from engagement.submissions.errors import InvalidAnswersError, SubmissionTypeNotFoundError
from engagement.submissions.handing_in import hand_in, resubmit, save_draft, withdraw
from engagement.submissions.models import Submission, SubmissionType
from engagement.submissions.selectors import find_type, form_of_type, get_submission
from engagement.submissions.shapes import Form, form_of
from engagement.submissions.states import DRAFT, NEEDS_INFO, PENDING, REJECTED
from frontend_api.actors import actor_of
from frontend_api.dashboard.notices import tell
from frontend_api.portal.own import own_page
from frontend_api.questions import Sent, build_questions, find_people, name_of, read_sent
from frontend_api.tenant import get_context
from saas.core.errors import ConflictError, EngageHubError, InvalidInputError, NotAllowedError, NotFoundError

from .words import shown_state, state_of, tell_history, worth_of

EDITABLE: Final = frozenset({DRAFT, NEEDS_INFO, REJECTED})


@require_http_methods(["GET", "HEAD", "POST"])
@own_page("submit_work")
def show_form(request: HttpRequest, member_id: int, type_key: str) -> HttpResponse:
    """A new one. `do` of what is sent: `send` hands it in, `draft` keeps it for later. Sending it twice hands in once."""
    submission_type = find_type(key=type_key)
    if submission_type is None:
        raise SubmissionTypeNotFoundError
    form = form_of_type(submission_type)
    if request.method != "POST":
        return _show(request, member_id, submission_type, form, Sent({}), token=uuid4().hex)
    sent = read_sent(request, form, owner_id=member_id)
    draft = request.POST.get("do") == "draft"
    token = _token(request)

    def keep() -> Submission:
        return hand_in(
            context=get_context(request),
            member_id=member_id,
            type_id=submission_type.pk,
            answers=sent.answers,
            key=f"web:{member_id}:{token}",
            via="web",
            actor=actor_of(request),
            draft=draft,
        )

    made, problem = _try(sent, keep)
    if made is None:
        return _show(request, member_id, submission_type, form, sent, token=token, problem=problem)
    return _go_to_own(request, made, "Kept as a draft." if draft else "Handed in. We tell you the outcome.")


@require_http_methods(["GET", "HEAD", "POST"])
@own_page("submit_work")
def show_own(request: HttpRequest, member_id: int, submission_id: int) -> HttpResponse:
    """One of one's own: what was answered and what became of it; what can be changed is a form again."""
    submission = get_submission(submission_id=submission_id, member_id=member_id)
    editable = shown_state(submission) in EDITABLE
    form = _form_for(submission)
    if request.method != "POST":
        return _show(
            request,
            member_id,
            submission.type,
            form,
            Sent(submission.answers),
            own=submission,
            editable=editable,
        )
    sent = read_sent(request, form, owner_id=member_id)
    draft = request.POST.get("do") == "draft"
    act = save_draft if draft else resubmit

    def keep() -> Submission:
        return act(
            context=get_context(request),
            submission_id=submission.pk,
            answers=sent.answers,
            actor=actor_of(request),
        )

    made, problem = _try(sent, keep)
    if made is None:
        return _show(
            request,
            member_id,
            submission.type,
            form,
            sent,
            own=submission,
            editable=editable,
            problem=problem,
        )
    return _go_to_own(request, made, "Kept." if draft else "Handed in. We tell you the outcome.")


@require_POST
@own_page("submit_work")
def take_back(request: HttpRequest, member_id: int, submission_id: int) -> HttpResponse:
    """Withdraw what is not decided, or discard a draft."""
    was = get_submission(submission_id=submission_id, member_id=member_id).state
    withdraw(context=get_context(request), submission_id=submission_id, actor=actor_of(request))
    tell(request, "The draft is discarded." if was == DRAFT else "Withdrawn. Nobody reviews it any more.")
    return HttpResponseRedirect(reverse("my-submissions"))


@require_safe
@own_page("submit_work")
def find_member(request: HttpRequest, member_id: int) -> HttpResponse:
    """Whom a field for a member may mean, while their name is typed: a part of the form."""
    key = request.GET.get("field", "")[:40]
    text = request.GET.get(name_of(key), "").strip()[:100]
    facts = {"people": find_people(text), "name": name_of(key), "asked": text, "chosen": None}
    return render(request, "parts/question_people.html", facts)


def _form_for(submission: Submission) -> Form:
    """A draft follows its type; what was handed in keeps the form that it answered."""
    if submission.state == DRAFT:
        return form_of_type(submission.type)
    return form_of(submission.form)


def _try(sent: Sent, keep: Callable[[], Submission]) -> tuple[Submission | None, EngageHubError | None]:
    """What was made of it, or why nothing was. What could not be read goes before what does not fit."""
    if sent.errors:
        return None, InvalidAnswersError(sent.errors)
    try:
        return keep(), None
    except NotFoundError:
        raise
    except (InvalidInputError, ConflictError, NotAllowedError) as error:
        return None, error


def _show(
    request: HttpRequest,
    member_id: int,
    submission_type: SubmissionType,
    form: Form,
    sent: Sent,
    *,
    token: str = "",
    own: Submission | None = None,
    editable: bool = True,
    problem: EngageHubError | None = None,
) -> HttpResponse:
    errors = dict(problem.errors) if isinstance(problem, InvalidAnswersError) else {}
    state = None if own is None else state_of(own)
    facts: dict[str, Any] = {
        "type": submission_type,
        "questions": build_questions(
            get_context(request), form, sent.answers, errors=errors, people=sent.people
        ),
        "has_files": any(one.kind in ("file", "picture") for one in form.fields),
        "token": token,
        "own": own,
        "state": state,
        "editable": editable,
        "is_draft": own is None or own.state == DRAFT,
        "can_withdraw": own is not None and shown_state(own) in {DRAFT, PENDING, NEEDS_INFO},
        "worth": worth_of(form, get_context(request)),
        "problem": problem,
        "steps": [] if own is None else list(tell_history(own)),
    }
    status = 200 if problem is None else problem.http_status
    return render(request, "portal/submissions/form.html", facts, status=status)


def _token(request: HttpRequest) -> str:
    """The form's own key, so that sending it twice hands in once."""
    try:
        return UUID(request.POST.get("token", "")).hex
    except ValueError:
        return uuid4().hex


def _go_to_own(request: HttpRequest, submission: Submission, text: str) -> HttpResponse:
    tell(request, text)
    return HttpResponseRedirect(reverse("submission", args=[submission.pk]))
