"""Reads of imports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db import connection

from .errors import ImportNotFoundError
from .models import ImportRun
from .words import APPLIED, APPLYING, READY

# The newest run that was read and neither cancelled nor undone tells of the old bot.
_OLD: Final = """
FROM import_row r JOIN identity i ON i.provider = 'discord' AND i.external_id = r.external_id
JOIN member m ON m.id = i.member_id JOIN member_progress p ON p.member_id = m.id
JOIN ledger_balance b ON b.member_id = m.id AND b.currency = 0
WHERE r.run_id = %s AND r.error = ''"""


@dataclass(frozen=True, slots=True)
class OldLevel:
    """A member as the old bot knew them, beside what they are here. None: the old bot did not tell."""

    member_id: int
    name: str
    old_level: int | None
    old_xp: int | None
    level: int
    lifetime: int


def get_import(*, import_id: int) -> ImportRun:
    """Raises ImportNotFoundError."""
    run = ImportRun.objects.filter(pk=import_id).first()
    if run is None:
        raise ImportNotFoundError("There is no such import in this community.")
    return run


def list_imports(*, limit: int = 20, before_id: int | None = None) -> list[ImportRun]:
    """The newest first."""
    runs = ImportRun.objects.order_by("-pk")
    return list((runs if before_id is None else runs.filter(pk__lt=before_id))[:limit])


def find_old_bot() -> ImportRun | None:
    """The run whose rows tell what the old bot says: the newest that was read and stands. None: nothing was brought yet."""
    return ImportRun.objects.filter(state__in=(READY, APPLYING, APPLIED)).order_by("-pk").first()


def has_brought_levels() -> bool:
    """Whether levels of another bot were applied and stand. A run that was only looked at, given up or undone brought none."""
    return ImportRun.objects.filter(state=APPLIED).exists()


def find_applied(*, source: str) -> ImportRun | None:
    """The newest run from that bot that stands: a newer file is brought over in the same way, unless the organiser says otherwise."""
    return ImportRun.objects.filter(source=source, state=APPLIED).order_by("-applied_at").first()


def list_old_levels(*, limit: int = 50, offset: int = 0, differing: bool = False) -> list[OldLevel]:
    """Members whom the old bot knew, those with the highest old level first, with their level here. Members who are not here
    (yet) are left out. `differing`: only where the two levels differ. Two queries."""
    run = find_old_bot()
    if run is None:
        return []
    condition = " AND r.old_level IS DISTINCT FROM p.level" if differing else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT m.id, m.display_name, r.old_level, r.old_xp, p.level, b.lifetime {_OLD}{condition} "
            "ORDER BY r.old_level DESC NULLS LAST, r.old_xp DESC NULLS LAST, r.id LIMIT %s OFFSET %s",
            [run.pk, limit, offset],
        )
        return [OldLevel(*row) for row in cursor.fetchall()]


def count_old_levels(*, differing: bool = False) -> int:
    """How many `list_old_levels` holds in all."""
    run = find_old_bot()
    if run is None:
        return 0
    condition = " AND r.old_level IS DISTINCT FROM p.level" if differing else ""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) {_OLD}{condition}", [run.pk])
        return int(cursor.fetchone()[0])
