"""Boards, ranks and neighbours, as pages and the bot show them. See the package's docstring for what holds of each answer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import psycopg
from django.db import connection

from engagement.ledger.statements import in_schema
from engagement.levels.selectors import get_curve
from engagement.standings.models import PeriodKind, StandingsState
from engagement.standings.periods import KINDS, period_end, period_starts
from saas.core import clock
from saas.core.errors import InvalidInputError
from tenants.context import current_tenant

from .statements import (
    BOUND,
    around_statement,
    leaders_statement,
    page_statement,
    rank_statement,
    top_statement,
)
from .words import period_label, tie_note

MAX_SIZE: Final = 100
MAX_RADIUS: Final = 25
_MAX_OFFSET: Final = 2**40
# Parameter → the length of season that it is for.
_SEASON_STARTS: Final = {"month": "month", "quarter": "quarter", "year": "year"}
_ONE_START: Final = {"start": "quarter"}
_NAMED: Final = re.compile(r"%\((\w+)\)s")
_PREPARE_AFTER: Final = 2  # runs of a statement on a connection


class BoardRow(NamedTuple):
    """A line of a board. An aliased member goes by the alias and has no picture."""

    rank: int
    member_id: int
    name: str
    avatar_url: str
    score: int
    level: int


@dataclass(frozen=True, slots=True)
class Board:
    """A page of a period's board. `ends_on` is the last day; both days are None for all time."""

    period_label: str
    kind: str
    rows: list[BoardRow]
    total: int
    tie_note: str
    starts_on: date | None
    ends_on: date | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a member stands: `rank` is None for somebody who holds none, `total` counts those who do."""

    rank: int | None
    score: int
    total: int


def get_board(*, kind: str, size: int = 10, offset: int = 0, at: datetime | date | None = None) -> Board:
    """The rows `offset`+1 to `offset`+`size` of the board of the period that holds `at` (now, when None).

    `kind` is all, season, month or week; `size` is at most 100. One query. Raises InvalidInputError.
    """
    _check_size(size)
    if not 0 <= offset <= _MAX_OFFSET:
        raise InvalidInputError(f"A board has no line {offset}.", field="offset")
    starts = _starts(kind, at)
    values = {**starts, "offset": offset}
    found = _run(page_statement(kind, size) if offset else top_statement(kind, size), values)
    total, skip, season_length, tie_figure, curve_version = found[0][:5]
    if skip is not None and skip >= BOUND:
        found = _run(page_statement(kind, size, bounded=False), values)
        total = found[0][0]
    present = [line[5:] for line in found if line[5] is not None]
    start = starts[season_length if kind == PeriodKind.SEASON else "start"]
    end = period_end(kind, start, season_length)
    return Board(
        period_label=period_label(kind, start, end),
        kind=kind,
        rows=_faces(present, offset + 1, curve_version),
        total=total,
        tie_note=tie_note(tie_figure),
        starts_on=None if end is None else start,
        ends_on=None if end is None else end - timedelta(days=1),
    )


def list_offered_periods() -> tuple[str, ...]:
    """The kinds of period whose boards the community offers, at least one. One query."""
    hidden = StandingsState.objects.filter(pk=1).values_list("hidden_periods", flat=True).first() or ()
    return tuple(kind for kind in KINDS if kind not in hidden) or KINDS[:1]


@dataclass(frozen=True, slots=True)
class BoardRules:
    """Who stands on the boards and how ties are broken: an own figure's name, or empty."""

    excluded_roles: tuple[str, ...]
    tie_figure: str
    periods: tuple[str, ...]
    season_length: str


def get_board_rules() -> BoardRules:
    """One query."""
    state = StandingsState.objects.get(pk=1)
    return BoardRules(
        excluded_roles=tuple(state.excluded_roles),
        tie_figure=state.tie_figure,
        periods=tuple(kind for kind in KINDS if kind not in state.hidden_periods),
        season_length=state.season_length,
    )


