"""The book, written: one statement for what every batch has, and one each for what is rare.

`run` executes a statement on whatever connection holds the transaction and the ledger lock: psycopg's own in ingest, Django's in services. Names are qualified with the schema, so that nothing
depends on the connection's search_path and each tenant's prepared statement keeps its plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

import orjson

from engagement.ledger.arrays import bool_array, int_array, text_array
from engagement.ledger.statements import COUNT_WRITE, Result, Run, in_schema
from engagement.standings.histogram import BOTTOM, Bounds, Pair, Period
from engagement.standings.models import MAX_BUCKET
from saas.events.log import APPEND_CLAUSE

from .book import Archived, Book, Entry, Late
from .rows import MemberRow

# Exact for milliseconds and microseconds alike, and the cheapest way to a timestamptz.
_TIME: Final = "to_timestamp({0} / 1000000::float8)"
_TIME_MS: Final = "to_timestamp({0} / 1000::float8)"
_DAY: Final = "date '0001-01-01' + ({0} - 1)"


_WRITE_TEXT: Final = (
    """WITH activities AS (
  INSERT INTO {s}.activity (id, source_id, source, member_id, type, occurred_at, attributes)
  SELECT id, source_id, source, member_id, type, """
    + _TIME_MS.format("at")
    + """, attributes
  FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::bigint[], %s::text[], %s::bigint[], %s::jsonb[])
    AS u(id, source_id, source, member_id, type, at, attributes)
), entries AS (
  INSERT INTO {s}.ledger_entry (member_id, amount, counter, cause_kind, cause_id, rule_id, version_id,
    base_amount, multiplier_percent, capped, occurred_at, boost_id, boost_percent)
  SELECT member_id, amount, counter, cause_kind, cause_id, rule_id, version_id, base, percent, capped, """
    + _TIME_MS.format("at")
    + """, coalesce(boost >> 16, 0), coalesce(boost & 65535, 100)
  FROM unnest(%s::bigint[], %s::bigint[], %s::smallint[], %s::smallint[], %s::bigint[], %s::int[], %s::int[],
    %s::bigint[], %s::int[], %s::boolean[], %s::bigint[], %s::bigint[])
    AS u(member_id, amount, counter, cause_kind, cause_id, rule_id, version_id, base, percent, capped, at, boost)
), balances AS (
  UPDATE {s}.ledger_balance b
  SET current = greatest(b.current - b.debt + u.amount, 0), debt = greatest(b.debt - b.current - u.amount, 0),
      lifetime = u.lifetime
  FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS u(member_id, amount, lifetime)
  WHERE b.member_id = u.member_id AND b.currency = 0
), progress AS (
  UPDATE {s}.member_progress p
  SET level = u.level, usage = u.usage, last_active_at = greatest(p.last_active_at, """
    + _TIME_MS.format("u.at")
    + """)
  FROM unnest(%s::bigint[], %s::int[], %s::text[], %s::bigint[]) AS u(member_id, level, usage, at)
  WHERE p.member_id = u.member_id
), buckets AS (
  UPDATE {s}.standing_bucket b SET count = b.count + u.delta
  FROM unnest(%s::text[], %s::int[], %s::bigint[], %s::bigint[], %s::int[])
    AS u(kind, start, low_score, low_order, delta)
  WHERE b.kind = u.kind AND b.starts_on = """
    + _DAY.format("u.start")
    + """ AND b.low_score = u.low_score AND b.low_order = u.low_order
  RETURNING b.kind, b.starts_on - date '0001-01-01' + 1 AS start, b.low_score, b.low_order, b.count
), groups AS (
  UPDATE {s}.standing_group g SET count = g.count + u.delta
  FROM unnest(%s::text[], %s::int[], %s::bigint[], %s::bigint[], %s::int[])
    AS u(kind, start, low_score, low_order, delta)
  WHERE g.kind = u.kind AND g.starts_on = """
    + _DAY.format("u.start")
    + """ AND g.low_score = u.low_score AND g.low_order = u.low_order
), standings AS (
  UPDATE {s}.standing s
  SET all_score = u.all_score, all_at = """
    + _TIME.format("u.all_at")
    + "".join(
        f", {kind}_start = {_DAY.format(f'u.{kind}_start')}, {kind}_score = u.{kind}_score, "
        f"{kind}_at = {_TIME.format(f'u.{kind}_at')}"
        for kind in ("season", "month", "week")
    )
    + """
  FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::int[], %s::bigint[], %s::bigint[], %s::int[],
    %s::bigint[], %s::bigint[], %s::int[], %s::bigint[], %s::bigint[])
    AS u(member_id, all_score, all_at, season_start, season_score, season_at, month_start, month_score, month_at,
      week_start, week_score, week_at)
  WHERE s.member_id = u.member_id
), news AS ("""
    + APPEND_CLAUSE
    + """), counted AS ("""
    + COUNT_WRITE
    + """)
