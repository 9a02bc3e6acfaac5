"""Acts on many requests: ticked ones, or all that the list holds, with a result for each."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_POST

from engagement.credits.deciding import MAX_AT_ONCE, Result, decide_many
from engagement.credits.selectors import filter_requests, with_members
from frontend_api.access import CHOICES
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to
from frontend_api.dashboard.parts.bulk import (
    MOST_EXPORTED,
    address_of_list,
    ask_about,
    choose_rows,
    export_chosen,
    read_act,
)
from frontend_api.dashboard.parts.confirm import is_confirmed, show_confirm
from frontend_api.dashboard.parts.lists import BulkAct, ListKind
from frontend_api.figures import write_unit

from .forms import SentenceForm
from .listing import address_of, build_requests_list, list_ids

_MAY: Final = CHOICES["dashboard-credits-bulk"]
ACTS: Final = tuple(
    BulkAct(key, name, icon, _MAY[key])
    for key, name, icon in (
        ("approve", "Grant", "check"),
        ("reject", "Reject", "ban"),
        ("ask", "Ask", "message"),
        ("export", "Export", "download"),
    )
)
_BY_KEY: Final = {act.key: act for act in ACTS}
_OUTCOMES: Final = {"approve": "approved", "reject": "rejected", "ask": "needs_info"}
_NEEDED: Final = {
    "approve": "",
    "reject": "Say why, in a few words: the members read it.",
    "ask": "Write what you want to know.",
}
_LABELS: Final = {"approve": "Note", "reject": "Reason", "ask": "Question"}
_CONSEQUENCES: Final = {
    "approve": ("coins", "Each gets what they asked for, at once. The members are told."),
    "reject": ("ban", "Nothing is granted. The members read the reason."),
    "ask": ("message", "Each waits for its member's answer."),
}


_EACH: Final = ("list-details", "You see a result for each. Your own ones are left to somebody else.")


@require_POST
@dashboard_page("view_credits")
def act_on_many(request: HttpRequest, desk: Desk) -> HttpResponseBase:
    """First the page that asks, then the act. Sending it twice changes nothing twice."""
    act = read_act(request, _BY_KEY, "requests")
    desk.require(act.action)
    back = address_of_list(request, "dashboard-credits")
    most = MOST_EXPORTED if act.key == "export" else MAX_AT_ONCE
    ids = choose_rows(
        request, desk, _build, list_ids, noun="requests", most=most, narrow="to a day or a kind"
    )
    if not ids:
        return go_to(request, back, "Tick some requests first. Nothing was done.", kind="warn")
    if act.key == "export":
        return export_chosen(request, desk, _build, ids, action="credit_request.exported")
    sent = request.POST if request.POST.get("confirmed") == "1" else None
    form = SentenceForm(sent, outcome=_OUTCOMES[act.key], needed=_NEEDED[act.key], label=_LABELS[act.key])
    page = ask_about(
        act,
        ids,
        noun="requests",
        back=back,
        consequences=(_CONSEQUENCES[act.key], _EACH),
        danger=act.key == "reject",
        form=form,
    )
    if not is_confirmed(request, page) or not form.is_valid():
        return show_confirm(request, page)
    results = decide_many(
        context=desk.context, request_ids=ids, act=act.key, actor=desk.actor, note=form.cleaned_data["text"]
    )
    return _show(request, desk, act, results, back)


def _show(request: HttpRequest, desk: Desk, act: BulkAct, results: list[Result], back: str) -> HttpResponse:
    found = filter_requests(ids=[one.request_id for one in results]).select_related("type")
    lines = {line.pk: line for line in with_members(list(found))}
    facts = {
        "desk": desk,
        "title": f"{act.name}: {write_unit(len(results), 'requests')}",
        "results": [
            (one, lines.get(one.request_id), address_of(one.request_id))
            for one in sorted(results, key=lambda one: one.done)
        ],
        "done": sum(one.done for one in results),
        "failed": sum(not one.done for one in results),
        "back": back,
    }
    return render(request, "dashboard/credits/bulk.html", facts)


def _build(given: QueryDict) -> ListKind:
    return build_requests_list()
