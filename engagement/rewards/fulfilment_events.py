"""News of what follows an approval."""

from __future__ import annotations

from dataclasses import dataclass

from saas.events import DomainEvent


@dataclass(frozen=True)
class RewardRoleDue(DomainEvent):
    """A Discord role is to be given for a redemption, or taken back; integrations.discord does it."""

    redemption_id: int
    member_id: int


@dataclass(frozen=True)
class RewardRoleEnded(DomainEvent):
    """The time of a role is over, and it is gone."""

    redemption_id: int
    member_id: int


@dataclass(frozen=True)
class FulfilmentStuck(DomainEvent):
    """An approved redemption cannot go on until the team does something: `why` is codes, credits, file or role."""

    redemption_id: int
    reward_id: int
    name: str
    why: str


@dataclass(frozen=True)
class AddressAsked(DomainEvent):
    """A member is asked where a parcel shall go; `again` when they are reminded."""

    redemption_id: int
    member_id: int
    again: bool


@dataclass(frozen=True)
class AddressGiven(DomainEvent):
    """The parcel of a redemption can go out."""

    redemption_id: int
    reward_id: int
    name: str


@dataclass(frozen=True)
class TeamReminded(DomainEvent):
    """Redemptions have waited for long: so many for a decision, to be done by hand, and to be shipped."""

    undecided: int
    by_hand: int
    unshipped: int
