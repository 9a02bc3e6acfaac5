"""Acts on many redemptions: ticked ones, or all that the list holds, with a result for each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_POST

from engagement.analytics.redemptions import RedemptionSearch, describe_redemptions, search_redemptions
from engagement.rewards.deciding import approve_redemption, mark_delivered, reject_redemption
from engagement.rewards.models import Redemption, RedemptionState
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
from saas.core.errors import EngageHubError

from .forms import ReasonForm
from .listing import address_of, build_redemptions_list, list_ids, show_state

MOST: Final = 500  # at once: each is a transaction of its own, and the page waits for them
_MAY: Final = CHOICES["dashboard-redemptions-bulk"]
ACTS: Final = tuple(
    BulkAct(key, name, icon, _MAY[key])
    for key, name, icon in (
        ("approve", "Approve", "check"),
        ("reject", "Reject", "ban"),
        ("deliver", "Mark as delivered", "circle-check"),
        ("export", "Export", "download"),
    )
)
_BY_KEY: Final = {act.key: act for act in ACTS}
_ENDS: Final = {
    "approve": (RedemptionState.APPROVED, RedemptionState.FULFILLED, RedemptionState.DELIVERED),
    "reject": (RedemptionState.REJECTED,),
    "deliver": (RedemptionState.DELIVERED,),
}
_CONSEQUENCES: Final = {
    "approve": ("gift", "The members are told, and get what their reward gives."),
    "reject": ("coins", "Their points and the stock go back at once. The members read the reason."),
    "deliver": ("circle-check", "Nothing more is done about them."),
}
_EACH: Final = ("list-details", "You see a result for each. Your own ones are left to somebody else.")


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one."""

    redemption_id: int
    name: str
    member: str
    state: str  # done, unchanged or failed
    message: str = ""

    @property
    def href(self) -> str:
        return address_of(self.redemption_id)


@require_POST
@dashboard_page("view_redemptions")
def act_on_many(request: HttpRequest, desk: Desk) -> HttpResponseBase:
    """First the page that asks, then the act. Sending it twice changes nothing twice."""
    act = read_act(request, _BY_KEY, "redemptions")
    desk.require(act.action)

    def build(given: QueryDict) -> ListKind:
        return build_redemptions_list(desk.context, given)

    back = address_of_list(request, "dashboard-redemptions")
    most = MOST_EXPORTED if act.key == "export" else MOST
    ids = choose_rows(
        request, desk, build, list_ids, noun="redemptions", most=most, narrow="to a day or a reward"
    )
    if not ids:
        return go_to(request, back, "Tick some redemptions first. Nothing was done.", kind="warn")
    if act.key == "export":
        return export_chosen(request, desk, build, ids, action="redemption.exported")
    form = None
    if act.key == "reject":
        sent = request.POST if request.POST.get("confirmed") == "1" else None
        form = ReasonForm(sent, outcome=RedemptionState.REJECTED, needed=True)
    page = ask_about(
        act,
        ids,
        noun="redemptions",
        back=back,
        consequences=(_CONSEQUENCES[act.key], _EACH),
        danger=act.key == "reject",
        form=form,
    )
    if not is_confirmed(request, page) or (form is not None and not form.is_valid()):
        return show_confirm(request, page)
    results = _act(desk, act.key, ids, "" if form is None else form.cleaned_data["reason"])
    return _show(request, desk, act, results, back)


def _act(desk: Desk, act: str, ids: list[int], reason: str) -> list[Result]:
    """Each in a transaction of its own, so that one that is refused holds up none of the others."""
    rows = describe_redemptions(list(search_redemptions(RedemptionSearch(ids=ids)).order_by("pk")))
    work: Callable[[int], Redemption] = {
        "approve": lambda one: approve_redemption(context=desk.context, redemption_id=one, actor=desk.actor),
        "reject": lambda one: reject_redemption(
            context=desk.context, redemption_id=one, actor=desk.actor, reason=reason
        ),
        "deliver": lambda one: mark_delivered(redemption_id=one, actor=desk.actor),
    }[act]
    results = []
    for row in rows:
        was, state, message = row.redemption.state, "done", ""
        if was in _ENDS[act]:
            state, message = "unchanged", f"It was “{show_state(was).text}” already."
        else:
            try:
                work(row.pk)
            except EngageHubError as error:
                state, message = "failed", error.message
        results.append(Result(row.pk, row.redemption.reward_name, row.member_name, state, message))
    return results


def _show(request: HttpRequest, desk: Desk, act: BulkAct, results: list[Result], back: str) -> HttpResponse:
    counts = {state: sum(one.state == state for one in results) for state in ("done", "unchanged", "failed")}
    facts = {
        "desk": desk,
        "title": f"{act.name}: {write_unit(len(results), 'redemptions')}",
        "results": sorted(results, key=lambda one: one.state != "failed"),
        "counts": counts,
        "back": back,
    }
    return render(request, "dashboard/redemptions/bulk.html", facts)
