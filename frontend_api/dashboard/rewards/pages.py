"""The list of rewards, one reward, and what is done with it."""

from __future__ import annotations

from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from engagement.members.models import MemberType
from engagement.rewards.catalogue import (
    archive_reward,
    copy_reward,
    offer_reward,
    pause_reward,
    restock_reward,
    restore_reward,
)
from engagement.rewards.eligibility import eligibility_words
from engagement.rewards.freezing import first_frozen_id, rewards_allowed
from engagement.rewards.kinds import get_kind, is_pool, list_missing
from engagement.rewards.models import Reward, RewardState
from engagement.rewards.ordering import shift_reward
from engagement.rewards.selectors import count_by_state, get_reward, list_rewards
from engagement.rewards.tiers import list_tiers
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to
from frontend_api.dashboard.parts.bulk import address_of_list, ask_about, choose_rows, read_act
from frontend_api.dashboard.parts.confirm import is_confirmed, show_confirm
from frontend_api.dashboard.parts.list_page import show_list
from frontend_api.dashboard.parts.lists import ListKind
from frontend_api.figures import write_unit
from integrations.discord.directory import get_directory
from saas.core.errors import ConflictError, EngageHubError, InvalidInputError, NotAllowedError
from tenants.entitlements import UNLIMITED

from .cards import describe_settings, show_card
from .listing import ACTS, build_rewards_list, dressed, list_ids

_MOST: Final = 5_000
_ORDER_PAGE: Final = 100
_BULK: Final = {act.key: act for act in ACTS}


