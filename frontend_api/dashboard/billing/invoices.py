"""The invoices: asked of Stripe when somebody looks, as a part of the Billing page or as a page of its own."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from billing.invoices import list_invoices
from frontend_api.dashboard.access import Desk, dashboard_page
from saas.core.errors import EngageHubError, UnavailableError

from .books import open_books
from .pages import sees_invoices


@never_cache
@require_safe
@dashboard_page("view_billing")
def show_invoices(request: HttpRequest, desk: Desk) -> HttpResponse:
    """For whoever pays, or paid last. A Stripe that is away costs this part alone."""
    books = open_books(desk.context.tenant_id)
    facts: dict[str, object] = {"sees": sees_invoices(desk)}
    if facts["sees"]:
        try:
            facts["invoices"] = list_invoices(tenant=books.tenant)
        except UnavailableError as error:
            facts["away"] = _describe(error)
    part = request.headers.get("HX-Request") == "true"
    template = "dashboard/billing/invoices_part.html" if part else "dashboard/billing/invoices.html"
    return render(request, template, facts)


def _describe(error: EngageHubError) -> str:
    return f"{error.message.split(', so nothing')[0].rstrip('.')}. Your invoices are safe; look again in a minute."
