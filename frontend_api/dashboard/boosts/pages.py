"""The list of boosts, the form that plans one, and stopping one.

The form is sent to one address: with `do` = preview it answers hours, cost and what it would have given; anything else plans it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from billing.boosts import get_hours_now, quote_boost, start_boost, take_back_stop
from engagement.analytics.boost_preview import preview_boost
from engagement.boosts.errors import BoostHoursError, InvalidBoostError
from engagement.boosts.selectors import PAGE, BoostLine, count_boosts, list_boosts
from engagement.boosts.services import UNDO, can_resume, check_draft, stop_boost
from engagement.boosts.windows import OVER, PLANNED, RUNNING, STOPPED
from engagement.boosts.words import ScopeNames, read_scope_names, scope_text
from engagement.rules.definition import TRIGGERS
from engagement.rules.selectors import load_rule_set
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to
from frontend_api.dashboard.parts.forms import FormPage, show_form
from integrations.discord.directory import get_directory
from saas.core import clock
from saas.core.ids import new_ulid
from tenants.gates import require_open

from .forms import BoostForm, begin_with

TEMPLATE: Final = "dashboard/boosts/form.html"
PREVIEW: Final = "preview"
_MOST_PAGES: Final = 10_000
STATE_WORDS: Final = {
    RUNNING: ("Running", "good"),
    PLANNED: ("Planned", ""),
    OVER: ("Over", ""),
    STOPPED: ("Stopped", ""),
}


@dataclass(frozen=True, slots=True)
class ListedBoost:
    """A boost in the list. `scope` in words; `tag` colours its state."""

    line: BoostLine
    scope: str
    word: str
    tag: str
    can_stop: bool
    can_resume: bool
    was_called_off: bool


@require_safe
@dashboard_page("view_boosts")
def show_boosts(request: HttpRequest, desk: Desk) -> HttpResponse:
    """A page of boosts, the newest first; the number of queries does not depend on how many there are."""
    number = _page_number(request)
    found = list_boosts(limit=PAGE + 1, offset=(number - 1) * PAGE)
    names = read_scope_names(get_directory(desk.context).names)
    lines = [_describe(line, names) for line in found[:PAGE]]
    facts: dict[str, Any] = {
        "lines": lines,
        "goes_on": any(one.can_stop for one in lines),
        "count": count_boosts(),
        "hours": get_hours_now(context=desk.context),
        "page_number": number,
        "has_more": len(found) > PAGE,
    }
    return render(request, "dashboard/boosts/list.html", facts)


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("change_boosts")
def plan_boost(request: HttpRequest, desk: Desk) -> HttpResponse:
    require_open("boosts", desk.context.entitlements, clock.now())
    directory = get_directory(desk.context)
    now = clock.now()
    sent = request.POST.copy() if request.method == "POST" else None
    is_preview = sent is not None and sent.get("do") == PREVIEW
    if sent is not None and is_preview and not sent.get("name", "").strip():
        sent["name"] = "Boost"  # it counts the same without a name
    form = BoostForm(
        sent,
        initial=begin_with(now, desk.context.timezone),
        directory=directory,
        names=read_scope_names(directory.names),
        own_types=sorted(load_rule_set().by_type.keys() - TRIGGERS),
        timezone=desk.context.timezone,
    )
    token = request.POST.get("token", "")[:26] or new_ulid()
    page = FormPage(
        form,
        title="Plan a boost",
        lead="What rules give counts more for a while. Of boosts that run at the same time the highest counts.",
        submit="Plan the boost",
        back=reverse("dashboard-boosts"),
        action=reverse("dashboard-boost-new"),
        preview="dashboard/boosts/preview.html",
        facts={"token": token, "directory": directory},
    )
    if is_preview:
        facts = _try(desk, form) if form.is_valid() else {"unfinished": True}
        if request.headers.get("HX-Target") == "boost-quote":
            return render(request, "dashboard/boosts/quote.html", {"form": form, **facts})
        return render(request, TEMPLATE, {"page": page, "form": form, **page.facts, **facts})
    if form.is_valid():
        made = form.try_to(lambda: _plan(desk, form, token))
        if made is not None:
            begins = "runs now" if made.starts_at <= clock.now() else "is planned"
            return go_to(request, reverse("dashboard-boosts"), f"“{made.name}” {begins}.")
    return show_form(request, page, template=TEMPLATE)


@require_POST
@dashboard_page("change_boosts")
def end_boost(request: HttpRequest, desk: Desk, boost_id: int) -> HttpResponse:
    boost = stop_boost(context=desk.context, boost_id=boost_id, actor=desk.actor)
    text = (
        f"“{boost.name}” is stopped; what it gave stays. You can undo this for {UNDO.seconds // 60} minutes."
    )
    return go_to(
        request, reverse("dashboard-boosts"), text, undo=reverse("dashboard-boost-resume", args=[boost_id])
    )


@require_POST
@dashboard_page("change_boosts")
def bring_boost_back(request: HttpRequest, desk: Desk, boost_id: int) -> HttpResponse:
    try:
        boost = take_back_stop(context=desk.context, boost_id=boost_id, actor=desk.actor)
    except BoostHoursError as error:
        return go_to(request, reverse("dashboard-boosts"), error.message, kind="warn")
    return go_to(request, reverse("dashboard-boosts"), f"“{boost.name}” goes on as planned.")


def _plan(desk: Desk, form: BoostForm, token: str) -> Any:
    try:
        return start_boost(context=desk.context, draft=form.draft(), actor=desk.actor, key=f"form:{token}")
    except BoostHoursError as error:
        form.add_problem(error)
        return None


def _try(desk: Desk, form: BoostForm) -> dict[str, Any]:
    """Hours, cost, and what it would have given; what the services refuse stands in the form."""
    try:
        draft, now = form.draft(), clock.now()
        boost = check_draft(draft, context=desk.context, now=now)
        return {
            "quote": quote_boost(context=desk.context, draft=draft),
            "run": preview_boost(boost=boost, context=desk.context, now=now),
        }
    except InvalidBoostError as error:
        form.add_problem(error)
        return {"unfinished": True}


def _describe(line: BoostLine, names: ScopeNames) -> ListedBoost:
    word, tag = STATE_WORDS[line.state]
    stopped_at = line.boost.stopped_at
    return ListedBoost(
        line=line,
        scope=scope_text(line.boost.scope, names),
        word=word,
        tag=tag,
        can_resume=line.state == STOPPED and can_resume(line.boost, clock.now()),
        can_stop=line.state in (RUNNING, PLANNED),
        was_called_off=stopped_at is not None and stopped_at <= line.boost.starts_at,
    )


def _page_number(request: HttpRequest) -> int:
    asked = request.GET.get("page", "1")
    return (
        min(int(asked), _MOST_PAGES)
        if asked.isdecimal() and asked.isascii() and len(asked) < 6 and int(asked)
        else 1
    )
