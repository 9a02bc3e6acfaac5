"""Retainers on the operator's pages: what was agreed, whom each covers, and taking communities in and out, ending, renewing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from billing.retainers.agreeing import end_retainer, renew_retainer
from billing.retainers.covering import cover_community, release_community
from billing.retainers.selectors import RetainerBook, list_retainers
from billing.wording import plan_name
from frontend_api.dashboard.notices import go_to
from frontend_api.money import write_money
from saas.core.errors import EngageHubError, InvalidInputError, NotFoundError
from tenants.models import Tenant, User

from .access import actor_of_operator, note_in_journal, operator_page
from .nav import show


@require_safe
@operator_page
def show_retainers(request: HttpRequest, operator: User) -> HttpResponse:
    """Those that live first. Two queries, however many there are."""
    books = sorted(list_retainers(), key=lambda book: book.retainer.ended_at is not None)
    return show(request, "retainers.html", {"lines": [describe(book) for book in books]})


@require_POST
@operator_page
def change_retainer(request: HttpRequest, operator: User, key: str) -> HttpResponse:
    """`do` is cover (with `slug`), release (with `tenant`), end or renew."""
    back, actor = reverse("ops-retainers"), actor_of_operator(request, operator)
    acts: dict[str, Callable[[], str]] = {
        "cover": lambda: _cover(request, key, actor),
        "release": lambda: _release(request, key, actor),
        "end": lambda: _worded(end_retainer(key=key, actor=actor), "renews no more"),
        "renew": lambda: _worded(renew_retainer(key=key), "renews"),
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


def describe(book: RetainerBook) -> dict[str, Any]:
    """For pages: the retainer with its words."""
    row = book.retainer
    return {
        "row": row,
        "places": book.places,
        "left": row.places - len(book.places),
        "plan": plan_name(row.plan),
        "price": f"{write_money(row.amount, row.currency)} a {row.interval}",
    }


def _cover(request: HttpRequest, key: str, actor: Any) -> str:
    slug = request.POST.get("slug", "").strip().lower()[:63]
    tenant = Tenant.objects.filter(slug=slug).first()
    if tenant is None:
        raise InvalidInputError(
            f"No community has the address “{slug}”. Write the first part of it alone.", field="slug"
        )
    place = cover_community(key=key, tenant_id=tenant.pk, actor=actor)
    return f"{tenant.name} has {plan_name(place.retainer.plan)}."


def _release(request: HttpRequest, key: str, actor: Any) -> str:
    sent = request.POST.get("tenant", "")
    tenant_id = int(sent) if sent.isdecimal() and len(sent) < 10 else 0
    place = release_community(key=key, tenant_id=tenant_id, actor=actor)
    return (
        "It was not part of it."
        if place is None
        else f"{place.tenant.name} is taken out and keeps the plan for the grace."
    )


def _worded(row: Any, what: str) -> str:
    return f"The retainer of {row.payer} {what}."
