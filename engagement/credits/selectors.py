"""Reads of credits: types, balances, requests and moves. Each list takes the same number of queries at any length."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection
from django.db.models import (
    Count,
    DateTimeField,
    DurationField,
    ExpressionWrapper,
    F,
    Min,
    Q,
    QuerySet,
    Value,
)

from engagement.ledger.models import POINTS, LedgerBalance
from engagement.ledger.window import shown_since
from engagement.members.models import Member
from engagement.members.selectors import matches_name
from saas.core import clock
from tenants.context import TenantContext

from .errors import CreditMoveNotFoundError, CreditRequestNotFoundError
from .models import CreditMove, CreditRequest, CreditType, RequestState
from .types import list_frozen_types

PAGE: Final = 20
# Newest first by its number, or oldest first by when it was asked: a page goes on behind its last row.
Cursor = tuple[datetime, int]
_OPEN: Final = """
SELECT (SELECT count(*) FROM credit_request WHERE state = 'pending'),
  (SELECT count(*) FROM credit_request WHERE state = 'needs_info'),
  (SELECT count(*) FROM credit_request WHERE state = 'pending' AND flags <> '[]'),
  (SELECT coalesce(sum(late.number), 0)::bigint FROM credit_type t CROSS JOIN LATERAL (
    SELECT count(*) AS number FROM credit_request r WHERE r.type_id = t.id AND r.state = 'pending'
      AND r.requested_at < %(now)s - t.escalate_hours * interval '1 hour') late WHERE t.escalate_hours IS NOT NULL)"""


@dataclass(frozen=True, slots=True)
class TypeLine:
    """A type, whether it is frozen, and how many of its requests wait."""

    type: CreditType
    frozen: bool
    waiting: int = 0

    @property
    def can_request(self) -> bool:
        """Members may ask for it: it is offered, not archived and within the plan."""
        return self.type.requestable and self.type.archived_at is None and not self.frozen


@dataclass(frozen=True, slots=True)
class BalanceLine:
    """What a member has of a type, in whole credits."""

    type: CreditType
    current: int
    debt: int

    @property
    def is_low(self) -> bool:
        """Below what the kind warns of."""
        return self.type.low_balance is not None and self.current < self.type.low_balance


@dataclass(frozen=True, slots=True)
class OpenRequests:
    """How many requests are undecided: `pending` wait for the team, `flagged` and `overdue` are some of these, `asked` wait for
    their members' answers."""

    pending: int
    asked: int
    flagged: int
    overdue: int


@dataclass(frozen=True, slots=True)
class RequestLine:
    """A request with its member, who may be deleted by now. `overdue`: it waits for longer than its type says."""

    request: CreditRequest
    member: Member
    overdue: bool

    @property
    def pk(self) -> int:
        return self.request.pk

    @property
    def requested_at(self) -> datetime:
        return self.request.requested_at

    @property
    def amount(self) -> int:
        return self.request.amount


@dataclass(frozen=True, slots=True)
class MoveLine:
    """A move with its member; `undone` where it was taken back."""

    move: CreditMove
    member: Member
    undone: bool

    @property
    def pk(self) -> int:
        return self.move.pk

    @property
    def created_at(self) -> datetime:
        return self.move.created_at


def list_types(
    *, context: TenantContext, with_archived: bool = False, with_waiting: bool = False
) -> list[TypeLine]:
    """By age, archived ones last. One query, two with what waits."""
    rows = list(CreditType.objects.order_by("pk"))
    frozen = list_frozen_types(rows, context)
    waiting = _waiting_by_type() if with_waiting else {}
    lines = [
        TypeLine(row, row.pk in frozen, waiting.get(row.pk, 0))
        for row in sorted(rows, key=lambda row: (row.archived_at is not None, row.pk))
    ]
    return [line for line in lines if with_archived or line.type.archived_at is None]


def list_requestable(*, context: TenantContext) -> list[CreditType]:
    """What a member can ask for at the moment. One query."""
    return [line.type for line in list_types(context=context) if line.can_request]


