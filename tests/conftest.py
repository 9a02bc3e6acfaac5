"""Fixtures for every test: servers, the database as the app's role, two communities, Redis.

`db`            rolled back after the test; only this thread's connection sees what it writes
`committed_db`  real commits, for races, threads, coroutines and subprocesses; cleaned afterwards
`acme`, `globex`  the TenantContext of each community (tests/cast.py names its people)
`stripe_server`  an empty local Stripe that the settings name, with billing on (tests/stripe.py)
`redis_stream`, `redis_cache`  clients of the two roles, emptied before the test
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from psycopg.rows import dict_row

from ops.devstack.redis import CACHE_DATABASE, STREAM_DATABASE
from tests import stack as _stack
from tests.stripe import _stripe_thread, stripe_server  # noqa: F401 - a fixture and what it stands on

# Before Django's settings are read: they take the addresses from the environment.
if settings.configured:
    raise pytest.UsageError(
        "Unset DJANGO_SETTINGS_MODULE: the tests start their servers first and then name the settings."
    )
_STACK = _stack.begin()
# pytest-django sets Django up once the settings are loaded.
_ = settings.DATABASES

if TYPE_CHECKING:
    from pytest_django import DjangoDbBlocker
    from redis import Redis

    from tenants.context import TenantContext


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One more than there are cores: a test waits for Postgres, Chromium and processes that start for a third of its time."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end. Looking through it for rubbish again and again took a sixth of the whole
    suite's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_configure(config: pytest.Config) -> None:
    from hypothesis import HealthCheck
    from hypothesis import settings as drawing

    # Neither how long a test takes nor how long drawing for it takes is a fault where others are at work.
    drawing.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    drawing.load_profile("any machine")
    if config.getoption("numprocesses", None):
        # xdist's workers inherit the environment, and must not read the settings before their own addresses are set.
        os.environ.pop("DJANGO_SETTINGS_MODULE", None)
        _STACK.prepare_for_workers()


def pytest_unconfigure() -> None:
    routing = sys.modules.get("tenants.routing")
    if routing is not None:
        routing._routing.stop()  # Its thread would go on asking servers that are gone.
    _STACK.stop()


@pytest.fixture(scope="session")
def test_stack() -> _stack.TestStack:
    """This process's servers, for tests that need their addresses or their owner's connection."""
    return _STACK


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """This process's database, cloned from the template instead of migrated."""
    from django.db import connections

    from tests.cleaning import remember_seed

    with django_db_blocker.unblock():
        connections.close_all()
        _STACK.clone_database()
        remember_seed(_STACK.postgres, _STACK.database)
    yield
    with django_db_blocker.unblock():
        connections.close_all()


@pytest.fixture(scope="session", autouse=True)
def _routing_follows_nothing() -> Iterator[None]:
    """The process' own map of guilds and hosts is loaded when a test asks for it. Its thread would read the database between
    tests; those that are about following changes make a Routing of their own."""
    from tenants import routing

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(routing._routing, "start", lambda: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def _redis_is_waited_for() -> Iterator[None]:
    """The product goes on without Redis after half a second. Where a machine stands still for so long, a test that is not about
    that would go another way."""
    from saas.core import redis_clients

    connect = redis_clients._connect
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(redis_clients, "_connect", lambda url, seconds: connect(url, max(seconds, 60)))
        yield


@pytest.fixture(autouse=True)
def _leave_all_as_it_was() -> Iterator[None]:
    """A test that dies inside a tenant, or leaves a setting changed, must not hand that to the next one."""
    lazy: Any = settings  # mypy knows its settings, not how Django holds them
    before = lazy._wrapped
    yield
    if "tenants.flags" in sys.modules:
        sys.modules["tenants.flags"].hold_rollouts({})
    from django.db import connection

    if getattr(connection, "schema_name", "public") != "public":
        connection.set_schema_to_public()  # type: ignore[attr-defined]
    if lazy._wrapped is not before:
        lazy._wrapped = before
        pytest.fail("This test left the settings changed.")


@pytest.fixture
def committed_db(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Real transactions. Afterwards every table is as the template had it, and schemas made by the test are gone."""
    from django.db import connections

    from tests.cleaning import restore_database

    with django_db_blocker.unblock():
        connections.close_all()
        yield
        connections.close_all()
    restore_database(_STACK.postgres, _STACK.database)
    routing = sys.modules.get("tenants.routing")
    if routing is not None and routing._routing.loaded_at is not None:
        # What the test made is gone; whoever asks next must not be led into its schemas.
        with django_db_blocker.unblock():
            routing._routing.load()
            connections.close_all()


@pytest.fixture
def acme(django_db_setup: None) -> TenantContext:
    return _context("acme")


@pytest.fixture
def globex(django_db_setup: None) -> TenantContext:
    return _context("globex")


@pytest.fixture
def redis_stream() -> Iterator[Redis]:
    """A client of the activity stream's Redis."""
    yield from _redis(STREAM_DATABASE)


@pytest.fixture
def redis_cache() -> Iterator[Redis]:
    """A client of the Redis for wake-ups, caches and leases."""
    yield from _redis(CACHE_DATABASE)


def _redis(database: int) -> Iterator[Redis]:
    with _STACK.redis.client(database) as client:
        client.flushdb()
        yield client


def _context(slug: str) -> TenantContext:
    """Read as the owner on a connection of its own, so that it works with `db`, with `committed_db` and with neither."""
    from tenants.context import TenantContext
    from tenants.entitlements import Entitlements

    with (
        _STACK.postgres.connect(_STACK.database) as connection,
        connection.cursor(row_factory=dict_row) as cursor,
    ):
        row = cursor.execute(
            "SELECT t.id AS tenant_id, schema_name AS schema, t.*, guild_id "
            "FROM tenant t JOIN guild_link g ON g.tenant_id = t.id WHERE slug = %s",
            [slug],
        ).fetchone()
    assert row is not None, f"the template holds no tenant {slug}"
    row["entitlements"] = Entitlements.parse(row["entitlements"], row["entitlements_version"])
    return TenantContext(**{name: row[name] for name in TenantContext.__dataclass_fields__})
