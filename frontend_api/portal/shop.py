"""The shop: what there is for points, one reward, and redeeming it."""

from __future__ import annotations

import re
from typing import Any, Final
from uuid import UUID, uuid4

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_safe

from engagement.ledger.models import POINTS
from engagement.ledger.moving import get_spendable
from engagement.members.models import MemberType
from engagement.rewards.eligibility import eligibility_words
from engagement.rewards.impressions import count_opened, count_seen
from engagement.rewards.models import Reward
from engagement.rewards.redeeming import redeem_reward
from engagement.rewards.selectors import ShopItem, get_shop_item, list_categories, list_shop
from engagement.rewards.states import needs_team
from engagement.rewards.tiers import list_tiers
from frontend_api.actors import actor_of
from frontend_api.people import Person, get_person
from frontend_api.portal.openness import open_to
from frontend_api.portal.own import own_page
from frontend_api.portal.shelf import describe_limit, find_next, make_card, sort_onto_shelves
from frontend_api.tenant import get_context
from integrations.discord.directory import recall_directory
from saas.core.errors import EngageHubError
from tenants.context import TenantContext

PAGE: Final = 48
_AFTER: Final = re.compile(r"(-?[0-9]{1,9})\.([0-9]{1,9})")


@require_safe
@open_to("view_shop")
def show_shop(request: HttpRequest) -> HttpResponse:
    """What is on offer, by tier, category and words; for htmx (the search) the shelves alone. The same number of queries for ten
    rewards and ten thousand."""
    context, person = get_context(request), get_person(request)
    member_id = person.member_id if person is not None else None
    asked = _read_query(request)
    items = list_shop(member_id=member_id, context=context, limit=PAGE + 1, **asked)
    more, items = len(items) > PAGE, items[:PAGE]
    count_seen(context=context, reward_ids=[item.id for item in items])
    spendable = None if member_id is None else get_spendable(member_id=member_id, currency=POINTS)
    cards = [make_card(one, points_name=context.points_name, spendable=spendable) for one in items]
    is_all = not more and asked["after"] is None
    facts = {
        "cards": cards,
        "shelves": sort_onto_shelves(cards) if is_all else None,
        "text": asked["search"],
        "is_narrowed": bool(asked["search"] or asked["category"] or asked["tier"]),
        "older": _address(request, after=f"{items[-1].place[0]}.{items[-1].place[1]}") if more else "",
        "first": _address(request) if asked["after"] is not None else "",
    }
    if request.headers.get("HX-Target") == "shelves" and not request.headers.get(
        "HX-History-Restore-Request"
    ):
        response = render(request, "portal/shop_shelves.html", facts)
    else:
        facts |= _describe_frame(request, context, asked)
        facts |= {"spendable": spendable, "next": find_next(cards)}
        response = render(request, "portal/shop.html", facts)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


@require_safe
@open_to("view_shop")
def show_reward(request: HttpRequest, reward_id: int) -> HttpResponse:
    """One reward: what it is, what it costs, for whom, and what happens once it is redeemed."""
    context, person = get_context(request), get_person(request)
    item = get_shop_item(reward_id=reward_id, member_id=person.member_id if person else None, context=context)
    count_opened(context=context, reward_id=item.id)
    return render(request, "portal/reward.html", describe_item(context, person, item))


@require_http_methods(["GET", "HEAD", "POST"])
@own_page("redeem_rewards")
def redeem(request: HttpRequest, member_id: int, reward_id: int) -> HttpResponse:
    """First what it costs and what is left afterwards; the button redeems it. The form's own key makes pressing twice redeem once."""
    context, person = get_context(request), get_person(request)
    item = get_shop_item(reward_id=reward_id, member_id=member_id, context=context)
    facts = describe_item(context, person, item) | {"key": uuid4()}
    facts["after"] = facts["spendable"] - item.reward.price
    if request.method != "POST":
        return render(request, "portal/redeem.html", facts)
    if request.POST.get("price") != str(item.reward.price):
        return render(request, "portal/redeem.html", facts | {"repriced": True}, status=409)
    try:
        made = redeem_reward(
            context=context,
            member_id=member_id,
            reward_id=reward_id,
            key=f"web:{member_id}:{_read_key(request) or facts['key']}",
            via="web",
            actor=actor_of(request),
        )
    except EngageHubError as error:
        facts |= {"error": error.message, "reference": error.reference}
        return render(request, "portal/redeem.html", facts, status=error.http_status)
    return HttpResponseRedirect(f"{reverse('redemption', args=[made.pk])}?new=1")


def describe_item(context: TenantContext, person: Person | None, item: ShopItem) -> dict[str, Any]:
    """What a reward's page and the page that confirms it show."""
    member_id = person.member_id if person is not None else None
    spendable = None if member_id is None else get_spendable(member_id=member_id, currency=POINTS)
    return {
        "item": item,
        "reward": item.reward,
        "card": make_card(item, points_name=context.points_name, spendable=spendable),
        "spendable": spendable,
        "limit": describe_limit(item.reward),
        "for_whom": _for_whom(context, item.reward),
        "waits": needs_team(item.reward),
    }


def _for_whom(context: TenantContext, reward: Reward) -> str:
    """Empty: for everybody. No query where nothing is asked of members."""
    if not reward.eligibility:
        return ""
    types = dict(MemberType.objects.values_list("pk", "name")) if reward.eligibility.get("types") else {}
    names = recall_directory(context).names if reward.eligibility.get("roles") else {}
    words = eligibility_words(reward.eligibility, roles=names, types=types)
    return words[:1].upper() + words[1:]


def _describe_frame(request: HttpRequest, context: TenantContext, asked: dict[str, Any]) -> dict[str, Any]:
    """Tiers and categories to narrow the shop to, each with its address."""
    tiers = [
        {"name": tier.name, "colour": tier.colour, "href": _address(request, tier=tier.name),
         "current": asked["tier"] == tier.name}
        for tier in list_tiers()
    ]  # fmt: skip
    categories = [
        {"name": name, "href": _address(request, category=name), "current": asked["category"] == name}
        for name in list_categories(context=context)
    ]
    return {
        "tiers": tiers,
        "all_tiers": _address(request, tier=""),
        "any_tier": asked["tier"] is None,
        "categories": categories,
        "all_categories": _address(request, category=""),
        "any_category": not asked["category"],
        "hidden": [(name, asked[name]) for name in ("category", "tier") if asked[name]],
    }


def _read_query(request: HttpRequest) -> dict[str, Any]:
    """Raises Http404 for a place that is none."""
    given = request.GET
    after = None
    if given.get("after"):
        found = _AFTER.fullmatch(given["after"])
        if found is None:
            raise Http404("There is no such page of the shop.")
        after = (int(found[1]), int(found[2]))
    return {
        "search": _clean(given.get("q", ""), 60),
        "category": _clean(given.get("category", ""), 40),
        "tier": _clean(given.get("tier", ""), 40) or None,
        "after": after,
    }


def _clean(text: str, most: int) -> str:
    return " ".join(text.replace("\x00", "").split())[:most]


def _address(request: HttpRequest, **changed: str) -> str:
    """The page as it is narrowed now, with these parts changed; a change goes back to the first page."""
    parts = {name: _clean(request.GET.get(name, ""), 60) for name in ("q", "category", "tier")} | changed
    query = urlencode({name: value for name, value in parts.items() if value})
    return reverse("shop") + (f"?{query}" if query else "")


def _read_key(request: HttpRequest) -> UUID | None:
    try:
        return UUID(request.POST.get("key", ""))
    except ValueError:
        return None