@require_safe
@dashboard_page("view_rewards")
def show_rewards(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The catalogue in its order; the number of queries does not depend on how many there are."""
    counts = count_by_state()
    allowed = rewards_allowed(desk.context)
    active = counts.get(RewardState.ACTIVE, 0)
    facts: dict[str, Any] = {
        "counts": counts,
        "offered": min(active, allowed),
        "allowed": None if allowed >= UNLIMITED else allowed,
        "frozen": max(active - allowed, 0),
    }
    return show_list(
        request,
        desk,
        build_rewards_list(desk.context),
        template="dashboard/rewards/list.html",
        facts=facts,
    )


@require_safe
@dashboard_page("view_rewards")
def show_reward(request: HttpRequest, desk: Desk, reward_id: int) -> HttpResponse:
    reward = get_reward(reward_id=reward_id)
    tiers = list_tiers()
    directory = get_directory(desk.context)
    types = dict(MemberType.objects.values_list("pk", "name"))
    facts = {
        "reward": reward,
        "kind": get_kind(reward.kind),
        "listed": dressed(reward, tiers, first_frozen_id(desk.context)),
        "card": show_card(reward, desk.context, tiers),
        "lines": describe_settings(reward, directory.names),
        "missing": list_missing(reward.kind, reward.settings) if reward.state != RewardState.ARCHIVED else [],
        "who": eligibility_words(reward.eligibility, roles=directory.names, types=types),
        "is_pool": is_pool(reward.kind, reward.settings),
        "allowed": rewards_allowed(desk.context),
    }
    return render(request, "dashboard/rewards/detail.html", facts)


@require_POST
@dashboard_page("change_rewards")
def move_state(request: HttpRequest, desk: Desk, reward_id: int) -> HttpResponse:
    """`do` says where to: offer, pause, archive, restore, or copy."""
    act, actor, back = request.POST.get("do", ""), desk.actor, reverse("dashboard-reward", args=[reward_id])
    try:
        if act == "copy":
            made = copy_reward(
                context=desk.context,
                reward_id=reward_id,
                actor=actor,
                token=request.POST.get("token", "")[:26],
            )
            return go_to(
                request,
                reverse("dashboard-reward-edit", args=[made.pk]),
                f"“{made.name}” is a draft of its own.",
            )
        text, undo = _ACTS[act](desk, reward_id)
    except KeyError as error:
        raise InvalidInputError(
            "A reward is offered, paused, archived, restored or copied.", field="do"
        ) from error
    except (ConflictError, InvalidInputError, NotAllowedError) as error:
        return go_to(request, back, error.message, kind="warn")
    return go_to(request, back, text, undo=undo)


def _offer(desk: Desk, reward_id: int) -> tuple[str, str]:
    reward = offer_reward(context=desk.context, reward_id=reward_id, actor=desk.actor)
    return f"“{reward.name}” is on offer: members find it in the shop.", ""


def _pause(desk: Desk, reward_id: int) -> tuple[str, str]:
    reward = pause_reward(reward_id=reward_id, actor=desk.actor)
    return f"“{reward.name}” is paused. What was redeemed goes its way.", ""


def _archive(desk: Desk, reward_id: int) -> tuple[str, str]:
    reward = archive_reward(reward_id=reward_id, actor=desk.actor)
    return f"“{reward.name}” is in the archive.", reverse("dashboard-reward-restore", args=[reward_id])


def _restore(desk: Desk, reward_id: int) -> tuple[str, str]:
    reward = restore_reward(reward_id=reward_id, actor=desk.actor)
    return f"“{reward.name}” is back, and paused. Put it on offer when you like.", ""


_ACTS: Final = {"offer": _offer, "pause": _pause, "archive": _archive, "restore": _restore}


@require_POST
@dashboard_page("change_rewards")
def restore(request: HttpRequest, desk: Desk, reward_id: int) -> HttpResponse:
    """Out of the archive: what undoing an archiving leads to."""
    text, _ = _restore(desk, reward_id)
    return go_to(request, reverse("dashboard-reward", args=[reward_id]), text)


@require_POST
@dashboard_page("change_rewards")
def restock(request: HttpRequest, desk: Desk, reward_id: int) -> HttpResponse:
    """More of it, or less with a minus."""
    back, given = reverse("dashboard-reward", args=[reward_id]), request.POST.get("more", "").strip()
    try:
        more = int(given) if given.removeprefix("-").removeprefix("+").isdecimal() and len(given) <= 11 else 0
        reward = restock_reward(reward_id=reward_id, more=more, actor=desk.actor)
    except (ConflictError, InvalidInputError) as error:
        return go_to(request, back, error.message, kind="warn")
    return go_to(request, back, f"There are {write_unit(reward.stock or 0, 'pieces')} now.")


@require_POST
@dashboard_page("change_rewards")
def act_on_many(request: HttpRequest, desk: Desk) -> HttpResponse:
    """First the page that asks, then the act, reward by reward: one that is refused does not hold up the others."""
    act = read_act(request, _BULK, "rewards")
    back = address_of_list(request, "dashboard-rewards")

    def build(given: QueryDict) -> ListKind:
        return build_rewards_list(desk.context)

    ids = choose_rows(request, desk, build, list_ids, noun="rewards", most=_MOST)
    if not ids:
        return go_to(request, back, "Tick some rewards first. Nothing was done.", kind="warn")
    page = ask_about(
        act,
        ids,
        noun="rewards",
        back=back,
        consequences=(_TELLS[act.key],),
        danger=act.key == "archive",
    )
    if not is_confirmed(request, page):
        return show_confirm(request, page)
    results = [_try(desk, act.key, reward_id) for reward_id in ids]
    done = sum(not problem for _name, problem in results)
    refused = [(name, problem) for name, problem in results if problem]
    if not refused:
        return go_to(request, back, f"{write_unit(done, 'rewards')} {_DONE[act.key]}.")
    facts = {"act": act, "done": done, "word": _DONE[act.key], "refused": refused, "back": back}
    return render(request, "dashboard/rewards/bulk.html", facts)


_DONE: Final = {"offer": "on offer", "pause": "paused", "archive": "archived", "restore": "restored"}
_TELLS: Final = {
    "offer": (
        "player-play",
        "Members find them in the shop. Drafts that lack something stay drafts, and are named.",
    ),
    "pause": ("ban", "They leave the shop. What was redeemed goes its way; drafts stay drafts."),
    "archive": (
        "archive",
        "They leave shop and catalogue. Nothing is deleted: restore them whenever you like.",
    ),
    "restore": ("arrow-back-up", "They come back paused."),
}


def _try(desk: Desk, act: str, reward_id: int) -> tuple[str, str]:
    try:
        _ACTS[act](desk, reward_id)
    except EngageHubError as error:
        name = Reward.objects.filter(pk=reward_id).values_list("name", flat=True).first()
        return name or str(reward_id), error.message
    return "", ""


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("change_rewards")
def change_order(request: HttpRequest, desk: Desk) -> HttpResponse:
    """A hundred at a time, each with what moves it."""
    here = reverse("dashboard-rewards-order")
    number = request.GET.get("page", "1")
    page = int(number) if number.isascii() and number.isdecimal() and 0 < int(number[:4]) < 100 else 1
    if request.method == "POST":
        given = request.POST.get("id", "")
        if not (given.isascii() and given.isdecimal() and len(given) < 10):
            raise Http404("There is no such reward.")
        reward = shift_reward(reward_id=int(given), to=request.POST.get("to", ""), actor=desk.actor)
        return go_to(request, f"{here}?page={page}#reward-{reward.pk}")
    found = list_rewards(limit=page * _ORDER_PAGE + 1)
    rows = found[(page - 1) * _ORDER_PAGE : page * _ORDER_PAGE]
    facts = {
        "rows": rows,
        "page_number": page,
        "has_more": len(found) > page * _ORDER_PAGE,
        "first": (page - 1) * _ORDER_PAGE,
    }
    return render(request, "dashboard/rewards/order.html", facts)
