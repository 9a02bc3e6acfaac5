"""What going live would do on Discord, in numbers, from the roles that members were last seen with. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection

from .template_parts import WantedRole

# Desired: the level is reached, and where only the highest is kept no higher one of ours is reached.
_DUE: Final = """
WITH due AS (SELECT level, role_id, keep FROM level_role
  UNION ALL SELECT * FROM unnest(%s::int[], %s::bigint[], %s::text[]))
SELECT r.level, r.role_id, count(*) FILTER (WHERE d.wanted AND NOT d.held), count(*) FILTER (WHERE d.held AND NOT d.wanted)
FROM due r LEFT JOIN LATERAL (
  SELECT jsonb_exists(m.role_ids, r.role_id::text) AS held, p.level >= r.level AND (r.keep = 'stack' OR NOT EXISTS (
    SELECT 1 FROM due h WHERE h.level > r.level AND h.level <= p.level)) AS wanted
  FROM member m JOIN member_progress p ON p.member_id = m.id
  WHERE m.departed_at IS NULL AND m.deleted_at IS NULL AND NOT m.is_bot
) d ON true GROUP BY r.level, r.role_id ORDER BY r.level, r.role_id"""


@dataclass(frozen=True, slots=True)
class RoleChange:
    """A level role, and how many members would get and lose it. `name` is that of a role which is yet to be made."""

    level: int
    role_id: int
    give: int
    take: int
    name: str = ""


def preview_roles(*, planned: Sequence[WantedRole] = ()) -> list[RoleChange]:
    """One line a level role, lowest level first; `planned` are those that going live makes. One query; nothing is asked of Discord."""
    # Nobody holds them yet, and no role of Discord's has such an id.
    names = {-number: role.name for number, role in enumerate(planned, 1)}
    values: tuple[Any, ...] = ([role.level for role in planned], [*names], [role.keep for role in planned])
    with connection.cursor() as cursor:
        cursor.execute(_DUE, values)
        rows = cursor.fetchall()
    return [
        RoleChange(level, role_id, give, take, names.get(role_id, "")) for level, role_id, give, take in rows
    ]
