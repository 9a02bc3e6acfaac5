"""What ingest needs: its resident memory after a day of a hundred communities in a few seconds."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from django.conf import settings

from engagement.activity.messages import encode_activity, partition_of, stream_key
from ops.bench.ingest import Town, found_town
from ops.bench.results import Result
from saas.core.redis_clients import stream_redis

COMMUNITIES = 100
MESSAGES = 60_000
SECONDS = 300


def measure_ingest() -> list[Result]:
    """Run `manage.py run_ingest` over messages of 1,000 people in each of 100 communities; answers its peak."""
    towns = [found_town(number) for number in range(COMMUNITIES)]
    environment = os.environ | {"METRICS_ADDRESS": ""}
    with subprocess.Popen([sys.executable, "manage.py", "run_ingest"], env=environment) as process:
        try:
            booked = _feed(towns)
            peak = _peak_mb(process.pid)
        finally:
            process.terminate()
            process.wait(timeout=20)
    return [
        Result(
            "memory",
            "ingest_mb",
            peak,
            "<=200",
            {"communities": COMMUNITIES, "activities": booked, "what": "peak resident set"},
        )
    ]


def _feed(towns: list[Town]) -> int:
    redis, sent = stream_redis(), 0
    deadline = time.monotonic() + SECONDS
    while sent < MESSAGES and time.monotonic() < deadline:
        pipe = redis.pipeline(transaction=False)
        for town in towns:
            for activity in town.say(25):
                partition = partition_of(activity.source, settings.ACTIVITY_PARTITIONS)
                pipe.xadd(stream_key(partition), {"a": encode_activity(activity)})
                sent += 1
        pipe.execute()
    while _waiting() and time.monotonic() < deadline:
        time.sleep(0.1)
    if _waiting():
        raise RuntimeError(f"Ingest did not book {sent} activities within {SECONDS} s.")
    return sent


def _waiting() -> int:
    return sum(int(stream_redis().xlen(stream_key(n))) for n in range(settings.ACTIVITY_PARTITIONS))


def _peak_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("The system does not tell a process' peak memory.")
