"""The bot's memory: at 1,000 guilds of 40 channels and 25 roles, and how much of that the guilds are.

The floor is the same process at one guild; both are the whole bot as `manage.py run_shards` starts it, after some traffic.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

from ops.bench.flooding import flooding
from ops.bench.results import Result
from ops.devstack.places import PROJECT
from saas.core.redis_clients import stream_redis

GUILDS = 1_000
MESSAGES = 5_000


def measure_shard() -> list[Result]:
    alone, full = _resident(1), _resident(GUILDS)
    detail = {"guilds": GUILDS, "at_1_guild_mb": round(alone, 1), "at_1000_guilds_mb": round(full, 1)}
    return [
        Result("memory", "shard_mb", full, "<=150", detail),
        Result("memory", "guilds_mb", full - alone, "<=25", detail),
    ]


def _resident(guilds: int) -> float:
    """Resident megabytes once every guild has been heard of and messages have been passed on."""
    stream_redis().flushdb()
    with flooding(guilds) as flood:
        environment = os.environ | {
            "DISCORD_API_URL": flood.address,
            "DISCORD_BOT_TOKEN": "bench-token",
            "METRICS_ADDRESS": "",
        }
        bot = subprocess.Popen(
            [sys.executable, "manage.py", "run_shards", "--shards", "0", "--shard-count", "1"],
            cwd=PROJECT, env=environment, stdout=sys.stderr,
        )  # fmt: skip
        try:
            deadline = time.monotonic() + 60
            while stream_redis().hlen("shard:0:guilds") < guilds:
                if bot.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("The bot did not hear of every guild.")
                time.sleep(0.2)
            flood.post("/flood", {"messages": MESSAGES, "rate": 0})
            time.sleep(3.0)
            kilobytes = subprocess.check_output(["ps", "-o", "rss=", "-p", str(bot.pid)], text=True)
            return int(kilobytes) / 1024
        finally:
            bot.send_signal(signal.SIGTERM)
            bot.wait(20)
