"""Ways to earn, written from the rules that are live."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from engagement.boosts.selectors import BoostLine, list_live_boosts
from engagement.boosts.words import ScopeNames, read_scope_names, scope_text
from engagement.rules.selectors import list_ways_to_earn
from frontend_api.figures import write_unit
from frontend_api.portal.language import language_of
from frontend_api.tenant import get_context
from integrations.discord.directory import recall_directory
from saas.core import clock
from tenants.context import TenantContext

SOON: Final = timedelta(days=7)
MOST_BOOSTS: Final = 10

ICONS = {
    "message": "message",
    "reply": "message",
    "thread": "message",
    "reaction_given": "mood-smile",
    "reaction_received": "mood-smile",
    "voice_minute": "microphone",
    "joined": "user-plus",
    "daily_bonus": "calendar",
}


@require_safe
def show_ways(request: HttpRequest) -> HttpResponse:
    context = get_context(request)
    language = language_of(context)
    ways = [
        {
            "way": way,
            "amount": name_unit(way.amount_text, context.points_name),
            "icon": ICONS.get(way.activity_type, "bolt"),
        }
        for way in list_ways_to_earn(language=language)
    ]
    facts = {"ways": ways, "boosts": list_boosts_told(context), "language": language}
    return render(request, "portal/earn.html", facts)


def list_boosts_told(context: TenantContext) -> list[tuple[BoostLine, str]]:
    """What runs, and what is planned for the next days, each with what it is for. One query, and two more where there is any."""
    now = clock.now()
    lines = [line for line in list_live_boosts(now=now) if line.from_at - now < SOON][:MOST_BOOSTS]
    names = read_scope_names(recall_directory(context).names) if lines else ScopeNames()
    return [(line, scope_text(line.boost.scope, names)) for line in lines]


def name_unit(amount: str, unit: str) -> str:
    """`2 a minute`, `points` → `2 points a minute`."""
    number, space, rest = amount.partition(" ")
    named = write_unit(1, unit).partition(" ")[2] if number == "1" else unit
    return f"{number} {named}{space}{rest}"
