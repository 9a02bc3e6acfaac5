"""Retainers on the operator's pages: what was agreed, whom each covers, and taking communities in and out, ending, renewing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from billing.grace import GRACE
from billing.models import Retainer
from billing.retainers.agreeing import call_off_retainer, end_retainer, renew_retainer
from billing.retainers.changing import undo_terms
from billing.retainers.covering import cover_community, release_community
from billing.retainers.selectors import RetainerBook, list_retainers
from billing.retainers.terms import NOT_STARTED, most_places, planned_of, version_of
from billing.wording import plan_name
from frontend_api.dashboard.billing.words import on
from frontend_api.dashboard.notices import go_to
from frontend_api.money import write_money
from saas.core.errors import EngageHubError, InvalidInputError, NotFoundError
from tenants.models import Tenant, User

from .access import actor_of_operator, note_in_journal, operator_page
from .nav import show
from .payments import list_besides


@require_safe
@operator_page
def show_retainers(request: HttpRequest, operator: User) -> HttpResponse:
    """Those that live first, and of these what needs somebody: late, ending, ahead; with what their payers pay for besides. Three queries,
    however many there are."""
    books = sorted(list_retainers(), key=lambda book: _ORDER[state_of(book.retainer)])
    besides = list_besides(book.retainer.payer for book in books)
    lines = [describe(book) | {"besides": besides[book.retainer.payer_id]} for book in books]
    return show(request, "retainers.html", {"lines": lines})


@require_POST
@operator_page
def change_retainer(request: HttpRequest, operator: User, key: str) -> HttpResponse:
    """`do` is cover (with `slug`), release (with `tenant`), end, renew, undo (with `version`) or call-off."""
    back, actor = reverse("ops-retainers"), actor_of_operator(request, operator)
    acts: dict[str, Callable[[], str]] = {
        "cover": lambda: _cover(request, key, actor),
        "release": lambda: _release(request, key, actor),
        "end": lambda: _worded(end_retainer(key=key, actor=actor), "renews no more"),
        "renew": lambda: _worded(renew_retainer(key=key, actor=actor), "renews"),
        "undo": lambda: _worded(
            undo_terms(key=key, version=request.POST.get("version", ""), actor=actor), "keeps its terms"
        ),
        "call-off": lambda: _worded(call_off_retainer(key=key, actor=actor), "is called off"),
    }
    act = acts.get(request.POST.get("do", ""))
    if act is None:
        raise InvalidInputError("Choose what is to be done with the retainer.")
    try:
        said = act()
    except NotFoundError:
        raise
    except EngageHubError as error:
        return go_to(request, back, error.message, kind="warn")
    note_in_journal(operator, what=f"retainer.{request.POST['do']}", name=f"{key}: {said}")
    return go_to(request, back, said)


_ORDER = {"late": 0, "ending": 1, "unbegun": 2, "ahead": 3, "paid": 4, "ended": 5}
_TAGS = {
    "late": ("Not paid", "warn"), "ending": ("Ends", "warn"), "unbegun": ("Not begun", "warn"), "ahead": ("Begins later", ""),
    "paid": ("Paid", "good"), "ended": ("Ended", ""),
}  # fmt: skip


def state_of(row: Retainer) -> str:
    """ended, late, ahead, ending, paid or unbegun: its answer from Stripe was lost, or was no."""
    if row.ended_at is not None:
        return "ended"
    if row.unpaid_since is not None:
        return "late"
    if row.status == NOT_STARTED:
        return "ahead"
    if row.cancel_at is not None:
        return "ending"
    return "paid" if row.status == "active" else "unbegun"


def describe(book: RetainerBook) -> dict[str, Any]:
    """For pages: the retainer with its words."""
    row, state = book.retainer, state_of(book.retainer)
    planned = planned_of(row)
    return {
        "row": row,
        "state": state,
        "tag": _TAGS[state][0],
        "tone": _TAGS[state][1],
        "late_until": row.unpaid_since + GRACE if row.unpaid_since else None,
        "places": book.places,
        "left": max(most_places(row) - len(book.places), 0),
        "plan": plan_name(row.plan),
        "price": write_price(row.amount, row),
        "planned": planned,
        "planned_plan": plan_name(planned.plan) if planned else "",
        "planned_price": write_price(planned.amount, row) if planned else "",
        "version": version_of(row),
    }


def write_price(amount: int, row: Retainer) -> str:
    """`$40 a month`."""
    return f"{write_money(amount, row.currency)} a {row.interval}"


def _cover(request: HttpRequest, key: str, actor: Any) -> str:
    slug = request.POST.get("slug", "").strip().lower()[:63]
    tenant = Tenant.objects.filter(slug=slug).first()
    if tenant is None:
        raise InvalidInputError(
            f"No community has the address “{slug}”. Write the first part of it alone.", field="slug"
        )
    place = cover_community(key=key, tenant_id=tenant.pk, actor=actor)
    plan, starts_at = plan_name(place.retainer.plan), place.retainer.starts_at
    if place.retainer.status == NOT_STARTED and starts_at is not None:
        return f"{tenant.name} has {plan} from {on(starts_at)} on."
    return f"{tenant.name} has {plan}."


def _release(request: HttpRequest, key: str, actor: Any) -> str:
    sent = request.POST.get("tenant", "")
    tenant_id = int(sent) if sent.isdecimal() and len(sent) < 10 else 0
    place = release_community(key=key, tenant_id=tenant_id, actor=actor)
    return (
        "It was not part of it."
        if place is None
        else f"{place.tenant.name} is taken out."
        if place.retainer.status == NOT_STARTED
        else f"{place.tenant.name} is taken out and keeps the plan for the grace."
    )


def _worded(row: Any, what: str) -> str:
    return f"The retainer of {row.payer} {what}."
