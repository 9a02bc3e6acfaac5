"""The consumer books what is on the stream once, sets poison aside, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from engagement.activity.consumer import Consumer, drain
from engagement.activity.messages import Activity, encode_activity, partition_of, stream_key
from engagement.activity.poison import NotReplayableError, list_poison, replay_poison
from engagement.activity.stream import append_activities, backlog, read_entries
from engagement.models import Activity as Stored
from engagement.models import LedgerEntry, Member
from tenants.context import TenantContext, enter_tenant
from tenants.routing import Routing

from .facts import MINUTE, NOON, message

if TYPE_CHECKING:
    from redis import Redis

PARTITIONS = 4
GLOBEX_GUILD = 900_000_000_000_000_002
pytestmark = pytest.mark.usefixtures("rules")


@pytest.fixture
def consumer(redis_stream: Redis, redis_cache: Redis, rules: None) -> Iterator[Consumer]:
    routing = Routing()
    routing.load()
    made = Consumer(stream=redis_stream, cache=redis_cache, routing=routing, partitions=PARTITIONS)
    yield made
    made.stop()
    made.run()


def put(redis: Redis, *activities: Activity) -> None:
    append_activities(redis, activities, partitions=PARTITIONS)


def put_raw(redis: Redis, data: bytes) -> None:
    redis.xadd(stream_key(0), {"a": data})


def stored(context: TenantContext) -> int:
    with enter_tenant(context):
        return Stored.objects.count()


def test_every_activity_is_booked_in_its_own_community(
    consumer: Consumer, redis_stream: Redis, acme: TenantContext, globex: TenantContext
) -> None:
    put(
        redis_stream,
        *(message(n) for n in range(1, 6)),
        *(message(n, guild=GLOBEX_GUILD) for n in range(1, 4)),
    )

    assert drain(consumer) == 8

    assert (stored(acme), stored(globex)) == (5, 3)
    assert sum(backlog(redis_stream, PARTITIONS).values()) == 0


def test_what_a_dead_reader_left_is_booked_by_the_next(
    consumer: Consumer, redis_stream: Redis, acme: TenantContext
) -> None:
    put(redis_stream, message(1), message(2))
    partition = partition_of(f"discord:{acme.guild_id}", PARTITIONS)
    consumer.take_partitions()
    assert len(read_entries(redis_stream, [partition], count=10, block_ms=1, pending=False)) == 2
    consumer.leases.release()

    drain(consumer)

    assert stored(acme) == 2
    assert sum(backlog(redis_stream, PARTITIONS).values()) == 0


def test_a_second_process_reads_nothing_of_a_leased_partition(
    consumer: Consumer, redis_stream: Redis, redis_cache: Redis
) -> None:
    consumer.take_partitions()
    other = Consumer(stream=redis_stream, cache=redis_cache, routing=consumer.routing, partitions=PARTITIONS)

    other.take_partitions()

    assert not other.leases.held
    consumer.leases.release()
    other.take_partitions()
    assert len(other.leases.held) == PARTITIONS
    other.leases.release()


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"\xff\xfe{", "JSON"),
        (b"x" * 10_000_000, "bytes"),
        (encode_activity(replace(message(1, guild=1), source="discord:1", type="conjuring")), "conjuring"),
        (encode_activity(replace(message(1), source="key:1", source_id="api:1")), "message"),
        (encode_activity(replace(message(1), source="key:1", type="conjuring")), "Discord"),
        (
            encode_activity(replace(message(1), source="key:1", source_id="api:1", type="Conjuring!")),
            "Conjuring",
        ),
        (encode_activity(message(1, guild=1)), "No community"),
        (encode_activity(message(1, channel="a\x00b")), "u0000"),
    ],
    ids=[
        "bad-utf8",
        "10-MB",
        "own-type-from-discord",
        "discord-type-from-key",
        "discord-id-from-key",
        "no-type",
        "foreign-guild",
        "nul",
    ],
)
def test_poison_is_set_aside_and_its_neighbours_are_booked(
    consumer: Consumer, redis_stream: Redis, acme: TenantContext, data: bytes, word: str
) -> None:
    put(redis_stream, message(1))
    redis_stream.xadd(stream_key(partition_of(f"discord:{acme.guild_id}", PARTITIONS)), {"a": data})
    put(redis_stream, message(2))

    drain(consumer)

    assert stored(acme) == 2
    aside = list_poison()
    assert len(aside) == 1
    assert word in aside[0].error
    assert aside[0].size == len(data)
    assert sum(backlog(redis_stream, PARTITIONS).values()) == 0


def test_poison_is_replayed_once_its_cause_is_mended(
    consumer: Consumer, redis_stream: Redis, acme: TenantContext
) -> None:
    fact = message(1)
    fact.source = "discord:12345"
    put(redis_stream, fact)
    drain(consumer)
    aside = list_poison()[0]
    consumer.routing._snapshot.guilds[12345] = acme

    replay_poison(redis_stream, poison_id=aside.pk, partitions=PARTITIONS)
    drain(consumer)

    assert stored(acme) == 1
    assert list_poison() == []
    with pytest.raises(NotReplayableError):
        replay_poison(redis_stream, poison_id=aside.pk, partitions=PARTITIONS)


def test_one_persons_activities_in_one_batch_and_in_many_give_the_same(
    consumer: Consumer, redis_stream: Redis, acme: TenantContext, globex: TenantContext
) -> None:
    facts = [message(1, at=NOON + n * MINUTE // 2, number=500 + n) for n in range(12)]
    put(redis_stream, *facts)
    drain(consumer)
    for fact in facts:
        fact.source = f"discord:{GLOBEX_GUILD}"
        put(redis_stream, fact)
        drain(consumer)

    amounts = []
    for context in (acme, globex):
        with enter_tenant(context):
            amounts.append(list(LedgerEntry.objects.order_by("pk").values_list("amount", flat=True)))
            assert Member.objects.count() == 1
    assert amounts[0] == amounts[1]
    assert len(amounts[0]) == 7  # six messages a minute apart, and the day's bonus
