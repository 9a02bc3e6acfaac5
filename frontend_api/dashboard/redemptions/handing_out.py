"""What the team hands out itself: parcels shipped and delivered, other things done by hand, addresses read on record."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from engagement.analytics.redemptions import RedemptionSheet, get_redemption_sheet
from engagement.rewards.addresses import read_address
from engagement.rewards.deciding import mark_delivered
from engagement.rewards.fulfilling import complete_by_hand
from engagement.rewards.models import Redemption, RedemptionState
from engagement.rewards.shipping import correct_tracking, ship_redemption
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to
from frontend_api.dashboard.parts.forms import DeskForm, FormPage, show_form
from saas.core.errors import ConflictError

from .forms import NoteForm, TrackingForm
from .listing import address_of
from .pages import render_redemption


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("fulfil_redemptions")
def ship(request: HttpRequest, desk: Desk, redemption_id: int) -> HttpResponse:
    """A parcel with its tracking, which can be corrected later; anything else is done with a word to the member."""
    sheet = get_redemption_sheet(redemption_id=redemption_id)
    here = address_of(redemption_id)
    form = _form_for(request, sheet)
    if form.is_valid():
        done = form.try_to(lambda: _hand_out(desk, sheet, form.cleaned_data))
        if done is not None:
            return go_to(request, here, f"“{done.reward_name}” is saved. The member is told what is new.")
    parcel = sheet.is_merchandise
    page = FormPage(
        form,
        title=f"{'Ship' if parcel else 'Hand out'} “{sheet.redemption.reward_name}”",
        lead=f"{sheet.member_name} is told{' that it is on its way' if parcel else ''}.",
        submit="Mark as shipped" if parcel else "Mark as done",
        back=here,
    )
    return show_form(request, page)


@require_POST
@dashboard_page("fulfil_redemptions")
def deliver(request: HttpRequest, desk: Desk, redemption_id: int) -> HttpResponse:
    here = address_of(redemption_id)
    try:
        row = mark_delivered(redemption_id=redemption_id, actor=desk.actor)
    except ConflictError as error:
        return go_to(request, here, error.message, kind="bad")
    return go_to(request, here, f"“{row.reward_name}” is delivered.")


@never_cache
@require_POST
@dashboard_page("fulfil_redemptions")
def show_address(request: HttpRequest, desk: Desk, redemption_id: int) -> HttpResponse:
    """On the redemption's own page, for this once. That it was read is recorded first."""
    address = read_address(redemption_id=redemption_id, actor=desk.actor)
    return render_redemption(request, desk, redemption_id, address=address)


def _form_for(request: HttpRequest, sheet: RedemptionSheet) -> DeskForm:
    sent = request.POST if request.method == "POST" else None
    if sheet.is_merchandise:
        return TrackingForm(sent, initial={"tracking": sheet.redemption.tracking})
    return NoteForm(sent)


def _hand_out(desk: Desk, sheet: RedemptionSheet, data: dict[str, str]) -> Redemption:
    row = sheet.redemption
    if not sheet.is_merchandise:
        return complete_by_hand(redemption_id=row.pk, actor=desk.actor, note=data["note"])
    if row.state in (RedemptionState.FULFILLED, RedemptionState.DELIVERED):
        return correct_tracking(redemption_id=row.pk, actor=desk.actor, tracking=data["tracking"])
    return ship_redemption(redemption_id=row.pk, actor=desk.actor, tracking=data["tracking"])
