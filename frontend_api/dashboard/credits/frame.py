"""What the pages of credits share: the tabs between them."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse

_TABS = (
    ("Requests", "dashboard-credits"),
    ("By hand and by programs", "dashboard-credit-moves"),
    ("Kinds", "dashboard-credit-types"),
    ("Figures", "dashboard-credit-figures"),
)


def list_tabs(request: HttpRequest) -> list[tuple[str, str, bool]]:
    """(address, name, whether it is this page)."""
    return [(href := reverse(route), name, request.path == href) for name, route in _TABS]
