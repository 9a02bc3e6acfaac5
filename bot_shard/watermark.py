"""The watermark: the highest sequence below which every record, over all partitions, is acknowledged.

A shard's gateway numbers its dispatches 1, 2, 3, …. Most make a record or none; `hear` notes the number, `opened`
that a record of it waits for the stream, `acknowledge` that the stream has it. After a restart the shard RESUMEs
from `value`, and Discord replays everything above it. Three things hold the value down:

- a record that is not acknowledged yet;
- a *hole*: a number that never came (a garbled payload, a shuffled one);
- a *pin*: the first record that was discarded because the queue was full.

Invariant: no number at or below `value` belongs to a record that the stream does not have.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable

# Numbers heard beyond a hole are remembered to be recognised as filled; more than this many and the hole is real.
MAX_AHEAD = 10_000


class Watermark:
    """One shard's bookkeeping. Not thread-safe: it lives on the event loop."""

    __slots__ = ("_ahead", "_disordered", "_done", "_open", "_pinned_at", "heard")

    def __init__(self, start: int = 0) -> None:
        self.heard = start  # every number up to here has been heard
        self._ahead: set[int] = set()  # heard, but beyond a hole
        self._open: deque[int] = deque()  # recorded, not acknowledged; in the order of the queue
        self._disordered = False  # whether _open may not be ascending
        self._done: Counter[int] = Counter()  # acknowledged out of order
        self._pinned_at: int | None = None

    @property
    def value(self) -> int:
        value = self.heard
        if self._open:
            lowest = self._open[0]
            if self._disordered:
                lowest = min(number for number in self._open if number not in self._done)
            value = min(value, lowest - 1)
        if self._pinned_at is not None:
            value = min(value, self._pinned_at - 1)
        return value

    @property
    def pinned(self) -> bool:
        return self._pinned_at is not None

    @property
    def waiting(self) -> int:
        """How many records wait for their acknowledgement."""
        return len(self._open)

    @property
    def holed(self) -> bool:
        """Whether numbers beyond a missing one have been heard."""
        return bool(self._ahead)

    def hear(self, number: int) -> bool:
        """Note that a dispatch arrived. False if it had been heard before: then it must not be handled again."""
        if number == self.heard + 1:
            self.heard = number
            if self._ahead:
                self._close_hole()
            return True
        if number <= self.heard or number in self._ahead:
            return False
        if len(self._ahead) >= MAX_AHEAD:
            self.give_up_hole()
            return self.hear(number)
        self._ahead.add(number)
        return True

    def _close_hole(self) -> None:
        while self.heard + 1 in self._ahead:
            self.heard += 1
            self._ahead.discard(self.heard)

    def give_up_hole(self) -> int:
        """Accept that the missing numbers never come. Returns how many are given up."""
        if not self._ahead:
            return 0
        first = min(self._ahead)
        lost = first - self.heard - 1
        self.heard = first - 1
        self._close_hole()
        return lost

    def opened(self, number: int) -> None:
        """A record of this dispatch is on the queue."""
        waiting = self._open
        if not waiting:
            self._disordered = False
        elif number < waiting[-1]:
            self._disordered = True
        waiting.append(number)

    def acknowledge(self, numbers: Iterable[int]) -> None:
        """The stream has these records. Order does not matter."""
        waiting = self._open
        for number in numbers:
            if waiting and waiting[0] == number:
                waiting.popleft()
            else:
                self._done[number] += 1
        while waiting and self._done and self._done[waiting[0]] > 0:
            number = waiting.popleft()
            self._done[number] -= 1
            if not self._done[number]:
                del self._done[number]

    def pin(self, number: int) -> None:
        """A record was discarded: the value stays below it until the shard RESUMEs from there."""
        if self._pinned_at is None or number < self._pinned_at:
            self._pinned_at = number

    def restart(self) -> int:
        """Discord is about to replay: answer the number to RESUME from, and hear again what is missing after it.

        Records that still wait for the stream stay on the queue and go on holding the value down; only what was
        discarded, or never came, is asked for again.
        """
        pinned_at, self._pinned_at = self._pinned_at, None
        if pinned_at is not None:
            self.heard = min(self.heard, pinned_at - 1)
            self._ahead = {number for number in self._ahead if number < pinned_at}
        return self.heard
