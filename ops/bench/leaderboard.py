"""Leaderboards of a community of a million: my rank, page 5,000, ±5 around me, the top 100 of this week and season.

Each figure is the median of the product's whole selector over the median of `select 1` through Django's cursor; they are
measured in turn, so that a busy machine slows all. Rank, page and neighbours count names and levels in; the windows are
who stands there with which score, and what names add for a hundred rows stands in the detail. `growth` is the largest of the figures' ratios between
a million members and a hundred thousand. Ranks are compared with a plain count in the same snapshot while another
process gives points.
"""

from __future__ import annotations

import random
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from functools import cache
from typing import Any, Final

import psycopg
from django.conf import settings
from django.db import connection, transaction

from engagement.leaderboards.selectors import get_around, get_board, get_rank, list_leaders
from engagement.standings.models import ALL_TIME_START, LOWEST
from engagement.standings.periods import KINDS, period_starts
from engagement.standings.splitting import split_buckets
from ops.bench.results import Result
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tenants.provisioning import provision_tenant

SMALL: Final = 100_000
LARGE: Final = 1_000_000
PAGE: Final = 5_000
BLOCKS: Final = 8
WARMING: Final = 6
ROUNDS: Final = 50
WINDOW: Final = "window_vs_select1"
GOALS: Final = {
    "rank_vs_select1": "<=8",
    "page_vs_select1": "<=8",
    "around_vs_select1": "<=8",
    WINDOW: "<=5",
}

# Scores as communities have them: many small, few large; each member last earned within this week.
_PEOPLE: Final = """
INSERT INTO member (id, display_name, avatar_url, joined_at, is_bot, visibility, alias, timezone, locale, role_ids)
SELECT n, 'Member ' || n, 'https://cdn.example/' || n || '.png', now() - interval '1 year', false, 'visible', '', '', '', '[]'
FROM generate_series(1, %s) AS n"""
_PROGRESS: Final = "INSERT INTO member_progress (member_id, level, usage) SELECT n, n %% 60, '{}' FROM generate_series(1, %s) AS n"
_BALANCES: Final = (
    "INSERT INTO ledger_balance (member_id, currency, current, lifetime, debt) "
    "SELECT member_id, 0, all_score, all_score, 0 FROM standing"
)
_STANDINGS: Final = """
INSERT INTO standing (member_id, ranked, joined_at, tie_value, all_score, all_at, season_start, season_score, season_at,
  month_start, month_score, month_at, week_start, week_score, week_at)
SELECT n, n %% 50 <> 0, now() - interval '1 year', 0, score, at, %s, score / 3, at, %s, score / 9, at, %s, score / 20, at
FROM (SELECT n, floor(exp(6 + 2 * sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random())))::bigint AS score,
        now() - random() * interval '3 days' AS at FROM generate_series(1, %s) AS n) AS made"""
_HISTOGRAM: Final = (
    "INSERT INTO {table} (kind, starts_on, low_score, low_order, count) "
    "SELECT %s, %s, %s, %s, count(*) FROM standing WHERE ranked"
)
_PLAIN_RANK: Final = """
SELECT 1 + count(*) FROM standing s, (SELECT all_score, all_at, tie_value, joined_at, member_id FROM standing
  WHERE member_id = %s) AS me
WHERE s.ranked AND (s.all_score > me.all_score OR s.all_score = me.all_score AND
  (s.all_at, s.tie_value, s.joined_at, s.member_id) < (me.all_at, me.tie_value, me.joined_at, me.member_id))"""


def run() -> list[Result]:
    random.seed(7)
    small, large = (make_community(f"board-{size}", size) for size in (SMALL, LARGE))
    costs = measure({SMALL: small, LARGE: large})
    checked = check_while_points_change(large)
    growth = {name: costs[LARGE][name] / costs[SMALL][name] for name in GOALS}
    results = [
        Result(
            "leaderboard",
            name,
            costs[LARGE][name] / costs[LARGE]["select1"],
            goal,
            {
                "members": LARGE,
                "microseconds": round(costs[LARGE][name]),
                "select1_microseconds": round(costs[LARGE]["select1"]),
                f"microseconds_at_{SMALL}": round(costs[SMALL][name]),
                **({"with_names_microseconds": round(costs[LARGE]["named"])} if name == WINDOW else {}),
            },
        )
        for name, goal in GOALS.items()
    ]
    worst = max(growth, key=lambda name: growth[name])
    results.append(
        Result(
            "leaderboard",
            "growth",
            growth[worst],
            "<=2",
            {"worst": worst, "from": SMALL, "to": LARGE, "ranks_exact_while_points_change": checked},
        )
    )
    return results


