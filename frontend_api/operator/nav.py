"""The operator's pages, as the rail shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from frontend_api.dashboard.notices import take_notices


@dataclass(frozen=True, slots=True)
class OperatorLine:
    name: str
    icon: str
    href: str
    current: bool


_PAGES = (
    ("Overview", "home", "ops"),
    ("Communities", "building-community", "ops-communities"),
    ("Lag", "hourglass", "ops-lag"),
    ("Set aside", "alert-triangle", "ops-poison"),
    ("Jobs", "list-details", "ops-jobs"),
    ("Flags", "switch-horizontal", "ops-flags"),
    ("Stripe", "coins", "ops-stripe-events"),
    ("Retainers", "users", "ops-retainers"),
)


def show(request: HttpRequest, template: str, facts: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """A page of the operator's, with its rail and what is to be said."""
    here = request.path
    lines = []
    for name, icon, route in _PAGES:
        href = reverse(route)
        current = here == href if route == "ops" else here.startswith(href)
        lines.append(OperatorLine(name, icon, href, current))
    lines.append(OperatorLine("Admin", "settings", reverse("operator_admin:index"), False))
    told = {"ops_nav": lines, "notices": take_notices(request)}
    return render(request, f"operator/{template}", facts | told, status=status)
