"""Boards, ranks and neighbours, as pages and the bot show them. See the package's docstring for what holds of each answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import psycopg
from django.db import connection

from engagement.ledger.statements import in_schema
from engagement.members.models import Visibility
from engagement.standings.models import PeriodKind
from engagement.standings.periods import KINDS, period_end, period_starts
from saas.core import clock
from saas.core.errors import InvalidInputError
from tenants.context import current_tenant

from .statements import BOUND, around_statement, page_statement, rank_statement
from .words import period_label, tie_note

MAX_SIZE: Final = 100
MAX_RADIUS: Final = 25
_MAX_OFFSET: Final = 2**40
# Parameter → the length of season that it is for.
_SEASON_STARTS: Final = {"month": "month", "quarter": "quarter", "year": "year"}
_ONE_START: Final = {"start": "quarter"}
_PREPARE_AFTER: Final = 2  # runs of a statement on a connection


@dataclass(frozen=True, slots=True)
class BoardRow:
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
    if not 1 <= size <= MAX_SIZE:
        raise InvalidInputError(f"A board shows 1 to {MAX_SIZE} lines; {size} were asked for.", field="size")
    if not 0 <= offset <= _MAX_OFFSET:
        raise InvalidInputError(f"A board has no line {offset}.", field="offset")
    starts = _starts(kind, at)
    found = _run(page_statement(kind, size), {**starts, "offset": offset})
    _, skip, season_length, tie_figure = found[0][:4]
    if skip is not None and skip + size > BOUND:
        found = _run(page_statement(kind, size, bounded=False), {**starts, "offset": offset})
    rows = [_row(offset + number, line[4:]) for number, line in enumerate(found, 1) if line[4] is not None]
    start = starts[season_length if kind == PeriodKind.SEASON else "start"]
    end = period_end(kind, start, season_length)
    return Board(
        period_label=period_label(kind, start, end),
        kind=kind,
        rows=rows,
        total=found[0][0],
        tie_note=tie_note(tie_figure),
        starts_on=None if end is None else start,
        ends_on=None if end is None else end - timedelta(days=1),
    )


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
    better = sum(1 for line in found if line[1])
    return [_row(line[0] - better + number, line[2:]) for number, line in enumerate(found)]


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


def _run(statement: str, values: Mapping[str, object]) -> Sequence[tuple[Any, ...]]:
    """Run on Django's connection, prepared: planning these statements costs more than running them. Prepared statements
    belong to the session, which is why the connection is never a transaction-mode pooler's (DESIGN section 4.7)."""
    with connection.cursor() as django_cursor:
        raw = django_cursor.connection
        if raw.prepare_threshold is None:
            raw.prepare_threshold = _PREPARE_AFTER
        sql = in_schema(statement, connection.schema_name)  # type: ignore[attr-defined]
        if connection.queries_logged:  # so that tests that count queries see this one
            connection.queries_log.append({"sql": sql, "time": ""})
        with connection.wrap_database_errors, psycopg.Cursor(raw) as cursor:
            return cursor.execute(sql, values, prepare=True).fetchall()


def _row(rank: int, columns: Sequence[Any]) -> BoardRow:
    member_id, score, level, name, avatar_url, visibility, alias = columns
    if visibility == Visibility.ALIAS:
        name, avatar_url = alias, ""
    elif visibility == Visibility.HIDDEN:  # between the choice and the rank's going, if ever
        name, avatar_url = "Hidden member", ""
    return BoardRow(rank, member_id, name or "A member", avatar_url or "", score, level or 0)