def make_community(slug: str, size: int) -> TenantContext:
    """A tenant with `size` members, their standings, and the histogram as the product itself cuts it."""
    context = TenantContext.of(provision_tenant(slug=slug, name=slug))
    today = clock.now().date().toordinal()
    starts = dict(zip(KINDS, period_starts(today, context.first_weekday, "quarter"), strict=True))
    days = {kind: ALL_TIME_START.fromordinal(start) for kind, start in starts.items()}
    with enter_tenant(context):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT setseed(0.5)")
            cursor.execute(_PEOPLE, [size])
            cursor.execute(_PROGRESS, [size])
            cursor.execute(_STANDINGS, [days["season"], days["month"], days["week"], size])
            cursor.execute(_BALANCES)
            for kind, day in days.items():
                for table in ("standing_bucket", "standing_group"):
                    cursor.execute(_HISTOGRAM.format(table=table), [kind, day, LOWEST, LOWEST])
        _vacuum(context.schema)
        with transaction.atomic(), connection.cursor() as cursor:

            def run_sql(sql: str, parameters: Any) -> Any:
                cursor.execute(sql, parameters)
                return cursor

            split_buckets(
                run_sql, context.schema, [(kind, start, LOWEST, LOWEST) for kind, start in starts.items()]
            )
    _vacuum(context.schema)
    return context


def _vacuum(schema: str) -> None:
    """What autovacuum does in production."""
    with psycopg.connect(settings.DATABASE_OWNER_URL, autocommit=True) as owner:
        for table in (
            "standing",
            "standing_bucket",
            "standing_group",
            "standing_past",
            "member",
            "member_progress",
        ):
            owner.execute(f'VACUUM ANALYZE "{schema}"."{table}"')


def measure(communities: dict[int, TenantContext]) -> dict[int, dict[str, float]]:
    """Microseconds, median, of each selector and of the floor, by size of community. Calls take turns, and communities do by the
    block, so that whatever else the machine does falls on all of them."""
    times: dict[int, dict[str, list[float]]] = {size: defaultdict(list) for size in communities}
    for _ in range(BLOCKS):
        for size, context in communities.items():
            with enter_tenant(context):
                for number in range(WARMING + ROUNDS):
                    for name, call in _calls(size).items():
                        started = time.perf_counter()
                        call()
                        if number >= WARMING:
                            times[size][name].append((time.perf_counter() - started) * 1e6)
    costs = {
        size: {name: statistics.median(taken) for name, taken in calls.items()}
        for size, calls in times.items()
    }
    for cost in costs.values():
        cost[WINDOW] = max(cost["week"], cost["season"])
    return costs


@cache
def _calls(size: int) -> dict[str, Callable[[], object]]:
    def somebody() -> int:
        return random.randrange(size // 50) * 50 + random.randrange(1, 50)  # every fiftieth holds no rank

    return {
        "select1": _select_one,
        "rank_vs_select1": lambda: get_rank(member_id=somebody(), kind="all"),
        "page_vs_select1": lambda: get_board(kind="all", size=10, offset=(PAGE - 1) * 10),
        "around_vs_select1": lambda: get_around(member_id=somebody(), kind="all", radius=5),
        "week": lambda: list_leaders(kind="week", size=100),
        "season": lambda: list_leaders(kind="season", size=100),
        "named": lambda: get_board(kind="week", size=100),
    }


def _select_one() -> None:
    with connection.cursor() as cursor:
        cursor.execute("select 1")
        cursor.fetchall()


def check_while_points_change(context: TenantContext) -> int:
    """Compare ranks with a plain count in one snapshot, while another process gives points. Answers how many were compared;
    raises AssertionError where one differs."""
    writer = subprocess.Popen([sys.executable, "-m", "ops.bench.point_giver", context.slug])
    compared = 0
    try:
        with enter_tenant(context):
            deadline = time.monotonic() + 6
            while time.monotonic() < deadline:
                member_id = random.randrange(LARGE // 50) * 50 + 1
                with transaction.atomic(), connection.cursor() as cursor:
                    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                    place = get_rank(member_id=member_id, kind="all")
                    cursor.execute(_PLAIN_RANK, [member_id])
                    plain = cursor.fetchone()
                    assert plain is not None
                    assert place.rank == plain[0], (
                        f"member {member_id}: rank {place.rank}, counted {plain[0]}"
                    )
                compared += 1
    finally:
        writer.terminate()
        writer.wait()
    return compared
