"""Starts the flooding gateway (ops.bench.flood) as a process of its own, and talks to it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import requests

from ops.devstack.places import PROJECT


class Flood:
    def __init__(self, address: str) -> None:
        self.address = address

    def get(self, path: str) -> Any:
        return orjson.loads(requests.get(self.address + path, timeout=30).content)

    def post(self, path: str, order: dict[str, Any]) -> Any:
        answer = requests.post(self.address + path, data=orjson.dumps(order), timeout=60)
        answer.raise_for_status()
        return orjson.loads(answer.content)


@contextmanager
def flooding(guilds: int, *, guild_ids: list[int] | None = None) -> Iterator[Flood]:
    command = [sys.executable, "-m", "ops.bench.flood", "--guilds", str(guilds)]
    if guild_ids:
        command += ["--ids", ",".join(map(str, guild_ids))]
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield Flood(process.stdout.readline().strip())
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()