SELECT kind, start, low_score, low_order FROM buckets WHERE count > """
    + str(MAX_BUCKET)
    + " UNION ALL SELECT 'news', 0, id, 0 FROM news"
)
# psycopg remembers how it translated a statement up to 4,096 characters and 50 parameters; a longer one is translated each time.
_WRITE: Final = " ".join(_WRITE_TEXT.split())

_NEW_BUCKETS: Final = (
    f"WITH period AS (SELECT kind, {_DAY.format('start')} AS starts_on "
    "FROM unnest(%s::text[], %s::int[]) AS u(kind, start)), buckets AS ("
    "INSERT INTO {s}.standing_bucket (kind, starts_on, low_score, low_order, count) "
    f"SELECT kind, starts_on, {BOTTOM[0]}, {BOTTOM[1]}, 0 FROM period ON CONFLICT DO NOTHING) "
    "INSERT INTO {s}.standing_group (kind, starts_on, low_score, low_order, count) "
    f"SELECT kind, starts_on, {BOTTOM[0]}, {BOTTOM[1]}, 0 FROM period ON CONFLICT DO NOTHING"
)
_ARCHIVE: Final = (
    "INSERT INTO {s}.standing_past (kind, starts_on, member_id, score, reached_at, ranked) "
    f"SELECT kind, {_DAY.format('start')}, member_id, score, {_TIME.format('at')}, ranked "
    "FROM unnest(%s::text[], %s::int[], %s::bigint[], %s::bigint[], %s::bigint[], %s::boolean[]) "
    "AS u(kind, start, member_id, score, at, ranked)"
)
_RERANK: Final = (
    "UPDATE {s}.standing s SET ranked = u.ranked "
    "FROM unnest(%s::bigint[], %s::boolean[]) AS u(member_id, ranked) WHERE s.member_id = u.member_id"
)
_RERANK_PAST: Final = (
    "UPDATE {s}.standing_past p SET ranked = u.ranked "
    "FROM unnest(%s::bigint[], %s::boolean[]) AS u(member_id, ranked) "
    "WHERE p.member_id = u.member_id AND p.ranked <> u.ranked "
    "RETURNING p.kind, p.starts_on - date '0001-01-01' + 1, p.score, "
    "(date_part('epoch', p.reached_at) * 1000000)::bigint, p.ranked"
)
_READ_PAST: Final = (
    "SELECT u.kind, u.start, u.member_id, p.score, (date_part('epoch', p.reached_at) * 1000000)::bigint "
    "FROM unnest(%s::text[], %s::int[], %s::bigint[]) AS u(kind, start, member_id) "
    "JOIN {s}.standing_past p ON p.kind = u.kind AND p.member_id = u.member_id "
    f"AND p.starts_on = {_DAY.format('u.start')}"
)
_PUT_PAST: Final = (
    _ARCHIVE + " ON CONFLICT (kind, starts_on, member_id) DO UPDATE "
    "SET score = excluded.score, reached_at = excluded.reached_at"
)
_READ_LOWS: Final = (
    "SELECT b.low_score, b.low_order, g.kind IS NOT NULL FROM {s}.standing_bucket b "
    "LEFT JOIN {s}.standing_group g USING (kind, starts_on, low_score, low_order) "
    f"WHERE b.kind = %s AND b.starts_on = {_DAY.format('%s::int')} ORDER BY b.low_score, b.low_order"
)


class ActivityRow(Protocol):
    """A stored activity; `attributes` is JSON text."""

    @property
    def id(self) -> int: ...
    @property
    def source_id(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def member_id(self) -> int: ...
    @property
    def type(self) -> str: ...
    @property
    def occurred_ms(self) -> int: ...
    @property
    def attributes(self) -> str: ...


_EMPTY: Final = "UPDATE {s}.standing SET all_score = 0, all_at = NULL WHERE member_id = ANY(%s::bigint[])"


def settle_past(run: Run, schema: str, book: Book) -> None:
    """Write what concerns past periods and ranks that came or went, and add the bucket moves to the book. Nothing happens in
    most batches. The order matters: late points are counted under the rank that the member now has."""
    if book.emptied:
        run(in_schema(_EMPTY, schema), (int_array(book.emptied),))
    if book.archived:
        run(in_schema(_ARCHIVE, schema), _past_arrays(book.archived))
    if book.reranked:
        who = (int_array(book.reranked), bool_array(row.ranked for row in book.reranked.values()))
        run(in_schema(_RERANK, schema), who)
        for kind, start, score, reached, ranked in run(in_schema(_RERANK_PAST, schema), who).fetchall():
            pair = (score, -reached)
            book.moves.move((kind, start), None if ranked else pair, pair if ranked else None)
    if not book.late:
        return
    keys = list(book.late)
    known = {
        Late(kind, start, member_id): (score, reached)
        for kind, start, member_id, score, reached in run(
            in_schema(_READ_PAST, schema),
            (
                text_array(key.kind for key in keys),
                int_array(key.start for key in keys),
                int_array(key.member_id for key in keys),
            ),
        ).fetchall()
    }
    rows = []
    for key, (points, reached) in book.late.items():
        ranked = book.late_rows[key].ranked
        old = known.get(key)
        new = (points, reached) if old is None else (old[0] + points, max(old[1], reached))
        rows.append(Archived(key.kind, key.start, key.member_id, new[0], new[1], ranked))
        if ranked:
            book.moves.move(
                (key.kind, key.start), None if old is None else (old[0], -old[1]), (new[0], -new[1])
            )
    run(in_schema(_PUT_PAST, schema), _past_arrays(rows))


def load_bounds(run: Run, schema: str, bounds: Bounds, periods: Iterable[Period]) -> None:
    """Make sure that the bounds of these periods are in hand, and their first buckets in the database."""
    for period in periods:
        if period not in bounds.lows:
            found = run(in_schema(_READ_LOWS, schema), period).fetchall()
            lows = [(low[0], low[1]) for low in found]
            bounds.add_period(period, lows, [low for low, row in zip(lows, found, strict=True) if row[2]])
    if bounds.new:
        new = sorted(bounds.new)
        run(
            in_schema(_NEW_BUCKETS, schema),
            (text_array(kind for kind, _start in new), int_array(start for _kind, start in new)),
        )


def write_book(
    run: Run,
    schema: str,
    book: Book,
    bounds: Bounds,
    activities: Sequence[ActivityRow] = (),
    active: Iterable[MemberRow] = (),
    *,
    silent: bool = False,
) -> Result:
    """The one statement: activities, entries, balances, progress, buckets, standings, and StandingsChanged in the event log.
    `read_written` understands its answer.

    `active` are members beside the book's own whose progress row changes: they did something that earned nothing. `silent`: the
    caller tells the boards itself, once for many books.
    """
    entries = book.entries
    changed = list(book.changed.values())
    news = [book.news()] if (entries or book.reranked) and not silent else []
    deltas = book.moves.deltas(bounds)
    parameters = [
        *_activity_arrays(activities),
        *_entry_arrays(entries),
        *_balance_arrays(book),
        *_progress_arrays([*changed, *(row for row in active if row.member_id not in book.changed)]),
        *_delta_arrays(deltas),
        *_delta_arrays(bounds.group_deltas(deltas)),
        *_standing_arrays([row for row in changed if row.live[0][0] is not None]),
        text_array([event.type for event in news]),
        text_array([orjson.dumps(event.to_data()).decode() for event in news]),
    ]
    return run(in_schema(_WRITE, schema), parameters)


def _activity_arrays(activities: Sequence[ActivityRow]) -> list[str]:
    return [
        int_array([activity.id for activity in activities]),
        text_array([activity.source_id for activity in activities]),
        text_array([activity.source for activity in activities]),
        int_array([activity.member_id for activity in activities]),
        text_array([activity.type for activity in activities]),
        int_array([activity.occurred_ms for activity in activities]),
        text_array([activity.attributes for activity in activities]),
    ]


def _entry_arrays(entries: Sequence[Entry]) -> list[str]:
    columns: list[Sequence[Any]] = list(zip(*entries, strict=True)) or [()] * len(Entry._fields)
    # Most batches have no boost: an empty array is filled up with nulls, which stand for none. One array for both, because psycopg
    # translates a statement of more than 50 parameters each time anew.
    ids, percents = columns[11:]
    boosts = [(one << 16) | percent for one, percent in zip(ids, percents, strict=True)] if any(ids) else ()
    return [
        *(int_array(column) for column in columns[:9]),
        bool_array(columns[9]),
        int_array(columns[10]),
        int_array(boosts),
    ]


def _balance_arrays(book: Book) -> list[str]:
    nets: dict[int, int] = dict.fromkeys(book.changed, 0)
    for entry in book.entries:
        nets[entry.member_id] += entry.amount
    return [
        int_array(nets),
        int_array(nets.values()),
        int_array([row.lifetime for row in book.changed.values()]),
    ]


def _progress_arrays(rows: Sequence[MemberRow]) -> list[str]:
    return [
        int_array([row.member_id for row in rows]),
        int_array([row.level for row in rows]),
        text_array([orjson.dumps(row.usage).decode() for row in rows]),
        int_array([row.last_active_ms for row in rows]),
    ]


def _delta_arrays(deltas: Mapping[tuple[Period, Pair], int]) -> list[str]:
    return [
        text_array([period[0] for period, _low in deltas]),
        int_array([period[1] for period, _low in deltas]),
        int_array([low[0] for _period, low in deltas]),
        int_array([low[1] for _period, low in deltas]),
        int_array(deltas.values()),
    ]


def _standing_arrays(rows: Sequence[MemberRow]) -> list[str]:
    lives = [row.live for row in rows]
    return [
        int_array([row.member_id for row in rows]),
        int_array([live[0][1] for live in lives]),
        int_array([live[0][2] for live in lives]),
        *(int_array([live[kind][part] for live in lives]) for kind in (1, 2, 3) for part in (0, 1, 2)),
    ]


def read_written(result: Result) -> tuple[list[tuple[str, int, int, int]], int | None]:
    """The buckets that grew too large, as (kind, first day, low_score, low_order), and the id of the news, if there was any."""
    oversized, news_id = [], None
    for kind, start, low_score, low_order in result.fetchall():
        if kind == "news":
            news_id = low_score
        else:
            oversized.append((kind, start, low_score, low_order))
    return oversized, news_id


def _past_arrays(rows: Sequence[Archived]) -> list[str]:
    return [
        text_array(row.kind for row in rows),
        int_array(row.start for row in rows),
        int_array(row.member_id for row in rows),
        int_array(row.score for row in rows),
        int_array(row.reached for row in rows),
        bool_array(row.ranked for row in rows),
    ]
