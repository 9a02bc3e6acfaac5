"""Buckets that grew too large are cut, so that counting inside one stays cheap however many members there are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from engagement.ledger.statements import Run, in_schema

from .models import MAX_BUCKET, MAX_GROUP

_ORDER_OF: Final = "-(extract(epoch FROM {0}) * 1000000)::bigint"
_DAY: Final = "date '0001-01-01' + (%s::int - 1)"

_LIVE: Final = {
    "all": "SELECT all_score AS score, all_at AS at FROM {s}.standing WHERE ranked AND all_at IS NOT NULL",
    **{
        kind: f"SELECT {kind}_score AS score, {kind}_at AS at FROM {{s}}.standing "
        f"WHERE ranked AND {kind}_start = {_DAY}"
        for kind in ("season", "month", "week")
    },
}
_PAST: Final = f"SELECT score, reached_at AS at FROM {{s}}.standing_past WHERE ranked AND kind = %s AND starts_on = {_DAY}"
_NEXT: Final = (
    "SELECT low_score, low_order FROM {s}.standing_bucket "
    f"WHERE kind = %s AND starts_on = {_DAY} AND (low_score, low_order) > (%s, %s) "
    "ORDER BY low_score, low_order LIMIT 1"
)
# The first pair of every half-full slice, in rising order; rows of one pair are never torn apart.
_CUTS: Final = (
    "WITH pairs AS (SELECT score, "
    + _ORDER_OF.format("at")
    + " AS place FROM ({rows}) AS r WHERE score >= %s AND score <= %s), "
    "held AS (SELECT score, place FROM pairs WHERE (score, place) >= (%s, %s) AND (score, place) < (%s, %s)), "
    "numbered AS (SELECT score, place, (rank() OVER (ORDER BY score, place) - 1) / %s AS slice FROM held) "
    "SELECT low[1] AS score, low[2] AS place, held FROM (SELECT min(ARRAY[score, place]) AS low, count(*) AS held "
    "FROM numbered GROUP BY slice) AS slices ORDER BY low"
)
_DROP: Final = (
    "DELETE FROM {s}.standing_bucket "
    f"WHERE kind = %s AND starts_on = {_DAY} AND low_score = %s AND low_order = %s"
)
_ADD: Final = (
    "INSERT INTO {s}.standing_bucket (kind, starts_on, low_score, low_order, count) "
    f"VALUES (%s, {_DAY}, %s, %s, %s)"
)
_BUMP: Final = "UPDATE {s}.standings_state SET version = version + 1 WHERE id = 1"
# The groups that hold more buckets than they may, and where each would begin again.
_CROWDED: Final = (
    "WITH begun AS (SELECT b.low_score, b.low_order, b.count, "
    "count(g.kind) OVER (ORDER BY b.low_score, b.low_order) AS number FROM {s}.standing_bucket b "
    "LEFT JOIN {s}.standing_group g USING (kind, starts_on, low_score, low_order) "
    f"WHERE b.kind = %s AND b.starts_on = {_DAY}), "
    "counted AS (SELECT *, count(*) OVER (PARTITION BY number) AS size, "
    "(row_number() OVER (PARTITION BY number ORDER BY low_score, low_order) - 1) / %s AS slice FROM begun) "
    "SELECT low[1] AS score, low[2] AS place, held, slice = 0 FROM (SELECT number, slice, min(ARRAY[low_score, low_order]) AS low, "
    "sum(count)::bigint AS held FROM counted WHERE size > %s GROUP BY number, slice) AS slices ORDER BY low"
)
_SHRINK: Final = (
    f"UPDATE {{s}}.standing_group SET count = %s WHERE kind = %s AND starts_on = {_DAY} "
    "AND low_score = %s AND low_order = %s"
)
_ADD_GROUP: Final = (
    "INSERT INTO {s}.standing_group (kind, starts_on, low_score, low_order, count) "
    f"VALUES (%s, {_DAY}, %s, %s, %s)"
)
_NO_END: Final = 2**62


def split_buckets(run: Run, schema: str, buckets: Iterable[tuple[str, int, int, int]]) -> int:
    """Cut each of these buckets, named (kind, first day, low_score, low_order), into slices of half the limit.

    Under the ledger lock. Bumps the bounds' version once. Rows with one and the same pair stay together, so a bucket of
    equals stays as it is. Answers how many buckets were cut.
    """
    cut: dict[tuple[str, int], int] = {}
    for kind, start, low_score, low_order in buckets:
        following = run(in_schema(_NEXT, schema), (kind, start, low_score, low_order)).fetchall()
        end_score, end_order = following[0] if following else (_NO_END, _NO_END)
        days = () if kind == "all" else (start,)
        rows = f"{_LIVE[kind]} UNION ALL {_PAST}"
        slices = run(
            in_schema(_CUTS.replace("{rows}", rows), schema),
            (
                *days,
                kind,
                start,
                low_score,
                end_score,
                low_score,
                low_order,
                end_score,
                end_order,
                MAX_BUCKET // 2,
            ),
        ).fetchall()
        if len(slices) < 2:
            continue
        run(in_schema(_DROP, schema), (kind, start, low_score, low_order))
        for index, (score, order, count) in enumerate(slices):
            # The first slice keeps the bucket's own bound: rows still to come may lie below its first row.
            place = (low_score, low_order) if index == 0 else (score, order)
            run(in_schema(_ADD, schema), (kind, start, *place, count))
        cut[kind, start] = cut.get((kind, start), 0) + 1
    for kind, start in cut:
        _split_groups(run, schema, kind, start)
    if cut:
        run(in_schema(_BUMP, schema), ())
    return sum(cut.values())


def _split_groups(run: Run, schema: str, kind: str, start: int) -> None:
    """Cut the period's groups of too many buckets into groups of half as many. A group's first bucket always stays its first:
    cutting a bucket keeps the bucket's own bound."""
    slices = run(in_schema(_CROWDED, schema), (kind, start, MAX_GROUP // 2, MAX_GROUP)).fetchall()
    for score, order, count, keeps_bound in slices:
        if keeps_bound:
            run(in_schema(_SHRINK, schema), (count, kind, start, score, order))
        else:
            run(in_schema(_ADD_GROUP, schema), (kind, start, score, order, count))