def list_leaders(*, kind: str, size: int = 100, at: datetime | date | None = None) -> list[tuple[int, int]]:
    """(member_id, score) of the first `size` of a period, best first: for whoever needs no names. One query.

    Raises InvalidInputError.
    """
    _check_size(size)
    return [(member_id, score) for member_id, score in _run(leaders_statement(kind, size), _starts(kind, at))]


def get_rank(*, member_id: int, kind: str, at: datetime | date | None = None) -> Place:
    """A member's place in the period that holds `at`. Somebody unknown has no rank and no points. One query."""
    values = {**_starts(kind, at), "member": member_id}
    score, rank, total = _run(rank_statement(kind), values)[0]
    return Place(rank, score or 0, total)


def get_around(
    *, member_id: int, kind: str, radius: int = 5, at: datetime | date | None = None
) -> list[BoardRow]:
    """The member's row with up to `radius` better and worse ones, best first; empty when the member holds no rank.

    One query. Raises InvalidInputError.
    """
    if not 1 <= radius <= MAX_RADIUS:
        raise InvalidInputError(f"Ask for 1 to {MAX_RADIUS} neighbours, not {radius}.", field="radius")
    found = _run(around_statement(kind, radius), {**_starts(kind, at), "member": member_id})
    if not found:
        return []
    rank, _, curve_version = found[0][:3]
    better = sum(1 for line in found if line[1])
    return _faces([line[3:] for line in found], rank - better, curve_version)


def _check_size(size: int) -> None:
    if not 1 <= size <= MAX_SIZE:
        raise InvalidInputError(f"A board shows 1 to {MAX_SIZE} lines; {size} were asked for.", field="size")


def _starts(kind: str, at: datetime | date | None) -> dict[str, date]:
    """The first day of the period that holds `at`, as the statements' parameters: for a season one for each length that the
    tenant may have set."""
    if kind not in KINDS:
        raise InvalidInputError(f"A board is one of {', '.join(KINDS)}; got {kind!r:.40}.", field="kind")
    tenant = current_tenant()
    if at is None or isinstance(at, datetime):
        at = (at or clock.now()).astimezone(ZoneInfo(tenant.timezone)).date()
    names = _SEASON_STARTS if kind == PeriodKind.SEASON else _ONE_START
    return {
        name: date.fromordinal(period_starts(at.toordinal(), tenant.first_weekday, length)[KINDS.index(kind)])
        for name, length in names.items()
    }


@lru_cache(maxsize=4096)
def _numbered(statement: str, schema: str) -> tuple[bytes, tuple[str, ...]]:
    """The statement for a schema with $1, $2, … in the places of its named parameters, and their names in that order. psycopg
    would translate these long texts anew at every run."""
    names = tuple(dict.fromkeys(_NAMED.findall(statement)))
    sql = _NAMED.sub(lambda match: f"${names.index(match[1]) + 1}", in_schema(statement, schema))
    return sql.encode(), names


def _run(statement: str, values: Mapping[str, object]) -> Sequence[tuple[Any, ...]]:
    """Run on Django's connection, prepared: planning these statements costs more than running them. Prepared statements
    belong to the session, which is why the connection is never a transaction-mode pooler's (DESIGN section 4.7)."""
    sql, names = _numbered(statement, connection.schema_name)  # type: ignore[attr-defined]
    with connection.cursor() as django_cursor:
        raw = django_cursor.connection
        if raw.prepare_threshold is None:
            raw.prepare_threshold = _PREPARE_AFTER
        if connection.queries_logged:  # so that tests that count queries see this one
            connection.queries_log.append({"sql": sql.decode(), "time": ""})
        with connection.wrap_database_errors, psycopg.RawCursor(raw) as cursor:
            return cursor.execute(sql, [values[name] for name in names], prepare=True).fetchall()


def _faces(lines: Sequence[Sequence[Any]], rank: int, curve_version: int | None) -> list[BoardRow]:
    """The lines as shown, ranked from `rank` on."""
    level_for = get_curve(version=curve_version or 0).level_for
    return [
        BoardRow(number, member_id, name, avatar_url, score, level_for(lifetime))
        for number, (member_id, score, lifetime, name, avatar_url) in enumerate(lines, rank)
    ]
