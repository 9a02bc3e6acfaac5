"""Search and command palette: pages, what one can do, and members by name, as far as this person may see them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from engagement.members.selectors import find_members

from .access import Desk, dashboard_page
from .pages import SECTIONS, list_acts, list_pages

MAX_TEXT: Final = 100
_MOST_MEMBERS: Final = 8


@dataclass(frozen=True, slots=True)
class FoundLine:
    href: str
    icon: str
    name: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class FoundGroup:
    name: str
    lines: list[FoundLine]


@require_safe
@dashboard_page("view_dashboard")
def show_palette(request: HttpRequest, desk: Desk) -> HttpResponse:
    """What the palette finds; without scripts the same as a page."""
    text = " ".join(request.GET.get("q", "").replace("\x00", "").split())[:MAX_TEXT]
    facts = {"groups": search_all(desk, text), "text": text}
    part = bool(request.headers.get("HX-Request"))
    return render(request, "parts/palette_found.html" if part else "dashboard/palette.html", facts)


def search_all(desk: Desk, text: str) -> list[FoundGroup]:
    """Groups that hold something. One query at most, whatever the community's size."""
    groups = [
        FoundGroup("Pages", _find_pages(desk, text)),
        FoundGroup("Do", _find_acts(desk, text)),
        FoundGroup("Members", _find_members(desk, text)),
    ]
    return [group for group in groups if group.lines]


def _find_pages(desk: Desk, text: str) -> list[FoundLine]:
    sections = {section.key: section.name for section in SECTIONS}
    return [
        FoundLine(reverse(page.route), page.icon, page.name, sections[page.section])
        for page in list_pages(desk.person.rights)
        if _matches(text, f"{page.name} {sections[page.section]} {page.words}")
    ]


def _find_acts(desk: Desk, text: str) -> list[FoundLine]:
    return [
        FoundLine(reverse(act.route), act.icon, act.name)
        for act in list_acts(desk.person.rights)
        if _matches(text, f"{act.name} {act.words}")
    ]


def _find_members(desk: Desk, text: str) -> list[FoundLine]:
    if not text or not desk.may("view_members"):
        return []
    return [
        FoundLine(reverse("dashboard-member", args=[member.pk]), "user", member.display_name)
        for member in find_members(text=text, limit=_MOST_MEMBERS)
    ]


def _matches(text: str, words: str) -> bool:
    """Every word of the text begins a word of the page."""
    known = words.casefold().split()
    return all(any(word.startswith(part) for word in known) for part in text.casefold().split())
