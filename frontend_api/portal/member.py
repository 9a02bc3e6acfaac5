"""A member's page: level, points, places, and a history in which each line answers "why".

Who sees what: a hidden member's page is a 404 to everybody else but the team. An aliased one shows the alias, and its
history only to its owner and the team, because what somebody did and when would tell who they are.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from engagement.leaderboards.selectors import Place, get_rank
from engagement.progression.selectors import Profile, explain_entry, get_profile, list_history

from engagement.members.models import Visibility
from frontend_api.people import Person, get_person
from frontend_api.portal.boards import KINDS, PAGE_SIZE, address_of
from frontend_api.tenant import get_context
from saas.core.errors import NotFoundError

HISTORY_SIZE = 20
LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class PeriodPlace:
    name: str
    place: Place
    href: str


@dataclass(frozen=True, slots=True)
class MemberPage:
    """What this viewer may see of a member."""

    profile: Profile
    is_me: bool
    shows_history: bool
    shows_reasons: bool

    @property
    def is_hidden(self) -> bool:
        return self.profile.visibility == Visibility.HIDDEN

    @property
    def is_alias(self) -> bool:
        return self.profile.visibility == Visibility.ALIAS

    @property
    def fraction(self) -> float:
        """How far from this level to the next, from 0 to 1."""
        span = self.profile.level_ceiling - self.profile.level_floor
        return (self.profile.lifetime - self.profile.level_floor) / span if span > 0 else 0.0

    @property
    def percent(self) -> int:
        return max(0, min(100, int(self.fraction * 100)))

    @property
    def missing(self) -> int:
        """Points to the next level."""
        return max(0, self.profile.level_ceiling - self.profile.lifetime)


def open_member(member_id: int, person: Person | None) -> MemberPage:
    """The page for this viewer. Raises Http404 where there is none, or none for them."""
    try:
        profile = get_profile(member_id=min(member_id, LARGEST_ID))
    except NotFoundError as error:
        raise Http404(error.message) from error
    is_me = person is not None and person.member_id == member_id
    trusted = is_me or (person is not None and person.sees_dashboard)
    if profile.visibility == Visibility.HIDDEN and not trusted:
        raise Http404("There is no such member.")
    aliased = profile.visibility == Visibility.ALIAS
    return MemberPage(profile, is_me, shows_history=trusted or not aliased, shows_reasons=trusted)


@require_safe
def show_member(request: HttpRequest, member_id: int) -> HttpResponse:
    get_context(request)
    view = open_member(member_id, get_person(request))
    facts = {"view": view, **_read_history(request, view)}
    if request.headers.get("HX-Target") == "more":
        return render(request, "portal/history.html", facts)
    facts["places"] = _list_places(member_id)
    return render(request, "portal/member.html", facts)


@require_safe
def show_reason(request: HttpRequest, member_id: int, entry_id: int) -> HttpResponse:
    """Why one entry came to be: a part for htmx, a page of its own without scripts."""
    get_context(request)
    view = open_member(member_id, get_person(request))
    if not view.shows_history:
        raise Http404("There is no such entry.")
    try:
        explanation = explain_entry(entry_id=min(entry_id, LARGEST_ID))
    except NotFoundError as error:
        raise Http404(error.message) from error
    if explanation.member_id != member_id:
        raise Http404("There is no such entry.")
    template = "portal/reason.html" if request.headers.get("HX-Request") else "portal/reason_page.html"
    return render(request, template, {"view": view, "explanation": explanation})


def _read_history(request: HttpRequest, view: MemberPage) -> dict[str, object]:
    """One page of history, the newest first; `before` in the address is the cursor."""
    before = request.GET.get("before", "")
    if before and not before.isdecimal():
        raise Http404("There is no such page of this history.")
    if not view.shows_history:
        return {"lines": [], "older": None, "before": ""}
    lines = list_history(
        member_id=view.profile.member_id,
        limit=HISTORY_SIZE + 1,
        before_id=min(int(before), LARGEST_ID) if before else None,
    )
    older = lines[HISTORY_SIZE - 1].entry_id if len(lines) > HISTORY_SIZE else None
    return {"lines": lines[:HISTORY_SIZE], "older": older, "before": before}


def _list_places(member_id: int) -> list[PeriodPlace]:
    places = []
    for kind, name in KINDS.items():
        place = get_rank(member_id=member_id, kind=kind)
        page = 1 if place.rank is None else (place.rank - 1) // PAGE_SIZE + 1
        places.append(PeriodPlace(name, place, address_of(kind, page)))
    return places
