"""Guild → tenant and host → tenant, held whole in each process.

Invariants: an answer never waits for Postgres or Redis; what is known never expires; a change made anywhere is known within
a second while Redis is up, and at the latest on the next reconnect. The answers come from one immutable snapshot that is
replaced as a whole, so they are safe from any thread and from an event loop.

`get_routing()` loads at its first call and follows changes on a daemon thread. A process that wants to know of changes
registers `on_change`, which is called on that thread (an asyncio process passes `loop.call_soon_threadsafe`).
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connections, transaction
from redis import Redis, RedisError

from saas.core.redis_clients import cache_redis
from saas.core.schemas import PUBLIC, enter_schema

from .context import TenantContext
from .models import Domain, GuildLink, Tenant

logger = logging.getLogger(__name__)
CHANNEL = "routing"
_RETRY_SECONDS = 0.5
_POLL_SECONDS = 5.0  # While Redis is away.
# A safety net under lost publications (a Redis failover drops messages without dropping every subscriber).
_RELOAD_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class HostMatch:
    """What a host name leads to: a tenant's site, or (context None) our own; `redirect_to` is the host to use instead."""

    context: TenantContext | None
    redirect_to: str | None = None


@dataclass(frozen=True, slots=True)
class _Snapshot:
    guilds: dict[int, TenantContext] = field(default_factory=dict)
    hosts: dict[str, HostMatch] = field(default_factory=dict)
    schemas: dict[str, TenantContext] = field(default_factory=dict)
    linked: frozenset[int] = frozenset()
    removed: frozenset[int] = frozenset()


class Routing:
    """The map of one process. Reads never block; `load` reads the database."""

    def __init__(self) -> None:
        self._snapshot = _Snapshot()
        self._listeners: list[Callable[[], None]] = []
        self._thread: threading.Thread | None = None
        self._pid = 0
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self.loaded_at: float | None = None

    def context_for_guild(self, guild_id: int) -> TenantContext | None:
        return self._snapshot.guilds.get(guild_id)

    def context_for_source(self, source: str) -> TenantContext | None:
        """The tenant of an activity's source, `discord:<guild>`. Sources that are not known give None."""
        provider, _, name = source.partition(":")
        if provider == "discord" and name.isdecimal():
            return self._snapshot.guilds.get(int(name))
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
            self._snapshot = _read_snapshot()
            self.loaded_at = time.monotonic()
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
                logger.warning(
                    "Routing hears no changes (%s); it asks the database every few seconds.", error
                )
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
            due = time.monotonic() + _RELOAD_SECONDS
            while not self._stop.is_set():
                message = subscription.get_message(timeout=0.5)
                if message is not None or time.monotonic() > due:
                    while message is not None and subscription.get_message() is not None:
                        continue  # A burst of changes is one reload.
                    self._load_or_retry()
                    due = time.monotonic() + _RELOAD_SECONDS

    def _load_or_retry(self) -> None:
        while not self._stop.is_set() and not self._load_once():
            self._stop.wait(_RETRY_SECONDS)

    def _load_once(self) -> bool:
        try:
            self.load()
            return True
        except (DatabaseError, InterfaceError) as error:
            logger.warning("Routing could not be reloaded (%s); it works from memory.", error)
            return False
        finally:
            connections.close_all()  # This thread's own; an idle one would hold a pool's place.


def _read_snapshot() -> _Snapshot:
    with enter_schema(PUBLIC), transaction.atomic():
        found = GuildLink.objects.exclude(state=GuildLink.State.UNLINKED)
        rows = list(found.values_list("tenant_id", "guild_id", "state"))
        links = {tenant: guild for tenant, guild, state in rows if state == GuildLink.State.ACTIVE}
        removed = frozenset(guild for _, guild, state in rows if state == GuildLink.State.REMOVED)
        tenants = Tenant.objects.filter(state=Tenant.State.ACTIVE)
        contexts = {tenant.pk: TenantContext.of(tenant, links.get(tenant.pk)) for tenant in tenants}
        domains = list(Domain.objects.values_list("tenant_id", "domain", "is_redirect"))
    base = settings.BASE_DOMAIN.lower()
    hosts = {base: HostMatch(None), f"www.{base}": HostMatch(None, base)}
    if base == "localhost":
        hosts["127.0.0.1"] = HostMatch(None)
    for tenant_id, domain, is_redirect in domains:
        context = contexts.get(tenant_id)
        if context is not None:
            hosts[domain.lower()] = HostMatch(context, f"{context.slug}.{base}" if is_redirect else None)
    for context in contexts.values():
        hosts[f"{context.slug}.{base}"] = HostMatch(context)
    guilds = {context.guild_id: context for context in contexts.values() if context.guild_id is not None}
    return _Snapshot(guilds, hosts, {c.schema: c for c in contexts.values()}, frozenset(guilds), removed)


_routing = Routing()


def get_routing() -> Routing:
    """This process's routing, loaded, and following changes. Raises the database's error when it never could load."""
    if _routing.loaded_at is None:
        _routing.load()
    _routing.start()
    return _routing


def invalidate_routing() -> None:
    """After the caller's transaction commits, every process reloads its map; this one at once."""
    transaction.on_commit(_announce_change)


def _announce_change() -> None:
    if _routing.loaded_at is not None:
        try:
            _routing.load()
        except (DatabaseError, InterfaceError) as error:
            logger.warning("Routing could not be reloaded (%s); its thread tries again.", error)
    try:
        cache_redis().publish(CHANNEL, "changed")
    except RedisError as error:
        # Listeners that lost the same Redis reload when they reconnect.
        logger.warning("The change of routing could not be announced: %s", error)
