"""Routing: whole in memory, changes known within a second, outages survived."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from django.db import OperationalError, transaction
from redis import Redis

from tenants import routing as routing_module
from tenants.models import Tenant
from tenants.routing import CHANNEL, Routing
from tenants.services import link_guild, unlink_guild
from tests.cast import ACME, GLOBEX
from tests.stack import TestStack


@pytest.fixture
def routing(committed_db: None, redis_cache: Redis) -> Iterator[Routing]:
    """A second process's routing, as it were: loaded and following."""
    made = Routing()
    made.load()
    loaded = threading.Event()
    made.on_change(loaded.set)
    made.start()
    assert loaded.wait(5)
    yield made
    made.stop()


def within(seconds: float, holds: Callable[[], bool]) -> float:
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds, f"not within {seconds} s"
        time.sleep(0.005)
    return time.monotonic() - began


def test_guilds_sources_hosts_and_schemas(db: None) -> None:
    routing = Routing()
    routing.load()
    context = routing.context_for_guild(ACME.guild_id)
    assert context is not None
    assert (context.slug, context.guild_id) == ("acme", ACME.guild_id)
    assert routing.context_for_source(f"discord:{ACME.guild_id}") == context
    assert routing.context_for_schema(context.schema) == context
    assert routing.linked_guilds() == {ACME.guild_id, GLOBEX.guild_id}
    for host in ("acme.localhost", "ACME.localhost:8000", "acme.localhost."):
        match = routing.context_for_host(host)
        assert match is not None
        assert match.context == context


def test_what_nobody_owns_leads_nowhere(db: None) -> None:
    routing = Routing()
    routing.load()
    assert routing.context_for_guild(1) is None
    for source in ("discord:1", "discord:", "discord:abc", "key:1", "", "discord", f"other:{ACME.guild_id}"):
        assert routing.context_for_source(source) is None
    for host in ("evil.example", "x.acme.localhost", "", "acme.localhost.evil.example"):
        assert routing.context_for_host(host) is None
    ours, www = routing.context_for_host("localhost:8000"), routing.context_for_host("www.localhost")
    assert ours is not None
    assert ours.context is None
    assert www is not None
    assert www.redirect_to == "localhost"


def test_a_suspended_tenant_is_not_routed(db: None) -> None:
    Tenant.objects.filter(slug="acme").update(state="suspended")
    routing = Routing()
    routing.load()
    assert routing.context_for_guild(ACME.guild_id) is None
    assert routing.context_for_host("acme.localhost") is None
    assert ACME.guild_id not in routing.linked_guilds()


def test_a_change_elsewhere_is_known_within_a_second(routing: Routing) -> None:
    unlink_guild(guild_id=ACME.guild_id)
    within(1, lambda: routing.context_for_guild(ACME.guild_id) is None)
    link_guild(tenant=Tenant.objects.get(slug="acme"), guild_id=ACME.guild_id)
    within(1, lambda: routing.context_for_guild(ACME.guild_id) is not None)


def test_a_change_that_is_rolled_back_is_not_announced(routing: Routing, redis_cache: Redis) -> None:
    with redis_cache.pubsub(ignore_subscribe_messages=True) as heard:
        heard.subscribe(CHANNEL)
        heard.get_message(timeout=1)
        with pytest.raises(RuntimeError), transaction.atomic():  # noqa: PT012
            unlink_guild(guild_id=ACME.guild_id)
            raise RuntimeError
        assert heard.get_message(timeout=0.3) is None
    assert routing.context_for_guild(ACME.guild_id) is not None


def test_a_connection_that_breaks_is_made_again_and_the_map_reloaded(
    routing: Routing, redis_cache: Redis
) -> None:
    before = routing.loaded_at
    killed = redis_cache.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
    assert killed >= 1
    within(3, lambda: routing.loaded_at != before)
    unlink_guild(guild_id=ACME.guild_id)
    within(1, lambda: routing.context_for_guild(ACME.guild_id) is None)


def test_while_postgres_is_away_it_answers_and_then_catches_up(
    routing: Routing, redis_cache: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = routing_module._read_snapshot
    away = threading.Event()
    away.set()
    refused = threading.Event()

    def read_or_fail() -> object:
        if away.is_set():
            refused.set()
            raise OperationalError("the database system is shutting down")
        return read()

    monkeypatch.setattr(routing_module, "_read_snapshot", read_or_fail)
    unlink_guild(guild_id=ACME.guild_id)
    assert refused.wait(2)
    assert routing.context_for_guild(ACME.guild_id) is not None
    away.clear()
    within(2, lambda: routing.context_for_guild(ACME.guild_id) is None)


def test_without_redis_it_answers_and_asks_the_database(
    committed_db: None, monkeypatch: pytest.MonkeyPatch, settings: object, test_stack: TestStack
) -> None:
    monkeypatch.setattr(settings, "REDIS_URL", "unix:///nowhere/redis.sock")
    monkeypatch.setattr(routing_module, "_POLL_SECONDS", 0.1)
    routing = Routing()
    routing.load()
    routing.start()
    try:
        Tenant.objects.filter(slug="acme").update(state="suspended")
        within(3, lambda: routing.context_for_guild(ACME.guild_id) is None)
    finally:
        routing.stop()


def test_listeners_are_told_after_the_map_changed(db: None) -> None:
    routing = Routing()
    seen: list[int] = []
    routing.on_change(lambda: seen.append(len(routing.linked_guilds())))
    routing.load()
    assert seen == [2]
