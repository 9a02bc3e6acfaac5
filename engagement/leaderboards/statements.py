"""The SQL of the leaderboards: rank, page and neighbourhood, each in one statement.

Order on a board, best first: score descending, reached_at ascending, tie_value ascending, joined_at ascending, member_id.
A period's rows are the live rows that still name it and the rows that members have moved on from. The rank index knows
(score, reached_at) only, so every range is written as conditions that it can answer: one score, or scores strictly between.

The parameters of a period are `start`, and for a season `month`, `quarter` and `year`: the first days that it may have.

Statements name the schema, so that a prepared statement belongs to one tenant and keeps its plan. Numbers that a plan depends on
(a page's size) stand in the text for the same reason: for a parameter the planner guesses a tenth of the table.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from engagement.standings.models import PeriodKind

# How far into a bucket the quick page statement can skip. Buckets are split above 1,000; only more people than that
# with the same score at the same microsecond make a larger one.
BOUND: Final = 4_000
_TOP: Final = 2**63 - 1
_ROW: Final = "score, reached_at, tie_value, joined_at, member_id, lifetime"
_OWN: Final = "x.tie_value, x.joined_at, x.member_id, x.all_score AS lifetime"
_BEST_FIRST: Final = "score DESC, reached_at, tie_value, joined_at, member_id"
_WORST_FIRST: Final = "score, reached_at DESC, tie_value DESC, joined_at DESC, member_id DESC"
# Levels follow from lifetime points and the curve, which the reader keeps; looking up a row a member would cost more.
_CURVE: Final = "(SELECT version FROM {s}.level_settings WHERE id = 1)"
_BEST_WINDOW: Final = "WINDOW best AS (ORDER BY low_score DESC, low_order DESC ROWS UNBOUNDED PRECEDING)"
_LOW_AT: Final = "'epoch'::timestamptz - {0} * interval '1 microsecond'"


class _Source:
    """One table's part of a period: its rows, and how they call score and reached_at."""

    def __init__(self, tables: str, count_tables: str, score: str, at: str, where: str, flag: str) -> None:
        self.tables, self.count_tables = tables, count_tables
        self.score, self.at, self.where, self.flag = score, at, where, flag

    def pairs(self, condition: str, bound: str) -> str:
        """Score and moment of rows, best first, which the rank index knows without the table. Each part is ordered and limited by
        itself, so that the planner walks the index and reads no more than is asked."""
        return (
            f"(SELECT {self.score} AS score, {self.at} AS reached_at FROM {self.count_tables} "
            f"WHERE {self.flag} AND {self.where} AND {self._named(condition)} "
            f"ORDER BY score DESC, reached_at{bound})"
        )

    def rows(self, condition: str) -> str:
        return f"({self._select(condition)})"

    def nearest(self, condition: str, limit: int, *, best_first: bool) -> str:
        """The first rows by (score, reached_at) with all that tie with the last, for the caller to order by the rest."""
        order = "score DESC, reached_at" if best_first else "score, reached_at DESC"
        return f"({self._select(condition)} ORDER BY {order} FETCH FIRST {limit} ROWS WITH TIES)"

    def _select(self, condition: str) -> str:
        return (
            f"SELECT {self.score} AS score, {self.at} AS reached_at, {_OWN} "
            f"FROM {self.tables} WHERE {self.flag} AND {self.where} AND {self._named(condition)}"
        )

    def count(self, condition: str, *, ties: bool = False) -> str:
        tables = self.tables if ties else self.count_tables
        return (
            f"(SELECT count(*) FROM {tables} WHERE {self.flag} AND {self.where} AND {self._named(condition)})"
        )

    def mine(self) -> str:
        return (
            f"SELECT {self.score} AS score, {self.at} AS reached_at, {_OWN}, {self.flag} AS ranked "
            f"FROM {self.tables} WHERE x.member_id = %(member)s AND {self.where}"
        )

    def _named(self, condition: str) -> str:
        return condition.replace("$score", self.score).replace("$at", self.at)


def _start(kind: str) -> str:
    """The period's first day. Which day a season began on depends on a setting, which the statement reads itself."""
    return "(SELECT start FROM season)" if kind == PeriodKind.SEASON else "%(start)s::date"


