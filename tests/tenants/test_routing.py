"""Routing: whole in memory, changes known within a second, outages survived."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict
from typing import Any

import pytest
from django.db import OperationalError, transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from redis import Redis

from saas.core.errors import EngageHubError
from tenants import routing as routing_module
from tenants.models import Domain, Tenant
from tenants.routing import CHANNEL, Routing
from tenants.services import change_slug, link_guild, mark_guild_removed, mark_guild_returned, unlink_guild
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
    assert loaded.wait(30)
    yield made
    made.stop()


# A second on a quiet machine; here others are at work.
SOON = 40


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
    match = routing.context_for_host("acme.localhost")
    assert match is not None
    assert (match.context, match.closed) == (None, "suspended")
    assert routing.contexts() == [routing.context_for_host("globex.localhost").context]  # type: ignore[union-attr]
    assert ACME.guild_id not in routing.linked_guilds()


def test_a_change_elsewhere_is_known_within_a_second(routing: Routing) -> None:
    unlink_guild(guild_id=ACME.guild_id)
    within(SOON, lambda: routing.context_for_guild(ACME.guild_id) is None)
    link_guild(tenant=Tenant.objects.get(slug="acme"), guild_id=ACME.guild_id)
    within(SOON, lambda: routing.context_for_guild(ACME.guild_id) is not None)


def test_a_change_that_is_rolled_back_is_not_announced(routing: Routing, redis_cache: Redis) -> None:
    with redis_cache.pubsub(ignore_subscribe_messages=True) as heard:
        heard.subscribe(CHANNEL)
        heard.get_message(timeout=30)
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
    within(SOON, lambda: routing.loaded_at != before)
    unlink_guild(guild_id=ACME.guild_id)
    within(SOON, lambda: routing.context_for_guild(ACME.guild_id) is None)


def test_while_postgres_is_away_it_answers_and_then_catches_up(
    routing: Routing, redis_cache: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    patch = routing_module.patch_snapshot
    away = threading.Event()
    away.set()
    refused = threading.Event()

    def patch_or_fail(*arguments: Any) -> Any:
        if away.is_set():
            refused.set()
            raise OperationalError("the database system is shutting down")
        return patch(*arguments)

    monkeypatch.setattr(routing_module, "patch_snapshot", patch_or_fail)
    unlink_guild(guild_id=ACME.guild_id)
    assert refused.wait(30)
    assert routing.context_for_guild(ACME.guild_id) is not None
    away.clear()
    within(SOON, lambda: routing.context_for_guild(ACME.guild_id) is None)


def test_without_redis_it_answers_and_asks_the_database(
    committed_db: None, monkeypatch: pytest.MonkeyPatch, settings: Any, test_stack: TestStack
) -> None:
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    monkeypatch.setattr(routing_module, "_POLL_SECONDS", 0.1)
    routing = Routing()
    routing.load()
    routing.start()
    try:
        Tenant.objects.filter(slug="acme").update(state="suspended")
        within(SOON, lambda: routing.context_for_guild(ACME.guild_id) is None)
    finally:
        routing.stop()


def test_listeners_are_told_after_the_map_changed(db: None) -> None:
    routing = Routing()
    seen: list[int] = []
    routing.on_change(lambda: seen.append(len(routing.linked_guilds())))
    routing.load()
    assert seen == [2]


changes = st.lists(
    st.sampled_from(
        ["unlink", "link", "swap", "remove", "return", "slug", "slug back", "suspend", "wake", "domain"]
    ),
    max_size=12,
)


@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(plan=changes)
def test_reading_what_changed_comes_to_the_same_as_reading_everything(
    committed_db: None, plan: list[str]
) -> None:
    acme, globex = (Tenant.objects.get(slug__startswith=slug) for slug in ("acme", "globex"))
    routing = Routing()
    routing.load()
    for change in plan:
        with suppress(EngageHubError):
            changed = apply_change(change, acme, globex)
            routing.load_tenants(changed)
    whole = Routing()
    whole.load()
    assert asdict(routing._snapshot) == asdict(whole._snapshot)


def apply_change(change: str, acme: Tenant, globex: Tenant) -> list[int]:
    """One change through the services; the tenants it concerns."""
    if change == "swap":
        for guild in (ACME.guild_id, GLOBEX.guild_id):
            with suppress(EngageHubError):
                unlink_guild(guild_id=guild)
        link_guild(tenant=acme, guild_id=GLOBEX.guild_id)
        link_guild(tenant=globex, guild_id=ACME.guild_id)
    elif change == "unlink":
        unlink_guild(guild_id=ACME.guild_id)
    elif change == "link":
        link_guild(tenant=acme, guild_id=ACME.guild_id)
    elif change == "remove":
        mark_guild_removed(guild_id=ACME.guild_id)
    elif change == "return":
        mark_guild_returned(guild_id=ACME.guild_id)
    elif change.startswith("slug"):
        change_slug(tenant=acme, slug="acme" if "back" in change else "acme-makers")
    elif change == "domain":
        Domain.objects.get_or_create(domain="points.example", defaults={"tenant": acme, "is_primary": False})
    else:
        Tenant.objects.filter(pk=acme.pk).update(state="suspended" if change == "suspend" else "active")
    return [acme.pk, globex.pk]


def test_a_message_that_names_no_tenant_reloads_everything(routing: Routing, redis_cache: Redis) -> None:
    Tenant.objects.filter(slug="acme").update(state="suspended")
    redis_cache.publish(CHANNEL, "something")
    within(SOON, lambda: routing.context_for_guild(ACME.guild_id) is None)
