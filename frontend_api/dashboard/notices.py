"""What a page says after something was done: kept in the session until the next page shows it (POST, redirect, GET)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

_KEY: Final = "notices"
_MOST: Final = 5
_ICONS: Final = {"good": "circle-check", "warn": "alert-triangle", "bad": "circle-x"}


@dataclass(frozen=True, slots=True)
class Notice:
    """One line. `undo` is the address to which a POST takes the act back; empty where nothing can be undone."""

    text: str
    kind: str = "good"  # good, warn or bad
    undo: str = ""
    until: str = (
        ""  # ISO 8601: what was done is told to others from then on; the line stays in sight and counts down
    )

    @property
    def icon(self) -> str:
        return _ICONS[self.kind]


def tell(
    request: HttpRequest, text: str, *, kind: str = "good", undo: str = "", until: datetime | None = None
) -> None:
    """Say it on the next page."""
    waiting: list[dict[str, Any]] = request.session.get(_KEY, [])
    line = {"text": text, "kind": kind, "undo": undo}
    waiting.append(line if until is None else line | {"until": until.isoformat()})
    request.session[_KEY] = waiting[-_MOST:]


def take_notices(request: HttpRequest) -> list[Notice]:
    """What waits to be said, once."""
    waiting = request.session.pop(_KEY, None) if _KEY in request.session else None
    return [Notice(**one) for one in waiting or []]


def go_to(
    request: HttpRequest,
    address: str,
    text: str = "",
    *,
    kind: str = "good",
    undo: str = "",
    until: datetime | None = None,
) -> HttpResponse:
    """The end of a POST: to `address`, where `text` is said. For htmx likewise, as a whole page."""
    if text:
        tell(request, text, kind=kind, undo=undo, until=until)
    if request.headers.get("HX-Request"):
        response = HttpResponse(status=204)
        response["HX-Redirect"] = address
        return response
    return HttpResponseRedirect(address)