def _with(kind: str) -> str:
    if kind != PeriodKind.SEASON:
        return "WITH "
    return (
        "WITH season AS MATERIALIZED (SELECT CASE season_length WHEN 'month' THEN %(month)s::date "
        "WHEN 'year' THEN %(year)s::date ELSE %(quarter)s::date END AS start "
        "FROM {s}.standings_state WHERE id = 1), "
    )


def _sources(kind: str) -> list[_Source]:
    if kind == PeriodKind.ALL:
        live = "{s}.standing x"
        return [_Source(live, live, "x.all_score", "x.all_at", "x.all_at IS NOT NULL", "x.ranked")]
    live = "{s}.standing x"
    past = "{s}.standing_past p"
    return [
        _Source(
            live, live, f"x.{kind}_score", f"x.{kind}_at", f"x.{kind}_start = {_start(kind)}", "x.ranked"
        ),
        _Source(
            f"{past} JOIN {live} ON x.member_id = p.member_id",
            past,
            "p.score",
            "p.reached_at",
            f"p.kind = '{kind}' AND p.starts_on = {_start(kind)}",
            "p.ranked",
        ),
    ]


@lru_cache(maxsize=8)
def rank_statement(kind: str) -> str:
    """Parameters: member and the period's. One row: score, rank (null for nobody ranked), total."""
    return (
        f"{_with(kind)}{_mine(kind)} "
        f"SELECT me.score, {_rank(kind)}, h.total FROM (SELECT 1) AS one LEFT JOIN me ON true {_histogram(kind)}"
    )


@lru_cache(maxsize=128)
def leaders_statement(kind: str, size: int) -> str:
    """Parameters: the period's. Rows, best first: member_id, score."""
    return f"{_with(kind)}{_leaders(kind, size)} SELECT member_id, score FROM page ORDER BY {_BEST_FIRST}"


@lru_cache(maxsize=128)
def top_statement(kind: str, size: int) -> str:
    """Parameters: the period's. As `page_statement` from the first row on, without the way there."""
    return f"{_with(kind)}{_leaders(kind, size)} SELECT {_total(kind)}, 0, {_page_faces()}"


@lru_cache(maxsize=256)
def page_statement(kind: str, size: int, *, bounded: bool = True) -> str:
    """Parameters: offset and the period's. Rows, best first: total, skip, season_length, tie_figure, curve_version, then the
    columns of `_faces`; one row without a member when the page is empty. `skip` is how many rows of the first bucket were
    passed over; a bounded statement is right while skip + size is at most BOUND."""
    bound = f" LIMIT {BOUND}" if bounded else ""
    sources = _sources(kind)
    passed = [
        part
        for source in sources
        for part in (
            source.pairs(f"$score < coalesce((SELECT up_score FROM first), {_TOP})", bound),
            source.pairs(
                "$score = (SELECT up_score FROM first) "
                f"AND $at > (SELECT {_LOW_AT.format('up_order')} FROM first)",
                bound,
            ),
        )
    ]
    rows = [
        part
        for source in sources
        for part in (
            source.rows("$score = edge.score AND $at = edge.reached_at"),
            source.nearest("$score = edge.score AND $at > edge.reached_at", size, best_first=True),
            source.nearest("$score < edge.score", size, best_first=True),
        )
    ]
    return (
        f"{_with(kind)}{_way(kind)}, "
        # The way through the bucket reads the index alone, up to the pair at which the page begins …
        f"passed AS MATERIALIZED (SELECT score, reached_at FROM ({' UNION ALL '.join(passed)}) AS u "
        "ORDER BY score DESC, reached_at LIMIT coalesce((SELECT skip + 1 FROM first), 0)), "
        "edge AS MATERIALIZED (SELECT score, reached_at, (SELECT count(*) FROM passed AS q "
        "WHERE q.score = e.score AND q.reached_at = e.reached_at) AS same "
        "FROM passed AS e ORDER BY score, reached_at DESC LIMIT 1), "
        # … and only from there on are rows read; of those with that very pair some stand on the page before.
        f"page AS MATERIALIZED (SELECT r.* FROM edge, LATERAL (SELECT * FROM ({' UNION ALL '.join(rows)}) AS u "
        f"ORDER BY {_BEST_FIRST}) AS r OFFSET coalesce((SELECT same - 1 FROM edge), 0) LIMIT {size}) "
        f"SELECT {_total(kind)}, (SELECT skip FROM first), {_page_faces()}"
    )


