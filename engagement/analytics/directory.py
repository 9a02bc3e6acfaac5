"""The list of members as the team searches, filters and sorts it. Each question is one statement, whatever the community's size.

Deleted members are left out unless asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.db import connection

from engagement.members.models import Member
from engagement.members.selectors import escape_like, prefix_query

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
STATES: Final = ("here", "left", "waiting", "deleted", "bot")
# What a list can be sorted by, and the expression: never null.
SORTS: Final = {
    "name": "upper(m.display_name)",
    "points": "b.lifetime",
    "level": "p.level",
    "joined": "coalesce(m.joined_at, m.created_at)",
    "active": "coalesce(p.last_active_at, 'epoch'::timestamptz)",
}
_COLUMNS: Final = (
    "m.id, m.display_name, m.avatar_url, coalesce(m.joined_at, m.created_at), p.last_active_at, m.visibility, m.alias, "
    "m.is_bot, m.departed_at, m.deleted_at, m.purged_at, m.user_id, coalesce(t.name, ''), m.email, p.level, b.current, "
    "b.lifetime, b.debt, coalesce((SELECT i.external_id FROM identity i WHERE i.member_id = m.id AND "
    "i.provider = 'discord' ORDER BY i.id LIMIT 1), ''), upper(m.display_name), m.waiting_since"
)
_FROM: Final = (
    " FROM member m JOIN ledger_balance b ON b.member_id = m.id AND b.currency = 0 "
    "JOIN member_progress p ON p.member_id = m.id LEFT JOIN member_type t ON t.id = m.type_id"
)
# By index each: the beginning of the name, of a word in it, and what a provider or the team knows somebody by.
_FOUND: Final = (
    "m.id IN (SELECT id FROM member WHERE upper(display_name) LIKE %s "
    "UNION SELECT id FROM member WHERE to_tsvector('simple', coalesce(display_name, '')) @@ to_tsquery('simple', %s) "
    "UNION SELECT member_id FROM identity WHERE external_id = %s "
    "UNION SELECT id FROM member WHERE email <> '' AND upper(email) = %s)"
)
_STATE: Final = {
    "here": "m.deleted_at IS NULL AND m.departed_at IS NULL AND NOT m.is_bot",
    "left": "m.deleted_at IS NULL AND m.departed_at IS NOT NULL",
    "waiting": "m.deleted_at IS NULL AND m.waiting_since IS NOT NULL",
    "deleted": "m.deleted_at IS NOT NULL AND m.merged_into_id IS NULL",
    "bot": "m.deleted_at IS NULL AND m.is_bot",
}


@dataclass(frozen=True, slots=True)
class DirectoryQuery:
    """Whom to list. Numbers include both ends, moments are from the first up to before the second; an end of None is open.

    `states` are some of STATES; empty: everybody but the deleted. `types` are ids of member types, 0 for none.
    """

    text: str = ""
    states: tuple[str, ...] = ()
    level: tuple[int | None, int | None] = (None, None)
    points: tuple[int | None, int | None] = (None, None)
    joined: tuple[datetime | None, datetime | None] = (None, None)
    active: tuple[datetime | None, datetime | None] = (None, None)
    roles: tuple[str, ...] = ()
    visibility: tuple[str, ...] = ()
    types: tuple[int, ...] = ()
    login: bool | None = None
    ids: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class DirectoryRow:
    """A member in the list. `joined_at` is when we first knew of them, where the day they joined is not known. Points whole."""

    member_id: int
    name: str
    avatar_url: str
    joined_at: datetime
    last_active_at: datetime | None
    visibility: str
    alias: str
    is_bot: bool
    departed_at: datetime | None
    deleted_at: datetime | None
    purged_at: datetime | None
    user_id: int | None
    type_name: str
    email: str
    level: int
    current: int
    lifetime: int
    debt: int
    discord_id: str
    upper_name: str  # as the database sorts it
    waiting_since: datetime | None  # for room in the plan


def list_directory(
    query: DirectoryQuery,
    *,
    sort: str,
    descending: bool,
    limit: int,
    after: tuple[Any, int] | None = None,
) -> list[DirectoryRow]:
    """The members after the place `after` (value of the sort, id), in the order asked. One query."""
    where, values = _conditions(query)
    expression, way, side = SORTS[sort], *(("DESC", "<") if descending else ("ASC", ">"))
    if after is not None:
        where.append(f"({expression}, m.id) {side} (%s, %s)")
        values += [after[0], after[1]]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_COLUMNS}{_FROM}{_where(where)} ORDER BY {expression} {way}, m.id {way} LIMIT %s",
            [*values, limit],
        )
        return [DirectoryRow(*row) for row in cursor.fetchall()]


def count_directory(query: DirectoryQuery) -> int:
    """How many members match. One query."""
    where, values = _conditions(query)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*){_FROM}{_where(where)}", values)
        return int(cursor.fetchone()[0])


def count_waiting() -> int:
    """How many wait for room in the plan. One query, by a small index."""
    return Member.objects.filter(waiting_since__isnull=False, deleted_at=None).count()


def list_directory_ids(query: DirectoryQuery, *, limit: int) -> list[int]:
    """The ids of those who match, rising: of a bulk act over all of them. One query."""
    where, values = _conditions(query)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT m.id{_FROM}{_where(where)} ORDER BY m.id LIMIT %s", [*values, limit])
        return [row[0] for row in cursor.fetchall()]


def sort_value(row: DirectoryRow, sort: str) -> str | int | datetime:
    """What a row is sorted by, as the database compares it."""
    values: dict[str, str | int | datetime] = {
        "name": row.upper_name,
        "points": row.lifetime,
        "level": row.level,
        "joined": row.joined_at,
        "active": row.last_active_at or _EPOCH,
    }
    return values[sort]


def _where(conditions: Sequence[str]) -> str:
    return " WHERE " + " AND ".join(conditions) if conditions else ""


def _conditions(query: DirectoryQuery) -> tuple[list[str], list[Any]]:
    where: list[str] = []
    values: list[Any] = []
    states = [_STATE[state] for state in query.states if state in _STATE]
    where.append(f"({' OR '.join(f'({state})' for state in states)})" if states else "m.deleted_at IS NULL")
    if query.text:
        where.append(_FOUND)
        values += [
            f"{escape_like(query.text).upper()}%",
            prefix_query(query.text),
            query.text,
            query.text.upper(),
        ]
    spans = (
        ("p.level", query.level, "<="),
        ("b.lifetime", query.points, "<="),
        (SORTS["joined"], query.joined, "<"),
        ("p.last_active_at", query.active, "<"),
    )
    for expression, (low, high), below in spans:
        if low is not None:
            where.append(f"{expression} >= %s")
            values.append(low)
        if high is not None:
            where.append(f"{expression} {below} %s")
            values.append(high)
    if query.roles:
        where.append("m.role_ids ?| %s::text[]")
        values.append(list(query.roles))
    if query.visibility:
        where.append("m.visibility = ANY(%s)")
        values.append(list(query.visibility))
    if query.types:
        where.append("coalesce(m.type_id, 0) = ANY(%s)")
        values.append(list(query.types))
    if query.ids is not None:
        where.append("m.id = ANY(%s)")
        values.append(list(query.ids))
    if query.login is not None:
        where.append(f"m.user_id IS {'NOT ' if query.login else ''}NULL")
    return where, values
