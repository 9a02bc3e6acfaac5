"""What a process needs at most. A part a kind of process; each part measures in processes of its own."""

from __future__ import annotations

from ops.bench.results import Result
from ops.bench.shard_memory import measure_shard


def run() -> list[Result]:
    return [*measure_shard()]
