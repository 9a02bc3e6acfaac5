"""Commands while 5,000 messages a second flow through the same shard: from the interaction on the wire to its answer.

The whole bot runs as in production: gateway, stream, desk, cogs, Postgres. Members ask `/profile`, `/leaderboard`,
`/history`, `/earn` and `/help` in turn, spread over the communities. Time is taken by the gateway's process; the p99 is
the median of three rounds, so that one hiccup of the machine does not stand for the bot.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from statistics import median
from typing import Any

from engagement.audit.actor import SYSTEM
from engagement.commands.services import set_command_policy
from engagement.kinds import seed_community
from engagement.progression.services import Actor, adjust_points, ensure_member
from ops.bench.flood import BOT_ID, snowflake
from ops.bench.flooding import Flood, flooding
from ops.bench.results import Result
from ops.devstack.places import PROJECT
from tenants.context import TenantContext, enter_tenant
from tenants.provisioning import provision_tenant
from tenants.services import link_guild

GUILDS = 10
MEMBERS = 50
RATE = 5_000
QUESTIONS = 600
ROUNDS = 3
A_SECOND = 20
COMMANDS = ("profile", "leaderboard", "history", "earn", "help")
FIRST_GUILD = 2_000_000_000_000_000_000
FIRST_MEMBER = 4_000_000_000_000_000_000


def run() -> list[Result]:
    guild_ids = [_make_community(number) for number in range(GUILDS)]
    with flooding(GUILDS, guild_ids=guild_ids) as flood:
        bot = _start_bot(flood)
        try:
            quiet = _ask_all(flood, guild_ids, QUESTIONS // 4, "a")
            sent_before = flood.get("/state")["sent"]
            began = time.monotonic()
            flood.post("/flood", {"messages": RATE * 120, "rate": RATE})
            time.sleep(1.0)
            rounds = [_ask_all(flood, guild_ids, QUESTIONS // ROUNDS, word) for word in "bcd"]
            rate = (flood.get("/state")["sent"] - sent_before) / (time.monotonic() - began)
        finally:
            bot.send_signal(signal.SIGTERM)
            bot.wait(20)
    busy = sorted(milliseconds for each in rounds for milliseconds in each)
    slowest = [_percentile(each, 99) for each in rounds]
    detail: dict[str, Any] = {
        "questions": QUESTIONS, "messages_a_second": round(rate), "p99_ms_of_each_round": slowest, "p50_ms": _percentile(busy, 50),
        "max_ms": round(max(busy), 1), "quiet_p50_ms": _percentile(quiet, 50), "quiet_p99_ms": _percentile(quiet, 99),
    }  # fmt: skip
    late = sum(milliseconds > 3_000 for milliseconds in busy) + QUESTIONS - len(busy)
    return [
        Result("commands", "p99_ms", median(slowest), "<250", detail),
        Result("commands", "over_3s", late, "<=0", detail),
    ]


def _make_community(number: int) -> int:
    """A community of fifty people with points, linked to a guild."""
    tenant = provision_tenant(slug=f"bench-{number}", name=f"Bench {number}", seed=seed_community)
    guild_id = FIRST_GUILD + (number << 22)
    link_guild(tenant=tenant, guild_id=guild_id)
    context = TenantContext.of(tenant, guild_id)
    with enter_tenant(context):
        set_command_policy(actor=SYSTEM, uses=100, seconds=1)
        for place in range(MEMBERS):
            member = ensure_member(
                provider="discord", external_id=str(FIRST_MEMBER + place), display_name=f"Person {place}"
            )
            adjust_points(
                member_id=member.pk, amount=place * 10 + 1, reason="Bench", actor=Actor("system", 0, "Bench"),
                idempotency_key=f"bench-{place}", context=context,
            )  # fmt: skip
    return guild_id


def _start_bot(flood: Flood) -> subprocess.Popen[bytes]:
    environment = os.environ | {
        "DISCORD_API_URL": flood.address,
        "DISCORD_BOT_TOKEN": "bench-token",
        "METRICS_ADDRESS": "",
    }
    bot = subprocess.Popen(
        [sys.executable, "manage.py", "run_shards", "--shards", "0", "--shard-count", "1"],
        cwd=PROJECT, env=environment, stdout=sys.stderr,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not flood.get("/state")["connections"]:
        if bot.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("The bot did not connect to the flooding gateway.")
        time.sleep(0.1)
    time.sleep(1.0)
    return bot


def _ask_all(flood: Flood, guild_ids: list[int], count: int, series: str) -> list[float]:
    """Ask at a steady pace, wait for the last answers, and return the milliseconds that each took."""
    known = len(flood.get("/state")["answers"])
    for number in range(count):
        due = time.monotonic() + 1 / A_SECOND
        flood.post("/ask", {"data": _question(number, guild_ids[number % len(guild_ids)], series)})
        time.sleep(max(0.0, due - time.monotonic()))
    deadline = time.monotonic() + 10
    while len(answers := flood.get("/state")["answers"][known:]) < count and time.monotonic() < deadline:
        time.sleep(0.1)
    _check(answers)
    return [answer["ms"] for answer in answers]


def _check(answers: list[dict[str, Any]]) -> None:
    """An apology is quick too: it must not be taken for an answer."""
    apologies = [answer["body"] for answer in answers if "Ref " in answer["body"]]
    if apologies:
        raise RuntimeError(f"{len(apologies)} commands failed, such as: {apologies[0]}")


def _question(number: int, guild_id: int, series: str) -> dict[str, Any]:
    user = str(FIRST_MEMBER + number % MEMBERS)
    name = COMMANDS[number % len(COMMANDS)]
    return {
        "id": snowflake(number + 100_000 * "abcd".index(series)), "application_id": BOT_ID, "type": 2, "version": 1,
        "token": f"token-{series}-{number}", "guild_id": str(guild_id), "channel_id": str(guild_id + 2),
        "channel": {"id": str(guild_id + 2), "type": 0, "name": "general", "position": 0, "permission_overwrites": [], "nsfw": False, "parent_id": None},
        "locale": "en-US", "guild_locale": "en-US", "app_permissions": "2248473465835073", "entitlements": [],
        "attachment_size_limit": 10_485_760, "authorizing_integration_owners": {"0": str(guild_id)}, "context": 0,
        "guild": {"id": str(guild_id), "locale": "en-US", "features": []},
        "member": {
            "user": {"id": user, "username": f"person{user[-2:]}", "discriminator": "0", "avatar": None, "global_name": None},
            "roles": [], "joined_at": "2025-01-01T00:00:00+00:00", "deaf": False, "mute": False, "flags": 0,
            "permissions": "2248473465835073", "pending": False, "nick": None, "avatar": None,
        },
        "data": {"id": "1", "name": name, "type": 1, "options": []},
    }  # fmt: skip


def _percentile(values: list[float], percent: int) -> float:
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, len(ordered) * percent // 100)], 1)
