"""Points of many members at once: what another bot counted is brought over, or taken back.

Both work on a few thousand members a call, inside the caller's `ledger_unit`, by the same book as every other writer; so
balances, lifetime, levels, the standing of all time, histogram and buckets stay exact. Both are silent: the caller tells the
boards once, and nobody is congratulated.

Invariants: an import books at most one entry a member, under (Cause.IMPORT, import id); taking it back books its opposite under
(Cause.IMPORT_UNDO, import id) and leaves every figure as if neither had been, what was earned since included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from engagement.ledger.arrays import int_array, text_array
from engagement.ledger.models import EARNED_COUNTERS, Cause, Counter
from engagement.ledger.statements import Run, in_schema
from engagement.members.models import Member
from engagement.members.selectors import find_member_ids
from engagement.standings.periods import ALL_TIME
from tenants.context import TenantContext
from tenants.entitlements import UNLIMITED

from .book import Entry
from .newcomers import NAMELESS, Newcomer, create_members
from .room import count_room
from .rows import BY_IDENTITY, MemberRow
from .units import open_book, read_rows, write_rows

_EARNED: Final = "(" + ", ".join(str(int(counter)) for counter in EARNED_COUNTERS) + ")"
# One look into an index per member (LATERAL … LIMIT 1), whatever the planner knows of a ledger that has just grown.
_UNDOABLE: Final = f"""
SELECT wanted.id, e.amount, (date_part('epoch', e.occurred_at) * 1000)::bigint
FROM unnest(%s::bigint[]) AS wanted(id)
CROSS JOIN LATERAL (SELECT amount, occurred_at, cause_id FROM {{s}}.ledger_entry
  WHERE cause_kind = {int(Cause.IMPORT)} AND cause_id = %s AND member_id = wanted.id AND rule_id = 0 LIMIT 1) e
LEFT JOIN LATERAL (SELECT id FROM {{s}}.ledger_entry WHERE cause_kind = {int(Cause.IMPORT_UNDO)}
  AND cause_id = e.cause_id AND member_id = wanted.id AND rule_id = 0 LIMIT 1) u ON true
JOIN {{s}}.member m ON m.id = wanted.id AND m.merged_into_id IS NULL
WHERE u.id IS NULL"""
# When the standing of all time was reached, were this import not there; nor those that were undone before.
_REACHED: Final = f"""
SELECT wanted.id, (date_part('epoch', last.at) * 1000000)::bigint FROM unnest(%s::bigint[]) AS wanted(id)
CROSS JOIN LATERAL (
  SELECT max(e.occurred_at) AS at FROM {{s}}.ledger_entry e
  LEFT JOIN LATERAL (SELECT id FROM {{s}}.ledger_entry WHERE e.cause_kind = {int(Cause.IMPORT)}
    AND cause_kind = {int(Cause.IMPORT_UNDO)} AND cause_id = e.cause_id AND member_id = wanted.id AND rule_id = 0 LIMIT 1) u ON true
  WHERE e.member_id = wanted.id AND e.currency = 0 AND e.counter IN {_EARNED} AND u.id IS NULL
    AND e.cause_kind <> {int(Cause.IMPORT_UNDO)} AND NOT (e.cause_kind = {int(Cause.IMPORT)} AND e.cause_id = %s)
  OFFSET 0) AS last
