"""The histogram in the hands of a writer: which bucket a row falls into, and by how much each bucket changes.

The bounds are kept per tenant in the writer's memory and trusted while `standings_state.version` is the one that they were read
at; only holders of the ledger lock change either.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field

from .models import LOWEST

# A row's place (score, order): better is greater. `order` is minus the microseconds of reached_at.
Pair = tuple[int, int]
BOTTOM: Pair = (LOWEST, LOWEST)
Period = tuple[str, int]  # kind, ordinal of the first day


@dataclass(slots=True)
class Bounds:
    """Each period's lower bounds, rising: of its buckets and of its groups. `new` names the periods that have none in the
    database yet."""

    version: int
    lows: dict[Period, list[Pair]] = field(default_factory=dict)
    groups: dict[Period, list[Pair]] = field(default_factory=dict)
    new: set[Period] = field(default_factory=set)

    def add_period(self, period: Period, lows: list[Pair], groups: list[Pair]) -> None:
        """The bounds as stored; empty means that the period's first bucket and group are still to be made."""
        if lows:
            self.lows[period], self.groups[period] = lows, groups
        else:
            self.lows[period], self.groups[period] = [BOTTOM], [BOTTOM]
            self.new.add(period)

    def low_of(self, period: Period, pair: Pair) -> Pair:
        lows = self.lows[period]
        return lows[bisect_right(lows, pair) - 1]

    def group_deltas(self, deltas: dict[tuple[Period, Pair], int]) -> dict[tuple[Period, Pair], int]:
        """By how much each group's sum changes, given its buckets' changes. Most batches move nobody that far."""
        sums: dict[tuple[Period, Pair], int] = defaultdict(int)
        for (period, low), delta in deltas.items():
            groups = self.groups[period]
            sums[period, groups[bisect_right(groups, low) - 1]] += delta
        return {group: delta for group, delta in sums.items() if delta}


@dataclass(slots=True)
class Moves:
    """Rows that came, went or moved, summed up per bucket."""

    changes: list[tuple[Period, Pair | None, Pair | None]] = field(default_factory=list)

    def move(self, period: Period, old: Pair | None, new: Pair | None) -> None:
        """A ranked row's place before and after; None: it was, or is, not there."""
        self.changes.append((period, old, new))

    def periods(self) -> set[Period]:
        return {period for period, _old, _new in self.changes}

    def deltas(self, bounds: Bounds) -> dict[tuple[Period, Pair], int]:
        """By how much each bucket's count changes; buckets that stay as they are do not appear."""
        deltas: dict[tuple[Period, Pair], int] = defaultdict(int)
        for period, old, new in self.changes:
            low_old = None if old is None else bounds.low_of(period, old)
            low_new = None if new is None else bounds.low_of(period, new)
            if low_old == low_new:
                continue
            if low_old is not None:
                deltas[period, low_old] -= 1
            if low_new is not None:
                deltas[period, low_new] += 1
        return {bucket: delta for bucket, delta in deltas.items() if delta}
