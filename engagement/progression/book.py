"""The book of one unit of work: entries and what follows from them, gathered in memory and then written at once.

Pure: it is filled under the ledger lock from rows read there, and `engagement.progression.writes` turns it into a handful
of set-based statements. Nothing here asks the database or the clock.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from engagement.ledger.models import EARNED_COUNTERS, Counter
from engagement.standings.histogram import Moves
from engagement.standings.periods import ALL_TIME, KINDS, period_starts
from saas.core.days import local_day

from .events import StandingsChanged
from .rows import MemberRow

_EARNED = frozenset(int(counter) for counter in EARNED_COUNTERS)
_ELSEWHERE = int(Counter.ELSEWHERE)
_NAMED = 50  # members named in one StandingsChanged
_FRESH = "fresh"  # marks a live period that had no row before this unit of work


class Entry(NamedTuple):
    """One line of the ledger to be written. Amounts are whole points; times are milliseconds since 1970."""

    member_id: int
    amount: int
    counter: int
    cause_kind: int
    cause_id: int
    rule_id: int
    version_id: int
    base_amount: int
    multiplier_percent: int
    capped: bool
    occurred_ms: int
    boost_id: int = 0
    boost_percent: int = 100


class Late(NamedTuple):
    """Points for a period that the member's live row has moved on from."""

    kind: str
    start: int
    member_id: int


class Archived(NamedTuple):
    kind: str
    start: int
    member_id: int
    score: int
    reached: int
    ranked: bool


class Book:
    """Gathers entries and keeps members' rows, standings and bucket moves in step with them.

    `zone` is the tenant's time zone: periods are the community's, days of caps and bonuses the member's.
    """

    def __init__(
        self, *, zone: str, first_weekday: int, season_length: str, level_for: Callable[[int], int]
    ) -> None:
        self.zone = zone
        self.first_weekday = first_weekday
        self.season_length = season_length
        self.level_for = level_for
        self.entries: list[Entry] = []
        self.changed: dict[int, MemberRow] = {}
        self.archived: list[Archived] = []
        self.late: dict[Late, list[int]] = {}  # [points, latest microseconds]
        self.late_rows: dict[Late, MemberRow] = {}
        self.moves = Moves()
        self.reranked: dict[int, MemberRow] = {}
        self.emptied: list[int] = []  # members without anything earned any more

    def post(self, row: MemberRow, entry: Entry) -> None:
        """Add one entry: balance and debt move, and for earned points lifetime, level and standings too."""
        self.entries.append(entry)
        self.changed[row.member_id] = row
        net = row.current - row.debt + entry.amount
        row.current, row.debt = (net, 0) if net >= 0 else (0, -net)
        if entry.counter in _EARNED:
            row.lifetime += entry.amount
            row.level = self.level_for(row.lifetime)
            if entry.counter == _ELSEWHERE:
                self._score_all_time(row, entry.amount, entry.occurred_ms * 1000)
            else:
                self._score(row, entry.amount, entry.occurred_ms)

    def retract(self, row: MemberRow, entry: Entry, reached: int | None) -> None:
        """Post an entry that undoes another one as if neither had been. `reached`: when the standing of all time was reached
        without the two, in microseconds; None when nothing else was ever earned, and the member leaves the board."""
        self.post(row, entry)
        live = row.live[0]
        if reached is not None:
            live[2] = reached
            return
        before, row.before[0] = row.before[0], None
        if row.ranked and before not in (None, _FRESH):
            self.moves.move((KINDS[0], ALL_TIME), (before[0], -before[1]), None)
        row.live[0] = [None, 0, None]
        self.emptied.append(row.member_id)

    def rerank(self, row: MemberRow, ranked: bool) -> None:
        """The member comes to hold ranks, or stops: their rows enter or leave every histogram."""
        if row.ranked == ranked:
            return
        self._settle(row)
        for index, (start, score, reached) in enumerate(row.live):
            if start is not None:
                pair = (score, -reached)
                self.moves.move((KINDS[index], start), None if ranked else pair, pair if ranked else None)
        row.ranked = ranked
        self.reranked[row.member_id] = row

    def finish(self) -> None:
        """Turn what happened to the live rows into bucket moves. Call once, after the last entry."""
        for row in self.changed.values():
            self._settle(row)

    def news(self) -> StandingsChanged:
        """What the boards have to hear."""
        return StandingsChanged(list(self.changed or self.reranked)[:_NAMED], len(self.entries))

    def _settle(self, row: MemberRow) -> None:
        for index, before in enumerate(row.before):
            if before is None:
                continue
            if row.ranked:
                start, score, reached = row.live[index]
                old = None if before is _FRESH else (before[0], -before[1])
                self.moves.changes.append(((KINDS[index], start), old, (score, -reached)))
            row.before[index] = None

    def _score_all_time(self, row: MemberRow, amount: int, reached: int) -> None:
        live = row.live[0]
        if live[0] is None:
            row.before[0] = _FRESH
            row.live[0] = [ALL_TIME, amount, reached]
            return
        if row.before[0] is None:
            row.before[0] = (live[1], live[2])
        live[1] += amount
        live[2] = max(live[2], reached)

    def _score(self, row: MemberRow, amount: int, occurred_ms: int) -> None:
        starts = period_starts(local_day(self.zone, occurred_ms), self.first_weekday, self.season_length)
        reached = occurred_ms * 1000
        before = row.before
        for index, live in enumerate(row.live):
            start = starts[index]
            if live[0] == start:
                if before[index] is None:
                    before[index] = (live[1], live[2])
                live[1] += amount
                # The latest moment counts whatever the order of arrival, so that any batching gives the same row.
                if reached > live[2]:
                    live[2] = reached
            elif live[0] is None or start > live[0]:
                if live[0] is not None:
                    self._archive(row, index)
                before[index] = _FRESH
                row.live[index] = [start, amount, reached]
            else:
                late = Late(KINDS[index], start, row.member_id)
                points = self.late.setdefault(late, [0, 0])
                points[0] += amount
                points[1] = max(points[1], reached)
                self.late_rows[late] = row

    def _archive(self, row: MemberRow, index: int) -> None:
        """The live period gives way to a newer one: its row moves to the past, in the same bucket."""
        kind = KINDS[index]
        start, score, reached = row.live[index]
        before = row.before[index]
        self.archived.append(Archived(kind, start, row.member_id, score, reached, row.ranked))
        if row.ranked and before is not None:
            old = None if before is _FRESH else (before[0], -before[1])
            self.moves.move((kind, start), old, (score, -reached))


__all__ = ["ALL_TIME", "Archived", "Book", "Entry", "Late"]