WHERE last.at IS NOT NULL"""
# Nobody who ever did, was given or chose anything. Without a moment on the board no import of theirs stands any more.
_UNTOUCHED: Final = f"""
SELECT m.id FROM unnest(%s::bigint[]) AS wanted(id)
JOIN {{s}}.member m ON m.id = wanted.id AND m.user_id IS NULL AND m.visibility = 'visible' AND m.departed_at IS NULL
JOIN {{s}}.ledger_balance b ON b.member_id = m.id AND b.currency = 0 AND (b.current, b.lifetime, b.debt) = (0, 0, 0)
JOIN {{s}}.member_progress p ON p.member_id = m.id AND p.last_active_at IS NULL AND p.usage = '{{}}'
JOIN {{s}}.standing s ON s.member_id = m.id AND s.all_at IS NULL
LEFT JOIN LATERAL (SELECT id FROM {{s}}.ledger_entry WHERE member_id = wanted.id
  AND cause_kind NOT IN ({int(Cause.IMPORT)}, {int(Cause.IMPORT_UNDO)}) LIMIT 1) e ON true
{{joins}}
WHERE e.id IS NULL{{conditions}}"""
_REMOVE: Final = """WITH gone AS (SELECT unnest(%s::bigint[]) AS id),
identities AS (DELETE FROM {s}.identity i USING gone WHERE i.member_id = gone.id),
balances AS (DELETE FROM {s}.ledger_balance b USING gone WHERE b.member_id = gone.id),
progress AS (DELETE FROM {s}.member_progress p USING gone WHERE p.member_id = gone.id),
standings AS (DELETE FROM {s}.standing s USING gone WHERE s.member_id = gone.id)
DELETE FROM {s}.member m USING gone WHERE m.id = gone.id"""


class Existing(StrEnum):
    """What becomes of the points that a member has here already."""

    ADD = "add"  # both together
    REPLACE = "replace"  # the other bot's only
    HIGHEST = "highest"  # whichever is more


class Brought(NamedTuple):
    """One member as another bot knew them. `points` are what they are worth here; `occurred_ms` orders equals on the board."""

    external_id: str
    name: str
    avatar_url: str
    points: int
    occurred_ms: int


class Booked(NamedTuple):
    """What was done for a member. `amount` is 0 where nothing had to change."""

    external_id: str
    member_id: int
    created: bool
    amount: int
    points_before: int
    level_before: int
    level_after: int


def amount_to_book(existing: str, points: int, *, lifetime: int, earlier: int) -> int:
    """The difference that brings a member with `lifetime` points to where the import wants them. `earlier`: what imports from
    the same bot have booked already and `lifetime` holds; so that a newer file brings the difference only."""
    match existing:
        case Existing.ADD:
            return points - earlier
        case Existing.REPLACE:
            return points - lifetime
        case Existing.HIGHEST:
            return max(points - lifetime, 0)
    raise ValueError(f"{existing!r} is no way to treat points that are there already.")


def bring_points(
    run: Run,
    schema: str,
    *,
    provider: str,
    brought: Sequence[Brought],
    existing: str,
    earlier: Mapping[str, int],
    import_id: int,
    context: TenantContext,
) -> list[Booked]:
    """Book what each of these people is to have; whoever is unknown becomes a member as long as the plan has room. Whoever finds
    none, waits for some or was deleted here is passed over. Inside the caller's ledger_unit.

    `earlier` holds what imports from the same bot booked, by external id. Raises IntegrityError where the import has booked one
    of these members before: the caller remembers how far it came, in this transaction. Publishes nothing.
    """
    newcomers = [
        Newcomer(provider, one.external_id, one.name or NAMELESS, one.avatar_url, None, False, [])
        for one in brought
    ]
    created = set(create_members(run, schema, _with_room(run, schema, newcomers, context)))
    rows = _read_people(run, schema, provider, [one.external_id for one in brought], context)
    book = open_book(context)
    booked = []
    for one in brought:
        row = rows.get(one.external_id)
        if row is None or row.deleted or row.waiting:
            continue
        points_before = row.lifetime
        amount = amount_to_book(
            existing, one.points, lifetime=row.lifetime, earlier=earlier.get(one.external_id, 0)
        )
        if amount:
            book.post(row, _entry(row.member_id, amount, Cause.IMPORT, import_id, one.occurred_ms))
        booked.append(
            Booked(
                one.external_id,
                row.member_id,
                row.member_id in created,
                amount,
                points_before,
                row.level_before,
                row.level,
            )
        )
    if book.entries:
        write_rows(run, schema, book, silent=True)
    return booked


def _with_room(
    run: Run, schema: str, newcomers: Sequence[Newcomer], context: TenantContext
) -> list[Newcomer]:
    """Those whom nobody knows, as far as there is room; who is known stays in the list, for whom nothing is made. Only where members
    are counted does this ask anything."""
    room = count_room(run, schema, context)
    if room.allowed >= UNLIMITED:
        return list(newcomers)
    by_provider: dict[str, list[str]] = {}
    for one in newcomers:
        by_provider.setdefault(one.provider, []).append(one.external_id)
    known = {
        (provider, external_id)
        for provider, ids in by_provider.items()
        for external_id in find_member_ids(provider=provider, external_ids=ids)
    }
    return [one for one in newcomers if (one.provider, one.external_id) not in known][: room.free]


def take_back_points(
    run: Run, schema: str, *, member_ids: Sequence[int], import_id: int, context: TenantContext
) -> int:
    """Undo what the import booked for these members; what they earned since stays. Inside the caller's ledger_unit. Who
    was merged into somebody else since has nothing left to take back: it stays with the other member.

    Idempotent: what was taken back before is left alone. Answers how many entries were booked. Publishes nothing.
    """
    found = run(in_schema(_UNDOABLE, schema), (int_array(member_ids), import_id)).fetchall()
    if not found:
        return 0
    ids = int_array(row[0] for row in found)
    reached = dict(run(in_schema(_REACHED, schema), (ids, import_id)).fetchall())
    people = read_rows(run, schema, context, [row[0] for row in found])
    book = open_book(context)
    for member_id, amount, occurred_ms in found:
        entry = _entry(member_id, -amount, Cause.IMPORT_UNDO, import_id, occurred_ms)
        book.retract(people[member_id], entry, reached.get(member_id))
    write_rows(run, schema, book, silent=True)
    return len(found)


def remove_untouched(run: Run, schema: str, *, member_ids: Sequence[int]) -> int:
    """Remove those of these members, whom an undone import made, who did nothing since and whom nobody touched. Inside the
    caller's ledger_unit. Idempotent. Answers how many went."""
    joins, conditions = _find_ties()
    sql = in_schema(_UNTOUCHED, schema).replace("{joins}", joins.replace("{s}", f'"{schema}"'))
    found = run(sql.replace("{conditions}", conditions), (int_array(member_ids),)).fetchall()
    if found:
        run(in_schema(_REMOVE, schema), (int_array(row[0] for row in found),))
    return len(found)


