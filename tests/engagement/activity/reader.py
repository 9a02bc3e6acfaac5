"""An ingest process for tests that kill it: `python -m tests.engagement.activity.reader --die commit --after 3`.

`--die commit` kills it with signal 9 right after the n-th commit, before anything is acknowledged; `--die read` right after the
n-th read. `--acknowledge-first` is the bug that these tests must be able to see.
"""

from __future__ import annotations

import argparse
import os
import signal
import time
from collections.abc import Callable
from itertools import count
from typing import Any

import django


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--die", choices=["commit", "read", "never"], default="never")
    parser.add_argument("--after", type=int, default=1)
    parser.add_argument("--acknowledge-first", action="store_true")
    parser.add_argument("--until-empty", action="store_true")
    arguments = parser.parse_args()
    django.setup()

    from django.conf import settings

    from engagement.activity import booker
    from engagement.activity import consumer as module
    from engagement.activity.stream import backlog
    from saas.core.redis_clients import cache_redis, stream_redis
    from tenants.routing import Routing

    module.BATCH = 40  # type: ignore[misc]  # small batches, so that there is something to die between
    if arguments.acknowledge_first:
        _acknowledge_first(module)
    if arguments.die == "commit":
        booker.ingest_batch = _dying(booker.ingest_batch, arguments.after)  # type: ignore[assignment]
    if arguments.die == "read":
        module.read_entries = _dying(module.read_entries, arguments.after)  # type: ignore[assignment]
    routing = Routing()
    routing.load()
    consumer = module.Consumer(
        stream=stream_redis(), cache=cache_redis(), routing=routing, partitions=settings.ACTIVITY_PARTITIONS
    )
    signal.signal(signal.SIGTERM, lambda *_: consumer.stop())
    if arguments.until_empty:
        _stop_when_empty(
            consumer, lambda: sum(backlog(stream_redis(), settings.ACTIVITY_PARTITIONS).values())
        )
    consumer.run()


def _dying(work: Callable[..., Any], after: int) -> Callable[..., Any]:
    calls = count(1)

    def wrapped(*args: Any, **options: Any) -> Any:
        result = work(*args, **options)
        if result and next(calls) >= after:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return wrapped


def _acknowledge_first(module: Any) -> None:
    read = module.read_entries

    def read_and_forget(redis: Any, *args: Any, **options: Any) -> Any:
        entries = read(redis, *args, **options)
        module.acknowledge(redis, entries)
        return entries

    module.read_entries = read_and_forget


def _stop_when_empty(consumer: Any, waiting: Callable[[], int]) -> None:
    step = consumer.step
    empty_since = [0.0]

    def watched(**options: Any) -> int:
        taken: int = step(**options)
        if taken or waiting():
            empty_since[0] = 0.0
        elif not empty_since[0]:
            empty_since[0] = time.monotonic()
        elif time.monotonic() - empty_since[0] > 0.3:
            consumer.stop()
        return taken

    consumer.step = watched


if __name__ == "__main__":
    main()
