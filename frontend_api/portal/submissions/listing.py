"""What can be handed in and what it is worth; and what somebody handed in so far."""

from __future__ import annotations

from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from engagement.submissions.selectors import list_open_types, list_own
from frontend_api.portal.own import own_page
from frontend_api.tenant import get_context

from .words import state_of, worth_of

PAGE: Final = 20
_DIGITS: Final = 18


@require_safe
@own_page("submit_work")
def show_types(request: HttpRequest, member_id: int) -> HttpResponse:
    """Each with why not, where somebody cannot hand it in now."""
    lines = [
        {
            "type": one.type,
            "worth": worth_of(one.form, get_context(request)),
            "limit": f"{one.limit} at most" if one.limit else "",
            "icon": one.type.icon or "upload",
            "open": one.can_hand_in,
            "why_not": one.words,
            "next_at": one.next_at,
        }
        for one in list_open_types(member_id=member_id, context=get_context(request))
    ]
    return render(request, "portal/submissions/list.html", {"lines": lines})


@require_safe
@own_page("submit_work")
def show_mine(request: HttpRequest, member_id: int) -> HttpResponse:
    """The newest first; `before` in the address is the cursor."""
    before = request.GET.get("before", "")
    if before and not (before.isdecimal() and len(before) <= _DIGITS):
        raise Http404("There is no such page of your submissions.")
    found = list_own(member_id=member_id, before_id=int(before) if before else None, limit=PAGE + 1)
    lines: list[dict[str, Any]] = [
        {"submission": one, "state": state_of(one), "moment": one.submitted_at or one.created_at}
        for one in found[:PAGE]
    ]
    facts = {"lines": lines, "older": found[PAGE - 1].pk if len(found) > PAGE else None}
    return render(request, "portal/submissions/mine.html", facts)
