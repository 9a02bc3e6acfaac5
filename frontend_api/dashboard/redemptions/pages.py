"""The queue of redemptions and one of them."""

from __future__ import annotations

from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from engagement.analytics.redemptions import BY_HAND, count_by_state, get_redemption_sheet
from engagement.rewards.models import RedemptionState, RewardKind
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.parts.export import FORMATS, export_list
from frontend_api.dashboard.parts.list_page import show_list

from .bulk import ACTS
from .listing import build_redemptions_list, show_state

EXPORT: Final = "export_redemptions"
# What its kind noted, in words; what is in no row here is for the machine, or for the member alone.
NOTED: Final = {
    "choice": "Choice",
    "note": "Told the member",
    "downloaded": "Downloaded, times",
    "ticket": "Ticket",
    "amount": "Credits",
}
# Why an approved one does not go on (engagement.rewards.fulfilling).
_STEPS: Final = {RedemptionState.REQUESTED: "Requested"}  # what happened, where a state says how it is
_GIVEN_BACK: Final = (RedemptionState.REJECTED, RedemptionState.CANCELLED, RedemptionState.EXPIRED)
WAITS: Final = {
    "role": "The role cannot be given. See the bot’s page, or choose another role in the catalogue; then it goes on by itself.",
    "member": "The member is not on the server. It goes on by itself once they are back.",
    "file": "The reward’s file is gone. Put one in its place in the catalogue; then it goes on by itself.",
    "codes": "There are no codes left. Bring more in the catalogue; then it goes on by itself.",
    "credits": "The reward’s kind of credits is gone. Choose another one in the catalogue.",
}


@require_safe
@dashboard_page("view_redemptions")
def show_redemptions(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Searched, narrowed, sorted; what waits for the team and what is to be shipped stand one click away."""
    is_part = request.headers.get("HX-Target") == "list"
    counts = {} if is_part else count_by_state()
    here = request.GET.urlencode()
    tabs = [
        ("All", "", None),
        ("Waits for the team", "state=requested", counts.get(RedemptionState.REQUESTED, 0)),
        ("To hand out", "state=approved", counts.get(RedemptionState.APPROVED, 0)),
        ("On its way", "state=fulfilled", counts.get(RedemptionState.FULFILLED, 0)),
    ]
    facts = {
        "tabs": [
            {"name": name, "href": f"{request.path}?{query}" if query else request.path, "count": count,
             "current": here == query}
            for name, query, count in tabs
        ],
        "waiting": counts.get(RedemptionState.REQUESTED, 0),
    }  # fmt: skip
    return show_list(
        request,
        desk,
        build_redemptions_list(desk.context, request.GET, acts=ACTS, counts=counts),
        template="dashboard/redemptions/list.html",
        facts=facts,
        export_action=EXPORT,
    )


@require_safe
@dashboard_page(EXPORT)
def export_redemptions(request: HttpRequest, desk: Desk, format: str) -> HttpResponseBase:
    """What the address narrows the list to, without addresses. Recorded in the audit log."""
    if format not in FORMATS:
        raise Http404("The list is exported as csv or json.")
    kind = build_redemptions_list(desk.context, request.GET)
    return export_list(request, desk, kind, format=format, action="redemption.exported")


@require_safe
@dashboard_page("view_redemptions")
def show_redemption(request: HttpRequest, desk: Desk, redemption_id: int) -> HttpResponse:
    """What it is, for whom, how it went so far, and what can be done now."""
    return render_redemption(request, desk, redemption_id)


def render_redemption(
    request: HttpRequest, desk: Desk, redemption_id: int, *, address: dict[str, str] | None = None
) -> HttpResponse:
    """The page; with the address, where it was asked for just now."""
    sheet = get_redemption_sheet(redemption_id=redemption_id)
    row = sheet.redemption
    facts: dict[str, Any] = {
        "desk": desk,
        "sheet": sheet,
        "redemption": row,
        "state": show_state(row.state),
        "kind": RewardKind(row.kind).label,
        "steps": [
            {**step, "name": _STEPS.get(step["state"]) or RedemptionState(step["state"]).label}
            for step in sheet.steps
        ],
        "address": address,
        "is_ended": row.state in _GIVEN_BACK,
        "by_hand": row.kind in BY_HAND,
        "can_hand_out": sheet.has_address or not sheet.is_merchandise,
        "waits": WAITS.get(str(row.outcome.get("waits", "")), ""),
        "notes": [(name, row.outcome[key]) for key, name in NOTED.items() if row.outcome.get(key)],
        "list_href": reverse("dashboard-redemptions"),
    }
    return render(request, "dashboard/redemptions/detail.html", facts)
