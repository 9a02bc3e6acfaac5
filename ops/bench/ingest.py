"""Stream → committed, against COPY of the same rows.

A round is one activity batch: 25 messages of different moments for each community, read from Redis, judged by the default
rules, committed with fsync, acknowledged. Its floor is COPY of the very activity and entry rows that such a round wrote, into
tables with the same columns and indexes, one commit a community: the same rows per commit, nothing else. Rounds of the two
alternate, so that whatever the machine does hits both.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate, count
from random import Random
from statistics import median
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F

from engagement.activity.consumer import BOOKERS, Consumer, calm_collector
from engagement.activity.lanes import open_lane
from engagement.activity.messages import Activity, encode_activity, partition_of, stream_key
from engagement.kinds import seed_community
from engagement.ledger.statements import COUNT_WRITE, in_schema
from engagement.levels.curves import DEFAULT_CURVE
from engagement.models import Activity as StoredActivity
from engagement.models import LedgerBalance, LedgerEntry, Standing
from ops.bench.results import Result
from saas.core.redis_clients import cache_redis, stream_redis
from tenants.context import TenantContext, enter_tenant
from tenants.owner import app_role, as_owner
from tenants.provisioning import provision_tenant
from tenants.routing import Routing
from tenants.services import link_guild

MEMBERS = 1_000
SHARE = 25  # activities of a community in a round
START_MS = 1_794_873_600_000  # Tuesday 17 November 2026, midnight UTC
# Members speak as members do: the n-th most talkative half as often as the first at n = 2, a third at n = 3 (Zipf's law).
_ACTIVITY = list(accumulate(1 / (place + 1) for place in range(MEMBERS)))
_numbers = count(10**12)


@dataclass
class Town:
    """One community: its people and what they say next."""

    context: TenantContext
    dice: Random
    minute: int = 0
    members: int = MEMBERS
    weights: list[float] = field(default_factory=lambda: _ACTIVITY)

    def say(self, share: int) -> Iterator[Activity]:
        """`share` messages a minute after the last ones, as the bot would send them."""
        self.minute += 1
        for user in self.dice.choices(range(self.members), cum_weights=self.weights[: self.members], k=share):
            yield self.message(user, START_MS + self.minute * 60_000 + self.dice.randrange(50_000))

    def message(self, user: int, at: int) -> Activity:
        return Activity(
            f"discord:message:{next(_numbers)}",
            f"discord:{self.context.guild_id}",
            f"discord:{10**17 + user}",
            "message",
            at,
            {
                "name": f"Member {user}",
                "avatar": "",
                "roles": ["1000000000000000011", "1000000000000000012"],
                "channel": "1000000000000000021",
                "category": "1000000000000000031",
            },
        )


@dataclass
class Clock:
    """Seconds and WAL bytes that went into work."""

    seconds: list[float] = field(default_factory=list)
    wal: int = 0

    def measure(self, work: Callable[[], Any]) -> None:
        before = _wal()
        started = time.perf_counter()
        work()
        self.seconds.append(time.perf_counter() - started)
        self.wal += _wal() - before


def run() -> list[Result]:
    """All metrics of `ingest`."""
    towns = [found_town(number) for number in range(200)]
    routing = Routing()
    routing.load()
    consumer = Consumer(
        stream=stream_redis(), cache=cache_redis(), routing=routing, partitions=settings.ACTIVITY_PARTITIONS
    )
    calm_collector()  # as manage.py run_ingest does
    consumer.take_partitions()
    twenty = towns[:20]
    for town in twenty:
        populate(town, consumer)
    results = _against_copy(consumer, twenty)
    results.append(_growth(consumer, towns))
    consumer.stop()
    consumer.run()
    return results


def _against_copy(consumer: Consumer, towns: list[Town]) -> list[Result]:
    _warm(consumer, towns, 8)
    floor = CopyFloor(towns)
    ours, copied = Clock(), Clock()
    for _ in range(4):
        floor.prepare()
        floor.copy()
    for _ in range(40):
        offer(towns)
        ours.measure(lambda: drain(consumer))
        floor.prepare()
        copied.measure(floor.copy)
    activities = SHARE * len(towns)
    rate, floor_rate = (activities / median(clock.seconds) for clock in (ours, copied))
    orm_rate = _orm_rate(towns[0])
    detail = {
        "activities_per_s": round(rate),
        "copy_per_s": round(floor_rate),
        "connections": f"{BOOKERS} in one process; COPY: 1",
        "round": f"{SHARE} activities for each of {len(towns)} communities, {floor.entries} entries",
    }
    return [
        Result("ingest", "vs_copy", rate / floor_rate, ">=0.35", detail),
        Result(
            "ingest",
            "wal_vs_copy",
            ours.wal / copied.wal,
            "<=4",
            {
                "bytes_per_activity": round(ours.wal / 40 / activities),
                "copy_bytes_per_activity": round(copied.wal / 40 / activities),
            },
        ),
        Result(
            "ingest",
            "vs_orm",
            rate / orm_rate,
            ">=20",
            {"activities_per_s": round(rate), "orm_per_s": round(orm_rate)},
        ),
    ]


def _growth(consumer: Consumer, towns: list[Town]) -> Result:
    """The cost of an activity with 200 communities against 10, and with 2 M stored rows against 10 k, each once settled."""
    for town in towns[20:]:
        populate(town, consumer, members=100)
    few = _cost(consumer, towns[:10], 24)
    many = _cost(consumer, towns, 4)
    few_again = _cost(consumer, towns[:10], 24)
    per_town = 100_000
    for town in towns[:20]:
        _pile_up(town, per_town)
    heavy = _cost(consumer, towns[:10], 24)
    communities, rows = many / few, heavy / few_again
    return Result(
        "ingest",
        "growth",
        max(communities, rows),
        "<=1.3",
        {
            "200_communities_vs_10": round(communities, 3),
            "2M_rows_vs_10k": round(rows, 3),
            "us_per_activity_10": round(few * 1e6),
            "us_per_activity_200": round(many * 1e6),
            "us_per_activity_2M_rows": round(heavy * 1e6),
        },
    )


def _cost(consumer: Consumer, towns: list[Town], rounds: int) -> float:
    """Seconds an activity takes, once the pages that it touches have been written since the last checkpoint."""
    _settle(consumer, towns)
    clock = Clock()
    for _ in range(rounds):
        offer(towns)
        clock.measure(lambda: drain(consumer))
    return median(clock.seconds) / (SHARE * len(towns))


def found_town(number: int) -> Town:
    """A new community with the default rules and a linked guild."""
    tenant = provision_tenant(slug=f"bench-{number}", name=f"Bench {number}", seed=seed_community)
    link_guild(tenant=tenant, guild_id=10**18 + number)
    return Town(TenantContext.of(tenant, 10**18 + number), Random(number))


def populate(town: Town, consumer: Consumer, members: int = MEMBERS) -> None:
    town.members = members
    pipe = stream_redis().pipeline(transaction=False)
    for user in range(members):
        _add(pipe, town.message(user, START_MS + user))
    pipe.execute()
    drain(consumer)
    _age(town)


def _age(town: Town) -> None:
    """Months of points for everybody: in a community a day old, every other message would be a new level."""
    with enter_tenant(town.context):
        members = list(Standing.objects.order_by("pk").values_list("pk", flat=True))
    points = {member_id: 20_000 + town.dice.randrange(80_000) for member_id in members}
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(f"SET search_path = {town.context.schema}")
        cursor.executemany(
            "UPDATE ledger_balance SET current = current + %s, lifetime = lifetime + %s WHERE member_id = %s",
            [(amount, amount, member_id) for member_id, amount in points.items()],
        )
        cursor.executemany(
            "UPDATE member_progress SET level = %s WHERE member_id = %s",
            [(DEFAULT_CURVE.level_for(amount + 60), member_id) for member_id, amount in points.items()],
        )
        cursor.execute(in_schema(COUNT_WRITE, town.context.schema))


def offer(towns: list[Town]) -> None:
    pipe = stream_redis().pipeline(transaction=False)
    for town in towns:
        for activity in town.say(SHARE):
            _add(pipe, activity)
    pipe.execute()


def _add(pipe: Any, activity: Activity) -> None:
    partition = partition_of(activity.source, settings.ACTIVITY_PARTITIONS)
    pipe.xadd(stream_key(partition), {"a": encode_activity(activity)})


def drain(consumer: Consumer) -> None:
    while sum(stream_redis().xlen(stream_key(n)) for n in range(settings.ACTIVITY_PARTITIONS)):
        consumer.step(block_ms=10)


def _warm(consumer: Consumer, towns: list[Town], rounds: int) -> None:
    for _ in range(rounds):
        offer(towns)
        drain(consumer)


def _pile_up(town: Town, rows: int) -> None:
    """Stored activities with an entry each, older than everything, so that tables and indexes are large."""
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(f"SET search_path = {town.context.schema}")
        cursor.execute(
            "INSERT INTO activity (source_id, source, member_id, type, occurred_at, attributes) "
            "SELECT 'old:' || g, 'discord:1', 1 + g %% %s, 'message', '2026-01-01'::timestamptz + g * interval '1 s', "
            '\'{"channel": "1000000000000000021"}\' FROM generate_series(1, %s) g',
            [MEMBERS, rows],
        )
        cursor.execute(
            "INSERT INTO ledger_entry (member_id, amount, counter, cause_kind, cause_id, base_amount, occurred_at) "
            "SELECT 1 + g %% %s, 20, 9, 99, g, 20, '2026-01-01'::timestamptz + g * interval '1 s' "
            "FROM generate_series(1, %s) g",
            [MEMBERS, rows],
        )
        # What autovacuum would do in its own time; half a minute later it would run beside the measurement.
        cursor.execute("VACUUM (ANALYZE) activity, ledger_entry")


def _settle(consumer: Consumer, towns: list[Town]) -> None:
    """Go on until a page's first change after a checkpoint, which writes the whole page, is rare: one in twenty activities.

    A larger index has more pages, so it takes more rounds until each has had its first change: nothing that an
    activity costs, and everything that a short warm-up would measure. Bounded, should a checkpoint come in between.
    """
    for _ in range(40):
        before = _whole_pages()
        rounds = max(4, 200 // len(towns))
        _warm(consumer, towns, rounds)
        if (_whole_pages() - before) < rounds * len(towns) * SHARE / 20:
            return


def _whole_pages() -> int:
    with connection.cursor() as cursor:
        # Backends report what they wrote when they are idle, at most once a second.
        time.sleep(1.2)
        cursor.execute("SELECT wal_fpi FROM pg_stat_wal")
        return int(cursor.fetchone()[0])


def _wal() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn")
        return int(cursor.fetchone()[0])


class CopyFloor:
    """COPY of what one round wrote, from Python values, into twins of the two tables. It shares nothing with the product but the
    rows' width: psycopg's own COPY takes tuples and writes them."""

    def __init__(self, towns: list[Town]) -> None:
        self.lane: psycopg.Connection[Any] = open_lane("copy floor")
        self.schemas = [f"floor_{number}" for number in range(len(towns))]
        self.samples: list[tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]] = []
        self.pages: list[tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]] = []
        self.ids = count(10**9)
        with as_owner(), connection.cursor() as cursor:
            for town, schema in zip(towns, self.schemas, strict=True):
                cursor.execute(f"CREATE SCHEMA {schema}")
                for table in ("activity", "ledger_entry"):
                    cursor.execute(
                        f"CREATE TABLE {schema}.{table} (LIKE {town.context.schema}.{table} INCLUDING ALL)"
                    )
                cursor.execute(f"GRANT USAGE ON SCHEMA {schema} TO {app_role()}")
                cursor.execute(f"GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA {schema} TO {app_role()}")
        for town in towns:
            activities = self._rows(town, "activity", "ORDER BY id DESC LIMIT %s", SHARE)
            entries = self._rows(
                town,
                "ledger_entry",
                "WHERE cause_kind = 1 AND cause_id >= %s",
                min(row[0] for row in activities),
            )
            self.samples.append((activities, entries))
        self.entries = sum(len(entries) for _activities, entries in self.samples)

    def _rows(self, town: Town, table: str, which: str, value: int) -> list[tuple[Any, ...]]:
        found = self.lane.execute(
            f"SELECT * FROM {town.context.schema}.{table} {which}", (value,), prepare=False
        )
        return [tuple(json.dumps(v) if isinstance(v, dict) else v for v in row) for row in found.fetchall()]

    def prepare(self) -> None:
        """The next round's rows, with ids that are new. Not part of the measured time."""
        self.pages = []
        for activities, entries in self.samples:
            said = [
                (number := next(self.ids), f"discord:message:{number:019d}", *row[2:]) for row in activities
            ]
            booked = [(next(self.ids), *row[1:6], next(self.ids), *row[7:]) for row in entries]
            self.pages.append((said, booked))

    def copy(self) -> None:
        for schema, pages in zip(self.schemas, self.pages, strict=True):
            self.lane.execute("BEGIN", prepare=False)
            for table, rows in zip(("activity", "ledger_entry"), pages, strict=True):
                with self.lane.cursor().copy(f"COPY {schema}.{table} FROM STDIN") as copy:
                    for row in rows:
                        copy.write_row(row)
            self.lane.execute("COMMIT", prepare=False)


def _orm_rate(town: Town) -> float:
    """One ORM transaction an event: the activity, its entry, the balance and the standing."""
    events = 300
    with enter_tenant(town.context):
        started = time.perf_counter()
        for number in range(events):
            with transaction.atomic():
                balance = LedgerBalance.objects.select_for_update().order_by("member_id").first()
                assert balance is not None
                stored = StoredActivity.objects.create(
                    source_id=f"orm:{number}",
                    source="discord:1",
                    member_id=balance.member_id,
                    type="message",
                    occurred_at="2026-01-01T00:00Z",
                    attributes={"channel": "1", "roles": ["1", "2"]},
                )
                LedgerEntry.objects.create(
                    member_id=balance.member_id,
                    amount=20,
                    counter=9,
                    cause_kind=99,
                    cause_id=stored.pk,
                    base_amount=20,
                    occurred_at="2026-01-01T00:00Z",
                )
                LedgerBalance.objects.filter(member_id=balance.member_id).update(current=F("current") + 20)
                Standing.objects.filter(pk=balance.member_id).update(all_score=F("all_score") + 20)
        return events / (time.perf_counter() - started)
