"""Does everything that is kept beside the ledger still equal the ledger? Recomputes it all from the entries and compares.

Reads one snapshot, so that it can run while points change. Each finding names what differs; an empty list is the proof.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection, transaction

from engagement.ledger.models import EARNED_COUNTERS, Cause, Counter
from engagement.levels.selectors import load_curve
from engagement.standings.models import LOWEST, StandingsState
from tenants.context import TenantContext

MOST: Final = 1_000  # findings of one check that are listed

_EARNED: Final = "(" + ", ".join(str(int(counter)) for counter in EARNED_COUNTERS) + ")"
_MISSING: Final = """
SELECT m.id FROM member m
LEFT JOIN ledger_balance b ON b.member_id = m.id AND b.currency = 0
LEFT JOIN member_progress p ON p.member_id = m.id LEFT JOIN standing s ON s.member_id = m.id
WHERE b.member_id IS NULL OR p.member_id IS NULL OR s.member_id IS NULL"""
_BALANCES: Final = f"""
WITH sums AS (
  SELECT member_id, currency, sum(amount) AS net, sum(amount) FILTER (WHERE counter IN {_EARNED}) AS earned
  FROM ledger_entry GROUP BY member_id, currency)
SELECT coalesce(b.member_id, s.member_id), coalesce(s.net, 0), coalesce(b.current - b.debt, 0),
  coalesce(s.earned, 0), coalesce(b.lifetime, 0)
FROM ledger_balance b FULL JOIN sums s ON s.member_id = b.member_id AND s.currency = b.currency
WHERE coalesce(s.net, 0) <> coalesce(b.current - b.debt, 0) OR coalesce(s.earned, 0) <> coalesce(b.lifetime, 0)"""
_KEPT_STANDINGS: Final = (
    "SELECT 'all' AS kind, date '1970-01-01' AS start, member_id, all_score AS score, all_at AS at "
    "FROM standing WHERE all_at IS NOT NULL "
    + " ".join(
        f"UNION ALL SELECT '{kind}', {kind}_start, member_id, {kind}_score, {kind}_at "
        f"FROM standing WHERE {kind}_start IS NOT NULL"
        for kind in ("season", "month", "week")
    )
    + " UNION ALL SELECT kind, starts_on, member_id, score, reached_at FROM standing_past"
)
_STANDINGS: Final = f"""
WITH undone AS (SELECT cause_id, member_id FROM ledger_entry WHERE cause_kind = {int(Cause.IMPORT_UNDO)}),
days AS (
  SELECT e.member_id, amount, occurred_at, (occurred_at AT TIME ZONE %(zone)s)::date AS day,
    counter = {int(Counter.ELSEWHERE)} AS elsewhere
  FROM ledger_entry e LEFT JOIN undone u ON u.cause_id = e.cause_id AND u.member_id = e.member_id
    AND e.cause_kind IN ({int(Cause.IMPORT)}, {int(Cause.IMPORT_UNDO)})
  WHERE currency = 0 AND counter IN {_EARNED} AND u.member_id IS NULL),
periods AS (
  SELECT member_id, amount, occurred_at, p.kind, p.start FROM days CROSS JOIN LATERAL (VALUES
    ('all', date '1970-01-01'),
    ('season', (date_trunc('year', day) + (extract(month FROM day)::int - 1) / %(months)s * %(months)s
      * interval '1 month')::date),
    ('month', date_trunc('month', day)::date),
    ('week', day - (extract(isodow FROM day)::int - 1 - %(weekday)s + 7) %% 7)
  ) AS p(kind, start) WHERE p.kind = 'all' OR NOT elsewhere),
wanted AS (
  SELECT kind, start, member_id, sum(amount) AS score, max(occurred_at) AS at
  FROM periods GROUP BY kind, start, member_id),
kept AS ({_KEPT_STANDINGS})
SELECT coalesce(w.kind, k.kind), coalesce(w.start, k.start), coalesce(w.member_id, k.member_id), w.score, k.score, w.at, k.at
FROM wanted w FULL JOIN kept k ON k.kind = w.kind AND k.start = w.start AND k.member_id = w.member_id
WHERE w.score IS DISTINCT FROM k.score OR date_trunc('milliseconds', w.at) IS DISTINCT FROM date_trunc('milliseconds', k.at)"""
_BUCKETS: Final = f"""
WITH kept AS (
  SELECT kind, start, score, -(extract(epoch FROM at) * 1000000)::bigint AS place FROM (
    SELECT 'all' AS kind, date '1970-01-01' AS start, all_score AS score, all_at AS at
    FROM standing WHERE ranked AND all_at IS NOT NULL
    {
    " ".join(
        f"UNION ALL SELECT '{kind}', {kind}_start, {kind}_score, {kind}_at FROM standing "
        f"WHERE ranked AND {kind}_start IS NOT NULL"
        for kind in ("season", "month", "week")
    )
}
    UNION ALL SELECT kind, starts_on, score, reached_at FROM standing_past WHERE ranked) AS r),
bounds AS (
  SELECT kind, starts_on, low_score, low_order, count,
    lead(low_score) OVER w AS next_score, lead(low_order) OVER w AS next_order
  FROM standing_bucket WINDOW w AS (PARTITION BY kind, starts_on ORDER BY low_score, low_order)),
counted AS (
  SELECT k.kind, k.start, b.low_score, b.low_order, count(*) AS n
  FROM kept k LEFT JOIN bounds b ON b.kind = k.kind AND b.starts_on = k.start
    AND (k.score, k.place) >= (b.low_score, b.low_order)
    AND (b.next_score IS NULL OR (k.score, k.place) < (b.next_score, b.next_order))
  GROUP BY k.kind, k.start, b.low_score, b.low_order)
