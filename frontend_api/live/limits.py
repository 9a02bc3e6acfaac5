"""How many sockets one address may hold in this process: enough for an office, not for a flood."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

PER_ADDRESS = 40
ALTOGETHER = 5_000


class SocketLimits:
    """Counts open sockets. Belongs to one event loop, so it needs no lock."""

    def __init__(self, *, per_address: int = PER_ADDRESS, altogether: int = ALTOGETHER) -> None:
        self.per_address = per_address
        self.altogether = altogether
        self._open: Counter[str] = Counter()

    @contextmanager
    def hold(self, address: str) -> Iterator[bool]:
        """True inside when there is room; the place is given back at the end."""
        if self._open[address] >= self.per_address or self._open.total() >= self.altogether:
            yield False
            return
        self._open[address] += 1
        try:
            yield True
        finally:
            self._open[address] -= 1
            if not self._open[address]:
                del self._open[address]
