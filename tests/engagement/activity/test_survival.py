"""kill -9 of ingest, of the stream's Redis, and a Postgres that goes away: every message counts once, none twice.

`make test` runs small rounds, `make faults` 20,000 messages. Each kind of loss has a control that loses.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import TYPE_CHECKING

import pytest
from redis import Redis, RedisError

from engagement.activity.messages import Activity, partition_of, stream_key
from engagement.activity.stream import append_activities
from engagement.models import Activity as Stored
from engagement.models import LedgerEntry
from engagement.progression.verification import verify_ledger
from ops.devstack.redis import CACHE_DATABASE, STREAM_DATABASE, RedisServer
from tenants.context import TenantContext, enter_tenant

from .facts import MINUTE, NOON, message

if TYPE_CHECKING:
    from tests.stack import TestStack

PARTITIONS = 4
SIZES = [
    pytest.param(600, id="600"),
    pytest.param(20_000, id="20000", marks=[pytest.mark.faults, pytest.mark.alone]),
]
pytestmark = [pytest.mark.usefixtures("rules"), pytest.mark.slow]


@pytest.fixture
def durable_redis(test_stack: TestStack) -> Iterator[RedisServer]:
    """A Redis of this test's own that syncs every write, to be killed."""
    server = RedisServer(test_stack.home, durable=True, name=f"k-{test_stack.worker}")
    server.start()
    yield server
    server.stop()
    shutil.rmtree(server.folder, ignore_errors=True)


def conversation(count: int, *contexts: TenantContext) -> list[Activity]:
    """Messages of twenty people in each community, a minute and more apart, so that each of them earns."""
    spoken = []
    for number in range(count):
        context = contexts[number % len(contexts)]
        turn = number // len(contexts)
        at = NOON + turn // 20 * 61_000 + turn % 20
        assert context.guild_id is not None
        spoken.append(message(turn % 20 + 1, at=at, number=10**10 + number, guild=context.guild_id))
    return spoken


def reader(server: RedisServer, *options: str) -> subprocess.Popen[bytes]:
    environment = os.environ | {
        "REDIS_URL": server.address(CACHE_DATABASE),
        "REDIS_STREAM_URL": server.address(STREAM_DATABASE),
        "ACTIVITY_PARTITIONS": str(PARTITIONS),
        "DJANGO_SETTINGS_MODULE": "saas.settings.test",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "tests.engagement.activity.reader", *options], env=environment
    )


