"""The history of a community's settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engagement.audit.actions import words_of
from engagement.audit.models import AuditEntry, Outcome

from .services import SETTING_ACTIONS, is_revertible

PAGE = 30


@dataclass(frozen=True, slots=True)
class Change:
    """One change. `values` are (field, before, after), as stored."""

    entry: AuditEntry
    words: str
    values: list[tuple[str, Any, Any]]
    is_revertible: bool


def list_changes(*, before_id: int | None = None, limit: int = PAGE) -> tuple[list[Change], bool]:
    """The newest first, and whether there are older ones. One query."""
    found = AuditEntry.objects.filter(action__in=SETTING_ACTIONS, outcome=Outcome.DONE)
    if before_id is not None:
        found = found.filter(pk__lt=before_id)
    rows = list(found.order_by("-pk")[: limit + 1])
    return [describe_change(row) for row in rows[:limit]], len(rows) > limit


def describe_change(entry: AuditEntry) -> Change:
    before, after = entry.before or {}, entry.after or {}
    return Change(
        entry=entry,
        words=words_of(entry.action),
        values=[(name, before.get(name), after.get(name)) for name in dict.fromkeys([*before, *after])],
        is_revertible=is_revertible(entry),
    )
