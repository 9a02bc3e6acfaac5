"""News of boosts."""

from __future__ import annotations

from dataclasses import dataclass

from saas.events import DomainEvent


@dataclass(frozen=True)
class BoostStarted(DomainEvent):
    """Points count `percent` / 100 times from now on. `ends_at` is ISO 8601; `resumed`: it went on after a stop that was taken back."""

    boost_id: int
    name: str
    percent: int
    ends_at: str
    announce: bool
    resumed: bool = False


@dataclass(frozen=True)
class BoostEnded(DomainEvent):
    """They no longer do: it ran to its end, for good or for this week, or was `stopped`."""

    boost_id: int
    name: str
    percent: int
    stopped: bool = False
