"""What going live would do on Discord, in numbers, from the roles that members were last seen with. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db import connection

from .models import LevelRole

# Desired: the level is reached, and where only the highest is kept no higher one of ours is reached.
_DUE: Final = """
SELECT r.level, r.role_id, count(*) FILTER (WHERE d.wanted AND NOT d.held), count(*) FILTER (WHERE d.held AND NOT d.wanted)
FROM level_role r CROSS JOIN LATERAL (
  SELECT m.role_ids ? r.role_id::text AS held, p.level >= r.level AND (r.keep = 'stack' OR NOT EXISTS (
    SELECT 1 FROM level_role h WHERE h.level > r.level AND h.level <= p.level)) AS wanted
  FROM member m JOIN member_progress p ON p.member_id = m.id
  WHERE m.departed_at IS NULL AND m.deleted_at IS NULL AND NOT m.is_bot
) d GROUP BY r.level, r.role_id ORDER BY r.level, r.role_id"""


@dataclass(frozen=True, slots=True)
class RoleChange:
    """A level role, and how many members would get and lose it."""

    level: int
    role_id: int
    give: int
    take: int


def preview_roles() -> list[RoleChange]:
    """One line a level role, lowest level first. One query; nothing is asked of Discord."""
    if not LevelRole.objects.exists():
        return []
    with connection.cursor() as cursor:
        cursor.execute(_DUE)
        return [RoleChange(*row) for row in cursor.fetchall()]