def list_balances(*, member_id: int, with_empty: bool = True) -> list[BalanceLine]:
    """A member's credits by type, without points. Archived types are listed where something is left of them. Two queries."""
    balances = {
        row.currency: row
        for row in LedgerBalance.objects.filter(member_id=member_id).exclude(currency=POINTS)
    }
    lines = []
    for row in CreditType.objects.order_by("pk"):
        balance = balances.get(row.pk)
        current, debt = (0, 0) if balance is None else (balance.current, balance.debt)
        if current or debt or (with_empty and row.archived_at is None):
            lines.append(BalanceLine(row, current, debt))
    return lines


def get_request(*, request_id: int, member_id: int | None = None) -> RequestLine:
    """With `member_id`, only one of theirs. Raises CreditRequestNotFoundError."""
    found = CreditRequest.objects.select_related("type").filter(pk=min(max(request_id, 0), 2**63 - 1))
    if member_id is not None:
        found = found.filter(member_id=member_id)
    lines = with_members(list(found[:1]))
    if not lines:
        raise CreditRequestNotFoundError
    return lines[0]


def list_requests(
    *,
    states: Sequence[str] = (),
    type_ids: Iterable[int] | None = None,
    member_id: int | None = None,
    flagged: bool = False,
    overdue: bool = False,
    search: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    oldest_first: bool = False,
    after: Cursor | None = None,
    limit: int = PAGE,
    offset: int = 0,
) -> list[RequestLine]:
    """Requests as the queue (oldest first) and histories (newest first) show them. `after`: when the last row of the page before
    was asked for, and its number. Two queries."""
    found = filter_requests(
        states=states, type_ids=type_ids, member_id=member_id, flagged=flagged, overdue=overdue, search=search,
        since=since, until=until,
    )  # fmt: skip
    if after is not None:
        moment, number = after
        if oldest_first:
            found = found.filter(Q(requested_at__gt=moment) | Q(requested_at=moment, pk__gt=number))
        else:
            found = found.filter(Q(requested_at__lt=moment) | Q(requested_at=moment, pk__lt=number))
    order = ("requested_at", "pk") if oldest_first else ("-requested_at", "-pk")
    return with_members(list(found.select_related("type").order_by(*order)[offset : offset + limit]))


def filter_requests(
    *,
    states: Sequence[str] = (),
    type_ids: Iterable[int] | None = None,
    member_id: int | None = None,
    flagged: bool = False,
    overdue: bool = False,
    search: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    least: int | None = None,
    most: int | None = None,
    ids: Sequence[int] | None = None,
) -> QuerySet[CreditRequest]:
    """Not evaluated: for counts and exports."""
    found = CreditRequest.objects.all()
    if states:
        found = found.filter(state__in=list(states))
    if type_ids is not None:
        found = found.filter(type__in=list(type_ids))
    if member_id is not None:
        found = found.filter(member_id=member_id)
    if flagged:
        found = found.exclude(flags=[])
    if overdue:
        found = found.filter(_is_overdue())
    if since is not None:
        found = found.filter(requested_at__gte=since)
    if until is not None:
        found = found.filter(requested_at__lt=until)
    if least is not None:
        found = found.filter(amount__gte=least)
    if most is not None:
        found = found.filter(amount__lte=most)
    if ids is not None:
        found = found.filter(pk__in=list(ids))
    text = search.strip().replace("\x00", "")[:100]
    if text:
        named = Member.objects.filter(matches_name(text)).values("pk")
        found = found.filter(Q(member_id__in=named) | Q(reason__icontains=text))
    return found


def list_own(*, member_id: int, before_id: int | None = None, limit: int = PAGE) -> list[CreditRequest]:
    """A member's own requests, the newest first. One query."""
    found = CreditRequest.objects.filter(member_id=member_id, archived_at=None).select_related("type")
    if before_id is not None:
        found = found.filter(pk__lt=before_id)
    return list(found.order_by("-pk")[:limit])


def count_waiting(*, type_ids: Iterable[int] | None = None) -> int:
    """Requests that wait for the team; those that wait for the member's answer are not among them. One query."""
    return filter_requests(states=[RequestState.PENDING], type_ids=type_ids).count()


