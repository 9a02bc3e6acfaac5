"""Acts on many requests: ticked ones, or all that the list holds, with a result for each."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from engagement.credits.deciding import MAX_AT_ONCE, Result, decide_many
from engagement.credits.selectors import filter_requests, with_members
from frontend_api.access import CHOICES
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to
from frontend_api.dashboard.parts.confirm import Confirm, Consequence, is_confirmed, show_confirm
from frontend_api.dashboard.parts.export import export_list
from frontend_api.dashboard.parts.lists import BulkAct, read_query
from frontend_api.figures import write_unit, write_whole
from saas.core.errors import InvalidInputError

from .forms import SentenceForm
from .listing import address_of, build_requests_list, list_ids

_MOST_EXPORTED: Final = 100_000
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


@require_POST
@dashboard_page("view_credits")
def act_on_many(request: HttpRequest, desk: Desk) -> HttpResponseBase:
    """First the page that asks, then the act. Sending it twice changes nothing twice."""
    act = _BY_KEY.get(request.POST.get("act", ""))
    if act is None:
        raise InvalidInputError("Choose what to do with the requests that you ticked.", field="act")
    desk.require(act.action)
    back = f"{reverse('dashboard-credits')}?{request.POST.get('query', '')}".rstrip("?")
    ids = _chosen(request, desk)
    if not ids:
        return go_to(request, back, "Tick some requests first. Nothing was done.", kind="warn")
    if act.key == "export":
        return _export(request, desk, ids)
    sent = request.POST if request.POST.get("confirmed") == "1" else None
    form = SentenceForm(sent, outcome=_OUTCOMES[act.key], needed=_NEEDED[act.key], label=_LABELS[act.key])
    page = _ask(act, ids, back, form)
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


def _chosen(request: HttpRequest, desk: Desk) -> list[int]:
    """The ticked ones, or all that the list as narrowed holds."""
    if request.POST.get("scope") == "all":
        given = QueryDict(request.POST.get("query", "")[:4_000])
        query = read_query(build_requests_list(), given, desk.context)
        most = _MOST_EXPORTED if request.POST.get("act") == "export" else MAX_AT_ONCE
        ids = list_ids(query, limit=most + 1)
        if len(ids) > most:
            raise InvalidInputError(
                f"More than {write_whole(most)} requests match. Narrow the list down, to a day or a kind, and act on each part. "
                "Nothing was done."
            )
        return ids
    given_ids = " ".join(request.POST.getlist("ids")).replace(",", " ").split()
    return [int(one) for one in given_ids if one.isascii() and one.isdecimal() and len(one) < 19][
        :MAX_AT_ONCE
    ]


def _ask(act: BulkAct, ids: list[int], back: str, form: SentenceForm) -> Confirm:
    icon, text = _CONSEQUENCES[act.key]
    return Confirm(
        title=f"{act.name}: {write_unit(len(ids), 'requests')}?",
        submit=f"{act.name} ({write_whole(len(ids))})",
        back=back,
        consequences=[
            Consequence(text, icon),
            Consequence(
                "You see a result for each. Your own ones are left to somebody else.", "list-details"
            ),
        ],
        danger=act.key == "reject",
        hidden=[("act", act.key), ("ids", ",".join(map(str, ids))), ("query", back.partition("?")[2])],
        form=form,
    )


def _export(request: HttpRequest, desk: Desk, ids: list[int]) -> HttpResponseBase:
    kind = build_requests_list()
    query = read_query(kind, QueryDict(request.POST.get("query", "")[:4_000]), desk.context)
    if request.POST.get("scope") != "all":
        values: dict[str, Any] = {**query.values, "ids": tuple(ids)}
        query = replace(query, values=values)
    return export_list(request, desk, kind, format="csv", action="credit_request.exported", query=query)
