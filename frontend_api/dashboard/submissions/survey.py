"""A kind that is filled in from outside: its secret for a survey tool, and links that are one member's each. Both are shown once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from engagement.submissions.selectors import get_type
from engagement.submissions.surveys import USES, make_survey_link
from engagement.submissions.types import close_survey, renew_survey_secret
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to
from frontend_api.dashboard.parts.member_picker import picked_member
from tenants.tickets import get_tenant_address

DAYS: Final = 30
USE_WORDS: Final = {"once": "Once", "day": "Once a day", "week": "Once a week", "month": "Once a month"}


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("change_submission_types")
def keep_survey(request: HttpRequest, desk: Desk, submission_type_id: int) -> HttpResponse:
    """`do` of what is sent: `open` makes a secret, new each time; `link` a member's link; `close` ends both."""
    found = get_type(type_id=submission_type_id)
    act = request.POST.get("do", "")
    facts: dict[str, Any] = {
        "desk": desk,
        "kind": found,
        "uses": [(use, USE_WORDS[use]) for use in USES],
        "days": DAYS,
    }
    if act == "close":
        close_survey(type_id=found.pk, actor=desk.actor)
        return go_to(
            request,
            reverse("dashboard-submission-type", args=[found.pk]),
            f"“{found.name}” is no longer filled in from outside. Its links and its secret are worth nothing.",
        )
    if act == "open":
        facts["secret"] = renew_survey_secret(type_id=found.pk, actor=desk.actor)
        facts["hook"] = f"{get_tenant_address(desk.context.slug)}/hooks/surveys/{found.key}/"
        found.refresh_from_db()
    elif act == "link" and found.survey_secret:
        facts |= _make_link(request, desk, found.pk)
    response = render(
        request, "dashboard/submissions/survey.html", facts, status=422 if facts.get("problem") else 200
    )
    response["Cache-Control"] = "private, no-store"
    return response


def _make_link(request: HttpRequest, desk: Desk, type_id: int) -> dict[str, Any]:
    picked = picked_member(request)
    if picked.member is None:
        return {"picker": picked, "problem": picked.error}
    use = request.POST.get("use", "once")
    link = make_survey_link(
        context=desk.context,
        type_id=type_id,
        member_id=picked.member.pk,
        actor=desk.actor,
        use=use if use in USES else "once",
        lasts=timedelta(days=DAYS),
    )
    address = f"{get_tenant_address(desk.context.slug)}{reverse('survey', args=[link.ticket])}"
    return {"link": link, "address": address}
