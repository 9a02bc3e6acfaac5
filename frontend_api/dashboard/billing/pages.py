"""The Billing page: how the community stands with its plan, what is in use, what the plan lacks, and the invoices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from billing.shifts import version_of
from frontend_api.dashboard.access import Desk, dashboard_page

from .books import Books, open_books
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
        "payer": books.subscription.payer if books.subscription else None,
        "is_payer": _is_payer(desk, books),
        "sees_invoices": _is_payer(desk, books),
        "acts": _list_acts(books),
        "standing": books.standing,
        "usage": list_usage(context=desk.context, entitlements=books.entitlements, kind=kind, now=books.now),
        "locks": list_locks(entitlements=books.entitlements, kind=kind, now=books.now),
    }
    return render(request, "dashboard/billing/billing.html", facts)


@dataclass(frozen=True, slots=True)
class Act:
    """A button of the plan's box. `post`: it acts by itself, with `fields`; else it leads to a page that asks first."""

    name: str
    href: str
    post: bool = False
    primary: bool = False
    fields: tuple[tuple[str, str], ...] = ()


def _is_payer(desk: Desk, books: Books) -> bool:
    return books.subscription is not None and books.subscription.payer.user_id == desk.user_id


def _list_acts(books: Books) -> list[Act]:
    """What can be done about the plan as it stands: the most needed first."""
    row = books.subscription
    if row is None:
        return []
    version = (("version", version_of(row)),)
    acts = []
    kind = books.standing.kind
    if kind == "ending":
        acts.append(Act("Keep the plan", reverse("billing-resume"), post=True, primary=True, fields=version))
    elif kind == "changing":
        acts.append(Act("Take the change back", reverse("billing-undo"), post=True, fields=version))
    if row.cancel_at is None:
        acts.append(Act("Cancel the plan", reverse("billing-cancel")))
    return acts
