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


@dataclass(frozen=True)
class MemberRegistered(DomainEvent):
    """The team registered somebody by hand."""

    member_id: int
    display_name: str


@dataclass(frozen=True)
class MemberDeleted(DomainEvent):
    """The team deleted a member: gone from boards, lists and search, and kept for 30 days."""

    member_id: int


@dataclass(frozen=True)
class MemberRestored(DomainEvent):
    """A deleted member is back, with everything they had."""

    member_id: int


@dataclass(frozen=True)
class MembersMerged(DomainEvent):
    """`member_id` took over everything that `merged_id` had."""

    member_id: int
    merged_id: int


@dataclass(frozen=True)
class MemberClaimed(DomainEvent):
    """A person showed by code that a member registered by hand is theirs."""

    member_id: int


@dataclass(frozen=True)
class ClaimLocked(DomainEvent):
    """Somebody entered too many wrong codes."""

    claimant: str
    name: str


@dataclass(frozen=True)
class MembersAdmitted(DomainEvent):
    """There is room in the plan for members who waited: what they did counts now. At most a hundred an event; their levels are of
    old, so nobody is congratulated."""

    member_ids: list[int]
