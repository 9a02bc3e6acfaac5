"""Who holds ranks. Pure, and the one place that decides it."""

from __future__ import annotations

from typing import Protocol


class Candidate(Protocol):
    """What deciding needs to know of a member. `visibility` is a members.models.Visibility value."""

    is_bot: bool
    departed: bool
    deleted: bool
    waiting: bool
    visibility: str
    role_ids: frozenset[str]


def holds_rank(candidate: Candidate, excluded_roles: frozenset[str]) -> bool:
    """Not bots, not those who left, were deleted or wait for room in the plan, not who chose to be hidden, and nobody with a role
    that the community keeps off its boards, such as its staff's."""
    return not (
        candidate.is_bot
        or candidate.departed
        or candidate.deleted
        or candidate.waiting
        or candidate.visibility == "hidden"
        or (excluded_roles and not excluded_roles.isdisjoint(candidate.role_ids))
    )
