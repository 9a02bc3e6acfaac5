"""A survey: a form that somebody fills in by a signed link, without a login. Who has the link answers in its member's name."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from engagement.members.selectors import shown_name
from engagement.submissions.errors import InvalidAnswersError, SurveyClosedError
from engagement.submissions.surveys import Survey, fill_survey, open_survey
from frontend_api.questions import Sent, build_questions, read_sent
from frontend_api.tenant import get_context
from saas.core.crypto import BadSignatureError
from saas.core.errors import ConflictError, EngageHubError, InvalidInputError, NotAllowedError, NotFoundError

from .words import worth_of


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def show_survey(request: HttpRequest, ticket: str) -> HttpResponse:
    """The form, or that it was filled in. Sending the same twice hands in once. A link that is over says so."""
    context = get_context(request)
    try:
        survey = open_survey(ticket=ticket, context=context)
    except (SurveyClosedError, NotFoundError, BadSignatureError) as error:
        return _show_closed(request, error)
    if request.method != "POST" or survey.done is not None:
        return _show(request, survey, Sent({}))
    sent = read_sent(request, survey.form, owner_id=survey.link.member.pk)
    try:
        if sent.errors:
            raise InvalidAnswersError(sent.errors)
        fill_survey(ticket=ticket, answers=sent.answers, context=context)
    except (SurveyClosedError, NotFoundError) as error:
        return _show_closed(request, error)
    except (InvalidInputError, ConflictError, NotAllowedError) as error:
        return _show(request, survey, sent, problem=error)
    return HttpResponseRedirect(reverse("survey", args=[ticket]))


def _show(
    request: HttpRequest, survey: Survey, sent: Sent, *, problem: EngageHubError | None = None
) -> HttpResponse:
    context = get_context(request)
    errors = dict(problem.errors) if isinstance(problem, InvalidAnswersError) else {}
    facts: dict[str, Any] = {
        "survey": survey,
        "type": survey.link.type,
        "name": shown_name(survey.link.member),
        "done": survey.done,
        "questions": []
        if survey.done
        else build_questions(context, survey.form, sent.answers, errors=errors, people=sent.people),
        "has_files": any(one.kind in ("file", "picture") for one in survey.form.fields),
        "worth": worth_of(survey.form, context),
        "problem": problem,
    }
    response = render(
        request,
        "portal/submissions/survey.html",
        facts,
        status=200 if problem is None else problem.http_status,
    )
    response["Referrer-Policy"] = "no-referrer"  # the address is the key
    return response


def _show_closed(request: HttpRequest, error: EngageHubError) -> HttpResponse:
    return render(request, "portal/submissions/survey_closed.html", {"message": error.message}, status=410)
