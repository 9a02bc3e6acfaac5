"""What waits, as figures: jobs by queue and state, activities by stream. The worker serves them.

Asked on each scrape, from one process: every process counting the same tables would give sums that mean nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import redis
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from engagement.activity.messages import stream_key

# Finished jobs are pruned and say nothing of what waits.
WAITING_STATES = ("todo", "doing", "failed")


class BacklogCollector(Collector):
    """A server that is away leaves its figures out; the probes say that it is away."""

    def describe(self) -> Iterator[Metric]:
        """Nothing is asked when the collector is registered."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        try:
            yield from _collect_jobs()
            yield from _collect_stripe()
        except (DatabaseError, InterfaceError):
            pass
        finally:
            connection.close()  # the serving thread's own
        with contextlib.suppress(redis.RedisError):
            yield _collect_streams()


def _collect_jobs() -> Iterator[Metric]:
    waiting = GaugeMetricFamily("engagehub_jobs", "Jobs by queue and state.", labels=["queue", "state"])
    oldest = GaugeMetricFamily(
        "engagehub_jobs_oldest_due_seconds",
        "How long the job that is due longest has been due.",
        labels=["queue"],
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT queue_name, status::text, count(*) FROM public.procrastinate_jobs"
            " WHERE status::text = ANY(%s) GROUP BY 1, 2",
            [list(WAITING_STATES)],
        )
        for queue, state, count in cursor.fetchall():
            waiting.add_metric([queue, state], count)
        # A job without a moment of its own is due since it was deferred, which its events tell.
        cursor.execute(
            "SELECT j.queue_name, extract(epoch FROM now() - min(coalesce(j.scheduled_at, e.at)))"
            " FROM public.procrastinate_jobs j JOIN public.procrastinate_events e ON e.job_id = j.id AND e.type = 'deferred'"
            " WHERE j.status = 'todo' AND coalesce(j.scheduled_at, e.at) <= now() GROUP BY 1"
        )
        for queue, seconds in cursor.fetchall():
            oldest.add_metric([queue], float(seconds))
    yield waiting
    yield oldest


def _collect_stripe() -> Iterator[Metric]:
    """What Stripe told that is not settled, and when it was last compared with."""
    inbox = GaugeMetricFamily(
        "engagehub_stripe_inbox", "Stripe's events that wait or failed.", labels=["state"]
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s, count(e.id), coalesce(extract(epoch FROM now() - min(e.received_at)), 0)"
            " FROM unnest(array['received', 'failed']) AS s LEFT JOIN public.stripe_event e ON e.state = s GROUP BY 1"
        )
        rows = {state: (count, float(seconds)) for state, count, seconds in cursor.fetchall()}
        cursor.execute(
            "SELECT extract(epoch FROM max(started_at)) FROM public.reconciliation WHERE error = ''"
        )
        reconciled = cursor.fetchone()[0]
    for state, (count, _) in rows.items():
        inbox.add_metric([state], count)
    yield inbox
    yield GaugeMetricFamily(
        "engagehub_stripe_inbox_oldest_seconds",
        "How long the event that waits longest has waited.",
        value=rows["received"][1],
    )
    if reconciled is not None:
        yield GaugeMetricFamily(
            "engagehub_billing_reconciled_seconds",
            "Unix time at which the newest comparison with Stripe that succeeded began.",
            value=float(reconciled),
        )


def _collect_streams() -> Metric:
    entries = GaugeMetricFamily(
        "engagehub_stream_entries",
        "Activities that wait in a stream; booked ones are trimmed.",
        labels=["partition"],
    )
    with redis.Redis.from_url(
        settings.REDIS_STREAM_URL, socket_timeout=2, socket_connect_timeout=2
    ) as client:
        for partition in range(settings.ACTIVITY_PARTITIONS):
            entries.add_metric([str(partition)], int(client.xlen(stream_key(partition))))
    return entries
