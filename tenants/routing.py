"""Guild → tenant and host → tenant, held whole in each process.

Invariants: an answer never waits for Postgres or Redis; what is known never expires; a change made anywhere is known within
a second while Redis is up, and at the latest on the next reconnect. The answers come from one immutable snapshot that is
replaced as a whole, so they are safe from any thread and from an event loop.

The message on Redis is the id of the tenant that changed, or FLAGS where a feature flag did; anything else means: read everything.

`get_routing()` loads at its first call and follows changes on a daemon thread. A process that wants to know of changes
registers `on_change`, which is called on that thread (an asyncio process passes `loop.call_soon_threadsafe`).
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connections, transaction
from redis import Redis, RedisError
from redis.client import PubSub

from saas.core.redis_clients import cache_redis
from saas.core.schemas import PUBLIC, enter_schema

from .context import TenantContext
from .flags import hold_rollouts, read_rollouts
from .routing_map import HostMatch, Snapshot, patch_snapshot, read_snapshot

__all__ = ["CHANNEL", "HostMatch", "Routing", "get_routing", "invalidate_routing"]

logger = logging.getLogger(__name__)
CHANNEL = "routing"
FLAGS = b"flags"
_RETRY_SECONDS = 0.5
_POLL_SECONDS = 5.0  # While Redis is away.
# A safety net under lost publications (a Redis failover drops messages without dropping every subscriber).
_RELOAD_SECONDS = 300.0


class Routing:
    """The map of one process. Reads never block; `load` reads the database."""

    def __init__(self) -> None:
        self._snapshot = Snapshot()
        self._listeners: list[Callable[[], None]] = []
        self._thread: threading.Thread | None = None
        self._pid = 0
        self._stop = threading.Event()
        self._hears = True
        self._lock = threading.Lock()
        self.loaded_at: float | None = None

    def context_for_guild(self, guild_id: int) -> TenantContext | None:
        return self._snapshot.guilds.get(guild_id)

    def context_for_source(self, source: str) -> TenantContext | None:
        """The tenant of an activity's source: `discord:<guild>`, `key:<API key>`, or `tenant:<tenant>` for what its own people
        send. Sources that are not known give None."""
        provider, _, name = source.partition(":")
        if not name.isdecimal():
            return None
        if provider == "discord":
            return self._snapshot.guilds.get(int(name))
        if provider == "key":
            return self._snapshot.keys.get(int(name))
        if provider == "tenant":
            part = self._snapshot.parts.get(int(name))
            return None if part is None else part.context
        return None

    def context_for_host(self, host: str) -> HostMatch | None:
        """`host` with or without a port, in any case. None for a host that nobody owns."""
        return self._snapshot.hosts.get(host.rsplit(":", 1)[0].rstrip(".").lower())

    def context_for_schema(self, schema: str) -> TenantContext | None:
        return self._snapshot.schemas.get(schema)

    def contexts(self) -> list[TenantContext]:
        """Every active tenant."""
        return list(self._snapshot.schemas.values())

    def linked_guilds(self) -> frozenset[int]:
        return self._snapshot.linked

    def removed_guilds(self) -> frozenset[int]:
        """Guilds of tenants whose bot was removed; when it comes back they are linked again."""
        return self._snapshot.removed

    def load(self) -> None:
        """Read the whole map from Postgres and replace the one in hand. Raises what the database raises."""
        with self._lock:
            self._snapshot = read_snapshot()
            self.load_flags()
            self.loaded_at = time.monotonic()
        self._tell()

    def load_flags(self) -> None:
        """Read how far features are rolled out. Raises what the database raises."""
        with enter_schema(PUBLIC):
            hold_rollouts(read_rollouts())

    def load_tenants(self, tenant_ids: Collection[int]) -> None:
        """Read those tenants again and replace the map. Raises what the database raises."""
        with self._lock:
            self._snapshot = patch_snapshot(self._snapshot, tenant_ids)
            self.loaded_at = time.monotonic()
        self._tell()

    def _tell(self) -> None:
        for call in list(self._listeners):
            call()

    def on_change(self, call: Callable[[], None]) -> None:
        """`call` after every load, on the thread that loaded."""
        self._listeners.append(call)

    def start(self) -> None:
        """Follow changes on a daemon thread; again after a fork. Repeating it changes nothing."""
        with self._lock:
            if self._thread is not None and self._pid == os.getpid() and self._thread.is_alive():
                return
            self._pid = os.getpid()
            self._stop.clear()
            self._thread = threading.Thread(target=self._follow, name="routing", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the thread and wait for it."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=5)
            self._thread = None

    def _follow(self) -> None:
        while not self._stop.is_set():
            try:
                self._listen()
            except RedisError as error:
                if self._hears:
                    logger.warning(
                        "Routing hears no changes (%s); it asks the database every few seconds.", error
                    )
                self._hears = False
                if self.loaded_at is None or time.monotonic() - self.loaded_at > _POLL_SECONDS:
                    self._load_once()
                self._stop.wait(_RETRY_SECONDS)
            except Exception:
                # The thread must outlive anything: a process whose map silently froze is worse than a log line.
                logger.exception("Routing's listener failed; it starts again.")
                self._stop.wait(_RETRY_SECONDS)

    def _listen(self) -> None:
        """Subscribe first, then load: a change between the two is heard."""
        client = Redis.from_url(settings.REDIS_URL, socket_connect_timeout=2, health_check_interval=10)
        with client, client.pubsub(ignore_subscribe_messages=True) as subscription:  # type: ignore[no-untyped-call]
            subscription.subscribe(CHANNEL)
            self._load_or_retry()
            if not self._hears:
                self._hears = True
                logger.info("Routing hears changes again.")
            due = time.monotonic() + _RELOAD_SECONDS
            while not self._stop.is_set():
                message = subscription.get_message(timeout=0.5)
                if message is not None:
                    # A burst of changes is one reload.
                    self._load_or_retry([message["data"], *_drain(subscription)])
                elif time.monotonic() > due:
                    self._load_or_retry()
                    due = time.monotonic() + _RELOAD_SECONDS

    def _load_or_retry(self, changes: Sequence[bytes] = ()) -> None:
        """Until it worked: the tenants that `changes` name, or everything."""
        while not self._stop.is_set() and not self._load_once(changes):
            self._stop.wait(_RETRY_SECONDS)

    def _load_once(self, changes: Sequence[bytes] = ()) -> bool:
        try:
            tenants = {int(change) for change in changes if change.isdigit()}
            if not changes or any(not change.isdigit() and change != FLAGS for change in changes):
                self.load()
                return True
            if FLAGS in changes:
                self.load_flags()
            if tenants:
                self.load_tenants(tenants)
            return True
        except (DatabaseError, InterfaceError) as error:
            logger.warning("Routing could not be reloaded (%s); it works from memory.", error)
            return False
        finally:
            connections.close_all()  # This thread's own; an idle one would hold a pool's place.


def _drain(subscription: PubSub) -> Iterator[bytes]:
    while (message := subscription.get_message()) is not None:
        yield message["data"]


_routing = Routing()


def get_routing() -> Routing:
    """This process's routing, loaded, and following changes. Raises the database's error when it never could load."""
    if _routing.loaded_at is None:
        _routing.load()
    _routing.start()
    return _routing


def invalidate_routing(*, tenant_id: int) -> None:
    """After the caller's transaction commits, every process reads that tenant again; this one at once."""
    transaction.on_commit(partial(_announce_change, tenant_id))


def announce_flags() -> None:
    """After the caller's transaction commits, every process reads the feature flags again; this one at once."""
    transaction.on_commit(_announce_flags)


def _announce_flags() -> None:
    try:
        _routing.load_flags()
    except (DatabaseError, InterfaceError) as error:
        logger.warning(
            "The flags could not be read again (%s); the next reading of routing's map does.", error
        )
    _publish(FLAGS.decode())


def _announce_change(tenant_id: int) -> None:
    if _routing.loaded_at is not None:
        try:
            _routing.load_tenants({tenant_id})
        except (DatabaseError, InterfaceError) as error:
            logger.warning("Routing could not be reloaded (%s); its thread tries again.", error)
    _publish(str(tenant_id))


def _publish(message: str) -> None:
    try:
        cache_redis().publish(CHANNEL, message)
    except RedisError as error:
        # Listeners that lost the same Redis reload when they reconnect.
        logger.warning("The change of routing could not be announced: %s", error)
