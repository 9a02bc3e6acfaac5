"""Acts on many members: ticked ones, or all that a list holds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final
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
from frontend_api.dashboard.parts.confirm import Confirm, Consequence, is_confirmed, show_confirm
from frontend_api.dashboard.parts.export import export_list
from frontend_api.dashboard.parts.lists import BulkAct as ListAct
from frontend_api.dashboard.parts.lists import read_query
from frontend_api.figures import write_signed, write_unit, write_whole
from saas.core.errors import InvalidInputError

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
    act = _BY_KEY.get(request.POST.get("act", ""))
    if act is None:
        raise InvalidInputError("Choose what to do with the members that you ticked.", field="act")
    desk.require(act.action)
    ids = _chosen(request, desk)
    if not ids:
        return go_to(
            request, reverse("dashboard-members"), "Tick some members first. Nothing was done.", kind="warn"
        )
    if act.key == "export":
        return _export(request, desk, ids)
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


def _chosen(request: HttpRequest, desk: Desk) -> list[int]:
    """The ticked members, or everybody whom the list as narrowed holds."""
    if request.POST.get("scope") == "all":
        query = read_query(
            build_members_list(desk.context),
            QueryDict(request.POST.get("query", "")[:4_000]),
            desk.context,
        )
        ids = list_ids(query, limit=MOST + 1)
        if len(ids) > MOST:
            raise InvalidInputError(
                f"More than {MOST:,} members match. Narrow the list down and act on each part. Nothing was done."
            )
        return ids
    given = " ".join(request.POST.getlist("ids")).replace(",", " ").split()
    return [int(one) for one in given if one.isdecimal() and len(one) < 19][:MOST]


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
        back=f"{reverse('dashboard-members')}?{request.POST.get('query', '')}".rstrip("?"),
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


def _export(request: HttpRequest, desk: Desk, ids: list[int]) -> HttpResponseBase:
    kind = build_members_list(desk.context)
    query = read_query(kind, QueryDict(request.POST.get("query", "")[:4_000]), desk.context)
    if request.POST.get("scope") != "all":
        values: dict[str, Any] = {**query.values, "ids": tuple(ids)}
        query = replace(query, values=values)
    return export_list(request, desk, kind, format="csv", action="member.exported", query=query)
