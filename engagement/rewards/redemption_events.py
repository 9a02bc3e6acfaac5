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
