"""News of the catalogue."""

from __future__ import annotations

from dataclasses import dataclass

from saas.events import DomainEvent


@dataclass(frozen=True)
class RewardOffered(DomainEvent):
    """A reward came into the shop: put on offer, or restored to it. `price` in points."""

    reward_id: int
    name: str
    price: int


@dataclass(frozen=True)
class RewardWithdrawn(DomainEvent):
    """It left the shop: `state` is paused, archived or draft. What was redeemed before stays."""

    reward_id: int
    name: str
    state: str


@dataclass(frozen=True)
class RewardChanged(DomainEvent):
    """What stands in the catalogue became something else. `fields` names what; `price` in points, as it is now."""

    reward_id: int
    name: str
    price: int
    fields: list[str]
