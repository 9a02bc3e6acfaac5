"""The demo's redemptions: in every community some in each state, made by the services that members and the team use.

Safe to repeat: each has a key of its own. What cannot be redeemed (too few points, a limit, a plan) is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from engagement.audit.actor import Actor
from engagement.ledger.models import POINTS, LedgerBalance
from engagement.members.models import Member
from engagement.rewards.addresses import ask_for_address, give_address, list_countries
from engagement.rewards.deciding import (
    approve_redemption,
    cancel_redemption,
    mark_delivered,
    reject_redemption,
)
from engagement.rewards.fulfilling import complete_by_hand, fulfil_redemption
from engagement.rewards.models import Redemption, RedemptionState, Reward, RewardDay, RewardKind, RewardState
from engagement.rewards.redeeming import redeem_reward
from engagement.rewards.shipping import ship_redemption
from saas.core import clock
from saas.core.errors import EngageHubError
from tenants.context import TenantContext, enter_tenant

_TEAM: Final = Actor("system", 0, "The team", via="command")
_DOORS: Final = ("web", "bot", "web", "rest")
_PEOPLE: Final = 80
_DAYS_SEEN: Final = 42
# What becomes of the redemptions of a kind, one after another; what the team has to decide on first is decided on the way.
_FATES: Final[Mapping[str, tuple[str, ...]]] = {
    RewardKind.MERCHANDISE.value: ("delivered", "shipped", "addressed", "asked", "requested", "rejected"),
    RewardKind.CODE.value: ("given", "given", "cancelled", "given"),
    RewardKind.DOWNLOAD.value: ("given", "given", "given"),
    RewardKind.PARTNER.value: ("given", "given"),
    RewardKind.CREDITS.value: ("given", "given"),
    RewardKind.RAFFLE.value: ("given", "given", "given", "given"),
    RewardKind.CUSTOM.value: ("done", "asked", "requested", "done", "rejected"),
}
_STREETS: Final = ("Harbour Street 4", "Mill Lane 12", "Linden Road 7", "Station Square 1", "Hill Walk 33")


def redeem_demo_rewards(context: TenantContext, *, now: datetime) -> int:
    """Make them where there is none yet; answers how many."""
    made = 0
    with enter_tenant(context):
        if Redemption.objects.exists():
            return 0  # who can afford what has changed since
        _look_at_rewards(context, now)
        people = _list_people()
        for reward in Reward.objects.filter(state=RewardState.ACTIVE, is_drop=False).order_by("pk"):
            for number, fate in enumerate(_FATES.get(reward.kind, ())):
                key = f"demo:{reward.key}:{number}"
                with suppress(EngageHubError):
                    moment = now - timedelta(days=2 * len(_FATES[reward.kind]) - 2 * number, hours=number)
                    made += _live_through(context, people, reward, key, fate, moment, number)
    return made


def _look_at_rewards(context: TenantContext, now: datetime) -> None:
    """How often what is on offer was seen and opened on each of the last days; dearer things are looked at oftener than taken. Nothing
    where something was looked at already: there may be no redemption all the same, because nobody could afford one."""
    if RewardDay.objects.exists():
        return
    today = now.astimezone(ZoneInfo(context.timezone)).date()
    RewardDay.objects.bulk_create(
        RewardDay(
            reward=reward,
            day=today - timedelta(days=back),
            seen=seen,
            opened=seen * (2 + reward.pk % 3) // 12,
        )
        for reward in Reward.objects.filter(state=RewardState.ACTIVE)
        for back in range(_DAYS_SEEN)
        if (seen := 4 + (reward.pk * 7 + back * 5) % 11)
    )


def _list_people() -> Iterator[Member]:
    """Those who can afford the most, one after another, again and again."""
    ids = list(
        LedgerBalance.objects.filter(currency=POINTS, current__gt=0)
        .order_by("-current")
        .values_list("member_id", flat=True)[:_PEOPLE]
    )
    here = Member.objects.filter(is_bot=False, departed_at=None, deleted_at=None, waiting_since=None)
    found = here.in_bulk(ids)
    people = [found[member_id] for member_id in ids if member_id in found]
    while people:
        yield from people


def _live_through(
    context: TenantContext,
    people: Iterator[Member],
    reward: Reward,
    key: str,
    fate: str,
    moment: datetime,
    number: int,
) -> bool:
    member = next(people, None)
    if member is None:
        return False
    own = Actor("member", member.pk, member.display_name, "member", "web")
    with clock.frozen_at(moment):
        redemption = redeem_reward(
            context=context,
            member_id=member.pk,
            reward_id=reward.pk,
            key=key,
            via=_DOORS[number % len(_DOORS)],
            actor=own,
        )
    with clock.frozen_at(moment + timedelta(hours=5)):
        if fate == "rejected" and redemption.state == RedemptionState.REQUESTED:
            reason = "We had to keep the last ones for the event. Your points are back."
            reject_redemption(context=context, redemption_id=redemption.pk, actor=_TEAM, reason=reason)
            return True
        if fate == "requested":
            return True
        approve_redemption(context=context, redemption_id=redemption.pk, actor=_TEAM)
        fulfil_redemption(redemption_id=redemption.pk)
    with clock.frozen_at(moment + timedelta(hours=20)):
        _STEPS.get(fate, _nothing)(context, redemption, member)
    return True


def _nothing(context: TenantContext, redemption: Redemption, member: Member) -> None:
    """It stays as it is: given, or waiting for somebody."""


def _give_address(context: TenantContext, redemption: Redemption, member: Member) -> None:
    ticket = ask_for_address(context=context, redemption_id=redemption.pk).split("/")[2]
    settings = Reward.objects.get(pk=redemption.reward_id).settings
    countries = settings.get("countries") or [code for code in ("DE", "GB", "US") if code in list_countries()]
    options = settings.get("options") or [""]
    address = {
        "name": member.display_name,
        "street": _STREETS[member.pk % len(_STREETS)],
        "postcode": f"{10_000 + member.pk * 37 % 80_000}",
        "city": "Northport",
        "country": countries[member.pk % len(countries)],
        "choice": options[member.pk % len(options)],
    }
    give_address(context=context, ticket=ticket, address=address)


def _ship(context: TenantContext, redemption: Redemption, member: Member) -> None:
    _give_address(context, redemption, member)
    ship_redemption(redemption_id=redemption.pk, actor=_TEAM, tracking=f"NP{10**8 + redemption.pk}DE")


def _deliver(context: TenantContext, redemption: Redemption, member: Member) -> None:
    _ship(context, redemption, member)
    mark_delivered(redemption_id=redemption.pk, actor=_TEAM)


def _do(context: TenantContext, redemption: Redemption, member: Member) -> None:
    complete_by_hand(redemption_id=redemption.pk, actor=_TEAM, note="That was a pleasure.")


def _cancel(context: TenantContext, redemption: Redemption, member: Member) -> None:
    cancel_redemption(
        context=context, redemption_id=redemption.pk, actor=_TEAM, reason="Redeemed twice by mistake."
    )


_STEPS: Final[Mapping[str, Callable[[TenantContext, Redemption, Member], None]]] = {
    "addressed": _give_address,
    "shipped": _ship,
    "delivered": _deliver,
    "done": _do,
    "cancelled": _cancel,
}