@contextmanager
def running(server: RedisServer, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    process = reader(server, *options)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def finish(server: RedisServer, *, seconds: float = 300) -> None:
    """Let an undisturbed reader take what is left."""
    # A killed reader's lease runs out by itself; the tests need not wait for it.
    with server.client(STREAM_DATABASE) as client:
        for key in client.scan_iter("ingest:lease:*"):
            client.delete(key)
    with running(server, "--until-empty") as process:
        assert process.wait(timeout=seconds) == 0


def put(server: RedisServer, spoken: list[Activity]) -> None:
    with server.client(STREAM_DATABASE) as client:
        append_activities(client, spoken, partitions=PARTITIONS)


def count_stored(*contexts: TenantContext) -> int:
    total = 0
    for context in contexts:
        with enter_tenant(context):
            total += Stored.objects.count()
    return total


def assert_counted_once(count: int, *contexts: TenantContext) -> None:
    assert count_stored(*contexts) == count
    for context in contexts:
        with enter_tenant(context):
            assert LedgerEntry.objects.filter(cause_kind=1).count() == count // len(contexts)
            assert verify_ledger(context) == []


@pytest.mark.parametrize("count", SIZES)
def test_killed_readers_lose_and_double_nothing(
    durable_redis: RedisServer, acme: TenantContext, globex: TenantContext, count: int
) -> None:
    put(durable_redis, conversation(count, acme, globex))
    dice = Random(count)

    for point in ("commit", "read", "commit"):
        with running(durable_redis, "--die", point, "--after", str(dice.randint(2, 5))) as process:
            assert process.wait(timeout=60) == -9
        with durable_redis.client(STREAM_DATABASE) as client:
            client.delete(*[f"ingest:lease:{n}" for n in range(PARTITIONS)])
    assert 0 < count_stored(acme, globex) < count

    finish(durable_redis)
    assert_counted_once(count, acme, globex)


def test_a_reader_that_acknowledges_first_is_seen_to_lose(
    durable_redis: RedisServer, acme: TenantContext, globex: TenantContext
) -> None:
    """The control: with the order of commit and acknowledgement turned round, the same kill loses messages."""
    put(durable_redis, conversation(600, acme, globex))

    with running(durable_redis, "--die", "read", "--after", "3", "--acknowledge-first") as process:
        assert process.wait(timeout=60) == -9
    finish(durable_redis)

    assert count_stored(acme, globex) < 600


@pytest.mark.parametrize("count", SIZES)
def test_a_killed_stream_loses_nothing_that_it_acknowledged(
    durable_redis: RedisServer, acme: TenantContext, globex: TenantContext, count: int
) -> None:
    spoken = conversation(count, acme, globex)
    chunk = max(50, count // 40)

    with running(durable_redis):
        for start in range(0, count, chunk):
            if start in (chunk * 3, chunk * 7):
                durable_redis.kill()
                durable_redis.start()
            put_with_patience(durable_redis, spoken[start : start + chunk])
    finish(durable_redis)

    assert_counted_once(count, acme, globex)


def put_with_patience(server: RedisServer, spoken: list[Activity]) -> None:
    """As the bot does: what was not acknowledged is sent again, whole."""
    for _attempt in range(100):
        try:
            put(server, spoken)
            return
        except RedisError:
            time.sleep(0.05)
    raise AssertionError("Redis did not come back.")


@pytest.mark.parametrize("count", SIZES)
def test_a_postgres_that_goes_away_under_load_costs_only_time(
    durable_redis: RedisServer, acme: TenantContext, globex: TenantContext, test_stack: TestStack, count: int
) -> None:
    put(durable_redis, conversation(count, acme, globex))

    with running(durable_redis) as process:
        for _ in range(3):
            wait_for_more(count_stored(acme, globex), acme, globex)
            with away(test_stack):
                time.sleep(0.7)
        assert process.poll() is None
    finish(durable_redis)

    assert_counted_once(count, acme, globex)


def wait_for_more(than: int, *contexts: TenantContext) -> None:
    deadline = time.monotonic() + 20
    while count_stored(*contexts) <= than and time.monotonic() < deadline:
        time.sleep(0.02)


@contextmanager
def away(stack: TestStack) -> Iterator[None]:
    """This test's database as during a restart: every connection cut, no new one let in."""
    from django.db import connections

    connections.close_all()
    with stack.postgres.connect() as postgres:
        postgres.execute(f'ALTER DATABASE "{stack.database}" ALLOW_CONNECTIONS false')
        postgres.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [stack.database]
        )
        try:
            yield
        finally:
            postgres.execute(f'ALTER DATABASE "{stack.database}" ALLOW_CONNECTIONS true')


def test_a_slow_reader_whose_lease_ran_out_books_nothing_twice(
    durable_redis: RedisServer, acme: TenantContext, redis_cache: Redis
) -> None:
    """Two readers of one partition at once, as after a pause longer than the lease: ids keep them from booking twice."""
    from engagement.activity.consumer import Consumer
    from tenants.routing import Routing

    put(durable_redis, conversation(200, acme))
    routing = Routing()
    routing.load()
    partition = partition_of(f"discord:{acme.guild_id}", PARTITIONS)
    with durable_redis.client(STREAM_DATABASE) as stream:
        paused = Consumer(stream=stream, cache=redis_cache, routing=routing, partitions=PARTITIONS)
        paused.take_partitions()
        entries = stream.xreadgroup("ingest", "consumer", {stream_key(partition): ">"}, count=80)
        assert entries
        stream.delete(*[f"ingest:lease:{n}" for n in range(PARTITIONS)])
        finish(durable_redis)

        from engagement.activity.stream import StreamEntry

        paused.handle([StreamEntry(partition, entry_id, fields[b"a"]) for entry_id, fields in entries[0][1]])
        assert paused.leases.renew()  # it learns that it lost them
        paused._forget()

    assert_counted_once(200, acme)


assert MINUTE < 61_000  # the conversation's turns are further apart than the rule's cooldown