def _find_ties() -> tuple[str, str]:
    """SQL that finds rows of any table that points to a member, identities apart."""
    joins, conditions = [], []
    for number, relation in enumerate(Member._meta.related_objects):
        table, column = relation.related_model._meta.db_table, relation.field.column
        if table != "identity":
            joins.append(
                f'LEFT JOIN LATERAL (SELECT 1 AS tie FROM {{s}}."{table}" WHERE "{column}" = wanted.id LIMIT 1) t{number} ON true'
            )
            conditions.append(f" AND t{number}.tie IS NULL")
    return " ".join(joins), "".join(conditions)


def _entry(member_id: int, amount: int, cause: Cause, import_id: int, occurred_ms: int) -> Entry:
    return Entry(
        member_id,
        amount,
        Counter.ELSEWHERE.value,
        cause.value,
        import_id,
        0,
        0,
        amount,
        100,
        False,
        occurred_ms,
    )


def _read_people(
    run: Run, schema: str, provider: str, external_ids: Sequence[str], context: TenantContext
) -> dict[str, MemberRow]:
    providers = [provider] * len(external_ids)
    found = run(in_schema(BY_IDENTITY, schema), (text_array(external_ids), text_array(providers))).fetchall()
    cut = len(provider) + 1
    return {columns[0][cut:]: MemberRow(columns[1:], context.timezone, ALL_TIME) for columns in found}
