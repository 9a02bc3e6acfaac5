"""News of supporters, for the community's own handlers. Nothing of money stands in it."""

from __future__ import annotations

from dataclasses import dataclass

from saas.events import DomainEvent


@dataclass(frozen=True)
class SupporterJoined(DomainEvent):
    """A member began to support."""

    supporter_id: int
    member_id: int
    tier_id: int


@dataclass(frozen=True)
class SupporterMoved(DomainEvent):
    """A supporter has another tier now."""

    supporter_id: int
    member_id: int
    tier_id: int
    was_tier_id: int


@dataclass(frozen=True)
class SupporterPlanned(DomainEvent):
    """A supporter has another tier from the next period on; `next_tier_id` is None where that was taken back."""

    supporter_id: int
    member_id: int
    tier_id: int
    next_tier_id: int | None


@dataclass(frozen=True)
class SupporterLate(DomainEvent):
    """A payment failed. Benefits go on while it is tried again."""

    supporter_id: int
    member_id: int
    tier_id: int


@dataclass(frozen=True)
class SupporterRecovered(DomainEvent):
    """What was late is paid."""

    supporter_id: int
    member_id: int
    tier_id: int


@dataclass(frozen=True)
class SupporterEnding(DomainEvent):
    """A support is set to end with its period, at `ends_at` (ISO 8601), and can be resumed until then. `why`: “asked”, or “left”, where
    the member left the server."""

    supporter_id: int
    member_id: int
    tier_id: int
    ends_at: str
    why: str


@dataclass(frozen=True)
class SupporterResumed(DomainEvent):
    """A support that was set to end goes on."""

    supporter_id: int
    member_id: int
    tier_id: int


@dataclass(frozen=True)
class SupporterDisputed(DomainEvent):
    """The bank of who paid asks about a payment or took it back, or that was decided. `state`: “inquiry”, “open”, “lost”, or empty where
    the payment stands again."""

    supporter_id: int
    member_id: int
    payment_id: int
    state: str


@dataclass(frozen=True)
class SupporterLeft(DomainEvent):
    """A support ended, and its benefits with it."""

    supporter_id: int
    member_id: int
    tier_id: int


@dataclass(frozen=True)
class SupporterRoleChanged(DomainEvent):
    """Another Discord role, or none, comes with a tier from now on."""

    tier_id: int
