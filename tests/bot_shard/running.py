"""A bot process on the local Discord, inside a test or as a process of its own that can be killed.

As a program: `python -m tests.bot_shard.running '<options as JSON>'` says READY once its shards are, and runs until
SIGTERM.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson
from redis import Redis

from bot_shard.gateway import GatewayClient
from bot_shard.process import BotOptions, BotProcess
from engagement.activity.messages import Activity, decode_activity

PARTITIONS = 4


class Linked:
    def __init__(self, guild_ids: Iterable[int]) -> None:
        self._guild_ids = frozenset(guild_ids)

    def linked_guilds(self) -> frozenset[int]:
        return self._guild_ids


def options(api_url: str, redis_url: str, *, shards: int = 1, **more: Any) -> BotOptions:
    return BotOptions(
        **{
            "token": "local-bot-token", "api_url": api_url, "stream_url": redis_url, "cache_url": redis_url,
            "partitions": PARTITIONS, "shard_ids": tuple(range(shards)), "shard_count": shards,
        } | more
    )  # fmt: skip


@asynccontextmanager
async def running(chosen: BotOptions, guild_ids: Iterable[int]) -> AsyncIterator[BotProcess[GatewayClient]]:
    """In this loop; stopped as planned at the end."""
    process, stop = BotProcess(chosen, Linked(guild_ids), client=GatewayClient), asyncio.Event()
    task = asyncio.create_task(process.run(stop))
    try:
        await until(lambda: process.ready or task.done())
        if task.done():
            task.result()
        yield process
    finally:
        stop.set()
        await asyncio.wait_for(task, 60)


async def until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "what was waited for did not happen in time"
        await asyncio.sleep(0.02)


async def comes(
    look: Callable[[], Awaitable[Any]], right: Callable[[Any], object], seconds: float = 60.0
) -> Any:
    """What `look` finds, once it is right."""
    deadline = time.monotonic() + seconds
    while not right(found := await look()):
        assert time.monotonic() < deadline, f"it stayed {found!r}"
        await asyncio.sleep(0.05)
    return found


def read_stream(redis: Redis) -> list[Activity]:
    """Everything on the stream, partition by partition."""
    found: list[Activity] = []
    for partition in range(PARTITIONS):
        rows: Any = redis.xrange(f"activities:{partition}")
        found += [decode_activity(fields[b"a"]) for _, fields in rows]
    return found


def message_ids(redis: Redis) -> Counter[str]:
    return Counter(
        activity.source_id.rsplit(":", 1)[1]
        for activity in read_stream(redis)
        if activity.type in {"message", "reply"}
    )


class BotChild:
    """The same in a process of its own."""

    def __init__(self, chosen: BotOptions, guild_ids: Iterable[int]) -> None:
        self.chosen = chosen
        self.guild_ids = list(guild_ids)
        self.lines: list[str] = []
        self._process: subprocess.Popen[str] | None = None

    def start(self, *, wait: bool = True) -> None:
        settings = orjson.dumps({"options": asdict(self.chosen), "guilds": self.guild_ids}).decode()
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.bot_shard.running", settings],
            cwd=Path(__file__).resolve().parent.parent.parent,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._process = process
        ready = threading.Event()

        def follow() -> None:
            assert process.stdout is not None
            for line in process.stdout:
                self.lines.append(line)
                if line.startswith("READY"):
                    ready.set()
            process.stdout.close()
            ready.set()

        threading.Thread(target=follow, daemon=True).start()
        if wait:
            assert ready.wait(60), "the bot was not ready in time:\n" + "".join(self.lines)
            assert process.poll() is None, "".join(self.lines)

    def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> int:
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(60)

    def close(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill()


async def _main() -> None:
    given = orjson.loads(sys.argv[1])
    given["options"]["shard_ids"] = tuple(given["options"]["shard_ids"])
    process, stop = (
        BotProcess(BotOptions(**given["options"]), Linked(given["guilds"]), client=GatewayClient),
        asyncio.Event(),
    )
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    task = asyncio.create_task(process.run(stop))
    await until(lambda: process.ready or task.done(), 60)
    print("READY", flush=True)  # noqa: T201 — the test waits for it
    await task


if __name__ == "__main__":
    asyncio.run(_main())
