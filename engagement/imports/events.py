"""News of imports."""

from __future__ import annotations

from dataclasses import dataclass

from saas.events import DomainEvent


@dataclass(frozen=True)
class ImportFinished(DomainEvent):
    """An import was applied, cancelled or undone to its end: one piece of news however many members it concerns.

    `state` is applied, cancelled or undone; `members` counts those whose points changed.
    """

    import_id: int
    source: str
    state: str
    members: int
