"""The queue for a drop: joining it, one's place, and the time in which it is theirs to take."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from engagement.rewards.drawing import draw_of
from engagement.rewards.drops import can_join, get_place, join_drop, leave_drop
from engagement.rewards.errors import RewardNotFoundError
from engagement.rewards.models import Reward
from engagement.rewards.selectors import ShopItem, get_shop_item
from frontend_api.figures import write_moment, write_whole
from frontend_api.people import get_person
from frontend_api.portal.own import own_page
from frontend_api.portal.shop import describe_item
from frontend_api.tenant import get_context
from saas.core import clock
from saas.core.errors import EngageHubError


@require_http_methods(["GET", "HEAD", "POST"])
@own_page("redeem_rewards")
def show_queue(request: HttpRequest, member_id: int, reward_id: int) -> HttpResponse:
    """The page; for htmx, which asks again every few seconds, the place alone. Sending it joins or leaves."""
    context = get_context(request)
    item = get_shop_item(reward_id=reward_id, member_id=member_id, context=context)
    if not item.reward.is_drop:
        raise RewardNotFoundError
    error = None
    if request.method == "POST":
        act = leave_drop if request.POST.get("act") == "leave" else join_drop
        try:
            act(context=context, member_id=member_id, reward_id=item.id)
        except EngageHubError as refused:
            error = refused
        else:
            return HttpResponseRedirect(reverse("shop-queue", args=[item.id]))
    facts = describe_item(context, get_person(request), item) | _describe_place(item, member_id)
    facts["can_join"] = can_join(item.reward, context=context)
    if error is not None:
        facts |= {"error": error.message, "reference": error.reference}
    is_part = request.headers.get("HX-Target") == "place"
    return render(
        request,
        "portal/queue_place.html" if is_part else "portal/queue.html",
        facts,
        status=200 if error is None else error.http_status,
    )


def _describe_place(item: ShopItem, member_id: int) -> dict[str, Any]:
    now, reward = clock.now(), item.reward
    place = get_place(reward_id=item.id, member_id=member_id)
    has_begun = reward.starts_at is None or reward.starts_at <= now
    return {
        "place": place,
        "has_begun": has_begun,
        "free": None if reward.stock is None else max(0, reward.stock - reward.reserved),
        "is_over": reward.ends_at is not None and reward.ends_at <= now,
        "is_offered": place is not None
        and not place.has_taken
        and place.offered_until is not None
        and place.offered_until > now,
        "draw_lines": describe_draw(reward),
    }


def describe_draw(reward: Reward) -> list[tuple[str, str]]:
    """What is published of its lots, so that everybody can count again; empty where nothing is yet."""
    draw = draw_of(reward)
    lines = [("Published before: SHA-256 of the seed", draw.digest), ("The seed", draw.seed)]
    if draw.drawn_at is not None:
        lines.append(("Drawn", write_moment(timezone.localtime(draw.drawn_at))))
        lines.append(("Took part", write_whole(draw.entries)))
    if draw.winners:
        lines.append(("Drawn tickets, by redemption", ", ".join(f"#{one}" for one in draw.winners)))
    return [(name, text) for name, text in lines if text]
