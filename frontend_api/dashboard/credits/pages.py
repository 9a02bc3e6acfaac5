"""The queue of credit requests, one of them, and the figures."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_safe

from engagement.credits.figures import Figures, get_figures
from engagement.credits.flagging import words_of_flag
from engagement.credits.models import RequestState
from engagement.credits.people import is_oneself
from engagement.credits.selectors import (
    count_open,
    get_request,
    list_balances,
    list_moves,
    list_requests,
)
from engagement.ledger.window import shown_since
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.parts.export import FORMATS, export_list
from frontend_api.dashboard.parts.list_page import show_list
from frontend_api.plan_locks import describe_history
from saas.core import clock

from .bulk import ACTS
from .chart import draw_requests
from .frame import list_tabs
from .listing import STATE_KINDS, STATE_WORDS, build_requests_list, show_states

EXPORT: Final = "decide_credits"
BEFORE: Final = 8  # earlier requests and moves beside one
SPANS: Final = {"30": "30 days", "90": "90 days", "365": "a year"}


@require_safe
@dashboard_page("view_credits")
def show_requests(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Searched, narrowed, sorted; what waits, what is suspicious and what is overdue stand one click away."""
    facts: dict[str, Any] = {}
    if request.headers.get("HX-Target") != "list":
        undecided = count_open()
        here = request.GET.urlencode()
        quick = (
            ("All", "", None),
            ("Waits for you", "state=pending&sort=when", undecided.pending),
            ("Asked back", "state=needs_info&sort=when", undecided.asked),
            ("Look twice", "state=pending&flagged=yes&sort=when", undecided.flagged),
            ("Overdue", "overdue=yes&sort=when", undecided.overdue),
        )
        facts = {
            "waiting": undecided.pending,
            "tabs": list_tabs(request),
            "quick": [
                {"name": name, "href": f"{request.path}?{query}" if query else request.path, "count": count,
                 "current": here == query}
                for name, query, count in quick
            ],
        }  # fmt: skip
    return show_list(
        request,
        desk,
        build_requests_list(acts=ACTS),
        template="dashboard/credits/requests.html",
        facts=facts,
        export_action=EXPORT,
    )


@require_safe
@dashboard_page(EXPORT)
def export_requests(request: HttpRequest, desk: Desk, format: str) -> HttpResponseBase:
    """What the address narrows the list to. Recorded in the audit log."""
    if format not in FORMATS:
        raise Http404("The list is exported as csv or json.")
    return export_list(request, desk, build_requests_list(), format=format, action="credit_request.exported")


@require_safe
@dashboard_page("view_credits")
def show_request(request: HttpRequest, desk: Desk, request_id: int) -> HttpResponse:
    """What is asked for, by whom, what they had before, how it went so far, and what can be done now."""
    line = get_request(request_id=request_id)
    row = line.request
    earlier = list_requests(member_id=row.member_id, limit=BEFORE + 1)
    is_open = row.state in (RequestState.PENDING, RequestState.NEEDS_INFO)
    own = is_oneself(desk.actor, row.member_id)
    may = desk.may("decide_credits") and not own
    undone = any(step.get("undone") for step in row.history)
    facts = {
        "desk": desk,
        "line": line,
        "row": row,
        "states": show_states(line).tags,
        "flags": [words_of_flag(flag) for flag in row.flags],
        "steps": [_describe_step(step) for step in row.history],
        "balances": list_balances(member_id=row.member_id),
        "earlier": [(one, show_states(one).tags) for one in earlier if one.pk != row.pk][:BEFORE],
        "moves": list_moves(member_id=row.member_id, limit=BEFORE),
        "is_own": own and is_open,
        "can_decide": may and is_open,
        "can_undo": may and row.state in (RequestState.APPROVED, RequestState.REJECTED) and not undone,
        "list_href": reverse("dashboard-credits"),
    }
    return render(request, "dashboard/credits/request.html", facts)


@require_safe
@dashboard_page("view_credits")
def show_figures(request: HttpRequest, desk: Desk) -> HttpResponse:
    """How many, how decided, how fast, how much; against the stretch before, by kind and by week, with the table behind the chart."""
    span = request.GET.get("days", "90")
    days = int(span) if span in SPANS else 90
    until = clock.now()
    since = until - timedelta(days=days)
    bucket = "day" if days == 30 else "week" if days == 90 else "month"
    shown = shown_since(desk.context)
    now = get_figures(context=desk.context, since=since, until=until, bucket=bucket)
    before = get_figures(
        context=desk.context, since=since - timedelta(days=days), until=since, bucket="month"
    )
    facts = {
        "desk": desk,
        "tabs": list_tabs(request),
        "spans": [(f"?days={key}", name, key == str(days)) for key, name in SPANS.items()],
        "days_words": SPANS[str(days)],
        "bucket": bucket,
        "now": now.total,
        "before": before.total,
        # There is nothing to compare with where the time before is not shown.
        "older_note": describe_history(desk.context, desk.person.rights)
        if shown is not None and since - timedelta(days=days) < shown
        else "",
        "median": duration_words(now.total),
        "types": [(row, one, duration_words(one)) for row, one in now.types],
        "periods": [(day, row, one, duration_words(one)) for day, row, one in now.periods],
        "columns": draw_requests(now.periods, desk.context, since=since, until=until, bucket=bucket),
    }
    return render(request, "dashboard/credits/figures.html", facts)


def duration_words(figures: Figures) -> str:
    """“3 hours”, “2 days”; empty where nobody decided."""
    if figures.median_seconds is None:
        return ""
    for size, word in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if figures.median_seconds >= 2 * size or (word == "minute"):
            number = max(1, round(figures.median_seconds / size))
            return f"{number:,} {word}{'' if number == 1 else 's'}"
    return ""


def _describe_step(step: dict[str, Any]) -> dict[str, Any]:
    state = RequestState(step["state"])
    name = STATE_WORDS[state]
    if step.get("undone") or (state == RequestState.PENDING and "taken back" in step["note"]):
        name = "Taken back"
    elif state == RequestState.PENDING:
        name = "Requested"
    return {**step, "name": name, "at": parse_datetime(step["at"]), "kind": STATE_KINDS.get(state, "")}
