"""A member's page: level, points, places, and a history in which each line answers "why".

Who sees what: a hidden member's page is a 404 to everybody else but the team. An aliased one shows the alias, and its
history only to its owner and the team, because what somebody did and when would tell who they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from engagement.analytics.selectors import (
    Explanation,
    HistoryLine,
    Profile,
    explain_entry,
    get_profile,
    list_history,
)
from engagement.analytics.window import has_older_history
from engagement.leaderboards.selectors import get_rank, list_offered_periods
from engagement.members.models import Visibility
from frontend_api.people import Person, get_person
from frontend_api.plan_locks import describe_history
from frontend_api.portal.boards import KINDS, address_of_rank
from frontend_api.portal.language import language_of
from frontend_api.portal.openness import open_to
from frontend_api.tenant import get_context
from saas.core.errors import NotFoundError
from tenants.permissions import STRANGER, Rights

HISTORY_SIZE = 20
NO_MEMBER = "There is no such member in this community."  # hidden or never there: the same words
BY_HAND = frozenset({"adjustment", "undo", "support", "support_refund"})
LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class PeriodPlace:
    """`rank` is None for who holds none in that period."""

    name: str
    rank: int | None
    href: str


@dataclass(frozen=True, slots=True)
class Line:
    """An entry as this viewer may see it."""

    entry_id: int
    amount: int
    title: str
    detail: str
    occurred_at: datetime
    shows_reason: bool


@dataclass(frozen=True, slots=True)
class MemberPage:
    """What this viewer may see of a member."""

    profile: Profile
    is_me: bool
    shows_history: bool
    shows_reasons: bool
    rights: Rights  # of the one who looks

    @property
    def is_hidden(self) -> bool:
        return self.profile.visibility == Visibility.HIDDEN

    @property
    def is_alias(self) -> bool:
        return self.profile.visibility == Visibility.ALIAS

    @property
    def fraction(self) -> float:
        """How far from this level to the next, from 0 to 1."""
        return self.profile.progress_percent / 100


def open_member(member_id: int, person: Person | None) -> MemberPage:
    """The page for this viewer. Raises Http404 where there is none, or none for them."""
    try:
        profile = get_profile(member_id=min(member_id, LARGEST_ID))
    except NotFoundError as error:
        raise Http404(NO_MEMBER) from error
    is_me = person is not None and person.member_id == member_id
    trusted = is_me or (person is not None and person.sees_all_reasons)
    if profile.visibility == Visibility.HIDDEN and not trusted:
        raise Http404(NO_MEMBER)
    aliased = profile.visibility == Visibility.ALIAS
    return MemberPage(
        profile,
        is_me,
        shows_history=trusted or not aliased,
        shows_reasons=trusted,
        rights=STRANGER if person is None else person.rights,
    )


@require_safe
@open_to("view_profile")
def show_member(request: HttpRequest, member_id: int) -> HttpResponse:
    get_context(request)
    view = open_member(member_id, get_person(request))
    facts = {"view": view, **_read_history(request, view)}
    if request.headers.get("HX-Target") == "more":
        return render(request, "portal/history.html", facts)
    facts["places"] = _list_places(view.profile)
    return render(request, "portal/member.html", facts)


@require_safe
@open_to("view_profile")
def show_reason(request: HttpRequest, member_id: int, entry_id: int) -> HttpResponse:
    """Why one entry came to be: a part for htmx, a page of its own without scripts."""
    view = open_member(member_id, get_person(request))
    language = language_of(get_context(request))
    explanation = _open_entry(view, entry_id, language)
    template = "portal/reason.html" if request.headers.get("HX-Request") else "portal/reason_page.html"
    return render(request, template, {"view": view, "explanation": explanation, "language": language})


def _open_entry(view: MemberPage, entry_id: int, language: str) -> Explanation:
    """Raises Http404 for an entry that is not this member's, or whose reason is not for this viewer."""
    missing = Http404("There is no such entry.")
    if not view.shows_history:
        raise missing
    try:
        explanation = explain_entry(entry_id=min(entry_id, LARGEST_ID), language=language)
    except NotFoundError as error:
        raise missing from error
    private = explanation.kind in BY_HAND and not view.shows_reasons
    if private or explanation.member_id != view.profile.member_id:
        raise missing
    return explanation


def _read_history(request: HttpRequest, view: MemberPage) -> dict[str, object]:
    """One page of history, the newest first; `before` in the address is the cursor."""
    before = request.GET.get("before", "")
    if before and not before.isdecimal():
        raise Http404("There is no such page of this history.")
    if not view.shows_history:
        return {"lines": [], "older": None, "before": ""}
    language = language_of(get_context(request))
    lines = list_history(
        language=language,
        member_id=view.profile.member_id,
        limit=HISTORY_SIZE + 1,
        before_id=min(int(before), LARGEST_ID) if before else None,
    )
    older = lines[HISTORY_SIZE - 1].entry_id if len(lines) > HISTORY_SIZE else None
    hidden = older is None and has_older_history(member_id=view.profile.member_id)
    return {
        "lines": [_line(line, view) for line in lines[:HISTORY_SIZE]],
        "language": language,
        "older": older,
        "before": before,
        "older_note": describe_history(get_context(request), view.rights) if hidden else "",
    }


def _line(line: HistoryLine, view: MemberPage) -> Line:
    """What the team did by hand, and the reason it gave, is between the member and the team."""
    private = line.kind in BY_HAND and not view.shows_reasons
    return Line(
        entry_id=line.entry_id,
        amount=line.amount,
        title="Changed by the team" if private else line.title,
        detail="" if private else line.detail,
        occurred_at=line.occurred_at,
        shows_reason=not private,
    )


def _list_places(profile: Profile) -> list[PeriodPlace]:
    ranks = {
        "all": profile.rank,
        "season": get_rank(member_id=profile.member_id, kind="season").rank,
        "month": profile.month_rank,
        "week": profile.week_rank,
    }
    return [
        PeriodPlace(KINDS[kind], ranks[kind], address_of_rank(kind, ranks[kind]))
        for kind in list_offered_periods()
    ]
