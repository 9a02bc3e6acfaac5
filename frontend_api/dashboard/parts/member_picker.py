"""A member chosen by name: search as you type, and without scripts a search whose results stand in a list to choose from.

{% include "parts/member_picker.html" with label="Who" %}       # in a form

choice = picked_member(request)
if choice.member is None: show the form again, with choice.error and choice.candidates
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from django.http import HttpRequest

from engagement.members.models import Member
from engagement.members.selectors import find_members

MAX_TEXT: Final = 100
_CANDIDATES: Final = 25
_DIGITS: Final = 18


@dataclass(frozen=True, slots=True)
class Picked:
    """Who was chosen, or why nobody is: `candidates` are those whom the text may mean."""

    member: Member | None = None
    text: str = ""
    error: str = ""
    candidates: Sequence[Member] = ()

    def refused(self, error: str) -> Picked:
        """The one who was chosen does not do, and why."""
        return replace(self, member=None, error=error)


def picked_member(request: HttpRequest) -> Picked:
    """What a sent form chose: by the radio button or select `member`, else by `member_text` where that names one member only."""
    if request.method != "POST":
        return Picked()
    text = " ".join(request.POST.get("member_text", "").replace("\x00", "").split())[:MAX_TEXT]
    chosen = request.POST.get("member", "")
    if chosen.isdecimal() and len(chosen) <= _DIGITS:
        member = Member.objects.filter(pk=int(chosen), deleted_at=None).first()
        if member is not None:
            return Picked(member, text or member.display_name)
    if not text:
        return Picked(error="Choose a member by name.")
    found = find_members(text=text, limit=_CANDIDATES)
    exact = [one for one in found if one.display_name.casefold() == text.casefold()]
    if len(found) == 1 or len(exact) == 1:
        return Picked((exact or found)[0], text)
    if not found:
        return Picked(text=text, error=f"Nobody here is called “{text}”. Check the spelling.")
    return Picked(text=text, error="Several members are called that. Choose one.", candidates=found)
