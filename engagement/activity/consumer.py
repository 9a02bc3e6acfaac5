"""The consumer: takes batches off the partitions it leases, books them tenant by tenant, then acknowledges.

Invariant: an entry is acknowledged only after its activity was committed or set aside. So a crash anywhere repeats work and
loses none, and the repetition changes nothing (engagement.activity.batch).

What goes wrong is one of two things. Postgres or Redis is away: the same work is tried again, with growing pauses, for as
long as it takes. An activity is wrong: its tenant's share is tried activity by activity, and what still fails after MAX_TRIES
is set aside with its error, while its neighbours are booked.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final, TypeVar

import psycopg
import structlog
from django.db import DatabaseError, InterfaceError, connections
from redis import Redis, RedisError

from saas.events.wake import channel_of
from tenants.context import TenantContext
from tenants.routing import Routing

from . import metrics
from .batch import Outcome, ingest_batch
from .gaps import store_gaps
from .lanes import open_lane
from .leases import Leases
from .memory import Memories
from .messages import Activity, BadActivityError, decode_activity, stream_key
from .poison import set_aside
from .stream import StreamEntry, acknowledge, ensure_group, read_entries

log = structlog.get_logger(__name__)
BATCH: Final = 500
BLOCK_MS: Final = 500
MAX_TRIES: Final = 3
RENEW_SECONDS: Final = 2.5
TIDY_SECONDS: Final = 2.0
LONGEST_PAUSE: Final = 5.0
# Postgres is away, restarting, or asked us to try again; the work itself is sound.
_AWAY: Final = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    DatabaseError,
    InterfaceError,
    RedisError,
    OSError,
)

T = TypeVar("T")
Item = tuple[StreamEntry, Activity]


class StoppedError(Exception):
    """The process was told to stop while it waited; what it had in hand stays pending."""


class Consumer:
    """One process' reader. `run` returns after `stop`; everything not acknowledged by then is found by the next one."""

    def __init__(
        self,
        *,
        stream: Redis,
        cache: Redis,
        routing: Routing,
        partitions: int,
        most_partitions: int | None = None,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self.stream = stream
        self.cache = cache
        self.routing = routing
        self.partitions = partitions
        self.most_partitions = most_partitions
        self.beat = beat
        self.leases = Leases(stream, partitions)
        self.memories = Memories()
        self.lane: psycopg.Connection[Any] | None = None
        self.stopping = False
        # Partitions on which something may have been read and not acknowledged, by us or by a former reader.
        self._unfinished: set[int] = set()
        self._renewed_at = 0.0
        self._tidied_at = 0.0
        self._routing_asked_at = 0.0

    def stop(self) -> None:
        """Finish the batch in hand, then end. Safe from a signal handler."""
        self.stopping = True

    def run(self) -> None:
        """Until `stop`. Never raises for a server that is away."""
        pause = 0.1
        while not self.stopping:
            try:
                self._keep_leases()
                self.step()
                pause = 0.1
            except StoppedError:
                break
            except _AWAY as error:
                log.warning("ingest_waits", error=str(error).strip(), pause=pause)
                self._close_lane()
                self._unfinished.update(self.leases.held)
                self._renewed_at = 0.0
                self._wait(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
        with suppress(RedisError):
            self.leases.release()
        self._close_lane()

    def step(self, *, block_ms: int = BLOCK_MS) -> int:
        """Read one batch from the held partitions and book it; answers the number of entries. Raises when a server is away."""
        self.beat()
        held = list(self.leases.held)
        if not held:
            self._wait(block_ms / 1000)
            return 0
        entries = read_entries(self.stream, held, count=BATCH, block_ms=block_ms, pending=False)
        if entries:
            self.handle(entries)
        return len(entries)

    def take_partitions(self) -> None:
        """Lease free partitions, and finish what was left unacknowledged on them before reading anything newer."""
        self._unfinished.update(self.leases.acquire(self.most_partitions))
        for partition in sorted(self._unfinished & self.leases.held.keys()):
            ensure_group(self.stream, stream_key(partition))
            while entries := read_entries(self.stream, [partition], count=BATCH, block_ms=0, pending=True):
                self.handle(entries)
            self._unfinished.discard(partition)
        self._unfinished &= self.leases.held.keys()
        metrics.HELD.set(len(self.leases.held))

    def handle(self, entries: Sequence[StreamEntry]) -> None:
        """Book a batch and acknowledge it."""
        tenants: dict[str, tuple[TenantContext, list[Item]]] = {}
        poison: list[tuple[StreamEntry, str, str, int | None]] = []
        for entry in entries:
            try:
                activity = decode_activity(entry.data)
            except BadActivityError as error:
                poison.append((entry, "", error.message, None))
                continue
            context = self._context_for(activity.source)
            if context is None:
                poison.append((entry, activity.source, f"No community is linked to {activity.source}.", None))
            else:
                tenants.setdefault(context.schema, (context, []))[1].append((entry, activity))
        woken: dict[str, int] = {}
        for schema, (context, items) in tenants.items():
            outcome = self._book(context, items, poison)
            if outcome.last_event_id is not None:
                woken[schema] = outcome.last_event_id
        if poison:
            self._until_there(lambda: set_aside(poison))
            metrics.ACTIVITIES.labels("set_aside").inc(len(poison))
        acknowledge(self.stream, entries)
        self.memories.trim()
        self._wake(woken)
        newest = int(entries[-1].entry_id.partition(b"-")[0]) / 1000
        metrics.LAG_SECONDS.set(max(0.0, time.time() - newest))

    # --- one tenant's share ---

    def _book(
        self,
        context: TenantContext,
        items: Sequence[Item],
        poison: list[tuple[StreamEntry, str, str, int | None]],
    ) -> Outcome:
        try:
            return self._try(context, [activity for _entry, activity in items])
        except StoppedError:
            raise
        except Exception as error:
            if len(items) == 1:
                return self._last_tries(context, items[0], error, poison)
            log.warning("unit_failed", tenant=context.schema, activities=len(items), error=str(error).strip())
        total = Outcome()
        for item in items:
            one = self._book(context, [item], poison)
            total.last_event_id = one.last_event_id or total.last_event_id
        return total

    def _last_tries(
        self,
        context: TenantContext,
        item: Item,
        error: Exception,
        poison: list[tuple[StreamEntry, str, str, int | None]],
    ) -> Outcome:
        """A single activity that failed: a few more tries, then it is set aside."""
        entry, activity = item
        for _attempt in range(MAX_TRIES - 1):
            self._wait(0.05)
            try:
                return self._try(context, [activity])
            except StoppedError:
                raise
            except Exception as again:
                error = again
        reason = f"{type(error).__name__}: {str(error).strip()}"
        poison.append((entry, activity.source, reason, context.tenant_id))
        return Outcome()

    def _try(self, context: TenantContext, activities: list[Activity]) -> Outcome:
        """Book, waiting out a Postgres that is away. Raises what is wrong with the activities."""

        def unit() -> Outcome:
            if self.lane is None or self.lane.closed:
                self.lane = open_lane()
            with metrics.UNIT_SECONDS.time():
                return ingest_batch(self.lane, context, self.memories.of(context.schema), activities)

        try:
            outcome = self._until_there(unit)
        except BaseException:
            self.memories.forget(context.schema)
            raise
        metrics.ACTIVITIES.labels("stored").inc(outcome.stored)
        metrics.ACTIVITIES.labels("repeated").inc(outcome.repeated)
        metrics.ACTIVITIES.labels("ignored").inc(outcome.ignored)
        metrics.ENTRIES.inc(outcome.entries)
        return outcome

    def _until_there(self, work: Callable[[], T]) -> T:
        """Repeat `work` while Postgres is away. Raises StoppedError when the process is to stop meanwhile."""
        pause = 0.1
        while True:
            try:
                return work()
            except psycopg.errors.DataError:
                raise
            except (psycopg.OperationalError, psycopg.InterfaceError, InterfaceError) as error:
                caught: Exception = error
            except DatabaseError as error:
                if isinstance(error.__cause__, psycopg.Error) and not isinstance(
                    error.__cause__, psycopg.OperationalError
                ):
                    raise
                caught = error
            log.warning("postgres_away", error=str(caught).strip(), pause=pause)
            metrics.RETRIES.inc()
            self._close_lane()
            self.memories = Memories()
            self.beat()
            with suppress(RedisError):
                self._renew()
            self._wait(pause)
            if self.stopping:
                raise StoppedError
            pause = min(pause * 2, LONGEST_PAUSE)

    # --- the rest ---

    def _context_for(self, source: str) -> TenantContext | None:
        """The tenant of a source; asks the database once a second at most before calling a source foreign, because a link
        made a moment ago may not have reached this process yet."""
        context = self.routing.context_for_source(source)
        if context is None and time.monotonic() - self._routing_asked_at > 1:
            self._routing_asked_at = time.monotonic()
            self._until_there(self.routing.load)
            context = self.routing.context_for_source(source)
        return context

    def _keep_leases(self) -> None:
        if time.monotonic() - self._renewed_at > RENEW_SECONDS:
            self._renew()
            self.take_partitions()
        if time.monotonic() - self._tidied_at > TIDY_SECONDS:
            self._tidied_at = time.monotonic()
            store_gaps(self.stream, self.routing)

    def _renew(self) -> None:
        self._renewed_at = time.monotonic()
        for partition in self.leases.renew():
            log.warning("lease_lost", partition=partition)

    def _wake(self, woken: dict[str, int]) -> None:
        """Tell the sockets; a wake-up that is lost costs them a moment, nothing else."""
        if not woken:
            return
        try:
            pipe = self.cache.pipeline(transaction=False)
            for schema, event_id in woken.items():
                pipe.publish(channel_of(schema), str(event_id))
            pipe.execute()
        except RedisError as error:
            log.warning("wake_failed", error=str(error))

    def _wait(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not self.stopping and time.monotonic() < deadline:
            time.sleep(min(0.05, seconds))

    def _close_lane(self) -> None:
        if self.lane is not None:
            with suppress(psycopg.Error):
                self.lane.close()
            self.lane = None
        connections.close_all()


def drain(consumer: Consumer, *, seconds: float = 30.0) -> int:
    """Book everything that waits now, then return; for tests, benches and the demo data. Answers the number of entries."""
    deadline = time.monotonic() + seconds
    consumer.take_partitions()
    total = 0
    while time.monotonic() < deadline:
        taken = consumer.step(block_ms=10)
        total += taken
        if not taken:
            break
    return total
