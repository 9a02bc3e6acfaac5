"""Who changed which setting, what stood before, and the way back."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from engagement.audit.selectors import get_entry
from engagement.settings.errors import NotRevertibleError
from engagement.settings.selectors import Change, describe_change, list_changes
from engagement.settings.services import revert_change
from frontend_api.access import CHOICES
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to
from frontend_api.dashboard.parts.confirm import Confirm, Consequence, is_confirmed, show_confirm
from integrations.discord.directory import get_directory
from tenants.community import FIELD_NAMES

LARGEST = 2**63 - 1
# Whose permission taking a change back needs, by the noun of the action.
ACTIONS = CHOICES["dashboard-settings-revert"]


@require_safe
@dashboard_page("view_audit")
def show_history(request: HttpRequest, desk: Desk) -> HttpResponse:
    before = request.GET.get("before", "")
    if before and not before.isdecimal():
        raise Http404("There is no such page of this history.")
    names = get_directory(desk.context).names
    changes, more = list_changes(before_id=min(int(before), LARGEST) if before else None)
    facts = {
        "changes": [_line(change, names) for change in changes],
        "older": changes[-1].entry.pk if more else None,
        "before": before,
    }
    return render(request, "dashboard/settings/history.html", facts)


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("view_audit")
def take_back(request: HttpRequest, desk: Desk, entry_id: int) -> HttpResponse:
    """The former values, shown before they are written."""
    change = describe_change(get_entry(min(entry_id, LARGEST)))
    if not change.is_revertible:
        raise NotRevertibleError()
    desk.require(ACTIONS[change.entry.action.partition(".")[0]])
    names = get_directory(desk.context).names
    back = reverse("dashboard-settings-history")
    page = Confirm(
        title="Take this change back?",
        lead=f"{change.entry.actor_name or 'Somebody'} {change.words} {change.entry.target_name}.",
        submit="Take it back",
        back=back,
        consequences=[
            Consequence(f"{name}: {before}, instead of what stands now.", "arrow-back-up")
            for name, before, _ in _line(change, names)["values"]
            if name != "Version"
        ]
        or [Consequence("It stands again as it did before.", "arrow-back-up")],
        danger=False,
    )
    if not is_confirmed(request, page):
        return show_confirm(request, page)
    revert_change(entry_id=change.entry.pk, context=desk.context, actor=desk.actor)
    return go_to(
        request, back, "Taken back. The former values hold again, and this stands in the history as well."
    )


def _line(change: Change, names: dict[str, str]) -> dict[str, Any]:
    return {
        "entry": change.entry,
        "words": change.words,
        "values": [
            (
                FIELD_NAMES.get(name, name.replace("_", " ").capitalize()),
                write(before, names),
                write(after, names),
            )
            for name, before, after in change.values
        ],
        "is_revertible": change.is_revertible,
    }


def write(value: Any, names: dict[str, str]) -> str:
    """A stored value for people: names for ids, words for yes and no."""
    if value is None or value in ("", [], {}):
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(write(item, names) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {write(item, names)}" for key, item in value.items())
    return names.get(str(value), str(value))
