"""The Billing page: how the community stands with its plan, what is in use, what the plan lacks, and the invoices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from billing.models import Subscription
from billing.moving import get_payment_offer
from billing.notices import list_notices
from billing.retainers.offering import list_offers
from billing.retainers.terms import NOT_STARTED
from billing.shifts import version_of
from billing.usage import get_usage
from frontend_api.dashboard.access import Desk, dashboard_page
from saas.core.schemas import PUBLIC, enter_schema

from .banners import write_notice
from .books import Books, open_books
from .usage import list_locks, list_usage
from .words import find_plan, write_contact


@never_cache
@require_safe
@dashboard_page("view_billing")
def show_billing(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Stripe is not asked: what it said last stands in our books, and invoices come as a part of their own."""
    books = open_books(desk.context.tenant_id)
    kind = books.tenant.kind
    metered = get_usage(desk.context.tenant_id) if books.subscription or books.place else None
    by_use = {line.meter.name for line in metered.lines} if metered else set()
    usage = list_usage(context=desk.context, entitlements=books.entitlements, kind=kind, now=books.now)
    facts: dict[str, Any] = {
        "sold": settings.BILLING_ON,
        "books": books,
        "payer": books.subscription.payer if books.subscription else None,
        "is_payer": _is_payer(desk, books),
        "sees_invoices": sees_invoices(desk),
        "is_heir": _is_heir(desk),
        "may_pay": _is_payer(desk, books) or desk.may("manage_billing") or _is_heir(desk),
        "metered": metered,
        "cohorts": _cohorts(books) if desk.may("manage_billing") else None,
        "can_choose": not books.is_unsettled and books.standing.kind not in _PAID_BY_OTHERS,
        "told": [
            (one.level, write_notice(one))
            for one in list_notices(tenant=books.tenant)
            if one.kind in _BESIDES or (one.kind == "cover_ahead" and books.subscription)
        ],
        "acts": _list_acts(books, may_manage=desk.may("manage_billing"), may_pay=_is_payer(desk, books)),
        "standing": books.standing,
        "cover": _describe_cover(desk, books),
        "offers": _describe_offers(desk) if desk.may("manage_billing") else [],
        "usage": [line for line in usage if line.name not in by_use],
        "locks": list_locks(entitlements=books.entitlements, kind=kind, now=books.now),
    }
    return render(request, "dashboard/billing/billing.html", facts)


# Notices of which the plan's own sentence says nothing.
_BESIDES: Final = frozenset({"failed", "ended", "restored", "cover_ends", "cover_over", "aside"})
# Somebody else pays, or will: there is nothing to choose.
_PAID_BY_OTHERS: Final = frozenset({"covered", "ahead"})
_NEW_CARD: Final = (("flow", "payment_method_update"),)


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


def _describe_cover(desk: Desk, books: Books) -> dict[str, Any] | None:
    """Of a community that a retainer covers now: whom to ask, for who decides about the plan, and whether it is they who pay."""
    place = books.place
    if place is None or place.left_at is not None:
        return None
    payer = place.retainer.payer
    mine = payer.user_id == desk.user_id
    asks = desk.may("manage_billing") and not mine
    return {"mine": mine, "contact": (payer.email or payer.user.email) if asks else "", "payer": payer}


def _describe_offers(desk: Desk) -> list[dict[str, Any]]:
    """Places under a retainer that wait for an answer. Two queries where there are some."""
    return [
        {
            "attempt": one.attempt,
            "payer": one.retainer.payer,
            "contact": write_contact(one.retainer),
            "plan": find_plan(one.retainer.plan).name,
            "begins": one.retainer.starts_at if one.retainer.status == NOT_STARTED else None,
        }
        for one in list_offers(tenant_id=desk.context.tenant_id)
    ]


def _cohorts(books: Books) -> int | None:
    """How many are paid for; None where the plan is not sold by them or something else comes first."""
    row = books.subscription
    if row is None or not books.standing.plan.per or books.is_unsettled:
        return None
    return row.quantity


def _is_heir(desk: Desk) -> bool:
    offer = get_payment_offer(tenant_id=desk.context.tenant_id)
    return offer is not None and offer.wanted["heir"] == desk.user_id


def sees_invoices(desk: Desk) -> bool:
    """Whoever pays, or paid last."""
    with enter_schema(PUBLIC):
        rows = Subscription.objects.select_related("payer").filter(tenant_id=desk.context.tenant_id)
        row = rows.filter(ended_at=None).first() or rows.order_by("-pk").first()
    return row is not None and row.payer.user_id == desk.user_id


def _list_acts(books: Books, *, may_manage: bool, may_pay: bool) -> list[Act]:
    """What can be done about the plan as it stands: the most needed first. Cards and invoices are the payer's alone, the
    plan is the owner's."""
    row = books.subscription
    if row is None:
        return []
    version = (("version", version_of(row)),)
    kind, portal = books.standing.kind, reverse("billing-portal")
    acts = []
    if kind in {"overdue", "frozen", "waiting"} and may_pay:
        acts.append(Act("Pay the open invoice", portal, post=True, primary=True))
    elif kind == "ending" and may_manage:
        acts.append(Act("Keep the plan", reverse("billing-resume"), post=True, primary=True, fields=version))
    elif kind == "changing" and may_manage:
        acts.append(Act("Take the change back", reverse("billing-undo"), post=True, fields=version))
    elif kind == "trial" and not row.has_method and may_pay:
        acts.append(Act("Add a card", portal, post=True, primary=True, fields=_NEW_CARD))
    if may_pay:
        acts.append(Act("Cards and invoices", portal, post=True))
    if row.cancel_at is None and may_manage:
        acts.append(Act("Cancel the plan", reverse("billing-cancel")))
    return acts
