"""A booker: one lane to Postgres and the work on it. It books tenants' shares of a batch, one after another.

What goes wrong is one of two things. Postgres is away: the same work is tried again, with growing pauses, for as long as it
takes. An activity is wrong: its tenant's share is tried activity by activity, and what still fails after MAX_TRIES is handed
back as poison, while its neighbours are booked.

A tenant stays with one booker, so its memory is touched by one thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeVar

import psycopg
import structlog
from django.db import DatabaseError, InterfaceError, connections

from tenants.context import TenantContext

from . import metrics
from .batch import Outcome, ingest_batch
from .lanes import open_lane
from .memory import Memories
from .messages import Activity
from .stream import StreamEntry

log = structlog.get_logger(__name__)
MAX_TRIES: Final = 3
LONGEST_PAUSE: Final = 5.0

T = TypeVar("T")
Item = tuple[StreamEntry, Activity]
Share = tuple[TenantContext, Sequence[Item]]


class StoppedError(Exception):
    """The process was told to stop while it waited; what it had in hand stays pending."""


class Poison(NamedTuple):
    """An entry that cannot be booked, for engagement.activity.poison.set_aside."""

    entry: StreamEntry
    source: str
    error: str
    tenant_id: int | None


@dataclass(slots=True)
class Booked:
    """What became of some shares. `woken` names the newest event of each tenant's log that grew."""

    woken: dict[str, int] = field(default_factory=dict)
    poison: list[Poison] = field(default_factory=list)


class Patience:
    """Waiting for servers that are away. `while_waiting` is called before each pause, to keep leases and pulse alive."""

    def __init__(self, *, stopping: Callable[[], bool], while_waiting: Callable[[], None]) -> None:
        self.stopping = stopping
        self.while_waiting = while_waiting

    def until_there(self, work: Callable[[], T], *, after_failure: Callable[[], None] = lambda: None) -> T:
        """Repeat `work` while Postgres is away. Raises what else is wrong, and StoppedError when the process is to stop."""
        pause = 0.1
        while True:
            try:
                return work()
            except (psycopg.Error, DatabaseError, InterfaceError) as error:
                if not _is_away(error):
                    raise
                log.warning("postgres_away", error=str(error).strip(), pause=pause)
            metrics.RETRIES.inc()
            after_failure()
            self.while_waiting()
            self.wait(pause)
            if self.stopping():
                raise StoppedError
            pause = min(pause * 2, LONGEST_PAUSE)

    def wait(self, seconds: float) -> None:
        """Sleep, but not past a stop."""
        deadline = time.monotonic() + seconds
        while not self.stopping() and time.monotonic() < deadline:
            time.sleep(min(0.05, seconds))


def _is_away(error: Exception) -> bool:
    """Whether the server is away or asked to try again, as opposed to: something is wrong with the work."""
    cause = error.__cause__ if isinstance(error, DatabaseError | InterfaceError) else error
    if isinstance(cause, psycopg.Error):
        return isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError)
    return True


class Booker:
    """Books shares on a lane of its own. Not for two threads at once."""

    def __init__(self, patience: Patience) -> None:
        self.patience = patience
        self.memories = Memories()
        self.lane: psycopg.Connection[Any] | None = None

    def book(self, shares: Iterable[Share]) -> Booked:
        """Book each tenant's share in a transaction of its own. Raises StoppedError."""
        booked = Booked()
        for context, items in shares:
            last_event_id = self._book(context, items, booked.poison)
            if last_event_id is not None:
                booked.woken[context.schema] = last_event_id
        self.memories.trim()
        return booked

    def forget(self) -> None:
        """Give up the lane and everything remembered."""
        self.memories = Memories()
        if self.lane is not None:
            with suppress(psycopg.Error):
                self.lane.close()
            self.lane = None
        connections.close_all()  # this thread's, which read rules and curves

    def _book(self, context: TenantContext, items: Sequence[Item], poison: list[Poison]) -> int | None:
        try:
            return self._try(context, [activity for _entry, activity in items]).last_event_id
        except StoppedError:
            raise
        except Exception as error:
            if len(items) == 1:
                return self._last_tries(context, items[0], error, poison)
            log.warning("unit_failed", tenant=context.schema, activities=len(items), error=str(error).strip())
        last_event_id = None
        for item in items:
            last_event_id = self._book(context, [item], poison) or last_event_id
        return last_event_id

    def _last_tries(
        self, context: TenantContext, item: Item, error: Exception, poison: list[Poison]
    ) -> int | None:
        """A single activity that failed: a few more tries, then it is poison."""
        entry, activity = item
        for _attempt in range(MAX_TRIES - 1):
            self.patience.wait(0.05)
            try:
                return self._try(context, [activity]).last_event_id
            except StoppedError:
                raise
            except Exception as again:
                error = again
        reason = f"{type(error).__name__}: {str(error).strip()}"
        poison.append(Poison(entry, activity.source, reason, context.tenant_id))
        return None

    def _try(self, context: TenantContext, activities: list[Activity]) -> Outcome:
        """Book, waiting out a Postgres that is away. Raises what is wrong with the activities."""

        def unit() -> Outcome:
            if self.lane is None or self.lane.closed:
                self.lane = open_lane()
            with metrics.UNIT_SECONDS.time():
                return ingest_batch(self.lane, context, self.memories.of(context.schema), activities)

        try:
            outcome = self.patience.until_there(unit, after_failure=self.forget)
        except BaseException:
            self.memories.forget(context.schema)
            raise
        metrics.ACTIVITIES.labels("stored").inc(outcome.stored)
        metrics.ACTIVITIES.labels("repeated").inc(outcome.repeated)
        metrics.ACTIVITIES.labels("ignored").inc(outcome.ignored)
        metrics.ENTRIES.inc(outcome.entries)
        return outcome
