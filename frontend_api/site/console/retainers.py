"""A retainer at the desk of whoever pays for it: what was agreed, whom it covers, and filling its places."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from billing.retainers.offering import (
    PlaceOffer,
    get_own_retainer,
    list_fitting,
    list_offers,
    offer_place,
    take_in,
    take_out,
    withdraw_place,
)
from billing.retainers.selectors import find_book
from frontend_api.actors import actor_of
from frontend_api.site.personal import user_of
from saas.core.errors import ConflictError, EngageHubError, InvalidInputError, UnavailableError

from .bundles import describe_bundle
from .pages import GET_OR_POST


@never_cache
@login_required
@require_http_methods(GET_OR_POST)
def show_retainer(request: HttpRequest, key: str) -> HttpResponse:
    """`do` is in or out (with `tenant`), offer (with `slug`) or withdraw (with `offer`). Another's retainer is a 404."""
    user, problem = user_of(request), None
    row = get_own_retainer(key=key, user=user)
    if request.method == "POST":
        try:
            done = _act(request, key)
            return HttpResponseRedirect(f"{reverse('console-retainer', args=[row.key])}?done={done}")
        except (InvalidInputError, ConflictError, UnavailableError) as error:
            problem = error
    return _show(request, key, problem)


def _show(request: HttpRequest, key: str, problem: EngageHubError | None) -> HttpResponse:
    user, book = user_of(request), find_book(key=key)
    facts = {
        "one": describe_bundle(book),
        "row": book.retainer,
        "fitting": list_fitting(user=user),
        "offers": list_offers(retainer=book.retainer),
        "problem": problem,
        "slug": request.POST.get("slug", "")[:63],
        "done": _DONE.get(request.GET.get("done", ""), ""),
        "back": reverse("console"),
    }
    return render(
        request, "site/console/retainer.html", facts, status=problem.http_status if problem else 200
    )


_DONE = {
    "in": "Taken in.",
    "out": "Taken out. It keeps the plan for 14 days, and its owner is told.",
    "offered": "Offered. Its owner decides, and is told by mail.",
    "withdrawn": "The offer is taken back.",
}


def _act(request: HttpRequest, key: str) -> str:
    user, actor, sent = user_of(request), actor_of(request), request.POST
    given: dict[str, Any] = {"key": key, "user": user, "actor": actor}
    acts: dict[str, Callable[[], str]] = {
        "in": lambda: "in" if take_in(tenant_id=_number(sent.get("tenant", "")), **given) else "",
        "out": lambda: "out" if take_out(tenant_id=_number(sent.get("tenant", "")), **given) else "",
        "offer": lambda: (
            "offered" if isinstance(offer_place(slug=sent.get("slug", ""), **given), PlaceOffer) else "in"
        ),
        "withdraw": lambda: _withdraw(sent.get("offer", ""), given),
    }
    act = acts.get(sent.get("do", ""))
    if act is None:
        raise InvalidInputError("Choose what is to be done with the retainer.")
    return act()


def _withdraw(offer_key: str, given: dict[str, Any]) -> str:
    withdraw_place(offer_key=offer_key[:26], **given)
    return "withdrawn"


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
