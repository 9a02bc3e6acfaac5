"""Keeping a list as one has narrowed it, and forgetting that again."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from engagement.members.saved_views import remove_view, save_view

from .access import Desk, dashboard_page
from .notices import go_to

_LISTS = "/dashboard/"


@require_POST
@dashboard_page("view_dashboard")
def keep_view(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Back to the list, which is now the saved view."""
    view = save_view(
        list_key=request.POST.get("list", "")[:40],
        name=request.POST.get("name", ""),
        query=request.POST.get("query", ""),
        shared=request.POST.get("shared") == "1",
        user_id=desk.user_id,
        actor=desk.actor,
    )
    address = f"{safe_path(request.POST.get('path', ''))}?{view.query}"
    return go_to(request, address, f"“{view.name}” is saved; you find it under Views.")


@require_POST
@dashboard_page("view_dashboard")
def forget_view(request: HttpRequest, desk: Desk, view_id: int) -> HttpResponse:
    """Back to where the list was."""
    name = remove_view(
        view_id=view_id, user_id=desk.user_id, remove_shared=desk.may("manage_team"), actor=desk.actor
    )
    return go_to(request, safe_path(request.POST.get("back", "")), f"The view “{name}” is gone.")


def safe_path(path: str) -> str:
    """A page of this dashboard, whatever a form says: nobody is led elsewhere."""
    if path.startswith(_LISTS) and url_has_allowed_host_and_scheme(path, allowed_hosts=None):
        return path
    return _LISTS
