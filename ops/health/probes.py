"""What readiness means: the things without which a process cannot do its work.

The database is needed by everyone. Redis for wake-ups and caches may be lost at any time (DESIGN section 2), and the
web answers pages without the stream's: both are reported, only a required one turns readiness off.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import redis
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

PROBE_SECONDS = 1.0


@dataclass(frozen=True)
class Probe:
    name: str
    ok: bool
    required: bool
    milliseconds: float
    problem: str = ""


def probe_all(*, stream_required: bool = False) -> list[Probe]:
    """Ask each server something small. Never raises."""
    return [
        _timed("database", _ask_database, required=True),
        _timed("redis_stream", lambda: _ask_redis(settings.REDIS_STREAM_URL), required=stream_required),
        _timed("redis", lambda: _ask_redis(settings.REDIS_URL), required=False),
    ]


def is_ready(probes: list[Probe]) -> bool:
    return all(probe.ok for probe in probes if probe.required)


def _timed(name: str, ask: Callable[[], None], *, required: bool) -> Probe:
    began = time.perf_counter()
    problem = ""
    try:
        ask()
    except (DatabaseError, InterfaceError, redis.RedisError, OSError) as error:
        # The message may hold an address or a user name; the class says enough to a probe.
        problem = type(error).__name__
    return Probe(name, not problem, required, round((time.perf_counter() - began) * 1000, 1), problem)


def _ask_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _ask_redis(url: str) -> None:
    with redis.Redis.from_url(
        url, socket_timeout=PROBE_SECONDS, socket_connect_timeout=PROBE_SECONDS
    ) as client:
        client.ping()
