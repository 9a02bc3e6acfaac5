"""Tiers: steps of prices with names, on one form."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from engagement.rewards.errors import InvalidTierError
from engagement.rewards.models import Reward, RewardState
from engagement.rewards.tiers import DEFAULT_TIERS, MAX_TIERS, list_tiers, set_tiers, tier_of
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to

_BLANK: Final = 2


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("view_rewards")
def change_tiers(request: HttpRequest, desk: Desk) -> HttpResponse:
    there = list_tiers()
    proposed = not there and desk.may("change_rewards")
    shown = DEFAULT_TIERS if proposed else there
    problem, rows = "", [(tier.name, str(tier.from_price), tier.colour) for tier in shown]
    if request.method == "POST":
        desk.require("change_rewards")
        rows = list(
            zip(
                *(request.POST.getlist(name)[: MAX_TIERS + 3] for name in ("name", "from_price", "colour")),
                strict=False,
            )
        )
        given = [row for row in rows if row[0].strip() or row[1].strip()]
        try:
            made = set_tiers(tiers=[_read(*row) for row in given], actor=desk.actor)
            return go_to(
                request,
                reverse("dashboard-rewards"),
                f"Tiers: {', '.join(one.name for one in made) or 'none'}.",
            )
        except InvalidTierError as error:
            problem = error.message
    tiers = list_tiers()
    prices = Reward.objects.exclude(state=RewardState.ARCHIVED).values_list("price", flat=True)
    counts: dict[str, int] = {}
    for price in prices:
        tier = tier_of(price, tiers)
        if tier is not None:
            counts[tier.name] = counts.get(tier.name, 0) + 1
    room = max(0, min(_BLANK, MAX_TIERS - len(rows)))
    facts = {
        "rows": [(*row, counts.get(row[0], 0)) for row in rows] + [("", "", "", 0)] * room,
        "problem": problem,
        "proposed": proposed and request.method != "POST",
        "most": MAX_TIERS,
    }
    return render(request, "dashboard/rewards/tiers.html", facts, status=422 if problem else 200)


def _read(name: str, price: str, colour: str) -> dict[str, Any]:
    plain = price.strip().replace(",", "")
    return {
        "name": name,
        "from_price": int(plain)
        if plain.isascii() and plain.isdecimal() and len(plain) < 11
        else price.strip(),
        "colour": colour.strip(),
    }
