"""The review queue, everything that was handed in, and both as files."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_safe

from engagement.submissions.reasons import list_reasons
from engagement.submissions.selectors import count_waiting
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.parts.export import FORMATS, export_list
from frontend_api.dashboard.parts.list_page import show_list

from .access import may_decide
from .listing import ACTS, build_everything, build_queue, list_kinds
from .reason_forms import OUTCOME_OF

EXPORT = "review_submissions"


@require_safe
@dashboard_page("view_submissions")
def show_queue(request: HttpRequest, desk: Desk) -> HttpResponse:
    """What waits, the oldest first. Keys move and decide; every one of them is a link or a button as well."""
    types = list_kinds()
    decides = may_decide(desk)
    figures = count_waiting()
    facts: dict[str, Any] = {
        "tab": "queue",
        "figures": figures,
        "decides": decides,
        "has_types": bool(types),
        "reasons": list_reasons() if decides else [],
        "outcomes": [(act, OUTCOME_OF[act]) for act in ("reject", "ask")],
    }
    return show_list(
        request,
        desk,
        build_queue(
            types,
            acts=ACTS if decides else (),
            back=request.GET.urlencode()[:1_000],
            pending=figures.pending,
        ),
        template="dashboard/submissions/list.html",
        facts=facts,
        export_action=EXPORT,
    )


@require_safe
@dashboard_page("view_submissions")
def show_everything(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Whatever was handed in, the newest first, with its outcome."""
    types = list_kinds()
    return show_list(
        request,
        desk,
        build_everything(types),
        template="dashboard/submissions/list.html",
        facts={"tab": "all", "figures": count_waiting(), "has_types": bool(types)},
        export_action=EXPORT,
    )


@require_safe
@dashboard_page(EXPORT)
def export_queue(request: HttpRequest, desk: Desk, format: str) -> HttpResponseBase:
    _check_format(format)
    return export_list(
        request, desk, build_queue(list_kinds(), acts=()), format=format, action="submission.exported"
    )


@require_safe
@dashboard_page(EXPORT)
def export_everything(request: HttpRequest, desk: Desk, format: str) -> HttpResponseBase:
    _check_format(format)
    return export_list(
        request, desk, build_everything(list_kinds()), format=format, action="submission.exported"
    )


def _check_format(format: str) -> None:
    if format not in FORMATS:
        raise Http404("A list is exported as csv or json.")
