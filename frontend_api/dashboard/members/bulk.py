"""Acts on many members: ticked ones, or all that a list holds."""

from __future__ import annotations

from typing import Final
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from engagement.progression.bulk_acts import (
    INLINE,
    MOST,
    begin_bulk_act,
    count_bulk_items,
    get_bulk_act,
    list_bulk_results,
    undo_bulk_act,
)
from engagement.progression.models import BulkAct
from engagement.progression.people import PURGE_AFTER
from frontend_api.access import CHOICES
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to
from frontend_api.dashboard.parts.bulk import address_of_list, choose_rows, export_chosen, read_act
from frontend_api.dashboard.parts.confirm import Confirm, Consequence, is_confirmed, show_confirm
from frontend_api.dashboard.parts.lists import BulkAct as ListAct
from frontend_api.dashboard.parts.lists import ListKind
from frontend_api.figures import write_signed, write_unit, write_whole

from .forms import PointsForm
from .listing import build_members_list, list_ids

_MAY: Final = CHOICES["dashboard-members-bulk"]
_MAY_UNDO: Final = CHOICES["dashboard-members-bulk-undo"]
ACTS: Final = tuple(
    ListAct(key, name, icon, _MAY[key])
    for key, name, icon in (
        ("points", "Points", "coins"),
        ("hide", "Hide", "eye-off"),
        ("show", "Show", "eye"),
        ("delete", "Delete", "trash"),
        ("restore", "Restore", "arrow-back-up"),
        ("export", "Export", "download"),
    )
)
_BY_KEY: Final = {act.key: act for act in ACTS}
_TITLES: Final = {
    "points": "Give or take {points}: {members}",
    "hide": "Hide {members} from the boards?",
    "show": "Show {members} on the boards?",
    "delete": "Delete {members}?",
    "restore": "Restore {members}?",
}
_DONE: Final = {
    "points": "{amount} {points} for {members}",
    "hide": "{members} hidden from the boards",
    "show": "{members} shown on the boards",
    "delete": "{members} deleted",
    "restore": "{members} restored",
}
_CONSEQUENCES: Final = {
    "points": (("coins", "Levels and boards follow at once; everybody sees the reason in their history."),),
    "hide": (("eye-off", "They hold no rank from now on; their points stay and go on counting."),),
    "show": (("eye", "They stand on the boards by their own name."),),
    "delete": (
        ("eye-off", "They vanish from boards, lists and search, and earn nothing."),
        ("arrow-back-up", f"You can restore them for {PURGE_AFTER.days} days; then who they were is erased."),
    ),
    "restore": (("arrow-back-up", "They are back with everything they had. Who was erased stays so."),),
}


@require_POST
@dashboard_page("view_members")
def act_on_many(request: HttpRequest, desk: Desk) -> HttpResponseBase:
    """First the page that asks, then the act. What is meant goes along as ids, or as the list's query for all that match."""
    act = read_act(request, _BY_KEY, "members")
    desk.require(act.action)

    def build(given: QueryDict) -> ListKind:
        return build_members_list(desk.context)

    ids = choose_rows(request, desk, build, list_ids, noun="members", most=MOST)
    if not ids:
        return go_to(
            request, reverse("dashboard-members"), "Tick some members first. Nothing was done.", kind="warn"
        )
    if act.key == "export":
        return export_chosen(request, desk, build, ids, action="member.exported")
    sent = request.POST.get("confirmed") == "1"
    form = None
    if act.key == "points":
        form = PointsForm(request.POST if sent else None, initial={"request_key": uuid4().hex})
    page = _ask(request, desk, act.key, ids, form)
    if not is_confirmed(request, page) or (form is not None and not form.is_valid()):
        return show_confirm(request, page)
    bulk = begin_bulk_act(
        key=_key(request),
        act=act.key,
        member_ids=ids,
        actor=desk.actor,
        context=desk.context,
        amount=None if form is None else form.signed_amount(),
        reason="" if form is None else form.cleaned_data["reason"],
    )
    return go_to(request, reverse("dashboard-members-bulk-result", args=[bulk.pk]))


@require_safe
@dashboard_page("view_members")
def show_bulk(request: HttpRequest, desk: Desk, bulk_id: int) -> HttpResponse:
    """What became of each member; while it runs the page's part asks again every second."""
    bulk = get_bulk_act(bulk_id=bulk_id)
    counts = count_bulk_items(bulk_id=bulk_id)
    undoing = bulk.state in (BulkAct.State.UNDOING, BulkAct.State.UNDONE)
    done = bulk.total - (counts.done if undoing else counts.waiting)
    facts = {
        "desk": desk,
        "bulk": bulk,
        "counts": counts,
        "done": done,
        "running": bulk.state in (BulkAct.State.RUNNING, BulkAct.State.UNDOING),
        "results": list_bulk_results(bulk_id=bulk_id),
        "title": _DONE[bulk.act].format(
            amount=write_signed(bulk.amount or 0),
            points=desk.context.points_name,
            members=write_unit(bulk.total, "members"),
        ),
        "can_undo": bulk.state == BulkAct.State.FINISHED
        and counts.done > 0
        and desk.may(_MAY_UNDO[bulk.act]),
        "part": request.headers.get("HX-Target") == "bulk-result",
    }
    template = "dashboard/members/bulk_part.html" if facts["part"] else "dashboard/members/bulk.html"
    return render(request, template, facts)


@require_POST
@dashboard_page("view_members")
def undo_bulk(request: HttpRequest, desk: Desk, bulk_id: int) -> HttpResponse:
    act = get_bulk_act(bulk_id=bulk_id).act
    desk.require(_MAY_UNDO[act])
    undo_bulk_act(bulk_id=bulk_id, actor=desk.actor, context=desk.context)
    return go_to(request, reverse("dashboard-members-bulk-result", args=[bulk_id]))


def _ask(request: HttpRequest, desk: Desk, act: str, ids: list[int], form: PointsForm | None) -> Confirm:
    members = write_unit(len(ids), "members")
    points = desk.context.points_name
    lines = [Consequence(text, icon) for icon, text in _CONSEQUENCES[act]]
    if len(ids) > INLINE:
        lines.append(
            Consequence(
                f"{write_whole(len(ids))} take a while: you see how far it is, and can leave the page.",
                "clock",
            )
        )
    if act != "restore":
        lines.append(
            Consequence("You see a result for each member, and can undo the whole act.", "arrow-back-up")
        )
    everybody = request.POST.get("scope") == "all"
    hidden = [("act", act), ("key", str(_key(request)))]
    hidden += (
        [("scope", "all"), ("query", request.POST.get("query", ""))]
        if everybody
        else [("ids", ",".join(map(str, ids)))]
    )
    verb = _BY_KEY[act].name if act != "points" else "Book"
    return Confirm(
        title=_TITLES[act].format(points=points, members=members),
        submit=f"{verb} for {members}" if act == "points" else f"{verb} {members}",
        back=address_of_list(request, "dashboard-members"),
        consequences=lines,
        danger=act == "delete",
        hidden=hidden,
        form=form,
    )


def _key(request: HttpRequest) -> UUID:
    """The act's own key, made when it is asked about."""
    try:
        return UUID(request.POST.get("key", ""))
    except ValueError:
        return uuid4()