SELECT coalesce(c.kind, b.kind), coalesce(c.start, b.starts_on), coalesce(c.low_score, b.low_score, {LOWEST}),
  coalesce(c.n, 0), coalesce(b.count, 0)
FROM counted c FULL JOIN standing_bucket b ON b.kind = c.kind AND b.starts_on = c.start
  AND b.low_score = c.low_score AND b.low_order = c.low_order
WHERE coalesce(c.n, 0) <> coalesce(b.count, 0)"""
_GROUPS: Final = """
WITH begun AS (
  SELECT b.kind, b.starts_on, b.low_score, b.low_order, b.count,
    count(g.kind) OVER (PARTITION BY b.kind, b.starts_on ORDER BY b.low_score, b.low_order) AS number
  FROM standing_bucket b LEFT JOIN standing_group g USING (kind, starts_on, low_score, low_order)),
summed AS (
  SELECT kind, starts_on, (min(ARRAY[low_score, low_order]))[1] AS low_score,
    (min(ARRAY[low_score, low_order]))[2] AS low_order, sum(count) AS n
  FROM begun GROUP BY kind, starts_on, number)
SELECT coalesce(s.kind, g.kind), coalesce(s.starts_on, g.starts_on), coalesce(s.low_score, g.low_score), s.n, g.count
FROM summed s FULL JOIN standing_group g ON g.kind = s.kind AND g.starts_on = s.starts_on
  AND g.low_score = s.low_score AND g.low_order = s.low_order
WHERE s.n IS DISTINCT FROM g.count"""
_RANKED: Final = """
SELECT s.member_id, s.ranked FROM standing s JOIN member m ON m.id = s.member_id
WHERE s.ranked = (m.is_bot OR m.departed_at IS NOT NULL OR m.deleted_at IS NOT NULL OR m.waiting_since IS NOT NULL
  OR m.visibility = 'hidden'
  OR m.role_ids ?| ARRAY(SELECT jsonb_array_elements_text(excluded_roles) FROM standings_state))"""
_TIES: Final = """
SELECT s.member_id, -coalesce(f.value, 0), s.tie_value FROM standing s JOIN standings_state state ON state.id = 1
LEFT JOIN member_figure f ON f.member_id = s.member_id AND f.name = state.tie_figure
WHERE s.tie_value <> -coalesce(f.value, 0)"""
_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True, slots=True)
class Finding:
    """One disagreement. `expected` is what the ledger says."""

    check: str
    subject: str
    expected: str
    found: str


def verify_ledger(context: TenantContext) -> list[Finding]:
    """Everything in which the tenant in hand disagrees with its own ledger: balances, debt, lifetime, levels, standings of
    every period, histogram, ranks, tie-breaks. Changes nothing. At most MOST findings a check."""
    snapshot = not connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        if snapshot:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        findings: list[Finding] = []
        for check in (_verify_rows, _verify_balances, _verify_levels, _verify_standings, _verify_buckets):
            for finding, _ in zip(check(cursor, context), range(MOST), strict=False):
                findings.append(finding)
    return findings


def _verify_rows(cursor: Any, context: TenantContext) -> Iterator[Finding]:
    cursor.execute(_MISSING)
    for (member_id,) in cursor.fetchall():
        yield Finding("rows", f"member {member_id}", "balance, progress and standing", "one is missing")
    cursor.execute(_RANKED)
    for member_id, ranked in cursor.fetchall():
        words = ("no rank", "holds one") if ranked else ("a rank", "holds none")
        yield Finding("ranks", f"member {member_id}", *words)
    cursor.execute(_TIES)
    for member_id, expected, kept in cursor.fetchall():
        yield Finding("ties", f"member {member_id}", f"tie-break {expected}", f"tie-break {kept}")


def _verify_balances(cursor: Any, context: TenantContext) -> Iterator[Finding]:
    cursor.execute(_BALANCES)
    for member_id, net, kept_net, earned, lifetime in cursor.fetchall():
        yield Finding(
            "balance",
            f"member {member_id}",
            f"net {net}, lifetime {earned}",
            f"net {kept_net}, lifetime {lifetime}",
        )


def _verify_levels(cursor: Any, context: TenantContext) -> Iterator[Finding]:
    curve = load_curve()
    cursor.execute(
        "SELECT p.member_id, p.level, b.lifetime FROM member_progress p "
        "JOIN ledger_balance b ON b.member_id = p.member_id AND b.currency = 0"
    )
    while rows := cursor.fetchmany(10_000):
        for member_id, level, lifetime in rows:
            if level != curve.level_for(lifetime):
                yield Finding(
                    "level", f"member {member_id}", f"level {curve.level_for(lifetime)}", f"level {level}"
                )


def _verify_standings(cursor: Any, context: TenantContext) -> Iterator[Finding]:
    length = StandingsState.objects.get(pk=1).season_length
    cursor.execute(
        _STANDINGS,
        {"zone": context.timezone, "months": _MONTHS[length], "weekday": context.first_weekday},
    )
    for kind, start, member_id, score, kept, at, kept_at in cursor.fetchall():
        yield Finding(
            "standing", f"member {member_id}, {kind} {start}", f"{score} at {at}", f"{kept} at {kept_at}"
        )


def _verify_buckets(cursor: Any, context: TenantContext) -> Iterator[Finding]:
    cursor.execute(_BUCKETS)
    for kind, start, low, counted, kept in cursor.fetchall():
        yield Finding("histogram", f"{kind} {start} from {low}", f"{counted} ranked", f"{kept} counted")
    cursor.execute(_GROUPS)
    for kind, start, low, counted, kept in cursor.fetchall():
        yield Finding(
            "histogram groups", f"{kind} {start} from {low}", f"{counted} in buckets", f"{kept} counted"
        )
