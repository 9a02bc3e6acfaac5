"""What paying by use costs ingest: stream → committed with and without communities that are counted meanwhile.

Ten communities of 5,000 active members pay for Scale and allow a bill above it; ten more just like them have a plan that counts
nothing. Rounds of the two alternate. While a metered round runs, a worker in a process of its own counts each of its communities,
whole, as it does at most once an hour; a round is 1,000 activities a community, what so large a one does in an hour. The third
kind of round, metered communities that nobody counts, shows how far the two groups differ by themselves.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import accumulate
from statistics import median
from typing import Final

from django.conf import settings

from billing.entitling import give_plan, write_entitlements
from billing.models import Payer, SpendingCap, Subscription
from engagement.activity.consumer import Consumer, calm_collector
from ops.bench.ingest import SHARE, START_MS, Town, drain, found_town, offer, populate
from ops.bench.results import Result
from ops.devstack.places import PROJECT
from saas.core.redis_clients import cache_redis, stream_redis
from tenants.models import Tenant, User
from tenants.routing import Routing

MEMBERS: Final = 5_000
TOWNS: Final = 10
BATCHES: Final = 40  # of a round: 1,000 activities a community
ROUNDS: Final = 15
# The month in which the members of ops.bench.ingest speak.
NOW: Final = datetime.fromtimestamp(START_MS / 1000, UTC)


def run() -> list[Result]:
    """`metering.vs_without`: seconds of an activity in counted communities by those in others."""
    settings.BILLING_ON = True
    metered = [_found(number) for number in range(TOWNS)]
    others = [_found(number) for number in range(TOWNS, 2 * TOWNS)]
    payer = Payer.objects.create(user=User.objects.create(email="payer@bench.example"), stripe_id="cus_bench")
    for town in metered:
        _pay_by_use(payer, town)
    for town in others:
        give_plan(tenant_id=town.context.tenant_id, plan="enterprise")
    routing = Routing()
    routing.load()
    consumer = Consumer(
        stream=stream_redis(), cache=cache_redis(), routing=routing, partitions=settings.ACTIVITY_PARTITIONS
    )
    calm_collector()
    consumer.take_partitions()
    for town in (*metered, *others):
        populate(town, consumer, members=MEMBERS)
    results = _compare(consumer, metered, others)
    consumer.stop()
    consumer.run()
    return results


def _compare(consumer: Consumer, metered: list[Town], others: list[Town]) -> list[Result]:
    with_it: list[float] = []
    without: list[float] = []
    uncounted: list[float] = []
    counting: list[float] = []
    with _counter(metered) as counter:
        for number in range(ROUNDS + 2):
            _ask(counter)
            seconds = [_time(consumer, metered)]
            counted = _answer(counter)
            seconds += [_time(consumer, others), _time(consumer, metered)]
            if number < 2:
                continue  # the first pages after a checkpoint, and a worker that has read nothing yet
            counting.append(counted)
            for kind, took in zip((with_it, without, uncounted), seconds, strict=True):
                kind.append(took)
    activities = TOWNS * BATCHES * SHARE
    return [
        Result(
            "metering",
            "vs_without",
            median(with_it) / median(without),
            "<=1.03",
            {
                "uncounted_vs_without": round(median(uncounted) / median(without), 3),
                "activities_per_s": round(activities / median(with_it)),
                "count_ms": round(median(counting) * 1000 / TOWNS, 1),
                "round": f"{BATCHES * SHARE} activities for each of {TOWNS} communities of {MEMBERS} active members, "
                "each counted once",
            },
        )
    ]


def _found(number: int) -> Town:
    town = found_town(number)
    town.weights = list(accumulate(1 / (place + 1) for place in range(MEMBERS)))
    return town


def _pay_by_use(payer: Payer, town: Town) -> None:
    tenant = Tenant.objects.get(pk=town.context.tenant_id)
    Subscription.objects.create(
        tenant=tenant,
        payer=payer,
        stripe_id=f"sub_bench_{tenant.pk}",
        plan="scale",
        currency="usd",
        status="active",
        period_start=NOW.replace(day=1),
        period_end=NOW.replace(year=NOW.year + 1),
    )
    SpendingCap.objects.create(tenant=tenant, payer=payer, currency="usd", amount=100_000)
    write_entitlements(tenant_id=tenant.pk)


def _time(consumer: Consumer, towns: list[Town]) -> float:
    """Seconds of one round."""
    spent = 0.0
    for _ in range(BATCHES):
        offer(towns)
        began = time.perf_counter()
        drain(consumer)
        spent += time.perf_counter() - began
    return spent


Counter = subprocess.Popen[str]


@contextmanager
def _counter(towns: list[Town]) -> Iterator[Counter]:
    ids = [str(town.context.tenant_id) for town in towns]
    command = [sys.executable, "-m", "ops.bench.metering_counter", NOW.isoformat(), *ids]
    process = subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        _answer(process)
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=30)


def _ask(process: Counter) -> None:
    assert process.stdin is not None
    process.stdin.write("count\n")
    process.stdin.flush()


def _answer(process: Counter) -> float:
    """Raises RuntimeError where the worker died."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError("The process that counts has ended; what it said is above.")
    return float(line)
