"""A place under somebody's retainer: offered to this community, accepted or declined, and left, by whoever decides about its plan."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from billing.plans import FREE
from billing.retainers.covering import leave_retainer
from billing.retainers.leaving import Leaving, preview_leaving
from billing.retainers.offering import accept_place, decline_place
from billing.wording import plan_name
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to
from frontend_api.dashboard.parts.confirm import Confirm, Consequence, is_confirmed, show_confirm
from saas.core import clock
from saas.core.errors import ConflictError, UnavailableError

from .books import GET_OR_POST, require_sold
from .usage import list_freezes
from .words import find_plan, on


@require_POST
@dashboard_page("manage_billing")
def answer_offer(request: HttpRequest, desk: Desk) -> HttpResponse:
    """`do` is accept; anything else declines."""
    require_sold()
    tenant_id, key = desk.context.tenant_id, request.POST.get("offer", "")[:26]
    try:
        if request.POST.get("do") == "accept":
            place = accept_place(tenant_id=tenant_id, offer_key=key, actor=desk.actor)
            text = f"Accepted. {place.retainer.payer} pays for {plan_name(place.retainer.plan)}."
        else:
            decline_place(tenant_id=tenant_id, offer_key=key, actor=desk.actor)
            text = "Declined. Nothing changes."
    except (ConflictError, UnavailableError) as error:
        return go_to(request, reverse("billing"), error.message, kind="warn")
    return go_to(request, reverse("billing"), text)


@never_cache
@require_http_methods(GET_OR_POST)
@dashboard_page("manage_billing")
def leave(request: HttpRequest, desk: Desk) -> HttpResponse:
    """What will freeze and when, for a community that wants to leave the retainer it is in; done when it is confirmed."""
    require_sold()
    seen = preview_leaving(tenant_id=desk.context.tenant_id)
    if seen is None:
        return go_to(request, reverse("billing"), "No retainer pays for this community now.", kind="warn")
    payer = seen.place.retainer.payer
    page = Confirm(
        title=f"Leave the retainer of {payer}",
        submit="Leave the retainer",
        back=reverse("billing"),
        consequences=_consequences(desk, seen),
        hidden=[("retainer", seen.place.retainer.key)],
    )
    if not is_confirmed(request, page):
        return show_confirm(request, page)
    left = leave_retainer(
        tenant_id=desk.context.tenant_id, key=request.POST.get("retainer", ""), actor=desk.actor
    )
    if left is None:
        text = "Nothing was changed by you: this community was no longer in the retainer that you saw. Here is how its plan stands."
        return go_to(request, reverse("billing"), text, kind="warn")
    if seen.ends_at is None or seen.ends_at <= clock.now():
        return go_to(request, reverse("billing"), f"Left. {payer} is told by mail.")
    plan = plan_name(seen.place.retainer.plan)
    text = f"Left. {plan} stays on until {on(seen.ends_at)}, and {payer} is told by mail."
    return go_to(request, reverse("billing"), text)


def _consequences(desk: Desk, seen: Leaving) -> list[Consequence]:
    retainer, then = seen.place.retainer, find_plan(seen.then)
    payer, plan = retainer.payer, plan_name(retainer.plan)
    back = Consequence(
        f"You can’t take this back yourself. {payer} can offer you a place again.", "arrow-back-up"
    )
    told = Consequence(f"{payer} is told by mail, and the place is free for another community.", "mail")
    if seen.ends_at is None:
        begins = f" from {on(retainer.starts_at)} on" if retainer.starts_at else ""
        return [
            Consequence(f"{payer} will not pay for {plan}{begins}.", "calendar"),
            Consequence("Nothing changes today, and nothing is charged.", "coins"),
            told,
            back,
        ]
    stays = Consequence(f"{plan} stays on until {on(seen.ends_at)}. Nothing is charged.", "calendar")
    if seen.ends_at <= clock.now():
        stays = Consequence(
            "Nothing stays on that is not on now, because an invoice has been late for too long.", "calendar"
        )
    limits = "the limits of Free hold" if then.key == FREE else f"{then.name} holds"
    choose = f"From then on {limits}. Choose a plan of your own before, and nothing waits."
    freezes = [Consequence(one, "lock") for one in list_freezes(desk.context, then, seen.quantity)]
    return [
        stays,
        Consequence(choose, "hourglass"),
        *freezes,
        Consequence("Nothing is deleted: a plan chosen later brings everything back.", "history"),
        Consequence("Members keep their points, levels and rewards, and are not told.", "users"),
        told,
        back,
    ]
