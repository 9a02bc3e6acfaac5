"""Ways to earn, written from the rules that are live."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from engagement.rules.selectors import list_ways_to_earn
from frontend_api.figures import write_unit
from frontend_api.tenant import get_context

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
    ways = [
        {
            "way": way,
            "amount": name_unit(way.amount_text, context.points_name),
            "icon": ICONS.get(way.activity_type, "bolt"),
        }
        for way in list_ways_to_earn()
    ]
    return render(request, "portal/earn.html", {"ways": ways})


def name_unit(amount: str, unit: str) -> str:
    """`2 a minute`, `points` → `2 points a minute`."""
    number, space, rest = amount.partition(" ")
    named = write_unit(1, unit).partition(" ")[2] if number == "1" else unit
    return f"{number} {named}{space}{rest}"