@lru_cache(maxsize=64)
def around_statement(kind: str, radius: int) -> str:
    """Parameters: member and the period's. Rows, best first: the member's rank, whether the row is better than theirs, curve_version, the
    columns of `_faces`. No rows when the member holds no rank."""
    better, worse = [], []
    for source in _sources(kind):
        place = f"({source.at}, x.tie_value, x.joined_at, x.member_id)"
        mine = "(me.reached_at, me.tie_value, me.joined_at, me.member_id)"
        better += [
            source.nearest("$score > me.score", radius, best_first=False),
            source.nearest(
                f"$score = me.score AND $at <= me.reached_at AND {place} < {mine}", radius, best_first=False
            ),
        ]
        worse += [
            source.nearest("$score < me.score", radius, best_first=True),
            source.nearest(
                f"$score = me.score AND $at >= me.reached_at AND {place} > {mine}", radius, best_first=True
            ),
        ]
    return (
        f"{_with(kind)}{_mine(kind)}, near AS MATERIALIZED ("
        f"(SELECT true AS better, r.* FROM me, LATERAL (SELECT {_ROW} FROM ({' UNION ALL '.join(better)}) AS u "
        f"ORDER BY {_WORST_FIRST} LIMIT {radius}) AS r WHERE me.ranked) "
        f"UNION ALL (SELECT false, {_ROW} FROM me WHERE me.ranked) "
        f"UNION ALL (SELECT false, r.* FROM me, LATERAL (SELECT {_ROW} FROM ({' UNION ALL '.join(worse)}) AS u "
        f"ORDER BY {_BEST_FIRST} LIMIT {radius}) AS r WHERE me.ranked)) "
        f"SELECT (SELECT {_rank(kind)} FROM me {_histogram(kind)}), near.better, {_CURVE}, {_faces('near', source='near')}"
    )


def _mine(kind: str) -> str:
    parts = " UNION ALL ".join(source.mine() for source in _sources(kind))
    return (
        "me AS MATERIALIZED (SELECT u.*, -(extract(epoch FROM reached_at) * 1000000)::bigint AS place "
        f"FROM ({parts}) AS u LIMIT 1)"
    )


def _period(kind: str) -> str:
    return f"kind = '{PeriodKind(kind).value}' AND starts_on = {_start(kind)}"


def _histogram(kind: str) -> str:
    """Joins `h` (total, and how many are in better groups than the member's), `mid` (in better buckets of the member's own group)
    and `up`, the low of the next better bucket."""
    return (
        "CROSS JOIN LATERAL (SELECT coalesce(sum(count), 0)::bigint AS total, "
        "coalesce(sum(count) FILTER (WHERE (low_score, low_order) > (me.score, me.place)), 0)::bigint AS better "
        f"FROM {{s}}.standing_group WHERE {_period(kind)}) AS h "
        "LEFT JOIN LATERAL (SELECT low_score, low_order "
        f"FROM {{s}}.standing_group WHERE {_period(kind)} AND (low_score, low_order) > (me.score, me.place) "
        "ORDER BY low_score, low_order LIMIT 1) AS next ON true "
        "CROSS JOIN LATERAL (SELECT coalesce(sum(count), 0)::bigint AS better "
        f"FROM {{s}}.standing_bucket WHERE {_period(kind)} AND (low_score, low_order) > (me.score, me.place) "
        f"AND (low_score, low_order) < (coalesce(next.low_score, {_TOP}), coalesce(next.low_order, {_TOP}))) AS mid "
        f"LEFT JOIN LATERAL (SELECT low_score AS score, {_LOW_AT.format('low_order')} AS reached_at "
        f"FROM {{s}}.standing_bucket WHERE {_period(kind)} AND (low_score, low_order) > (me.score, me.place) "
        "ORDER BY low_score, low_order LIMIT 1) AS up ON true"
    )


