"""How long the community's seasons are, changed at any time.

Invariants: a season is a row of whole calendar months, so its scores follow from the scores of its months, and none is lost or made by
counting them together anew; changed back, every season is as it was. All time, months and weeks never change by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from engagement.audit.actor import Actor
from engagement.audit.services import record_audit
from engagement.ledger.statements import Run, in_schema, ledger_unit
from engagement.standings.models import LOWEST, MAX_BUCKET, PeriodKind, StandingsState
from engagement.standings.periods import KINDS, period_end, period_starts
from engagement.standings.seasons import LENGTHS, MONTHS
from engagement.standings.splitting import split_buckets
from saas.core import clock
from saas.events import publish
from tenants.context import TenantContext

from .errors import InvalidBoardRulesError
from .events import StandingsChanged

_SEASON: Final = PeriodKind.SEASON.value
# Each member's months, counted together by the season that they lie in; the newest is the live row's, the others are past.
_SEASONS: Final = """
WITH months AS (
    SELECT member_id, month_start AS start, month_score AS score, month_at AS at FROM {s}.standing WHERE month_start IS NOT NULL
    UNION ALL SELECT member_id, starts_on, score, reached_at FROM {s}.standing_past WHERE kind = 'month'
), seasons AS (
    SELECT member_id, (date_trunc('year', start) + (extract(month FROM start)::int - 1) / %s * %s * interval '1 month')::date AS start,
        sum(score)::bigint AS score, max(at) AS at
    FROM months GROUP BY 1, 2
), ordered AS (SELECT *, start = max(start) OVER (PARTITION BY member_id) AS newest FROM seasons)"""
_LIVE: Final = (
    _SEASONS
    + " UPDATE {s}.standing AS s SET season_start = o.start, season_score = o.score, season_at = o.at"
    " FROM ordered AS o WHERE o.newest AND o.member_id = s.member_id"
)
_PAST: Final = (
    _SEASONS + " INSERT INTO {s}.standing_past (kind, starts_on, member_id, score, reached_at, ranked)"
    " SELECT 'season', o.start, o.member_id, o.score, o.at, s.ranked"
    " FROM ordered AS o JOIN {s}.standing AS s ON s.member_id = o.member_id WHERE NOT o.newest"
)
_CLEAR: Final = tuple(
    f"DELETE FROM {{s}}.{table} WHERE kind = 'season'"
    for table in ("standing_past", "standing_bucket", "standing_group")
)
_COUNT: Final = """
SELECT start - date '0001-01-01' + 1, count(*) FILTER (WHERE ranked) FROM (
    SELECT season_start AS start, ranked FROM {s}.standing WHERE season_start IS NOT NULL
    UNION ALL SELECT starts_on, ranked FROM {s}.standing_past WHERE kind = 'season'
) AS r GROUP BY 1"""
_FILL: Final = """
INSERT INTO {s}.%s (kind, starts_on, low_score, low_order, count)
SELECT 'season', date '0001-01-01' + (start - 1), %d, %d, count FROM unnest(%%s::int[], %%s::bigint[]) AS u(start, count)"""
_BUMP: Final = "UPDATE {s}.standings_state SET season_length = %s, version = version + 1 WHERE id = 1"


@dataclass(frozen=True, slots=True)
class SeasonPreview:
    """The running season under a length: its first and last day, and the day on which the next one begins."""

    length: str
    starts_on: date
    ends_on: date
    next_on: date


def preview_seasons(*, context: TenantContext) -> dict[str, SeasonPreview]:
    """What the running season would be under each length, in the community's zone. No query."""
    today = clock.now().astimezone(ZoneInfo(context.timezone)).date()
    found = {}
    for length in LENGTHS:
        start = period_starts(today.toordinal(), context.first_weekday, length)[KINDS.index(_SEASON)]
        starts_on = date.fromordinal(start)
        end = period_end(_SEASON, starts_on, length)
        assert end is not None
        found[length] = SeasonPreview(length, starts_on, end - timedelta(days=1), end)
    return found


def change_season_length(*, length: str, actor: Actor) -> bool:
    """Seasons are `length` (month, quarter, year) long from now on, those that are over too: each member's months are counted together
    anew. Answers whether anything changed.

    One transaction under the ledger lock, so that ingest books either before or after and a board never shows half of it; in a
    community of 100,000 it takes seconds. The same length again changes nothing. Publishes StandingsChanged. Raises
    InvalidBoardRulesError.
    """
    if length not in LENGTHS:
        raise InvalidBoardRulesError(
            f"A season is a month, a quarter or a year, not {length!r:.40}.", field="season_length"
        )
    with ledger_unit() as (run, schema):
        before = StandingsState.objects.values_list("season_length", flat=True).get(pk=1)
        if before == length:
            return False
        run(in_schema(_BUMP, schema), (length,))
        _count_anew(run, schema, length)
        record_audit(
            actor=actor,
            action="board.changed",
            target_kind="board",
            before={"season_length": before},
            after={"season_length": length},
        )
        publish(StandingsChanged([], 0))
    return True


def _count_anew(run: Run, schema: str, length: str) -> None:
    months = MONTHS[length]
    for statement in _CLEAR:
        run(in_schema(statement, schema), ())
    run(in_schema(_LIVE, schema), (months, months))
    run(in_schema(_PAST, schema), (months, months))
    counts = [(int(start), int(count)) for start, count in run(in_schema(_COUNT, schema), ()).fetchall()]
    columns = ([start for start, _ in counts], [count for _, count in counts])
    for table in ("standing_bucket", "standing_group"):
        run(in_schema(_FILL % (table, LOWEST, LOWEST), schema), columns)
    crowded = [(_SEASON, start, LOWEST, LOWEST) for start, count in counts if count > MAX_BUCKET]
    split_buckets(run, schema, crowded)
