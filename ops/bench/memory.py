"""What a process needs at most. A part a kind of process; each part measures in processes of its own."""

from __future__ import annotations

from ops.bench.ingest_memory import measure_ingest
from ops.bench.memory_web import measure_web
from ops.bench.results import Result
from ops.bench.shard_memory import measure_shard


def run() -> list[Result]:
    return [*measure_shard(), *measure_ingest(), *measure_web()]
