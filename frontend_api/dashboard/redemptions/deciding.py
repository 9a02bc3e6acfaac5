"""One redemption decided on: approved, rejected with a reason, refunded."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from engagement.analytics.redemptions import RedemptionSheet, get_redemption_sheet
from engagement.rewards.deciding import approve_redemption, cancel_redemption, reject_redemption
from engagement.rewards.models import RedemptionState
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to
from frontend_api.dashboard.parts.confirm import Confirm, Consequence, is_confirmed, show_confirm
from frontend_api.dashboard.parts.forms import FormPage, show_form
from frontend_api.figures import write_unit
from saas.core.errors import ConflictError, NotAllowedError

from .forms import ReasonForm
from .listing import address_of


@require_POST
@dashboard_page("decide_redemptions")
def approve(request: HttpRequest, desk: Desk, redemption_id: int) -> HttpResponse:
    """What somebody else did meanwhile is said on the redemption's page, where it can be seen."""
    here = address_of(redemption_id)
    try:
        row = approve_redemption(context=desk.context, redemption_id=redemption_id, actor=desk.actor)
    except (ConflictError, NotAllowedError) as error:
        return go_to(request, here, error.message, kind="bad")
    return go_to(request, here, f"“{row.reward_name}” is approved. The member is told.")


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("decide_redemptions")
def reject(request: HttpRequest, desk: Desk, redemption_id: int) -> HttpResponse:
    sheet = get_redemption_sheet(redemption_id=redemption_id)
    here = address_of(redemption_id)
    form = ReasonForm(
        request.POST if request.method == "POST" else None, outcome=RedemptionState.REJECTED, needed=True
    )
    if form.is_valid():
        reason = form.cleaned_data["reason"]
        row = form.try_to(
            lambda: reject_redemption(
                context=desk.context, redemption_id=redemption_id, actor=desk.actor, reason=reason
            )
        )
        if row is not None:
            told = f"“{row.reward_name}” is rejected, and {_points(desk, row.price)} went back."
            return go_to(request, here, told)
    page = FormPage(
        form,
        title=f"Reject “{sheet.redemption.reward_name}”",
        lead=f"{sheet.member_name} gets {_points(desk, sheet.redemption.price)} back and reads why.",
        submit="Reject",
        back=here,
        danger=True,
    )
    return show_form(request, page)


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("decide_redemptions")
def refund(request: HttpRequest, desk: Desk, redemption_id: int) -> HttpResponse:
    """Taken back by the team at any time, with points and stock; what went out stays out."""
    sheet = get_redemption_sheet(redemption_id=redemption_id)
    here = address_of(redemption_id)
    sent = request.POST if request.POST.get("confirmed") == "1" else None
    form = ReasonForm(sent, outcome=RedemptionState.REJECTED, needed=True)
    page = Confirm(
        title=f"Refund “{sheet.redemption.reward_name}”?",
        submit="Refund",
        back=here,
        consequences=_consequences(desk, sheet),
        form=form,
    )
    if not is_confirmed(request, page) or not form.is_valid():
        return show_confirm(request, page)
    reason = form.cleaned_data["reason"]
    row = form.try_to(
        lambda: cancel_redemption(
            context=desk.context, redemption_id=redemption_id, actor=desk.actor, reason=reason
        )
    )
    if row is None:
        return show_confirm(request, page)
    return go_to(request, here, f"Refunded: {_points(desk, row.price)} went back.")


def _consequences(desk: Desk, sheet: RedemptionSheet) -> list[Consequence]:
    row = sheet.redemption
    lines = [Consequence(f"{sheet.member_name} gets {_points(desk, row.price)} back and reads why.", "coins")]
    if row.counted:
        lines.append(Consequence("It goes back into the stock, but for a code that was seen.", "archive"))
    if row.state in (RedemptionState.FULFILLED, RedemptionState.DELIVERED):
        lines.append(
            Consequence(
                "What was handed out already is not fetched back: ask for it yourself.", "alert-triangle"
            )
        )
    return [*lines, Consequence("This cannot be undone; the member can redeem it again.", "info-circle")]


def _points(desk: Desk, amount: int) -> str:
    return write_unit(amount, desk.context.points_name)
