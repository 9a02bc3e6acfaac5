"""Who supports, what was paid, and both as files."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_safe

from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.parts.export import FORMATS, export_list
from frontend_api.dashboard.parts.list_page import show_list

from .listing import build_payments_list, build_supporters_list

EXPORT = "view_supporters"


@require_safe
@dashboard_page("view_supporters")
def show_people(request: HttpRequest, desk: Desk) -> HttpResponse:
    return show_list(
        request,
        desk,
        build_supporters_list(),
        template="dashboard/supporters/people.html",
        export_action=EXPORT,
    )


@require_safe
@dashboard_page("view_supporters")
def export_people(request: HttpRequest, desk: Desk, format: str) -> HttpResponseBase:
    """What the address narrows the list to. Recorded in the audit log."""
    _check(format)
    return export_list(request, desk, build_supporters_list(), format=format, action="supporter.exported")


@require_safe
@dashboard_page("view_supporters")
def show_payments(request: HttpRequest, desk: Desk) -> HttpResponse:
    return show_list(
        request,
        desk,
        build_payments_list(),
        template="dashboard/supporters/payments.html",
        export_action=EXPORT,
    )


@require_safe
@dashboard_page("view_supporters")
def export_payments(request: HttpRequest, desk: Desk, format: str) -> HttpResponseBase:
    """Likewise, with amounts as programs read them."""
    _check(format)
    kind = build_payments_list(for_file=True)
    return export_list(request, desk, kind, format=format, action="supporter.exported")


def _check(format: str) -> None:
    if format not in FORMATS:
        raise Http404("The list is exported as csv or json.")
