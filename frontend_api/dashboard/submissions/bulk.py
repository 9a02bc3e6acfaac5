"""One decision on many submissions: asked about, done, a result for each, and taken back while nobody was told."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID, uuid4

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from engagement.submissions.models import Submission
from engagement.submissions.reasons import list_reasons
from engagement.submissions.reviewing import APPROVE, MAX_AT_ONCE, UNDO, UNDO_ACT, Result, decide_many
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to
from frontend_api.dashboard.parts.bulk import address_of_list, choose_rows, read_act
from frontend_api.dashboard.parts.confirm import Confirm, Consequence, is_confirmed, show_confirm
from frontend_api.dashboard.parts.forms import DeskForm
from frontend_api.dashboard.parts.lists import ListKind
from frontend_api.figures import write_unit
from saas.core import clock

from .access import check_any
from .listing import ACTS, build_queue, list_ids, list_kinds
from .reason_forms import ReasonForm
from .words import STATES

_BY_KEY: Final = {act.key: act for act in ACTS}
_KEPT: Final = "submission_decisions"
_MOST_KEPT: Final = 3
_TITLES: Final = {"approve": "Approve {count}?", "reject": "Reject {count}?", "ask": "Ask about {count}?"}
_DONE: Final = {"approve": "approved", "reject": "rejected", "ask": "asked about", "undo": "taken back"}
_WHAT: Final = {
    "approve": (
        ("coins", "Each gives the points that follow from its kind. Those whose points follow from a rubric are left for you to score."),
    ),
    "reject": (("message", "Each member reads your reason, and may correct it and hand it in again."),),
    "ask": (("message", "Each member reads your question and answers it; then it waits here again."),),
}  # fmt: skip


@require_POST
@dashboard_page("view_submissions")
def decide_on_many(request: HttpRequest, desk: Desk) -> HttpResponse:
    """First the page that asks, then the act."""
    act = read_act(request, _BY_KEY, "submissions")
    types = check_any(desk)
    ids = choose_rows(request, desk, _build, list_ids, noun="submissions", most=MAX_AT_ONCE)
    if not ids:
        return go_to(
            request,
            reverse("dashboard-submissions"),
            "Tick some submissions first. Nothing was done.",
            kind="warn",
        )
    form = _form(request, act.key)
    page = _ask(request, act.key, ids, form)
    if not is_confirmed(request, page) or not form.is_valid():
        return show_confirm(request, page)
    results = decide_many(
        context=desk.context,
        submission_ids=ids,
        act=act.key,
        actor=desk.actor,
        reason=form.reason(),
        allowed=lambda one: types is None or one.type_id in types,
    )
    return _show_later(request, act.key, results)


@require_safe
@dashboard_page("view_submissions")
def show_results(request: HttpRequest, desk: Desk, run: UUID) -> HttpResponse:
    """What became of each; only whoever did it sees it."""
    kept = _find(request, run)
    names = Submission.objects.filter(pk__in=[one["id"] for one in kept["results"]]).values_list(
        "pk", "state"
    )
    states = dict(names)
    lines = [
        one | {"now": STATES[states[one["id"]]] if one["id"] in states else None} for one in kept["results"]
    ]
    done = sum(one["done"] for one in kept["results"])
    facts = {
        "desk": desk,
        "run": run,
        "lines": sorted(lines, key=lambda one: bool(one["done"])),
        "done": done,
        "failed": len(lines) - done,
        "title": f"{write_unit(done, 'submissions')} {_DONE[kept['act']]}",
        "can_undo": kept["act"] != UNDO_ACT and done > 0 and not kept.get("undone"),
        "until": kept["until"],
    }
    return render(request, "dashboard/submissions/results.html", facts)


@require_POST
@dashboard_page("view_submissions")
def undo_many(request: HttpRequest, desk: Desk, run: UUID) -> HttpResponse:
    """Take back what was done; what somebody changed meanwhile stays and says so."""
    types = check_any(desk)
    kept = _find(request, run)
    results = decide_many(
        context=desk.context,
        submission_ids=[one["id"] for one in kept["results"] if one["done"]],
        act=UNDO_ACT,
        actor=desk.actor,
        allowed=lambda one: types is None or one.type_id in types,
    )
    _mark_undone(request, run)
    return _show_later(request, UNDO_ACT, results)


def _build(given: QueryDict) -> ListKind:
    return build_queue(list_kinds(), acts=())


class NoteForm(DeskForm):
    """What goes along with an approval."""

    note = forms.CharField(
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="The members read it.",
    )

    def reason(self) -> str:
        return str(self.cleaned_data.get("note", ""))


def _form(request: HttpRequest, act: str) -> NoteForm | ReasonForm:
    data = request.POST if request.POST.get("confirmed") == "1" else None
    if act == APPROVE:
        return NoteForm(data)
    return ReasonForm(data, act=act, templates=list_reasons())


def _ask(request: HttpRequest, act: str, ids: list[int], form: forms.BaseForm) -> Confirm:
    count = write_unit(len(ids), "submissions")
    lines = [Consequence(text, icon) for icon, text in _WHAT[act]]
    lines.append(
        Consequence(
            f"You see a result for each, and can take all of it back. For {UNDO.seconds} seconds nobody is told.",
            "arrow-back-up",
        )
    )
    return Confirm(
        title=_TITLES[act].format(count=count),
        submit=f"{_BY_KEY[act].name}: {count}",
        back=address_of_list(request, "dashboard-submissions"),
        consequences=lines,
        action=reverse("dashboard-submissions-bulk"),
        danger=False,
        hidden=[("act", act), ("ids", ",".join(map(str, ids))), ("query", request.POST.get("query", ""))],
        form=form,
    )


def _show_later(request: HttpRequest, act: str, results: list[Result]) -> HttpResponse:
    """Kept in the session until its page shows it (POST, redirect, GET)."""
    run = uuid4().hex
    lines: list[dict[str, Any]] = [
        {
            "id": one.submission_id,
            "title": one.title,
            "done": one.done,
            "points": one.points,
            "message": one.message[:300],
        }
        for one in results
    ]
    kept = dict(list(request.session.get(_KEPT, {}).items())[1 - _MOST_KEPT :])
    kept[run] = {"act": act, "results": lines, "until": (clock.now() + UNDO).isoformat()}
    request.session[_KEPT] = kept
    return go_to(request, reverse("dashboard-submissions-bulk-result", args=[UUID(run)]))


def _find(request: HttpRequest, run: UUID) -> dict[str, Any]:
    kept: dict[str, Any] = request.session.get(_KEPT, {})
    if run.hex not in kept:
        raise Http404(
            "These results are gone; they are kept for the last few acts. The list shows where each stands."
        )
    found: dict[str, Any] = kept[run.hex]
    return found


def _mark_undone(request: HttpRequest, run: UUID) -> None:
    kept = request.session[_KEPT]
    kept[run.hex]["undone"] = True
    request.session[_KEPT] = kept
