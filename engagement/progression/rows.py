"""What a unit of work knows of a member while it books: one row, read once, under the ledger lock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson

# Times are microseconds since 1970 and days ordinals, so that nothing on the hot path builds a datetime.
# date_part answers a float, which holds microseconds until the year 2255; extract would go through numeric.
_MICROS: Final = "(date_part('epoch', {0}) * 1000000)::bigint"
_ORDINAL: Final = "({0} - date '0001-01-01' + 1)"

_COLUMNS: Final = (
    "m.id, m.display_name, m.avatar_url, m.is_bot, m.departed_at IS NOT NULL, m.visibility, m.timezone, "
    "m.role_ids::text, "
    + _MICROS.format("m.joined_at")
    + ", b.current, b.lifetime, b.debt, p.level, p.usage::text, "
    "s.ranked, s.all_score, "
    + _MICROS.format("s.all_at")
    + ", "
    + ", ".join(
        f"{_ORDINAL.format(f's.{kind}_start')}, s.{kind}_score, {_MICROS.format(f's.{kind}_at')}"
        for kind in ("season", "month", "week")
    )
    + ", m.deleted_at IS NOT NULL, m.type_id, m.waiting_since IS NOT NULL"
)
_JOINS: Final = (
    "JOIN {s}.ledger_balance b ON b.member_id = m.id AND b.currency = 0 "
    "JOIN {s}.member_progress p ON p.member_id = m.id "
    "JOIN {s}.standing s ON s.member_id = m.id"
)

# %s: external ids, providers; two arrays of the same length.
BY_IDENTITY: Final = (
    f"SELECT i.provider || ':' || i.external_id, {_COLUMNS} "
    "FROM unnest(%s::text[], %s::text[]) AS subject(external_id, provider) "
    "JOIN {s}.identity i ON i.external_id = subject.external_id AND i.provider = subject.provider "
    f"JOIN {{s}}.member m ON m.id = i.member_id {_JOINS}"
)
# %s: member ids.
BY_ID: Final = (
    f"SELECT m.id::text, {_COLUMNS} FROM unnest(%s::bigint[]) AS wanted(id) "
    f"JOIN {{s}}.member m ON m.id = wanted.id {_JOINS}"
)


class MemberRow:
    """A member's state in hand: what rules ask of it, its balance, and its place in each running period.

    `live` holds [first day (ordinal), score, reached (microseconds)] for all time, season, month and week; a first day of
    None means that the member never scored in a period of that kind. It offers the attributes that
    `engagement.rules.evaluate` reads of a MemberState.
    """

    __slots__ = (
        "avatar_url",
        "before",
        "current",
        "debt",
        "deleted",
        "departed",
        "display_name",
        "is_bot",
        "joined_at_ms",
        "last_active_ms",
        "level",
        "level_before",
        "lifetime",
        "live",
        "member_id",
        "ranked",
        "role_ids",
        "timezone",
        "type_id",
        "usage",
        "visibility",
        "waiting",
    )

    def __init__(self, columns: Sequence[Any], default_timezone: str, all_time: int) -> None:
        self.member_id: int = columns[0]
        self.display_name: str = columns[1]
        self.avatar_url: str = columns[2]
        self.is_bot: bool = columns[3]
        self.departed: bool = columns[4]
        self.visibility: str = columns[5]
        self.timezone: str = columns[6] or default_timezone
        self.role_ids: frozenset[str] = frozenset(orjson.loads(columns[7]))
        self.joined_at_ms: int | None = None if columns[8] is None else columns[8] // 1000
        self.current: int = columns[9]
        self.lifetime: int = columns[10]
        self.debt: int = columns[11]
        self.level: int = columns[12]
        self.usage: dict[str, Any] = orjson.loads(columns[13])
        self.ranked: bool = columns[14]
        self.live: list[list[Any]] = [
            [None if columns[16] is None else all_time, columns[15], columns[16]],
            list(columns[17:20]),
            list(columns[20:23]),
            list(columns[23:26]),
        ]
        self.deleted: bool = columns[26]
        self.type_id: int | None = columns[27]
        self.waiting: bool = columns[28]
        # Per kind: the (score, reached) that the live period had before this unit of work; see Book.
        self.before: list[Any] = [None, None, None, None]
        self.begin()

    def begin(self) -> None:
        """Ready for a new unit of work."""
        self.level_before = self.level
        self.last_active_ms: int | None = None
