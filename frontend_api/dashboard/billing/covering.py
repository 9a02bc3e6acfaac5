"""A place under somebody's retainer, offered to this community: accepted or declined by whoever decides about its plan."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from billing.retainers.offering import accept_place, decline_place
from billing.wording import plan_name
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to
from saas.core.errors import ConflictError, UnavailableError

from .books import require_sold


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
