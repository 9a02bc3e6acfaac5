"""The list of members and its export."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_safe

from engagement.analytics.directory import count_waiting
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.parts.export import FORMATS, export_list
from frontend_api.dashboard.parts.list_page import show_list
from saas.core import clock
from tenants.gates import limit_of

from .bulk import ACTS
from .listing import build_members_list


@require_safe
@dashboard_page("view_members")
def show_members(request: HttpRequest, desk: Desk) -> HttpResponse:
    return show_list(
        request,
        desk,
        build_members_list(desk.context, acts=ACTS),
        template="dashboard/members/list.html",
        facts={
            "waiting": count_waiting(),
            "tracked": limit_of("members", desk.context.entitlements, clock.now()),
        },
        export_action="export_members",
    )


@require_safe
@dashboard_page("export_members")
def export_members(request: HttpRequest, desk: Desk, format: str) -> HttpResponseBase:
    """The list as its address narrows it, as a file."""
    if format not in FORMATS:
        raise Http404("A list is exported as csv or json.")
    kind = build_members_list(desk.context)
    return export_list(request, desk, kind, format=format, action="member.exported")
