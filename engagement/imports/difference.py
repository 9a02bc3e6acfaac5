"""What applying a run would change, or has changed: member by member, and in numbers.

Computed by the database from the rows, the balances and the curve, so that it is as of now and costs the same few queries at any
size. Says the same as `points` and `progression.bulk.amount_to_book`; a test holds them together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.db import connection

from engagement.ledger.models import Cause
from engagement.levels.selectors import load_curve
from engagement.progression.bulk import Existing

from .models import ImportRun
from .points import curve_after
from .words import DELETED, KEEP_LEVEL, KINDS, NO_LEVEL, NO_XP, READY, SOURCES

_PLANNED: Final = f"""
WITH found AS (
  SELECT r.id, r.line, r.external_id, r.avatar_url, r.old_xp, r.old_level, i.member_id,
    coalesce(m.display_name, r.name) AS name, coalesce(b.lifetime, 0) AS before, coalesce(e.amount, 0) AS earlier,
    CASE WHEN r.error <> '' THEN r.error WHEN m.deleted_at IS NOT NULL THEN %(deleted)s
      WHEN %(by_level)s AND (r.old_level IS NULL OR r.old_level > %(most)s) THEN %(no_level)s
      WHEN NOT %(by_level)s AND r.old_xp IS NULL THEN %(no_xp)s ELSE '' END AS problem,
    CASE WHEN %(by_level)s THEN (%(totals)s::bigint[])[r.old_level + 1] ELSE r.old_xp END AS points
  FROM import_row r LEFT JOIN identity i ON i.provider = 'discord' AND i.external_id = r.external_id AND r.error = ''
  LEFT JOIN member m ON m.id = i.member_id
  LEFT JOIN ledger_balance b ON b.member_id = i.member_id AND b.currency = 0
  LEFT JOIN (SELECT member_id, sum(amount)::bigint AS amount FROM ledger_entry WHERE cause_kind IN
    ({int(Cause.IMPORT)}, {int(Cause.IMPORT_UNDO)}) AND cause_id = ANY(%(others)s) GROUP BY member_id) e
    ON e.member_id = i.member_id
  WHERE r.run_id = %(run)s),
booked AS (
  SELECT *, CASE WHEN problem <> '' THEN 0 WHEN %(existing)s = 'add' THEN points - earlier
    WHEN %(existing)s = 'replace' THEN points - before ELSE greatest(points - before, 0) END AS amount FROM found),
lines AS (
  SELECT id, line, external_id, name, avatar_url, old_xp, old_level, member_id, problem, before, before + amount AS after,
    member_id IS NULL AS created, width_bucket(before, %(now)s::bigint[]) AS level_before,
    width_bucket(before + amount, %(then)s::bigint[]) AS level_after FROM booked)"""
_DONE: Final = """
WITH lines AS (
  SELECT r.id, r.line, r.external_id, coalesce(m.display_name, r.name) AS name, r.avatar_url, r.old_xp, r.old_level,
    m.id AS member_id, CASE WHEN r.error <> '' THEN r.error WHEN r.member_id IS NULL THEN %(not_booked)s ELSE '' END AS problem,
    coalesce(r.points_before, 0) AS before, coalesce(r.points_before + r.amount, 0) AS after, r.created,
    coalesce(r.level_before, 0) AS level_before, coalesce(r.level_after, 0) AS level_after
  FROM import_row r LEFT JOIN member m ON m.id = r.member_id WHERE r.run_id = %(run)s)"""
_KIND: Final = (
    "CASE WHEN problem <> '' THEN 'error' WHEN created THEN 'new' WHEN level_after > level_before THEN 'raised' "
    "WHEN level_after < level_before THEN 'lowered' ELSE 'same' END"
)
_NUMBERS: Final = f"""
SELECT kind, count(*), coalesce(sum(after - before), 0)::bigint, count(*) FILTER (WHERE level_after <> old_level)
FROM (SELECT *, {_KIND} AS kind FROM lines) AS l GROUP BY kind"""
_COLUMNS: Final = "id, line, external_id, name, avatar_url, old_xp, old_level, member_id, problem, before, after, level_before, level_after, kind"
_PAGE: Final = f"""
SELECT {_COLUMNS} FROM (SELECT *, {_KIND} AS kind FROM lines) AS l
WHERE (%(kind)s = '' OR kind = %(kind)s)
  AND (%(search)s = '' OR name ILIKE %(like)s OR external_id = %(search)s) AND id {{side}} %(place)s
