"""Redemptions a second: one hot reward that all want, and a thousand different ones; against the bare SQL transaction.

Both are done by the same clients, processes of their own that hold a connection each, for a stretch at a time and in turns; a ratio is the
median of the rounds' own. Ours is the whole service in its tenant: repeats looked up, reward and member checked, redemption, ledger
entry and balance, news for others in the same commit, stock. Afterwards the books must balance.
"""

from __future__ import annotations

import subprocess
import sys
from statistics import median
from typing import Final

import psycopg
from django.conf import settings
from django.db import connection, connections

from engagement.ledger.statements import ledger_unit
from engagement.progression.newcomers import Newcomer, create_members
from engagement.progression.verification import verify_ledger
from engagement.rewards.models import Redemption, Reward
from ops.bench.redeem_floor import make_tables
from ops.bench.results import Result
from tenants.context import TenantContext, enter_tenant
from tenants.provisioning import provision_tenant

CLIENTS: Final = 8
REWARDS: Final = 1_000
MEMBERS: Final = 5_000
SECONDS: Final = 1.5
ROUNDS: Final = 9
SPREADS: Final = ("hot", "spread")
_POINTS: Final = 10**9
_GIVE: Final = """
WITH entry AS (INSERT INTO ledger_entry (member_id, amount, counter, cause_kind, cause_id, base_amount, occurred_at)
  SELECT id, %(points)s, 20, 21, id + 1000000000, %(points)s, now() FROM member)
UPDATE ledger_balance SET current = current + %(points)s WHERE currency = 0"""


def run() -> list[Result]:
    context = make_community()
    rates = measure(context.slug)
    check(context)
    connections.close_all()
    results = []
    for spread in SPREADS:
        ours, floor = rates["ours", spread], rates["floor", spread]
        ratios = sorted(mine / bare for mine, bare in zip(ours, floor, strict=True))
        detail = {
            "redemptions_per_second": round(median(ours)),
            "bare_per_second": round(median(floor)),
            "ratio_quartiles": [round(ratios[len(ratios) // 4], 2), round(ratios[len(ratios) * 3 // 4], 2)],
            "clients": CLIENTS,
            "rewards": 1 if spread == "hot" else REWARDS,
            "rounds": ROUNDS,
        }
        results.append(Result("redeem", f"{spread}_vs_sql", round(median(ratios), 3), ">=0.5", detail))
    return results


def make_community() -> TenantContext:
    """Members who can spend, one reward that all want, and a thousand others."""
    context = TenantContext.of(provision_tenant(slug="bench-shop", name="Bench shop"))
    with enter_tenant(context):
        with ledger_unit() as (run_sql, schema):
            create_members(
                run_sql,
                schema,
                [
                    Newcomer("discord", str(10**17 + n), f"Member {n}", "", None, False, [])
                    for n in range(MEMBERS)
                ],
            )
        with connection.cursor() as cursor:
            cursor.execute(_GIVE, {"points": _POINTS})
        Reward.objects.bulk_create(
            Reward(kind="custom", key=f"r{n}", name=f"Reward {n}", price=100, stock=_POINTS, state="active")
            for n in range(1, REWARDS + 2)
        )
    with psycopg.connect(settings.DATABASE_OWNER_URL, autocommit=True) as owner:
        make_tables(owner, context.schema)
        owner.execute("VACUUM ANALYZE")
    return context


def measure(slug: str) -> dict[tuple[str, str], list[float]]:
    """Redemptions a second of all clients together, a number a round."""
    command = [sys.executable, "-m", "ops.bench.redeem_client", slug]
    clients = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(CLIENTS)
    ]
    rates: dict[tuple[str, str], list[float]] = {
        (path, spread): [] for path in ("ours", "floor") for spread in SPREADS
    }
    try:
        for client in clients:
            assert _read(client) == "ready"
        for path, spread in rates:  # warm: connections, plans, caches
            _stretch(clients, path, spread, 0)
        for number in range(ROUNDS):
            for spread in SPREADS:
                # Whoever comes second finds what the first one left to flush: so they take turns at it.
                for path in ("ours", "floor") if number % 2 else ("floor", "ours"):
                    rates[path, spread].append(_stretch(clients, path, spread, number))
    finally:
        for client in clients:
            client.terminate()
            client.wait()
    return rates


def check(context: TenantContext) -> None:
    """Raises AssertionError where points, stock and redemptions disagree."""
    with enter_tenant(context):
        assert verify_ledger(context) == []
        held = sum(Reward.objects.values_list("reserved", flat=True))
        assert held == Redemption.objects.count()


def _stretch(clients: list[subprocess.Popen[str]], path: str, spread: str, number: int) -> float:
    for seed, client in enumerate(clients):
        assert client.stdin is not None
        client.stdin.write(f"{path} {spread} {SECONDS} {number * 100 + seed}\n")
        client.stdin.flush()
    return sum(int(_read(client)) for client in clients) / SECONDS


def _read(client: subprocess.Popen[str]) -> str:
    assert client.stdout is not None
    line = client.stdout.readline().strip()
    if not line:
        raise RuntimeError("A client of the benchmark ended; what it said is above.")
    return line
