"""Puts days of the demo's history into the activity stream and has them booked by ingest, as everything else is.

Invariants: nobody is told of what happened long ago, so the jobs that the past defers are dropped again, except the one that
asks Discord what those are called whom the history knows by their id alone; afterwards rows carry the moment of which they
speak, as they would had they been booked then. That last step needs the owner's role, because the ledger cannot be changed
by anybody else.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction

from engagement.activity.consumer import Consumer
from engagement.activity.messages import Activity, encode_activity, partition_of, stream_key
from engagement.activity.models import Activity as StoredActivity
from saas.core.errors import UnavailableError
from saas.core.redis_clients import cache_redis, stream_redis
from tenants.context import TenantContext, enter_tenant
from tenants.owner import as_owner
from tenants.routing import Routing

from .communities import DemoCommunity
from .history import make_day

CHUNK: Final = 2_000
PATIENCE: Final = 120.0  # seconds for one chunk
_LOOKS_UP_NAMES: Final = "integrations.discord.look_up_names"
_BACKDATE: Final = (
    "UPDATE {s}.ledger_entry SET created_at = occurred_at WHERE created_at >= %s AND created_at - occurred_at > '1 hour'",
    "UPDATE {s}.activity SET arrived_at = occurred_at WHERE arrived_at >= %s AND arrived_at - occurred_at > '1 hour'",
    "UPDATE {s}.member m SET created_at = f.first FROM (SELECT member_id, min(occurred_at) AS first FROM {s}.activity"
    " GROUP BY member_id) f WHERE f.member_id = m.id AND m.created_at >= %s AND m.created_at > f.first",
)


@dataclass(frozen=True, slots=True)
class Fed:
    """What became of one community: days fed, activities offered (those known already change nothing), seconds."""

    days: int
    activities: int
    seconds: float


class Feeder:
    """Feeds communities one after another. Ends its leases when left: `with Feeder() as feeder`."""

    def __init__(self) -> None:
        routing = Routing()
        routing.load()
        self.consumer = Consumer(
            stream=stream_redis(),
            cache=cache_redis(),
            routing=routing,
            partitions=settings.ACTIVITY_PARTITIONS,
        )

    def __enter__(self) -> Feeder:
        self.consumer.take_partitions()
        return self

    def __exit__(self, *_error: object) -> None:
        self.consumer.stop()
        self.consumer.run()

    def feed(
        self,
        community: DemoCommunity,
        context: TenantContext,
        *,
        born: date,
        key_id: int | None,
        now: datetime,
    ) -> Fed:
        """Every day up to `now` that is not there yet, the last one known once more, because it may have been cut short.

        Idempotent on the activities' ids. Raises UnavailableError when nobody books what was offered.
        """
        began = time.monotonic()
        started_at = now
        newest = newest_job()
        days = list(_days_to_feed(community, context, born=born, key_id=key_id, now=now))
        offered = 0
        for chunk in _chunks(_activities(community, days, born, key_id, now)):
            offered += len(chunk)
            self._book(chunk)
        drop_jobs(context.schema, after=newest)
        _backdate(context.schema, since=started_at)
        return Fed(len(days), offered, time.monotonic() - began)

    def _book(self, chunk: list[Activity]) -> None:
        pipe = stream_redis().pipeline(transaction=False)
        streams = set()
        for activity in chunk:
            stream = stream_key(partition_of(activity.source, settings.ACTIVITY_PARTITIONS))
            streams.add(stream)
            pipe.xadd(stream, {"a": encode_activity(activity)})
        pipe.execute()
        deadline = time.monotonic() + PATIENCE
        while any(stream_redis().xlen(stream) for stream in streams):
            if time.monotonic() > deadline:
                raise UnavailableError(
                    "The demo's activities wait in the stream and nobody books them. Is an ingest process stuck? Its log "
                    "says why; `manage.py doctor` checks its servers."
                )
            # A running ingest may hold the partitions: then it books, and this only waits.
            self.consumer.take_partitions()
            self.consumer.step(block_ms=20)


def _days_to_feed(
    community: DemoCommunity, context: TenantContext, *, born: date, key_id: int | None, now: datetime
) -> Iterator[date]:
    first = community.first_day(born)
    today = now.astimezone(ZoneInfo(community.timezone)).date()
    days = [first + timedelta(days=number) for number in range((today - first).days + 1)]
    known = 0
    with enter_tenant(context):
        for number in range(len(days) - 1, -1, -1):
            sample = [
                one.source_id for one in islice(make_day(community, first, days[number], key_id=key_id), 3)
            ]
            if StoredActivity.objects.filter(source_id__in=sample).exists():
                known = number
                break
    yield from days[known:]


def _activities(
    community: DemoCommunity, days: Iterable[date], born: date, key_id: int | None, now: datetime
) -> Iterator[Activity]:
    latest = int(now.timestamp() * 1000)
    for day in days:
        for activity in make_day(community, community.first_day(born), day, key_id=key_id):
            if activity.occurred_ms <= latest:
                yield activity


def _chunks(activities: Iterator[Activity]) -> Iterator[list[Activity]]:
    while chunk := list(islice(activities, CHUNK)):
        yield chunk


def newest_job() -> int:
    """The number of the last job there is: what comes after it, the past deferred."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM public.procrastinate_jobs")
        return int(cursor.fetchone()[0])


def drop_jobs(schema: str, *, after: int) -> None:
    """Nobody is told of what happened long ago."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM public.procrastinate_jobs WHERE id > %s AND status = 'todo' AND args->>'tenant' = %s"
            " AND task_name <> %s",
            [after, schema, _LOOKS_UP_NAMES],
        )


@contextmanager
def in_the_past(schema: str, *, since: datetime) -> Iterator[None]:
    """What is done in here with the clock held back is dated as it would have been then, and nobody is told of it now. Not inside
    a tenant."""
    newest = newest_job()
    yield
    drop_jobs(schema, after=newest)
    _backdate(schema, since=since)


def _backdate(schema: str, *, since: datetime) -> None:
    with as_owner(), transaction.atomic(), connection.cursor() as cursor:
        for statement in _BACKDATE:
            cursor.execute(statement.format(s=f'"{schema}"'), [since])
