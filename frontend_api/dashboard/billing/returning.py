"""Back from Stripe's page: what became of the checkout, asked of Stripe and written at once, whether or not a webhook has come."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from billing.checkout import apply_session
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to
from saas.core.errors import UnavailableError

from .words import find_plan, on


@never_cache
@require_safe
@dashboard_page("view_billing")
def come_back(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Safe to open again and again. While Stripe is slow or the payment is on its way, the page says so and looks again by itself."""
    session_id = request.GET.get("session_id", "").replace("\x00", "")[:100]
    try:
        applied = apply_session(tenant_id=desk.context.tenant_id, session_id=session_id)
    except UnavailableError as error:
        return _wait(request, away=error.message)
    row = applied.subscription
    # Who opens an old page again may have another plan by now.
    name = find_plan(row.plan if row is not None else applied.plan).name
    if applied.state == "expired":
        text = f"The payment page for {name} was closed. Nothing was bought and nothing was charged."
        return go_to(request, reverse("billing-plans"), text, kind="warn")
    if applied.state != "done" or row is None:
        return _wait(request)
    if row.status == "trialing" and row.trial_end is not None:
        return go_to(
            request,
            reverse("billing"),
            f"Your trial of {name} has begun. It lasts until {on(row.trial_end)}.",
        )
    if row.status == "active":
        return go_to(request, reverse("billing"), f"Thank you. {name} is on, with everything in it.")
    if row.status == "incomplete_expired":
        text = "The payment was not finished in time. Nothing was bought and nothing was charged."
    elif row.ended_at is not None:
        text = "This payment page was finished before, and what it bought has ended. Here is how things stand now."
    else:
        text = "This payment page was finished before. Here is how the plan stands now."
    return go_to(request, reverse("billing"), text, kind="warn")


def _wait(request: HttpRequest, away: str = "") -> HttpResponse:
    facts = {"here": request.get_full_path(), "away": away}
    part = request.headers.get("HX-Request") == "true"
    template = "dashboard/billing/return_part.html" if part else "dashboard/billing/return.html"
    return render(request, template, facts)
