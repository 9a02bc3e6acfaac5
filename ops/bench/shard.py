"""Gateway socket → stream, 1.2 kB messages, zstd: the bot's path against discord.py's and against nothing but the work.

Compared is the processor time that each contender's process spends on a message, so that the flood's and Redis' own time
on a busy machine does not count. Rounds of the three alternate, and the medians are compared.
"""

from __future__ import annotations

import subprocess
import sys
from statistics import median

import orjson
from django.conf import settings

from ops.bench.flooding import flooding
from ops.bench.results import Result
from ops.devstack.places import PROJECT
from saas.core.redis_clients import stream_redis

ROUNDS = 3
MESSAGES = 20_000
WARM = 2_000
CONTENDERS = ("bare", "product", "discordpy")
SECONDS = 180


def run() -> list[Result]:
    costs: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    rates: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    for _ in range(ROUNDS):
        for name in CONTENDERS:
            outcome = _round(name)
            costs[name].append(outcome["us_a_message"])
            rates[name].append(MESSAGES / outcome["wall_s"])
    cost = {name: median(values) for name, values in costs.items()}
    detail = {f"{name}_us": round(value, 2) for name, value in cost.items()} | {
        f"{name}_messages_a_second": round(median(values)) for name, values in rates.items()
    }
    detail |= {"messages": MESSAGES, "rounds": ROUNDS}
    return [
        Result("shard", "vs_discordpy", cost["discordpy"] / cost["product"], ">=3.5", detail),
        Result("shard", "vs_bare", cost["bare"] / cost["product"], ">=0.4", detail),
    ]


def _round(contender: str) -> dict[str, float]:
    stream_redis().flushdb()
    with flooding(20) as flood:
        answer = subprocess.run(
            [
                sys.executable, "-m", "ops.bench.shard_runner", contender, flood.address, settings.REDIS_STREAM_URL,
                "--messages", str(MESSAGES), "--warm", str(WARM),
            ],
            cwd=PROJECT, stdout=subprocess.PIPE, text=True, timeout=SECONDS, check=True,
        )  # fmt: skip
    outcome: dict[str, float] = orjson.loads(answer.stdout.strip().splitlines()[-1])
    return outcome
