"""What happened lately with who supports, for the team's own pages.

It is read from the audit log, which has each act in the transaction that did it. Nothing of money stands in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from engagement.audit.models import AuditEntry, Outcome

from .models import Supporter

KINDS: Final[Mapping[str, str]] = {
    "supporter.joined": "joined",
    "supporter.moved": "moved",
    "supporter.planned": "planned",
    "supporter.kept": "kept",
    "supporter.cancelled": "ending",
    "supporter.resumed": "resumed",
    "supporter.left": "ended",
}


@dataclass(frozen=True, slots=True)
class NewsLine:
    """`kind` is one of KINDS. `name` is empty for somebody who was erased, `key` where the support is no longer that member's."""

    kind: str
    member_id: int
    name: str
    tier: str
    at: datetime
    key: str


def list_news(*, since: datetime, limit: int = 20) -> list[NewsLine]:
    """The newest first. Two queries, however much happened."""
    entries = AuditEntry.objects.filter(
        action__in=list(KINDS), outcome=Outcome.DONE, target_kind="member", occurred_at__gte=since
    )
    found = list(entries.order_by("-occurred_at", "-id")[:limit])
    ids = {int(entry.target_id) for entry in found}
    rows = Supporter.objects.select_related("member").filter(member_id__in=ids).order_by("pk") if ids else ()
    latest = {row.member_id: row for row in rows}
    return [_line(entry, latest.get(int(entry.target_id))) for entry in found]


def _line(entry: AuditEntry, row: Supporter | None) -> NewsLine:
    return NewsLine(
        kind=KINDS[entry.action],
        member_id=int(entry.target_id),
        name=row.member.display_name if row is not None else entry.target_name,
        tier=str((entry.after or {}).get("tier", "")),
        at=entry.occurred_at,
        key=row.key if row is not None else "",
    )
