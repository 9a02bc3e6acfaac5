"""News of people."""

from __future__ import annotations

from dataclasses import dataclass

from saas.events import DomainEvent


@dataclass(frozen=True)
class MemberJoined(DomainEvent):
    """Somebody joined the guild, for the first time or again."""

    member_id: int
    display_name: str


@dataclass(frozen=True)
class MemberLeft(DomainEvent):
    """Somebody left the guild. Their points stay; they hold no rank meanwhile."""

    member_id: int
    display_name: str


@dataclass(frozen=True)
class MembersUnnamed(DomainEvent):
    """People were met of whom only the id is known; at most a hundred an event."""

    member_ids: list[int]


@dataclass(frozen=True)
class VisibilityChanged(DomainEvent):
    """A member chose to be shown, shown under an alias, or hidden."""

    member_id: int
    visibility: str
