"""News of credits. Amounts are whole units of the type."""

from __future__ import annotations

from dataclasses import dataclass

from saas.events import DomainEvent


@dataclass(frozen=True)
class CreditRequested(DomainEvent):
    """A member asked for credits, or answered a question about it (`again`). What is granted by itself says so in the next event."""

    request_id: int
    member_id: int
    type_id: int
    amount: int
    flagged: bool
    again: bool = False


@dataclass(frozen=True)
class CreditRequestDecided(DomainEvent):
    """The request went from state `was` to `state`; `granted` is 0 unless it was approved. `undone`: a decision was taken back."""

    request_id: int
    member_id: int
    type_id: int
    state: str
    was: str
    granted: int
    automatic: bool = False
    undone: bool = False


@dataclass(frozen=True)
class CreditRequestsOverdue(DomainEvent):
    """Requests of one type have waited for longer than it says; each is named once. `request_ids` are the oldest hundred."""

    type_id: int
    count: int
    request_ids: list[int]
    hours: int


@dataclass(frozen=True)
class CreditsGranted(DomainEvent):
    """Somebody gave a member credits by hand. Requests that are granted publish CreditRequestDecided instead."""

    move_id: int
    member_id: int
    type_id: int
    amount: int


@dataclass(frozen=True)
class CreditsRevoked(DomainEvent):
    """Somebody took credits from a member by hand; `debt` is what was not there, and is paid by later credits first."""

    move_id: int
    member_id: int
    type_id: int
    amount: int
    debt: int


@dataclass(frozen=True)
class CreditsLow(DomainEvent):
    """The balance fell below the type's warning: once for each time that it does. `entry_id` is the entry that did it."""

    entry_id: int
    member_id: int
    type_id: int
    balance: int
    warn_below: int
