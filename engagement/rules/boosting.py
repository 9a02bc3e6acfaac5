"""Boosts as evaluation sees them: what runs at a moment, and which of it an award gets. Pure.

Invariant: an award gets one boost at most, the highest that fits it, never a product; among equals the older one. It depends on
`occurred_ms`, the activity, the member and the rule alone, so any batching gives the same result.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final

from .definition import DAILY_BONUS


@dataclass(frozen=True, slots=True)
class LiveBoost:
    """A boost, ready to be asked. Empty sets do not narrow it; of those that are not, each must fit: what was done (its type or
    its rule), where (channel or category), a role, a type of member."""

    boost_id: int
    name: str
    percent: int
    triggers: frozenset[str] = frozenset()
    rule_ids: frozenset[int] = frozenset()
    channels: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    member_types: frozenset[int] = frozenset()

    def fits_member(self, place: dict[str, Any], roles: Collection[str], type_id: int | None) -> bool:
        """Whether it is for this place and this member. A thread counts as its parent channel."""
        if (self.channels or self.categories) and not (
            place.get("channel") in self.channels
            or place.get("parent") in self.channels
            or place.get("category") in self.categories
        ):
            return False
        if self.roles and self.roles.isdisjoint(roles):
            return False
        return not self.member_types or type_id in self.member_types

    def fits_rule(self, rule_id: int, is_daily: bool, type: str) -> bool:
        """Whether it is for that rule's awards. The daily bonus counts as a type of its own, whatever brought it about."""
        if not self.triggers and not self.rule_ids:
            return True
        return rule_id in self.rule_ids or (DAILY_BONUS if is_daily else type) in self.triggers


@dataclass(frozen=True, slots=True)
class BoostTimeline:
    """`running[i]` is what runs from `edges[i - 1]` to before `edges[i]`, in milliseconds, the highest first."""

    edges: tuple[int, ...] = ()
    running: tuple[tuple[LiveBoost, ...], ...] = ((),)

    def at(self, moment_ms: int) -> tuple[LiveBoost, ...]:
        return self.running[bisect_right(self.edges, moment_ms)]


Window = tuple[int, int, LiveBoost]  # from, to before; milliseconds


def build_timeline(windows: Iterable[Window]) -> BoostTimeline | None:
    """What runs when. None where nothing ever runs, so that evaluation asks nothing."""
    opening: dict[int, list[LiveBoost]] = {}
    closing: dict[int, list[LiveBoost]] = {}
    for start, end, boost in windows:
        if start < end:
            opening.setdefault(start, []).append(boost)
            closing.setdefault(end, []).append(boost)
    if not opening:
        return None
    edges = sorted(opening.keys() | closing.keys())
    running: list[tuple[LiveBoost, ...]] = [()]
    current: list[LiveBoost] = []
    for edge in edges:
        for boost in closing.get(edge, ()):
            current.remove(boost)
        current += opening.get(edge, ())
        running.append(tuple(sorted(current, key=_rank)))
    return BoostTimeline(tuple(edges), tuple(running))


def _rank(boost: LiveBoost) -> tuple[int, int]:
    return -boost.percent, boost.boost_id


NO_BOOST: Final = 100  # percent
