"""What the outside hears of members who go."""

from __future__ import annotations

from dataclasses import dataclass

from saas.events import DomainEvent


@dataclass(frozen=True)
class PendingReturned(DomainEvent):
    """A member was deleted with things pending, which were cancelled; `points` came back to them."""

    member_id: int
    redemptions: int
    points: int
    submissions: int
    requests: int
