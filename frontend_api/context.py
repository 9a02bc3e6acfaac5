"""What every template knows: the community whose page it is, the person who looks, the lines of the navigation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from engagement.notifications.selectors import count_unread
from frontend_api.colour import parse_colour
from frontend_api.dashboard.billing.banners import find_banner
from frontend_api.dashboard.notices import take_notices
from frontend_api.dashboard.pages import NavLine, list_bottom_nav, list_dashboard_nav, list_section_tabs
from frontend_api.figures import initials_of
from frontend_api.people import Person, get_person
from frontend_api.portal.support_nav import is_shown_in_nav
from frontend_api.tenant import find_context
from saas.core.errors import InvalidInputError
from tenants.communities import list_doors
from tenants.context import TenantContext
from tenants.models import User
from tenants.tickets import get_tenant_address

OTHER_PLACES = 6  # of the switcher; the list of communities has all


@dataclass(frozen=True, slots=True)
class Community:
    """How a tenant shows itself."""

    name: str
    slug: str
    initials: str
    emblem_url: str
    colour: str
    points_name: str
    timezone: str
    live: bool
    description: str = ""

    @property
    def theme_path(self) -> str:
        """The style sheet of its accent; empty for a colour that cannot be read, which leaves our own."""
        try:
            parse_colour(self.colour)
        except InvalidInputError:
            return ""
        return reverse("theme", args=[self.colour.removeprefix("#").lower()])


def describe_community(context: TenantContext) -> Community:
    return Community(
        name=context.name,
        slug=context.slug,
        initials=initials_of(context.name),
        emblem_url=context.emblem_url,
        colour=context.colour,
        points_name=context.points_name,
        timezone=context.timezone,
        live=context.live,
        description=context.description,
    )


def page_facts(request: HttpRequest) -> dict[str, Any]:
    """Template context processor."""
    context = find_context(request)
    facts: dict[str, Any] = {
        "person": SimpleLazyObject(lambda: get_person(request)),
        "home_address": settings.BASE_URL,
    }
    if context is not None:
        facts["community"] = describe_community(context)
        facts["desk"] = getattr(request, "desk", None)  # on the dashboard's pages: what this person may do
        facts["portal_nav"] = SimpleLazyObject(lambda: list_portal_nav(request))
        facts["dashboard_nav"] = SimpleLazyObject(lambda: list_dashboard_nav(request))
        facts["dashboard_bottom"] = SimpleLazyObject(lambda: list_bottom_nav(request))
        facts["dashboard_tabs"] = SimpleLazyObject(lambda: list_section_tabs(request))
        facts["switcher"] = SimpleLazyObject(lambda: list_other_places(request, context))
        facts["billing_banner"] = SimpleLazyObject(lambda: find_banner(request, context))
        facts["notices"] = SimpleLazyObject(lambda: take_notices(request))
        facts["unread_notices"] = SimpleLazyObject(lambda: count_own_unread(request))
    return facts


def list_other_places(request: HttpRequest, context: TenantContext) -> list[dict[str, str]]:
    """The other communities on whose team the person is, a few of them; opening one needs no second login. One query."""
    if not isinstance(request.user, User):
        return []
    doors = list_doors(user=request.user, limit=OTHER_PLACES + 1)
    others = [door for door in doors if door.tenant_id != context.tenant_id][:OTHER_PLACES]
    return [
        {"name": door.name, "href": f"{get_tenant_address(door.slug)}/login/?next=/dashboard/"}
        for door in others
    ]


def count_own_unread(request: HttpRequest) -> int:
    """How much news the one who looks has not read. One query for a member, none for others."""
    person = get_person(request)
    return 0 if person is None or person.member_id is None else count_unread(member_id=person.member_id)


def list_portal_nav(request: HttpRequest) -> list[NavLine]:
    """The member's pages: five at most, so that they fit the bottom of a phone."""
    person: Person | None = get_person(request)
    context = find_context(request)
    lines = [
        _line(request, reverse("leaderboard"), "trophy", "Leaderboard", also=reverse("front")),
        _line(request, reverse("earn"), "target-arrow", "Ways to earn"),
        _line(request, reverse("shop"), "gift", "Shop", below=True),
    ]
    if context is not None and is_shown_in_nav(context, person.member_id if person is not None else None):
        lines.append(_line(request, reverse("support"), "sparkles", "Support", below=True))
    if person is not None and person.member_id is not None:
        lines.append(_line(request, reverse("member", args=[person.member_id]), "user", "You"))
    return lines


def _line(
    request: HttpRequest, href: str, icon: str, name: str, *, also: str = "", below: bool = False
) -> NavLine:
    """`below`: current on the pages under its address as well."""
    current = request.path in {href, also} or (below and request.path.startswith(href))
    return NavLine(href, icon, name, current)
