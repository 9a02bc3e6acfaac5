"""One submission as a reviewer sees it, and what can be decided there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from engagement.submissions.models import Submission
from engagement.submissions.people import claim_key, list_members_of
from engagement.submissions.previews import previews_of
from engagement.submissions.reasons import list_reasons
from engagement.submissions.reviewing import (
    approve_submission,
    ask_for_info,
    claim_submission,
    reject_submission,
    release_claim,
    undo_decision,
)
from engagement.submissions.scoring import most_points, points_for, score_percent
from engagement.submissions.selectors import Detail, get_detail, get_submission, undo_left
from engagement.submissions.shapes import form_of
from engagement.submissions.states import DECIDED, NEEDS_INFO, PENDING
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to
from frontend_api.figures import write_unit
from frontend_api.questions import Question, build_questions
from saas.core import clock
from saas.core.errors import ConflictError, EngageHubError, InvalidInputError

from .access import check_on, may_decide_on, types_of
from .reason_forms import ApproveForm, ReasonForm
from .words import STATES, VIAS, is_claimed, is_overdue, tell_steps

_SAID: Final = {
    "approved": "is approved",
    "rejected": "is rejected",
    "needs_info": "waits for its member’s answer",
}


@require_safe
@dashboard_page("view_submissions")
def show_one(request: HttpRequest, desk: Desk, submission_id: int) -> HttpResponse:
    """Answers, what it resembles, its history; and the decision, for who may take it."""
    return _show(request, desk, get_detail(submission_id=submission_id))


@require_safe
@dashboard_page("view_submissions")
def show_sum(request: HttpRequest, desk: Desk, submission_id: int) -> HttpResponse:
    """The points that follow from the scores so far: a part of the page."""
    submission = get_submission(submission_id=submission_id)
    form = form_of(submission.form)
    filled = ApproveForm(request.GET, form=form, most=most_points(form))
    filled.is_valid()
    facts = _sum(filled, submission) | {"desk": desk}
    return render(request, "dashboard/submissions/sum.html", facts)


@require_POST
@dashboard_page("view_submissions")
def approve(request: HttpRequest, desk: Desk, submission_id: int) -> HttpResponse:
    detail = _open(desk, submission_id)
    filled = ApproveForm(request.POST, form=detail.form, most=most_points(detail.form))

    def act() -> Submission:
        return approve_submission(
            context=desk.context,
            submission_id=submission_id,
            actor=desk.actor,
            scores=filled.scores(),
            points=filled.cleaned_data.get("points"),
            note=filled.cleaned_data["note"],
        )

    done = _try(act, filled) if filled.is_valid() else None
    if done is None:
        return _show(request, desk, get_detail(submission_id=submission_id), approving=filled)
    return _go_on(request, desk, done)


@require_POST
@dashboard_page("view_submissions")
def reject(request: HttpRequest, desk: Desk, submission_id: int) -> HttpResponse:
    _open(desk, submission_id)
    filled = ReasonForm(request.POST, act="reject", templates=list_reasons())

    def act() -> Submission:
        return reject_submission(
            context=desk.context, submission_id=submission_id, actor=desk.actor, reason=filled.reason()
        )

    done = _try(act, filled) if filled.is_valid() else None
    if done is None:
        return _show(request, desk, get_detail(submission_id=submission_id), rejecting=filled)
    return _go_on(request, desk, done)


@require_POST
@dashboard_page("view_submissions")
def ask(request: HttpRequest, desk: Desk, submission_id: int) -> HttpResponse:
    _open(desk, submission_id)
    filled = ReasonForm(request.POST, act="ask", templates=list_reasons())

    def act() -> Submission:
        return ask_for_info(
            context=desk.context, submission_id=submission_id, actor=desk.actor, question=filled.reason()
        )

    done = _try(act, filled) if filled.is_valid() else None
    if done is None:
        return _show(request, desk, get_detail(submission_id=submission_id), asking=filled)
    return _go_on(request, desk, done)


@require_POST
@dashboard_page("view_submissions")
def claim(request: HttpRequest, desk: Desk, submission_id: int) -> HttpResponse:
    """“I look at this”: the others see it for a quarter of an hour."""
    _open(desk, submission_id)
    claim_submission(submission_id=submission_id, actor=desk.actor)
    return go_to(request, _address(submission_id))


@require_POST
@dashboard_page("view_submissions")
def release(request: HttpRequest, desk: Desk, submission_id: int) -> HttpResponse:
    _open(desk, submission_id)
    release_claim(submission_id=submission_id, actor=desk.actor)
    return go_to(request, _address(submission_id), "It is free for others again.")


@require_POST
@dashboard_page("view_submissions")
def undo(request: HttpRequest, desk: Desk, submission_id: int) -> HttpResponse:
    _open(desk, submission_id)
    told = get_submission(submission_id=submission_id).told_at is not None
    undone = undo_decision(context=desk.context, submission_id=submission_id, actor=desk.actor)
    text = "The decision is taken back, and it waits for review again."
    return go_to(
        request, _address(undone.pk), f"{text} The member is told." if told else f"{text} Nobody was told."
    )


def _open(desk: Desk, submission_id: int) -> Detail:
    """For whoever may decide on it. Raises SubmissionNotFoundError, NotPermittedError, NotReviewerError."""
    types = types_of(desk)
    if types is not None and not types:
        desk.require("review_submissions")
    detail = get_detail(submission_id=submission_id)
    check_on(desk, detail.item.submission.type)
    return detail


def _try(act: Callable[[], Submission], filled: ApproveForm | ReasonForm) -> Submission | None:
    """None where it was refused, which then stands in the form."""
    try:
        return act()
    except (InvalidInputError, ConflictError) as error:
        _add_problem(filled, error)
    return None


def _add_problem(filled: ApproveForm | ReasonForm, error: EngageHubError) -> None:
    name = getattr(error, "field", "")
    known = {"reason": "text", "question": "text"}.get(name, name.replace("scores.", "score_"))
    filled.add_error(known if known in filled.fields else None, error.message)


def _go_on(request: HttpRequest, desk: Desk, done: Submission) -> HttpResponse:
    """To the next one that waits, with some seconds to take this one back; to the queue where none is left."""
    title = done.title or done.type.name
    points = f" for {write_unit(done.points, desk.context.points_name)}" if done.points else ""
    text = f"“{title}” {_SAID[done.state]}{points}."
    back = _list_query(request)
    following, _ = _neighbours(done, desk, back)
    address = (
        reverse("dashboard-submissions") + (f"?{back}" if back else "")
        if following is None or request.POST.get("stay") == "list"
        else _address(following, back)
    )
    undoing = reverse("dashboard-submission-undo", args=[done.pk])
    return go_to(
        request,
        address,
        text,
        undo=undoing,
        until=done.told_after if done.told_at is None else None,
    )


def _show(
    request: HttpRequest,
    desk: Desk,
    detail: Detail,
    *,
    approving: ApproveForm | None = None,
    rejecting: ReasonForm | None = None,
    asking: ReasonForm | None = None,
) -> HttpResponse:
    submission = detail.item.submission
    decides = may_decide_on(desk, submission.type)
    mine = list_members_of(desk.actor)
    own = submission.member_id in {member.pk for member in mine}
    waits = submission.state in (PENDING, NEEDS_INFO)
    reasons = list_reasons() if decides and waits else []
    most = most_points(detail.form)
    approving = approving or ApproveForm(form=detail.form, most=most, scores=submission.scores)
    refused = [one for one in (approving, rejecting, asking) if one is not None and one.is_bound]
    facts: dict[str, Any] = {
        "desk": desk,
        "item": detail.item,
        "submission": submission,
        "form": refused[0] if refused else None,
        "questions": build_questions(desk.context, detail.form, submission.answers),
        "previews": previews_of(detail.item.submission),
        "alike": [(one, _answered(desk, one.item.submission)) for one in detail.alike],
        "state": STATES[submission.state],
        "via": VIAS.get(submission.via, submission.via),
        "steps": list(tell_steps(submission)),
        "scores": _tell_scores(detail, submission.scores),
        "decides": decides and not own,
        "own": own,
        "waits": waits,
        "claimed": is_claimed(submission),
        "claimed_by_me": is_claimed(submission) and submission.claimed_by == claim_key(desk.actor, mine),
        "overdue": is_overdue(submission),
        "approving": approving,
        "rejecting": rejecting or ReasonForm(act="reject", templates=reasons),
        "asking": asking or ReasonForm(act="ask", templates=reasons),
        "can_undo": decides and not own and submission.state in DECIDED,
        "undo_left": int(undo_left(submission).total_seconds()),
    }
    facts |= _tell_ways(request, submission, desk) | _sum(approving, submission)
    status = 200
    if refused:
        conflict = any(error for one in refused for error in one.non_field_errors())
        status = 409 if conflict else 422
    return render(request, "dashboard/submissions/detail.html", facts, status=status)


def _tell_ways(request: HttpRequest, submission: Submission, desk: Desk) -> dict[str, Any]:
    """Back to the list as it was, and to those before and after it there."""
    back = _list_query(request)
    following, previous = _neighbours(submission, desk, back)
    return {
        "back": reverse("dashboard-submissions") + (f"?{back}" if back else ""),
        "list_query": back,
        "next": None if following is None else _address(following, back),
        "previous": None if previous is None else _address(previous, back),
    }


def _answered(desk: Desk, earlier: Submission) -> list[Question]:
    """What an earlier one says, without what it left empty."""
    questions = build_questions(desk.context, form_of(earlier.form), earlier.answers)
    return [one for one in questions if one.field.key in earlier.answers]


def _sum(filled: ApproveForm, submission: Submission) -> dict[str, Any]:
    """What an approval would give as the form is now."""
    form = filled.form
    scores: Mapping[str, int] = (
        filled.scores() if filled.is_bound and hasattr(filled, "cleaned_data") else submission.scores
    )
    missing = [one for one in form.rubric if one.key not in scores] if form.award.kind == "rubric" else []
    return {
        "sum_points": points_for(form, submission.answers, scores),
        "sum_percent": score_percent(form, scores),
        "sum_missing": len(missing),
        "sum_award": form.award,
        "sum_most": most_points(form),
    }


def _tell_scores(detail: Detail, scores: Mapping[str, int]) -> list[tuple[str, int, int]]:
    return [(one.label, scores[one.key], one.most) for one in detail.form.rubric if one.key in scores]


def _list_query(request: HttpRequest) -> str:
    """The list's own address that somebody came from, so that the neighbours are those that they saw."""
    text = (request.POST if request.method == "POST" else request.GET).get("list", "")[:1_000]
    return QueryDict(text).urlencode() if text else ""


def _neighbours(submission: Submission, desk: Desk, back: str) -> tuple[int | None, int | None]:
    """The submissions after and before it in the queue, oldest first, of the kinds that the list was narrowed to. Two queries."""
    queue = Submission.objects.filter(state=PENDING).exclude(pk=submission.pk)
    wanted = [int(one) for one in QueryDict(back).getlist("type") if one.isdecimal() and len(one) < 10]
    if wanted:
        queue = queue.filter(type_id__in=wanted)
    moment = submission.submitted_at or clock.now()
    later = queue.filter(submitted_at__gt=moment) | queue.filter(submitted_at=moment, pk__gt=submission.pk)
    sooner = queue.filter(submitted_at__lt=moment) | queue.filter(submitted_at=moment, pk__lt=submission.pk)
    following = later.order_by("submitted_at", "pk").values_list("pk", flat=True).first()
    previous = sooner.order_by("-submitted_at", "-pk").values_list("pk", flat=True).first()
    return following, previous


def _address(submission_id: int, back: str = "") -> str:
    address = reverse("dashboard-submission", args=[submission_id])
    return f"{address}?{urlencode({'list': back})}" if back else address
