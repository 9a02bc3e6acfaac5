"""Activities as stored, with what each gave."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Sum

from engagement.activity.errors import ActivityNotFoundError
from engagement.activity.models import Activity
from engagement.ledger.models import POINTS, Cause, LedgerEntry
from engagement.ledger.window import shown_since

from .window import require_shown


@dataclass(frozen=True, slots=True)
class ActivityLine:
    """`points` are what it earned less what was taken back, in whole points; a daily bonus that it set off stands apart."""

    number: int  # of arrival
    source_id: str
    source: str
    member_id: int
    type: str
    occurred_at: datetime
    arrived_at: datetime
    channel: str
    data: dict[str, Any]
    points: int


def list_activities(
    *,
    member_id: int | None = None,
    type: str = "",
    source: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 20,
    before: int | None = None,
) -> list[ActivityLine]:
    """Those that happened from `since` up to before `until`, by arrival, the newest first, as far back as the plan shows them; `before`
    is the last number of the page before. Two queries."""
    rows = Activity.objects.all()
    shown = shown_since()
    if shown is not None:
        since = shown if since is None else max(since, shown)
    if member_id is not None:
        rows = rows.filter(member_id=member_id)
    if type:
        rows = rows.filter(type=type)
    if source:
        rows = rows.filter(source=source)
    if since is not None:
        rows = rows.filter(occurred_at__gte=since)
    if until is not None:
        rows = rows.filter(occurred_at__lt=until)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return _lines(list(rows.order_by("-pk")[:limit]))


def get_activity(*, source_id: str) -> ActivityLine:
    """Two queries. Raises ActivityNotFoundError, HistoryHiddenError."""
    rows = [] if "\x00" in source_id else list(Activity.objects.filter(source_id=source_id[:300]))
    if not rows:
        raise ActivityNotFoundError(
            "No activity of that id was booked here. One that was just sent counts within about a second; ask again then."
        )
    require_shown(rows[0].occurred_at)
    return _lines(rows)[0]


def _lines(rows: list[Activity]) -> list[ActivityLine]:
    causes = (Cause.ACTIVITY, Cause.REVERSAL)
    entries = LedgerEntry.objects.filter(
        cause_kind__in=causes, cause_id__in=[row.pk for row in rows], currency=POINTS
    )
    points: dict[int, int] = defaultdict(int)
    points.update(entries.values_list("cause_id").annotate(total=Sum("amount")))
    return [
        ActivityLine(
            number=row.pk,
            source_id=row.source_id,
            source=row.source,
            member_id=row.member_id,
            type=row.type,
            occurred_at=row.occurred_at,
            arrived_at=row.arrived_at,
            channel=str(row.attributes.get("channel") or ""),
            data=dict(row.attributes.get("data") or {}),
            points=points[row.pk],
        )
        for row in rows
    ]
