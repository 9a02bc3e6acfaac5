"""How a reward reads in the shop: one line of what it costs, what is left, and what is in the way. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from engagement.rewards.models import Reward, RewardKind
from engagement.rewards.selectors import ShopItem
from engagement.rewards.tiers import Tier
from frontend_api.addresses import write_address
from frontend_api.figures import write_unit, write_whole

FEW: Final = 10  # so many left are said
ICONS: Final = {
    RewardKind.ROLE: "shield",
    RewardKind.DOWNLOAD: "download",
    RewardKind.CODE: "key",
    RewardKind.PARTNER: "link",
    RewardKind.MERCHANDISE: "gift",
    RewardKind.CREDITS: "coins",
    RewardKind.RAFFLE: "ticket",
    RewardKind.CUSTOM: "sparkles",
}
# What a member gets, by kind.
GIVES: Final = {
    RewardKind.ROLE: "A role in Discord",
    RewardKind.DOWNLOAD: "A file to download",
    RewardKind.CODE: "A code of your own",
    RewardKind.PARTNER: "An offer of a partner",
    RewardKind.MERCHANDISE: "Something that is sent to you",
    RewardKind.CREDITS: "Credits",
    RewardKind.RAFFLE: "A ticket for a draw",
    RewardKind.CUSTOM: "Something that the team does for you",
}
_SHORT: Final = {
    "sold_out": "Sold out",
    "not_yet": "Not yet",
    "offer_over": "Over",
    "limit_used_up": "You had it",
    "not_on_offer": "Not on offer now",
    "level_too_low": "Needs a higher level",
    "role_missing": "Needs a role",
    "too_new": "For longer-standing members",
    "figure_too_low": "Not within reach yet",
    "type_missing": "For other members",
}


@dataclass(frozen=True, slots=True)
class Card:
    """An item and what is said of it. `state` is free, missing, drop (its queue is open) or closed; `until` is when it may be another way."""

    item: ShopItem
    icon: str
    gives: str
    state: str
    said: str
    left: str
    until: datetime | None
    share: int  # of the price that the member has, in percent

    @property
    def reward(self) -> Reward:
        return self.item.reward

    @property
    def href(self) -> str:
        return write_address("shop-reward", self.item.id)


@dataclass(frozen=True, slots=True)
class Shelf:
    """Cards under one name; without a tier they are below the first."""

    tier: Tier | None
    cards: list[Card]

    @property
    def name(self) -> str:
        return "Small things" if self.tier is None else self.tier.name


def make_card(item: ShopItem, *, points_name: str, spendable: int | None) -> Card:
    refusal, reward = item.refusal, item.reward
    if refusal is None:
        state, said = "free", "You can redeem this" if item.is_member else "On offer"
    elif reward.is_drop and refusal.code == "not_yet":
        state, said = "drop", "Join the queue"
    elif refusal.missing:
        state, said = "missing", f"{write_unit(refusal.missing, points_name)} more"
    else:
        state, said = "closed", _SHORT.get(refusal.code, "Not on offer now")
    few = item.free is not None and 0 < item.free <= FEW
    return Card(
        item=item,
        icon=ICONS.get(RewardKind(reward.kind), "gift"),
        gives=GIVES.get(RewardKind(reward.kind), ""),
        state=state,
        said=said,
        left=f"{write_whole(item.free)} left" if few and item.free is not None else "",
        until=None if refusal is None else refusal.until,
        share=100 if not reward.price else min(100, max(0, (spendable or 0) * 100 // reward.price)),
    )


def sort_onto_shelves(cards: Iterable[Card]) -> list[Shelf]:
    """By tier, the cheapest first; inside a tier in the organiser's order."""
    shelves: dict[int, Shelf] = {}
    for card in cards:
        tier = card.item.tier
        shelves.setdefault(-1 if tier is None else tier.from_price, Shelf(tier, [])).cards.append(card)
    return [shelves[price] for price in sorted(shelves)]


def find_next(cards: Sequence[Card]) -> Card | None:
    """What is within reach next: the one that lacks the fewest points and nothing else."""
    missing = [card for card in cards if card.state == "missing"]
    return min(missing, key=lambda card: card.item.missing, default=None)


def describe_limit(reward: Reward) -> str:
    """“Once a week for each member”; empty where there is no limit."""
    if reward.limit_count is None:
        return ""
    times = {1: "Once", 2: "Twice"}.get(reward.limit_count, f"{write_whole(reward.limit_count)} times")
    period = {"ever": "", "day": " a day", "week": " a week", "month": " a month"}[reward.limit_period]
    return f"{times}{period} for each member"