ORDER BY id {{order}} LIMIT %(limit)s OFFSET %(offset)s"""
_MATCHING: Final = f"""
SELECT count(*) FROM (SELECT *, {_KIND} AS kind FROM lines) AS l
WHERE (%(kind)s = '' OR kind = %(kind)s) AND (%(search)s = '' OR name ILIKE %(like)s OR external_id = %(search)s)"""


@dataclass(frozen=True, slots=True)
class Line:
    """One member before and after. `id` is their place in the old bot's order; `problem` says why nothing happens to them."""

    id: int
    line: int
    external_id: str
    name: str
    avatar_url: str
    old_xp: int | None
    old_level: int | None
    member_id: int | None
    problem: str
    points_before: int
    points_after: int
    level_before: int
    level_after: int
    kind: str  # new, raised, lowered, same or error


@dataclass(frozen=True, slots=True)
class Numbers:
    """How many lines of each kind, how many points in all, and how many members would not have the level of the old bot."""

    new: int
    raised: int
    lowered: int
    same: int
    error: int
    points: int
    unlike: int

    @property
    def members(self) -> int:
        return self.new + self.raised + self.lowered + self.same


def get_numbers(*, run: ImportRun) -> Numbers:
    """The difference in numbers. A fixed number of queries."""
    counts, points, unlike = dict.fromkeys(KINDS, 0), 0, 0
    for kind, count, moved, other in _ask(run, _NUMBERS):
        counts[kind] = count
        points += moved
        unlike += other if kind != "error" else 0
    return Numbers(**counts, points=points, unlike=unlike)


def list_lines(
    *,
    run: ImportRun,
    kind: str = "",
    search: str = "",
    limit: int = 50,
    offset: int = 0,
    place: int = 0,
    backwards: bool = False,
) -> list[Line]:
    """Lines after that place in the old bot's order (`backwards`: before it, nearest first) and past
    `offset` of them, of one kind (words.KINDS) and with
    `search` in their name or as their id, where given. A fixed number of queries."""
    question = _PAGE.format(side="<" if backwards else ">", order="DESC" if backwards else "ASC")
    found = _ask(run, question, **_filter(kind, search), limit=limit, offset=offset, place=place)
    return [Line(*row) for row in found]


def count_lines(*, run: ImportRun, kind: str = "", search: str = "") -> int:
    """How many lines `list_lines` has in all."""
    return int(_ask(run, _MATCHING, **_filter(kind, search))[0][0])


def _filter(kind: str, search: str) -> dict[str, Any]:
    search = search.replace("\x00", "").strip()[:100]
    escaped = search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return {"kind": kind if kind in KINDS else "", "search": search, "like": f"%{escaped}%"}


def _ask(run: ImportRun, question: str, **parameters: Any) -> list[Any]:
    lines, known = (_PLANNED, _plan(run)) if run.state == READY else (_DONE, _result(run))
    with connection.cursor() as cursor:
        cursor.execute(lines + question, {"run": run.pk, **known, **parameters})
        return list(cursor.fetchall())


def _plan(run: ImportRun) -> dict[str, Any]:
    curve = load_curve()
    then = curve_after(run, curve)
    others: list[int] = []
    if run.existing == Existing.ADD:
        others = list(
            ImportRun.objects.filter(source=run.source).exclude(pk=run.pk).values_list("pk", flat=True)
        )
    name = SOURCES[run.source]
    return {
        "by_level": run.keep == KEEP_LEVEL,
        "most": then.max_level,
        "no_level": NO_LEVEL.format(name=name, most=f"{then.max_level:,}"),
        "deleted": DELETED,
        "no_xp": NO_XP.format(name=name),
        "totals": list(then.thresholds),
        "now": list(curve.thresholds[1:]),
        "then": list(then.thresholds[1:]),
        "existing": run.existing,
        "others": others,
    }


def _result(run: ImportRun) -> dict[str, Any]:
    return {"not_booked": "Nothing was booked for this line."}
