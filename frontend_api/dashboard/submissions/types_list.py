"""The kinds of submissions, and the acts on one that need no form: on, off, up, down, archive, back."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from engagement.submissions.freezing import types_allowed
from engagement.submissions.selectors import count_pending, form_of_type, get_type, list_types
from engagement.submissions.types import archive_type, order_types, restore_type, switch_type
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to
from frontend_api.dashboard.parts.confirm import Confirm, Consequence, is_confirmed, show_confirm
from frontend_api.figures import write_unit
from frontend_api.portal.submissions.words import worth_of
from integrations.discord.directory import recall_directory
from tenants.gates import LimitReachedError

CHANGE = "change_submission_types"


@require_safe
@dashboard_page("view_submissions")
def show_types(request: HttpRequest, desk: Desk) -> HttpResponse:
    """All of them: at most two hundred, in four queries."""
    directory = recall_directory(desk.context)
    lines: list[dict[str, Any]] = [
        {
            "line": line,
            "type": line.type,
            "worth": worth_of(form_of_type(line.type), desk.context),
            "questions": len(line.type.fields),
            "channel": directory.name_of(str(line.type.channel_id)) if line.type.channel_id else "",
        }
        for line in list_types(context=desk.context)
    ]
    facts = {
        "desk": desk,
        "lines": lines,
        "archived": list_types(context=desk.context, archived=True),
        "frozen": sum(one["line"].frozen for one in lines),
        "allowed": types_allowed(desk.context),
        "active": sum(one["type"].active for one in lines),
    }
    return render(request, "dashboard/submissions/types.html", facts)


@require_POST
@dashboard_page(CHANGE)
def switch(request: HttpRequest, desk: Desk, submission_type_id: int) -> HttpResponse:
    """`on`: 1 or 0, so that pressing twice is pressing once."""
    active = request.POST.get("on") == "1"
    try:
        found = switch_type(context=desk.context, type_id=submission_type_id, active=active, actor=desk.actor)
    except LimitReachedError as error:
        return go_to(request, _list(), error.message, kind="warn")
    said = "takes submissions" if active else "takes nothing for now; what waits is decided all the same"
    return go_to(request, _list(), f"“{found.name}” {said}.")


@require_POST
@dashboard_page(CHANGE)
def move(request: HttpRequest, desk: Desk, submission_type_id: int) -> HttpResponse:
    """One place up or down in the order in which members see them."""
    get_type(type_id=submission_type_id)
    ids = [line.type.pk for line in list_types(context=desk.context)]
    if submission_type_id in ids:
        at = ids.index(submission_type_id)
        to = at - 1 if request.POST.get("way") == "up" else at + 1
        if 0 <= to < len(ids):
            ids[at], ids[to] = ids[to], ids[at]
            order_types(type_ids=ids, actor=desk.actor)
    return go_to(request, f"{_list()}#kind-{submission_type_id}")


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page(CHANGE)
def archive(request: HttpRequest, desk: Desk, submission_type_id: int) -> HttpResponse:
    found = get_type(type_id=submission_type_id)
    waiting = count_pending(type_ids=[found.pk])
    page = Confirm(
        title=f"Archive “{found.name}”?",
        submit="Archive it",
        back=_list(),
        consequences=[
            Consequence("Members no longer see it, and nothing more can be handed in for it.", "eye-off"),
            Consequence(
                f"{write_unit(waiting, 'submissions')} of it wait: they are decided as promised.",
                "hourglass",
            ),
            Consequence(
                "Whatever was handed in and given stays. You can bring it back at any time.", "arrow-back-up"
            ),
        ],
        danger=False,
    )
    if not is_confirmed(request, page):
        return show_confirm(request, page)
    archive_type(type_id=found.pk, actor=desk.actor)
    return go_to(
        request,
        _list(),
        f"“{found.name}” is archived.",
        undo=reverse("dashboard-submission-type-restore", args=[found.pk]),
    )


@require_POST
@dashboard_page(CHANGE)
def restore(request: HttpRequest, desk: Desk, submission_type_id: int) -> HttpResponse:
    found = restore_type(type_id=submission_type_id, actor=desk.actor)
    return go_to(
        request, _list(), f"“{found.name}” is back, switched off. Switch it on when it shall take something."
    )


def _list() -> str:
    return reverse("dashboard-submission-types")
