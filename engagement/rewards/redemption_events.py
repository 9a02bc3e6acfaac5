"""News of redemptions."""

from __future__ import annotations

from dataclasses import dataclass

from saas.events import DomainEvent


@dataclass(frozen=True)
class RedemptionChanged(DomainEvent):
    """A redemption came into being (`was` empty) or moved on: requested, approved, fulfilled, delivered, rejected, cancelled, expired."""

    redemption_id: int
    member_id: int
    reward_id: int
    state: str
    was: str


@dataclass(frozen=True)
class RewardRanLow(DomainEvent):
    """So few of a reward are free (`left`; 0: sold out) as the team wanted to be told of."""

    reward_id: int
    name: str
    left: int


@dataclass(frozen=True)
class DropBegan(DomainEvent):
    """The order of a drop's queue was drawn: so many `members` had joined."""

    reward_id: int
    name: str
    members: int


@dataclass(frozen=True)
class DropOffered(DomainEvent):
    """It is a member's turn in a drop. `until` is ISO 8601."""

    reward_id: int
    member_id: int
    name: str
    until: str


@dataclass(frozen=True)
class RaffleDrawn(DomainEvent):
    """The winners of a raffle, redemptions by id in the order in which they were drawn; `seed` is the one whose digest was published."""

    reward_id: int
    name: str
    seed: str
    tickets: int
    winners: list[int]
