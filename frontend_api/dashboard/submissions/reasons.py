"""The ready-made reasons: for submissions, redemptions and requests alike."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from engagement.submissions.reasons import delete_reason, list_reasons, save_reason
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to

from .reason_forms import TemplateForm


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("review_submissions")
def show_reasons(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The list, and the form that adds one."""
    form = TemplateForm(request.POST or None)
    if form.is_valid():
        made = form.try_to(
            lambda: save_reason(
                text=form.cleaned_data["text"], outcome=form.cleaned_data["outcome"], actor=desk.actor
            )
        )
        if made is not None:
            return go_to(request, reverse("dashboard-reasons"), "The reason stands ready.")
    reasons = list_reasons()
    groups = [
        (title, [one for one in reasons if one.outcome == outcome])
        for outcome, title in (
            ("rejected", "Rejecting"),
            ("needs_info", "Asking for more"),
            ("approved", "Approving"),
        )
    ]
    status = 422 if form.is_bound and form.errors else 200
    return render(
        request,
        "dashboard/submissions/reasons.html",
        {"desk": desk, "groups": groups, "form": form},
        status=status,
    )


@require_POST
@dashboard_page("review_submissions")
def remove(request: HttpRequest, desk: Desk, reason_id: int) -> HttpResponse:
    delete_reason(reason_id=reason_id, actor=desk.actor)
    return go_to(
        request,
        reverse("dashboard-reasons"),
        "The reason is deleted. What was decided with it keeps its words.",
    )
