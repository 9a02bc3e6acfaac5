"""The consumer: takes batches off the partitions it leases, has them booked tenant by tenant, then acknowledges.

Invariant: an entry is acknowledged only after its activity was committed or set aside. So a crash anywhere repeats work and
loses none, and the repetition changes nothing (engagement.activity.batch).

Two bookers share the tenants, so that one's Python and the other's Postgres work at the same time; each tenant stays with one
of them, and so keeps its order of arrival.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final

import psycopg
import structlog
from django.db import DatabaseError, InterfaceError
from redis import Redis, RedisError

from saas.events.wake import channel_of
from tenants.context import TenantContext
from tenants.routing import Routing

from . import metrics
from .booker import LONGEST_PAUSE, Booked, Booker, Item, Patience, Poison, Share, StoppedError
from .gaps import store_gaps
from .leases import Leases
from .messages import BadActivityError, decode_activity, stream_key
from .poison import set_aside
from .stream import StreamEntry, acknowledge, ensure_group, read_entries

log = structlog.get_logger(__name__)
BATCH: Final = 500
BLOCK_MS: Final = 500
BOOKERS: Final = 2
RENEW_SECONDS: Final = 2.5
TIDY_SECONDS: Final = 2.0
# A server is away, restarting, or asked us to try again; the work itself is sound.
_AWAY: Final = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    DatabaseError,
    InterfaceError,
    RedisError,
    OSError,
)


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
        self.stopping = False
        self.patience = Patience(stopping=lambda: self.stopping, while_waiting=self._while_waiting)
        self.bookers = [Booker(self.patience) for _ in range(BOOKERS)]
        self._threads = ThreadPoolExecutor(BOOKERS - 1, thread_name_prefix="booker")
        self._booker_of: dict[str, int] = {}  # by schema
        self._renewing = threading.Lock()
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
                self._forget()
                self._unfinished.update(self.leases.held)
                self._renewed_at = 0.0
                self.patience.wait(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
        with suppress(RedisError):
            self.leases.release()
        self._threads.shutdown()
        self._forget()

    def step(self, *, block_ms: int = BLOCK_MS) -> int:
        """Read one batch from the held partitions and book it; answers the number of entries. Raises when a server is away."""
        self.beat()
        held = list(self.leases.held)
        if not held:
            self.patience.wait(block_ms / 1000)
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
        poison: list[Poison] = []
        for entry in entries:
            try:
                activity = decode_activity(entry.data)
            except BadActivityError as error:
                poison.append(Poison(entry, "", error.message, None))
                continue
            context = self._context_for(activity.source)
            if context is None:
                reason = f"No community is linked to {activity.source}."
                poison.append(Poison(entry, activity.source, reason, None))
            else:
                tenants.setdefault(context.schema, (context, []))[1].append((entry, activity))
        woken: dict[str, int] = {}
        for booked in self._book(list(tenants.values())):
            woken |= booked.woken
            poison += booked.poison
        if poison:
            self.patience.until_there(lambda: set_aside(poison))
            metrics.ACTIVITIES.labels("set_aside").inc(len(poison))
        acknowledge(self.stream, entries)
        self._wake(woken)
        newest = int(entries[-1].entry_id.partition(b"-")[0]) / 1000
        metrics.LAG_SECONDS.set(max(0.0, time.time() - newest))

    def _book(self, shares: Sequence[Share]) -> list[Booked]:
        """Every booker its tenants' shares, at the same time. All have ended when this returns or raises."""
        work: list[list[Share]] = [[] for _ in self.bookers]
        for share in shares:
            # Dealt out in turn when first seen: every booker gets as many tenants, and a tenant keeps its booker.
            number = self._booker_of.setdefault(share[0].schema, len(self._booker_of) % len(self.bookers))
            work[number].append(share)
        elsewhere = [
            self._threads.submit(booker.book, part)
            for booker, part in zip(self.bookers[1:], work[1:], strict=True)
            if part
        ]
        try:
            here = self.bookers[0].book(work[0])
        finally:
            results = [(future.exception(), future) for future in elsewhere]
        for error, _future in results:
            if error is not None:
                raise error
        return [here, *(future.result() for _error, future in results)]

    # --- the rest ---

    def _context_for(self, source: str) -> TenantContext | None:
        """The tenant of a source; asks the database once a second at most before calling a source foreign, because a link
        made a moment ago may not have reached this process yet."""
        context = self.routing.context_for_source(source)
        if context is None and time.monotonic() - self._routing_asked_at > 1:
            self._routing_asked_at = time.monotonic()
            self.patience.until_there(self.routing.load)
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
        with self._renewing:
            self._renewed_at = time.monotonic()
            for partition in self.leases.renew():
                log.warning("lease_lost", partition=partition)

    def _while_waiting(self) -> None:
        """A booker waits for Postgres: the process is alive, and its partitions stay its own."""
        self.beat()
        with suppress(RedisError):
            self._renew()

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

    def _forget(self) -> None:
        for booker in self.bookers:
            booker.forget()


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
