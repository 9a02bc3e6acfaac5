"""Two tenants' units of work, interleaved at random over sync, thread and async paths and the bot's own seam: nothing of one
in the other.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.cache import cache
from django.db import connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django_tenants.postgresql_backend.base import DatabaseWrapper
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot_shard.calls import Calls
from engagement.members.models import Member
from saas.events import DomainEvent, publish
from saas.events.models import TenantEvent
from tenants.context import TenantContext, enter_tenant
from tests.saas.events.material import TeaServed

_serial = count()


@dataclass(frozen=True)
class Unit:
    """One unit of work: where it runs, for whom, and what goes wrong in it."""

    path: str  # sync | thread | async | bot
    tenant: int  # 0 or 1
    ending: str  # commit | rollback | savepoint | error | broken
    nested: bool  # enters the other tenant in the middle


units = st.lists(
    st.builds(
        Unit,
        path=st.sampled_from(["sync", "thread", "async", "bot"]),
        tenant=st.integers(0, 1),
        ending=st.sampled_from(["commit", "rollback", "savepoint", "error", "broken"]),
        nested=st.booleans(),
    ),
    min_size=2,
    max_size=14,
)


class ExpectedError(Exception):
    pass


def do(unit: Unit, contexts: tuple[TenantContext, TenantContext], mark: str) -> str | None:
    """Write a row, an event and a cache entry; look at what is there. Returns the mark when it was committed."""
    own, other = contexts[unit.tenant], contexts[1 - unit.tenant]
    name = f"{own.slug}:{mark}"
    try:
        with enter_tenant(own):
            check(own)
            with transaction.atomic():
                Member.objects.create(display_name=name)
                publish(TeaServed(cups=1, guest=name))
                spoil_inside(unit, other)
                check(own)
            cache.set("latest", name)
            assert str(cache.get("latest")).startswith(f"{own.slug}:")
            if unit.ending == "broken":
                connection.close()
            check(own)
        return name
    except ExpectedError:
        return None


def spoil_inside(unit: Unit, other: TenantContext) -> None:
    if unit.nested:
        with enter_tenant(other):
            check(other)
    if unit.ending == "savepoint":
        try:
            with transaction.atomic(), enter_tenant(other):
                check(other)
                raise ExpectedError
        except ExpectedError:
            pass
    if unit.ending in {"rollback", "error"}:
        if unit.ending == "error":
            with connection.cursor() as cursor, pytest.raises(Exception, match="division"):
                cursor.execute("select 1 / 0")
        raise ExpectedError


def check(context: TenantContext) -> None:
    """Everything in sight is `context`'s."""
    for found in (
        Member.objects.values_list("display_name", flat=True),
        TenantEvent.objects.filter(type="TeaServed").values_list("data__guest", flat=True),
    ):
        strangers = [name for name in found if not str(name).startswith(f"{context.slug}:")]
        assert not strangers, f"in {context.slug}: {strangers}"


@contextmanager
def connected(pool: bool) -> Iterator[None]:
    """This thread's connection, out of a psycopg pool that all threads share or one of its own."""
    usual: BaseDatabaseWrapper = connections["default"]
    if pool:
        given: dict[str, Any] = {
            **usual.settings_dict,
            "OPTIONS": {**usual.settings_dict["OPTIONS"], "pool": POOL},
        }
        connections["default"] = DatabaseWrapper(given, "default")
    try:
        yield
    finally:
        connections["default"].close()
        connections["default"] = usual


POOL = {"min_size": 1, "max_size": 3, "timeout": 20}


def run_all(plan: list[Unit], contexts: tuple[TenantContext, TenantContext], pool: bool) -> list[str]:
    """Every unit on its path: sync ones here, the others meanwhile on threads and on an event loop."""
    marks = [f"{next(_serial)}" for _ in plan]
    work = list(zip(plan, marks, strict=True))

    def act(unit: Unit, mark: str) -> str | None:
        with connected(pool):
            return do(unit, contexts, mark)

    async def loop() -> list[str | None]:
        calls = [sync_to_async(act, thread_sensitive=False)(u, m) for u, m in work if u.path == "async"]
        seam = Calls(threads=3)
        bots = [seam.in_tenant(contexts[u.tenant], do, u, contexts, m) for u, m in work if u.path == "bot"]
        try:
            return list(await asyncio.gather(*calls, *bots))
        finally:
            await asyncio.to_thread(seam.close)  # as the bot does, off its loop

    with ThreadPoolExecutor(4) as threads:
        started = [threads.submit(act, u, m) for u, m in work if u.path == "thread"]
        looping = threads.submit(lambda: asyncio.run(loop()))
        done = [act(u, m) for u, m in work if u.path == "sync"]
        done += [future.result(30) for future in started] + looping.result(30)
    return [name for name in done if name]


@pytest.mark.parametrize("pool", [False, True], ids=["own connections", "a shared pool"])
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(plan=units)
def test_no_row_event_or_cache_entry_of_one_in_the_other(
    committed_db: None, acme: TenantContext, globex: TenantContext, pool: bool, plan: list[Unit]
) -> None:
    committed = run_all(plan, (acme, globex), pool)
    for context in (acme, globex):
        with enter_tenant(context):
            check(context)
            mine = [name for name in committed if name.startswith(context.slug)]
            assert Member.objects.filter(display_name__in=mine).count() == len(mine)
    assert connection.schema_name == "public"


@pytest.fixture(scope="module", autouse=True)
def _close_the_pool() -> Iterator[None]:
    yield
    pool = DatabaseWrapper._connection_pools.pop("default", None)
    if pool is not None:
        pool.close()


def test_a_pooled_connection_comes_back_with_anothers_path_and_is_put_right(
    committed_db: None, acme: TenantContext, globex: TenantContext
) -> None:
    with connected(True), enter_tenant(acme):
        Member.objects.create(display_name="acme:pooled")
    with connected(True):
        raw = DatabaseWrapper._connection_pools["default"].getconn()
        try:
            # The trap: the server still stands where somebody left it.
            path = raw.execute("show search_path").fetchone()[0]
            assert path.startswith((acme.schema, globex.schema))
            raw.rollback()
        finally:
            DatabaseWrapper._connection_pools["default"].putconn(raw)
        with enter_tenant(globex):
            assert Member.objects.count() == 0


def test_units_of_one_thread_pool_do_not_meet(
    committed_db: None, acme: TenantContext, globex: TenantContext
) -> None:
    """Two threads, each always mid-unit in another tenant: a barrier in every unit forces the overlap."""
    barrier = threading.Barrier(2, timeout=60)

    def work(context: TenantContext) -> None:
        for number in range(10):
            with enter_tenant(context), transaction.atomic():
                barrier.wait()
                Member.objects.create(display_name=f"{context.slug}:{number}")
                barrier.wait()
                check(context)
        connections.close_all()

    with ThreadPoolExecutor(2) as threads:
        for future in [threads.submit(work, acme), threads.submit(work, globex)]:
            future.result(60)


def test_the_check_itself_sees_a_stranger(committed_db: None, acme: TenantContext) -> None:
    with enter_tenant(acme):
        Member.objects.create(display_name="globex:stray")
        with pytest.raises(AssertionError, match="stray"):
            check(acme)
    assert issubclass(TeaServed, DomainEvent)
