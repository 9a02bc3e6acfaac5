"""The public leaderboard: periods and pages in the address, search by name, me always in sight, live."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from engagement.analytics.selectors import get_profile
from engagement.leaderboards.selectors import list_offered_periods
from engagement.members.models import Visibility
from engagement.members.selectors import search_members
from frontend_api.people import Person, get_person
from frontend_api.portal.boards import KINDS, PAGE_SIZE, address_of, build_board
from frontend_api.portal.openness import open_to
from frontend_api.tenant import get_context
from saas.events.log import get_end

MAX_PAGE = 1_000_000 // PAGE_SIZE
RESULTS = 10
SEARCHED = 50


@require_safe
@open_to("view_board")
def show_leaderboard(request: HttpRequest) -> HttpResponse:
    """The whole page; for htmx only the part it asks for: `board` (a poll) or `results` (the search)."""
    get_context(request)
    offered = list_offered_periods()
    kind, page, text = _read_query(request, offered)
    wanted = request.headers.get("HX-Target", "") if request.headers.get("HX-Request") else ""
    if wanted == "results":
        response = render(request, "portal/results.html", {"people": find_people(text), "text": text})
    else:
        response = _show_board(request, kind, page, text, offered, part=wanted == "board")
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def _show_board(
    request: HttpRequest, kind: str, page: int, text: str, offered: Sequence[str], *, part: bool
) -> HttpResponse:
    person = get_person(request)
    # The position is read before the board: what happens in between is shown twice rather than never.
    position = get_end()
    view = build_board(kind=kind, page=page, me=person.member_id if person else None)
    if page > view.pages.count:
        raise Http404(f"This board ends at page {view.pages.count}.")
    facts = {"view": view, "position": position}
    if part:
        return render(request, "portal/board.html", facts)
    facts["tabs"] = [
        {"name": name, "href": address_of(key), "current": key == kind}
        for key, name in KINDS.items()
        if key in offered
    ]
    facts["me"] = _describe_me(person)
    facts |= {"text": text, "people": find_people(text) if text else None}
    return render(request, "portal/leaderboard.html", facts)


def _describe_me(person: Person | None) -> dict[str, object] | None:
    """My level and what is within reach."""
    if person is None or person.member_id is None:
        return None
    profile = get_profile(member_id=person.member_id)
    return {
        "member_id": profile.member_id,
        "name": profile.name,
        "level": profile.level,
        "fraction": profile.progress_percent / 100,
        "lifetime": profile.lifetime,
        "to_next": profile.to_next_level,
    }


def _read_query(request: HttpRequest, offered: Sequence[str]) -> tuple[str, int, str]:
    kind = request.GET.get("period", offered[0])
    if kind not in offered:
        raise Http404(f"There is no board of the period {kind!r:.20}. There is one of {', '.join(offered)}.")
    page = request.GET.get("page", "1")
    if not page.isdecimal() or not 1 <= int(page) <= MAX_PAGE:
        raise Http404("There is no such page of this board.")
    return kind, int(page), request.GET.get("q", "").strip()[:60]


def find_people(text: str) -> list[dict[str, object]]:
    """Members whose *shown* name holds `text`: nobody finds out by searching whose alias a name is."""
    if not text:
        return []
    found = []
    for member in search_members(text=text, limit=SEARCHED):
        alias = member.visibility == Visibility.ALIAS
        name = member.alias if alias else member.display_name
        if member.visibility == Visibility.HIDDEN or member.is_bot or text.casefold() not in name.casefold():
            continue
        found.append(
            {
                "member_id": member.pk,
                "name": name,
                "avatar_url": "" if alias else member.avatar_url,
                "departed": member.departed_at is not None,
            }
        )
    return found[:RESULTS]
