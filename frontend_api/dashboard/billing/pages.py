"""The Billing page: how the community stands with its plan, what is in use, what the plan lacks, and the invoices."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from frontend_api.dashboard.access import Desk, dashboard_page

from .books import open_books
from .usage import list_locks, list_usage

@never_cache
@require_safe
@dashboard_page("view_billing")
def show_billing(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Stripe is not asked: what it said last stands in our books, and invoices come as a part of their own."""
    books = open_books(desk.context.tenant_id)
    kind = books.tenant.kind
    facts: dict[str, Any] = {
        "sold": settings.BILLING_ON,
        "books": books,
        "standing": books.standing,
        "usage": list_usage(context=desk.context, entitlements=books.entitlements, kind=kind, now=books.now),
        "locks": list_locks(entitlements=books.entitlements, kind=kind, now=books.now),
    }
    return render(request, "dashboard/billing/billing.html", facts)
