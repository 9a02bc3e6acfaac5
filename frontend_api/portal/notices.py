"""What a member was told: the list, one of them, everything read, and what they do not want to hear of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from engagement.members.selectors import get_member
from engagement.notifications.models import Notice
from engagement.notifications.notice_kinds import NO_DM, NO_THANKS, QUIETABLE, get_notice_kind
from engagement.notifications.notice_words import write_notice
from engagement.notifications.notices import choose_quiet, mark_all_read, mark_read
from engagement.notifications.selectors import count_unread, get_notification_settings, list_notices
from frontend_api.figures import write_moment
from frontend_api.portal.own import own_page
from frontend_api.tenant import get_context
from saas.core.errors import InvalidInputError

PAGE: Final = 20
LARGEST_ID: Final = 2**63 - 1
# What a notice is about → the route that shows it, and whether that takes the id.
PLACES: Final = {
    "redemption": ("redemption", "redemption_id"),
    "reward": ("shop-reward", "reward_id"),
    "submission": ("submission", "submission_id"),
    "credits": ("my-credits", ""),
    "credit_queue": ("credits-trusted", ""),
    "support": ("support", ""),
}
QUIET_WORDS: Final = {
    NO_DM: ("Direct messages", "Your news also comes to you in Discord, from the bot."),
    "affordable": ("You can afford it now", "Told once for each reward, when your points suffice."),
    "credits_low": ("Credits running low", "Told when few are left."),
    NO_THANKS: (
        "Thanks for your support",
        "The community names you in Discord when you begin to support it.",
    ),
}


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """A notice as its page shows it, in English like the rest of the page."""

    notice_id: int
    icon: str
    text: str
    created_at: datetime
    is_read: bool


@require_safe
@own_page("view_own_history")
def show_notices(request: HttpRequest, member_id: int) -> HttpResponse:
    before = request.GET.get("before", "")
    cursor = min(int(before), LARGEST_ID) if before.isascii() and before.isdecimal() else None
    rows = list_notices(member_id=member_id, before=cursor, limit=PAGE + 1)
    points_name = get_context(request).points_name
    facts = {
        "lines": [describe_line(row, points_name) for row in rows[:PAGE]],
        "older": rows[PAGE - 1].pk if len(rows) > PAGE else None,
        "newest": rows[0].pk if rows else None,
        "unread": count_unread(member_id=member_id),
        "choices": list_choices(member_id),
        "before": cursor,
    }
    return render(request, "portal/notices.html", facts)


@require_safe
@own_page("view_own_history")
def open_notice(request: HttpRequest, member_id: int, notice_id: int) -> HttpResponse:
    """Read from here on, and on to what it is about."""
    notice = mark_read(member_id=member_id, notice_id=min(notice_id, LARGEST_ID))
    return HttpResponseRedirect(place_of(notice))


@require_POST
@own_page("view_own_history")
def read_notices(request: HttpRequest, member_id: int) -> HttpResponse:
    """All of them, or all up to the newest one that the page showed."""
    upto = request.POST.get("upto", "")
    newest = min(int(upto), LARGEST_ID) if upto.isascii() and upto.isdecimal() else None
    mark_all_read(member_id=member_id, upto=newest)
    return HttpResponseRedirect(reverse("notices"))


@require_POST
@own_page("view_own_history")
def choose_notices(request: HttpRequest, member_id: int) -> HttpResponse:
    """The form shows what is on; what is not ticked is off. What it does not show stays as it is."""
    wanted = set(request.POST.getlist("wanted"))
    if not wanted <= set(QUIETABLE):
        raise InvalidInputError("There is no such choice here. Open the page anew and try again.")
    shown = {choice["name"] for choice in list_choices(member_id)}
    standing = get_member(member_id=member_id).quiet
    quiet = [name for name in QUIETABLE if (name not in wanted if name in shown else name in standing)]
    choose_quiet(member_id=member_id, quiet=quiet)
    return HttpResponseRedirect(f"{reverse('notices')}?kept=1")


def describe_line(notice: Notice, points_name: str) -> NoticeLine:
    text = write_notice(
        notice.kind,
        notice.facts,
        language="en",
        points_name=points_name,
        when=lambda moment: write_moment(timezone.localtime(moment)),
    )
    return NoticeLine(
        notice.pk, get_notice_kind(notice.kind).icon, text, notice.created_at, notice.read_at is not None
    )


def place_of(notice: Notice) -> str:
    """Where what it tells of is shown; the list where that has no page."""
    route, argument = PLACES.get(get_notice_kind(notice.kind).about, ("", ""))
    try:
        return reverse(route, kwargs={argument: int(notice.facts["id"])} if argument else None)
    except (NoReverseMatch, KeyError, ValueError):
        return reverse("notices")


def list_choices(member_id: int) -> list[dict[str, object]]:
    """Thanks in public only where there are some, and for who said no to them."""
    quiet = get_member(member_id=member_id).quiet
    thanked = get_notification_settings().thanks_channel_id is not None or NO_THANKS in quiet
    return [
        {"name": name, "label": QUIET_WORDS[name][0], "help": QUIET_WORDS[name][1], "on": name not in quiet}
        for name in QUIETABLE
        if name != NO_THANKS or thanked
    ]
