"""The tiers: what is sold, for what, to how many; their order, what is on sale, and the end of one that nobody ever bought."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from engagement.supporters.models import SupporterTier, TierState
from engagement.supporters.selectors import get_tier, list_tiers
from engagement.supporters.tiers import MAX_ON_SALE, delete_tier, move_tier, switch_tier
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to
from frontend_api.dashboard.parts.cells import Tag
from frontend_api.dashboard.parts.confirm import Confirm, Consequence, is_confirmed, show_confirm
from integrations.discord.directory import recall_directory
from saas.core import clock
from saas.core.errors import ConflictError, InvalidInputError
from tenants.gates import require_open

from .cards import write_price

STATE_TAGS: Final = {
    TierState.DRAFT: Tag("Draft"),
    TierState.ON_SALE: Tag("On sale", "good"),
    TierState.RETIRED: Tag("Sold no more", "warn"),
}
GATE: Final = "supporters"


@require_safe
@dashboard_page("view_supporters")
def show_tiers(request: HttpRequest, desk: Desk) -> HttpResponse:
    """In their order. The number of queries does not depend on how many there are."""
    names = recall_directory(desk.context).names
    rows = [
        {
            "tier": one.tier,
            "supporters": one.supporters,
            "state": STATE_TAGS[TierState(one.tier.state)],
            "price": write_price(one.tier.amount, one.tier.currency, one.tier.interval),
            "role": names.get(one.tier.role_id, "") if one.tier.role_id else "",
            "place": number,
            "can_delete": one.tier.offered_at is None,
        }
        for number, one in enumerate(list_tiers(), start=1)
    ]
    facts = {
        "rows": rows,
        "last": len(rows),
        "on_sale": sum(row["tier"].state == TierState.ON_SALE for row in rows),  # type: ignore[attr-defined]
        "most": MAX_ON_SALE,
    }
    return render(request, "dashboard/supporters/tiers.html", facts)


@require_POST
@dashboard_page("manage_supporters")
def switch(request: HttpRequest, desk: Desk, tier_key: str) -> HttpResponse:
    """`to` is on_sale or retired."""
    back, to = reverse("dashboard-support-tiers"), request.POST.get("to", "")
    if to not in (TierState.ON_SALE, TierState.RETIRED):
        raise InvalidInputError("A tier is put on sale or retired.", field="to")
    if to == TierState.ON_SALE:
        require_open(GATE, desk.context.entitlements, clock.now())
    try:
        tier = switch_tier(context=desk.context, key=tier_key, state=to, actor=desk.actor)
    except ConflictError as error:
        return go_to(request, back, error.message, kind="warn")
    if to == TierState.ON_SALE:
        return go_to(request, back, f"“{tier.name}” is on sale: members find it on their page.")
    return go_to(
        request, back, f"“{tier.name}” is sold no more. Whoever has it keeps it, and goes on paying."
    )


@require_POST
@dashboard_page("manage_supporters")
def move(request: HttpRequest, desk: Desk, tier_key: str) -> HttpResponse:
    """`to` is the place, counted from 1."""
    given = request.POST.get("to", "")
    if not (given.isascii() and given.isdecimal() and len(given) < 5):
        raise InvalidInputError("Say the place as a whole number from 1.", field="to")
    move_tier(context=desk.context, key=tier_key, position=int(given), actor=desk.actor)
    return go_to(request, f"{reverse('dashboard-support-tiers')}#tier-{tier_key}")


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("manage_supporters")
def delete(request: HttpRequest, desk: Desk, tier_key: str) -> HttpResponse:
    """Asked first. Refused for one that was ever on sale."""
    tier: SupporterTier = get_tier(key=tier_key)
    back = reverse("dashboard-support-tiers")
    page = Confirm(
        title=f"Delete “{tier.name}”?",
        submit="Delete the tier",
        back=back,
        consequences=[
            Consequence("Nobody ever bought it, so nobody loses anything.", "users"),
            Consequence("It can’t be brought back; you can make it anew.", "trash"),
        ],
    )
    if not is_confirmed(request, page):
        return show_confirm(request, page)
    try:
        delete_tier(context=desk.context, key=tier.key, actor=desk.actor)
    except ConflictError as error:
        return go_to(request, back, error.message, kind="warn")
    return go_to(request, back, f"“{tier.name}” is deleted.")
