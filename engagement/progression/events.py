"""News of points and levels."""

from __future__ import annotations

from dataclasses import dataclass

from saas.events import DomainEvent


@dataclass(frozen=True)
class LevelReached(DomainEvent):
    """A member rose from `previous_level` to `level`, perhaps by several. `lifetime` is in points.

    `channel_id` is where the deed was done, as Discord's id in text; empty for adjustments.
    """

    member_id: int
    level: int
    previous_level: int
    lifetime: int
    channel_id: str = ""


@dataclass(frozen=True)
class LevelLost(DomainEvent):
    """A reversal or an adjustment took a member down to `level`."""

    member_id: int
    level: int
    previous_level: int
    lifetime: int


@dataclass(frozen=True)
class PointsAdjusted(DomainEvent):
    """A person gave or took points, or undid that."""

    member_id: int
    amount: int
    reason: str
    actor_name: str
    adjustment_id: int


@dataclass(frozen=True)
class StandingsChanged(DomainEvent):
    """Scores moved: one event a tenant and batch. `members` names at most 50 of those concerned."""

    members: list[int]
    entries: int


@dataclass(frozen=True)
class CurveChanged(DomainEvent):
    """The community's levels cost something else from now on; `members` have another level than before."""

    kind: str
    members: int