def _rank(kind: str) -> str:
    """1 + those in better groups + those in better buckets of the member's group + the better ones of their bucket."""
    sources = _sources(kind)
    same_score = " + ".join(
        source.count("$score = me.score AND $at < me.reached_at AND $at > up.reached_at")
        for source in sources
    )
    spread = " + ".join(
        part
        for source in sources
        for part in (
            source.count("$score = me.score AND $at < me.reached_at"),
            source.count(f"$score > me.score AND $score < coalesce(up.score, {_TOP})"),
            source.count("$score = up.score AND $at > up.reached_at"),
        )
    )
    ties = " + ".join(
        source.count(
            "$score = me.score AND $at = me.reached_at AND "
            "(x.tie_value, x.joined_at, x.member_id) < (me.tie_value, me.joined_at, me.member_id)",
            ties=True,
        )
        for source in sources
    )
    return (
        f"CASE WHEN me.ranked THEN 1 + h.better + mid.better + CASE WHEN up.score = me.score THEN {same_score} ELSE {spread} END "
        f"+ {ties} END"
    )


def _way(kind: str) -> str:
    """`around`, the group in which the page begins, and `first`, the bucket: the low of the next better one and how many of its rows
    to skip."""
    return (
        "around AS MATERIALIZED (SELECT low_score AS from_score, low_order AS from_order, "
        "up_score, up_order, upto - count AS passed FROM ("
        "SELECT low_score, low_order, count, sum(count) OVER best AS upto, "
        "lag(low_score) OVER best AS up_score, lag(low_order) OVER best AS up_order "
        f"FROM {{s}}.standing_group WHERE {_period(kind)} {_BEST_WINDOW}) AS sums "
        "WHERE upto > %(offset)s::bigint ORDER BY low_score DESC, low_order DESC LIMIT 1), "
        "first AS MATERIALIZED (SELECT up_score, up_order, %(offset)s::bigint - (upto - count) AS skip FROM ("
        "SELECT b.low_score, b.low_order, b.count, around.passed + sum(b.count) OVER best AS upto, "
        "coalesce(lag(b.low_score) OVER best, around.up_score) AS up_score, "
        "coalesce(lag(b.low_order) OVER best, around.up_order) AS up_order "
        f"FROM around, LATERAL (SELECT low_score, low_order, count FROM {{s}}.standing_bucket WHERE {_period(kind)} "
        "AND (low_score, low_order) >= (around.from_score, around.from_order) "
        f"AND (low_score, low_order) < (coalesce(around.up_score, {_TOP}), coalesce(around.up_order, {_TOP}))) AS b "
        f"{_BEST_WINDOW}) AS sums "
        "WHERE upto > %(offset)s::bigint ORDER BY low_score DESC, low_order DESC LIMIT 1)"
    )


def _leaders(kind: str, size: int) -> str:
    tables = " UNION ALL ".join(source.nearest("true", size, best_first=True) for source in _sources(kind))
    return f"page AS MATERIALIZED (SELECT * FROM ({tables}) AS u ORDER BY {_BEST_FIRST} LIMIT {size})"


def _total(kind: str) -> str:
    return f"(SELECT coalesce(sum(count), 0)::bigint FROM {{s}}.standing_group WHERE {_period(kind)})"


def _page_faces() -> str:
    state = "(SELECT season_length, tie_figure FROM {s}.standings_state WHERE id = 1) AS state"
    return f"state.season_length, state.tie_figure, {_CURVE}, " + _faces(
        "page", source=f"{state} LEFT JOIN page ON true"
    )


def _faces(rows: str, *, source: str) -> str:
    """How the rows look to others: member_id, score, lifetime, name, avatar_url; best first. A hidden member holds no rank, and
    still shows no name should a row outlast the choice."""
    order = ", ".join(f"{rows}.{column}" for column in _BEST_FIRST.split(", "))
    return (
        f"{rows}.member_id, {rows}.score, {rows}.lifetime, CASE m.visibility WHEN 'visible' THEN m.display_name "
        "WHEN 'alias' THEN m.alias ELSE 'Hidden member' END, "
        "CASE m.visibility WHEN 'visible' THEN m.avatar_url ELSE '' END "
        f"FROM {source} LEFT JOIN {{s}}.member m ON m.id = {rows}.member_id ORDER BY {order}"
    )
