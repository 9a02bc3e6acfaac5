"""The lists of submissions, declared: the queue of what waits, and everything that was handed in."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from django.urls import reverse

from engagement.members.models import Member
from engagement.members.selectors import matches_name
from engagement.submissions.models import Submission, SubmissionType
from engagement.submissions.states import APPROVED, NEEDS_INFO, PENDING, REJECTED, WITHDRAWN
from frontend_api.access import CHOICES
from frontend_api.addresses import write_address
from frontend_api.dashboard.parts.cells import Face, Link, Tag
from frontend_api.dashboard.parts.filters import Choice, Filter, Span
from frontend_api.dashboard.parts.lists import (
    BulkAct,
    Column,
    Empty,
    ListKind,
    ListQuery,
    QuerySetSource,
    Sort,
)
from saas.core import clock

from .words import STATES, VIAS, due_cell, is_claimed

_MAY: Final = CHOICES["dashboard-submissions-bulk"]
ACTS: Final = tuple(
    BulkAct(key, name, icon, _MAY[key])
    for key, name, icon in (
        ("approve", "Approve", "check"),
        ("reject", "Reject", "x"),
        ("ask", "Needs info", "message"),
    )
)
_HEAVY: Final = ("form", "marks", "links", "history")
_SHOWN_STATES: Final = (PENDING, NEEDS_INFO, APPROVED, REJECTED, WITHDRAWN)


Rows = QuerySet[Submission, Submission]


def list_kinds() -> list[SubmissionType]:
    """Every kind, archived ones too: what was handed in for them is still there. One query."""
    return list(SubmissionType.objects.only("pk", "name").order_by("position", "pk"))


def build_queue(
    types: list[SubmissionType],
    *,
    acts: tuple[BulkAct, ...] = ACTS,
    back: str = "",
    pending: int | None = None,
) -> ListKind:
    """What waits for somebody, the oldest first. `back`: the list's own address, which links take along. `pending`: how many
    there are altogether, where that was counted for the page."""
    return ListKind(
        key="submissions",
        name="submissions",
        columns=_columns(decided=False, back=back),
        sorts=(Sort("submitted", "moment", "submitted_at"), Sort("due", "moment", "due")),
        sort="submitted",
        source=QuerySetSource(
            lambda query: _narrow(_queue(), query),
            _dress,
            lambda query: None if query.is_filtered else pending,
        ),
        filters=(*_filters(types), *_queue_filters()),
        search="Search by title or member",
        acts=acts,
        empty=Empty(
            "circle-check",
            "Nothing waits for you",
            "Whatever members hand in stands here until somebody decides.",
            reverse("dashboard-submissions-all"),
            "See what was decided",
        ),
        row_name=title_of,
    )


def build_everything(types: list[SubmissionType]) -> ListKind:
    """All that was handed in, the newest first."""
    return ListKind(
        key="submissions-all",
        name="submissions",
        columns=_columns(decided=True),
        sorts=(Sort("submitted", "moment", "submitted_at"), Sort("points", "number", "points")),
        sort="-submitted",
        source=QuerySetSource(lambda query: _narrow(_everything(), query), _dress),
        filters=(
            Filter("state", "State", "choice", tuple(Choice(one, STATES[one].text) for one in _SHOWN_STATES)),
            *_filters(types),
        ),
        search="Search by title or member",
        empty=Empty(
            "upload",
            "Nothing was handed in yet",
            "Set up what members can hand in; a pack of ready-made kinds is there in a minute.",
            reverse("dashboard-submission-packs"),
            "See the packs",
        ),
        row_name=title_of,
    )


def list_ids(query: ListQuery, *, limit: int) -> list[int]:
    """The ids of all that the queue, as narrowed, holds: those that waited longest first."""
    rows = _narrow(_queue(), query).order_by("submitted_at", "pk")
    return list(rows.values_list("pk", flat=True)[:limit])


def _columns(*, decided: bool, back: str = "") -> tuple[Column, ...]:
    query = f"?{urlencode({'list': back})}" if back else ""
    return (
        Column("title", "What", lambda row: Link(title_of(row), f"{_address(row)}{query}")),
        Column("member", "Member", _face),
        Column("type", "Kind", lambda row: row.type.name),
        *((Column("state", "State", lambda row: STATES[row.state]),) if decided else ()),
        Column("submitted", "Handed in", lambda row: row.submitted_at, sort="submitted"),
        *(
            (
                Column("points", "Points", lambda row: row.points or None, sort="points", number=True),
                Column("decided_by", "Decided by", lambda row: row.decided_by),
                Column("decided", "Decided", lambda row: row.decided_at, shown=False),
                Column("reason", "Reason", lambda row: row.reason, shown=False),
            )
            if decided
            else (
                Column("due", "Due", lambda row: due_cell(row), sort="due"),
                Column("looks", "Looks at it", _claim),
            )
        ),
        Column("like", "Resembles", _likeness),
        Column("via", "By", lambda row: VIAS.get(row.via, row.via), shown=False),
    )


def _queue() -> Rows:
    # Without a promise it is due after all that have one.
    far = clock.now().replace(year=9000)
    return Submission.objects.defer(*_HEAVY).filter(state=PENDING).annotate(due=Coalesce("due_at", far))


def _everything() -> Rows:
    return Submission.objects.defer(*_HEAVY).filter(submitted_at__isnull=False)


def _narrow(rows: Rows, query: ListQuery) -> Rows:
    values, now = query.values, clock.now()
    if query.text:
        named = Member.objects.filter(matches_name(query.text)).values("pk")
        rows = rows.filter(Q(title__icontains=query.text) | Q(member_id__in=named))
    if "state" in values:
        rows = rows.filter(state__in=values["state"])
    if "type" in values:
        rows = rows.filter(type_id__in=[int(one) for one in values["type"]])
    if "ids" in values:
        rows = rows.filter(pk__in=values["ids"])
    days = values.get("days")
    if isinstance(days, Span):
        rows = rows.filter(
            **{f"submitted_at__{side}": end for side, end in (("gte", days.low), ("lt", days.high)) if end}
        )
    if "like" in values:
        rows = rows.filter(like_ids=[]) if values["like"] == "no" else rows.exclude(like_ids=[])
    if values.get("due") == "over":
        rows = rows.filter(due_at__lt=now)
    if "looks" in values:
        held = Q(claimed_until__gt=now) & ~Q(claimed_by="")
        rows = rows.filter(held) if values["looks"] == "yes" else rows.exclude(held)
    return rows


def _dress(found: list[Submission]) -> list[Submission]:
    """The page's rows with their types and members: two queries."""
    types = SubmissionType.objects.only("pk", "name", "key").in_bulk({one.type_id for one in found})
    members = Member.objects.in_bulk({one.member_id for one in found})
    for one in found:
        one.type = types[one.type_id]
        one.person = members.get(one.member_id)  # type: ignore[attr-defined]
    return found


def _filters(types: list[SubmissionType]) -> tuple[Filter, ...]:
    return (
        Filter("type", "Kind", "choice", tuple(Choice(str(one.pk), one.name) for one in types)),
        Filter("days", "Handed in", "days"),
        Filter("like", "Resembles an earlier one", "one", (Choice("yes", "yes"), Choice("no", "no"))),
    )


def _queue_filters() -> tuple[Filter, ...]:
    return (
        Filter("due", "Promise", "one", (Choice("over", "overdue"),)),
        Filter("looks", "Somebody looks at it", "one", (Choice("no", "no"), Choice("yes", "yes"))),
    )


def title_of(row: Submission) -> str:
    return row.title or row.type.name


def _address(row: Submission) -> str:
    return write_address("dashboard-submission", row.pk)


def _face(row: Any) -> Face | None:
    member: Member | None = row.person
    if member is None:
        return None
    return Face(
        member.display_name, write_address("dashboard-member", member.pk), member.avatar_url, member.pk
    )


def _claim(row: Submission) -> str | None:
    return row.claimed_name if is_claimed(row) else None


def _likeness(row: Submission) -> Tag | None:
    count = len(row.like_ids)
    return Tag(f"{count} earlier", "warn") if count else None