def count_open() -> OpenRequests:
    """What there is to do, each from an index of its own. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, {"now": clock.now()})
        found: Sequence[int] = cursor.fetchone()
    return OpenRequests(*found)


def get_waiting() -> tuple[int, datetime | None]:
    """How many wait for the team, and since when the oldest does. One query."""
    found = filter_requests(states=[RequestState.PENDING]).aggregate(
        number=Count("pk"), oldest=Min("requested_at")
    )
    return found["number"], found["oldest"]


def list_moves(
    *,
    member_id: int | None = None,
    type_id: int | None = None,
    kinds: Sequence[str] = (),
    before_id: int | None = None,
    limit: int = PAGE,
    offset: int = 0,
) -> list[MoveLine]:
    """Credits that moved outside of requests, the newest first, as far back as the plan shows history. Two queries."""
    found = filter_moves(member_id=member_id, type_ids=None if type_id is None else [type_id], kinds=kinds)
    if before_id is not None:
        found = found.filter(pk__lt=before_id)
    return dress_moves(list(found.order_by("-pk")[offset : offset + limit]))


def filter_moves(
    *,
    member_id: int | None = None,
    type_ids: Iterable[int] | None = None,
    kinds: Sequence[str] = (),
    search: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> QuerySet[CreditMove]:
    """As far back as the plan shows history. Not evaluated: for counts and exports."""
    found, shown = _moves(), shown_since()
    if shown is not None:
        found = found.filter(created_at__gte=shown)
    if member_id is not None:
        found = found.filter(member_id=member_id)
    if type_ids is not None:
        found = found.filter(type__in=list(type_ids))
    if kinds:
        found = found.filter(kind__in=list(kinds))
    if since is not None:
        found = found.filter(created_at__gte=since)
    if until is not None:
        found = found.filter(created_at__lt=until)
    text = search.strip().replace("\x00", "")[:100]
    if text:
        named = Member.objects.filter(matches_name(text)).values("pk")
        found = found.filter(Q(member_id__in=named) | Q(reason__icontains=text))
    return found


def get_move(*, move_id: int) -> MoveLine:
    """However old it is, because it can be taken back. Raises CreditMoveNotFoundError."""
    lines = dress_moves(list(_moves().filter(pk=min(max(move_id, 0), 2**63 - 1))))
    if not lines:
        raise CreditMoveNotFoundError
    return lines[0]


def _moves() -> QuerySet[CreditMove]:
    return CreditMove.objects.select_related("type", "undone_by")


def dress_moves(rows: list[CreditMove]) -> list[MoveLine]:
    """Moves that filter_moves found, each with its member. One query."""
    members = Member.objects.in_bulk({row.member_id for row in rows})
    return [
        MoveLine(row, members[row.member_id], getattr(row, "undone_by", None) is not None) for row in rows
    ]


def with_members(rows: list[CreditRequest]) -> list[RequestLine]:
    """Requests that were read with their types, each with its member. One query."""
    members = Member.objects.in_bulk({row.member_id for row in rows})
    now = clock.now()
    return [RequestLine(row, members[row.member_id], is_overdue(row, now)) for row in rows]


def is_overdue(request: CreditRequest, now: datetime) -> bool:
    """It waits for the team for longer than its kind says."""
    hours = request.type.escalate_hours
    return (
        request.state == RequestState.PENDING
        and hours is not None
        and (now - request.requested_at).total_seconds() > hours * 3600
    )


def _is_overdue() -> Q:
    waits = ExpressionWrapper(
        F("type__escalate_hours") * Value(timedelta(hours=1), output_field=DurationField()),
        output_field=DurationField(),
    )
    due = ExpressionWrapper(clock.now() - waits, output_field=DateTimeField())
    return Q(state=RequestState.PENDING, requested_at__lt=due)


def _waiting_by_type() -> dict[int, int]:
    rows = (
        CreditRequest.objects.filter(state=RequestState.PENDING)
        .values("type_id")
        .annotate(number=Count("pk"))
    )
    return {row["type_id"]: row["number"] for row in rows}
